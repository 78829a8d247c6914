package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"portico/handlers/web"
	"portico/store"
)

// input is the JSON object of a request. Its fields are checked as those of a form, so that
// pages and programs have the same rules.
type input struct {
	*web.Form
	body []byte
}

// field is a field that a request may have: text, unless it is a flag or a whole number.
type field struct {
	name  string
	flag  bool
	whole bool
}

func text(name string) field  { return field{name: name} }
func flag(name string) field  { return field{name: name, flag: true} }
func whole(name string) field { return field{name: name, whole: true} }

var errTwice = &web.Problem{Status: http.StatusBadRequest, Name: "field-twice", Sentence: "Send each field once."}

var errNoObject = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "Send one JSON object, as application/json."}

// readInput reads the JSON object of a request. A field that is null is like one that is
// missing. An unknown field, or a value of another type, is a [store.InvalidError]. A field
// that is there twice is refused: programs on the way may have read the other value.
func readInput(r *http.Request, fields ...field) (input, error) {
	body, err := web.ReadBody(r)
	if err != nil {
		return input{}, err
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var object map[string]json.RawMessage
	if kind != "application/json" || json.Unmarshal(body, &object) != nil || object == nil {
		return input{}, errNoObject
	}
	if namesTwice(body) {
		return input{}, errTwice
	}
	values, wrong := url.Values{}, store.InvalidError{}
	for name, value := range object {
		is, known := find(fields, name)
		if !known {
			wrong[name] = "This resource has no such field."
			continue
		}
		if sentence := is.put(values, value); sentence != "" {
			wrong[name] = sentence
		}
	}
	if len(wrong) > 0 {
		return input{}, wrong
	}
	return input{web.FormOf(values), body}, nil
}

// namesTwice says whether a JSON object has a field twice.
func namesTwice(object []byte) bool {
	d, seen := json.NewDecoder(bytes.NewReader(object)), map[string]bool{}
	if _, err := d.Token(); err != nil {
		return false
	}
	for d.More() {
		token, err := d.Token()
		name, _ := token.(string)
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return false // a JSON error was noticed before
		}
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

func find(fields []field, name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// put adds the value of a field, or returns what is wrong with it.
func (f field) put(values url.Values, value json.RawMessage) (wrong string) {
	var s string
	var set bool
	var n int64
	switch {
	case string(value) == "null":
	case f.whole && json.Unmarshal(value, &n) != nil:
		return "Send a whole number."
	case f.whole:
		values.Set(f.name, strconv.FormatInt(n, 10))
	case f.flag && json.Unmarshal(value, &set) != nil:
		return "Send true or false."
	case !f.flag && json.Unmarshal(value, &s) != nil:
		return "Send a text."
	case set:
		values.Set(f.name, "1")
	case !f.flag:
		values.Set(f.name, s)
	}
	return ""
}

// whole is a whole number; 0 if it is missing.
func (in input) whole(name string) int64 {
	n, _ := strconv.ParseInt(in.Raw(name), 10, 64)
	return n
}

// check returns the fields that were read and are wrong as a [store.InvalidError].
func (in input) check() error {
	if in.Valid() {
		return nil
	}
	return store.InvalidError(in.Errors)
}

// hash is what tells two requests with the same idempotency key apart.
func (in input) hash(r *http.Request) [32]byte {
	h := sha256.New()
	_, _ = io.WriteString(h, r.Method+" "+r.URL.EscapedPath()+"\n")
	_, _ = h.Write(in.body)
	return [32]byte(h.Sum(nil))
}
