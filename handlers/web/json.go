package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// WriteJSON sends body as JSON. If body cannot be marshalled, it sends a 500.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"FAILED"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// ErrBodyCut means that the body ended too early, or that its chunks are malformed.
var ErrBodyCut = &Problem{Status: http.StatusBadRequest, Sentence: "The body did not arrive whole. Send it again."}

// ReadBody reads a body that is not a form. The route limits its size. If the body is
// too slow, the error is [ErrSlowForm]. If it doesn't arrive whole, it is [ErrBodyCut].
func ReadBody(r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	_, err := io.Copy(&b, r.Body)
	_, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		return b.Bytes(), nil
	case IsTooSlow(err):
		return nil, ErrSlowForm
	case isTooLarge:
		return nil, err
	}
	return nil, ErrBodyCut
}
