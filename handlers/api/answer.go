package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/web"
	"portico/store"
)

// send answers with JSON. The ETag of a read is that of the JSON; a program that has it
// already gets a 304.
func send(w http.ResponseWriter, r *http.Request, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if web.IsSafe(r.Method) {
		sum := sha256.Sum256(b)
		tag := `"` + hex.EncodeToString(sum[:16]) + `"`
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "private, no-cache")
		if hasTag(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	writeJSON(w, status, b)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// hasTag reports whether the header If-None-Match names the tag, by the weak comparison
// that RFC 9110 asks for there.
func hasTag(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == tag || one == "*" {
			return true
		}
	}
	return false
}

// list is a page of a list. Next is the cursor of the next page, null on the last one.
type list struct {
	Items any     `json:"items"`
	Next  *string `json:"next"`
}

const (
	shown    = 50 // rows of a page, unless the program says how many
	maxShown = 100
)

var (
	errCursor = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "That is not a cursor of this list. Send the next of the page before, or none."}
	errLimit  = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "The limit is a number from 1 to 100."}
	errFilter = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "This list takes the parameters that its description names, each once."}
)

// pageOf reads the cursor and the limit of a request for a list, which may have other
// parameters besides.
func pageOf(r *http.Request, others ...string) (store.Page, url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return store.Page{}, nil, errFilter
	}
	for name, values := range q {
		if len(values) != 1 || !slices.Contains(others, name) && name != "cursor" && name != "limit" {
			return store.Page{}, nil, errFilter
		}
	}
	limit := shown
	if text, ok := q["limit"]; ok {
		limit, err = strconv.Atoi(text[0])
		if err != nil || limit < 1 || limit > maxShown || strconv.Itoa(limit) != text[0] {
			return store.Page{}, nil, errLimit
		}
	}
	var after store.Cursor
	if text, ok := q["cursor"]; ok {
		b, err := base64.RawURLEncoding.Strict().DecodeString(text[0])
		if err != nil || len(b) != len(after.ID) {
			return store.Page{}, nil, errCursor
		}
		copy(after.ID[:], b)
	}
	return store.PageOf(limit, after), q, nil
}

// sendPage answers with the page of a list that is ordered by id.
func sendPage[T, J any](w http.ResponseWriter, r *http.Request, rows []T, p store.Page, id func(T) uuid.UUID, as func(T) J) error {
	rows, next := store.Cut(rows, p, func(row T) store.Cursor { return store.Cursor{ID: id(row)} })
	items := make([]J, len(rows))
	for i, row := range rows {
		items[i] = as(row)
	}
	l := list{Items: items}
	if next.ID != uuid.Nil {
		cursor := base64.RawURLEncoding.EncodeToString(next.ID[:])
		l.Next = &cursor
	}
	return send(w, r, http.StatusOK, l)
}

// once runs a deed of a program in one transaction, at most once for the program's
// Idempotency-Key, and answers with what it made.
func (s *Service) once(w http.ResponseWriter, r *http.Request, me store.Member, in input, do func(*store.Tx) (made, error)) error {
	idempotency, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var response store.Response
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		response, err = tx.Once(r.Context(), idempotency, in.hash(r), func() (store.Response, error) {
			m, err := do(tx)
			if err != nil {
				return store.Response{}, err
			}
			body, err := json.Marshal(m.body)
			return store.Response{Status: http.StatusCreated, Location: m.location, Body: string(body)}, err
		})
		return err
	})
	if err != nil {
		return err
	}
	if response.Repeated {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	if response.Location != "" {
		w.Header().Set("Location", response.Location)
	}
	writeJSON(w, response.Status, []byte(response.Body))
	return nil
}

// made is what a deed made: where it is, and its JSON.
type made struct {
	location string
	body     any
}

var errIdempotencyKey = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "An Idempotency-Key has 1 to 255 printable characters of ASCII, and comes once."}

func idempotencyKey(r *http.Request) (string, error) {
	values, sent := r.Header["Idempotency-Key"]
	if !sent {
		return "", nil
	}
	if len(values) != 1 || len(values[0]) < 1 || len(values[0]) > 255 {
		return "", errIdempotencyKey
	}
	for _, c := range []byte(values[0]) {
		if c < ' ' || c > '~' {
			return "", errIdempotencyKey
		}
	}
	return values[0], nil
}
