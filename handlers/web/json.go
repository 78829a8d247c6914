package web

import (
	"bytes"
	"encoding/json"
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

// ReadBody reads a body that is not a form. The route limits its size. If the body is
// too slow, the error is [ErrSlowForm].
func ReadBody(r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	if _, err := io.Copy(&b, r.Body); err != nil {
		if IsTooSlow(err) {
			return nil, ErrSlowForm
		}
		return nil, err
	}
	return b.Bytes(), nil
}
