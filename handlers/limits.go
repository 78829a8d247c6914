package handlers

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"
)

// What one request may bring along. Headers have their limit in HTTPServer, the
// bodies of files in the routes that take them.
const (
	maxForm       = 1 << 20 // bytes of a body that is not a file
	maxURL        = 8 << 10
	maxParameters = 200 // of a query, of a form, of an upload form's parts
	readTime      = 15 * time.Second
	writeTime     = 30 * time.Second
	// answerTime ends before readTime: at the end of that the connection takes the
	// visitor for gone, and nobody is answered any more.
	answerTime = readTime - time.Second
)

var (
	errURLTooLong   = &statusError{status: http.StatusRequestURITooLong, sentence: "That address is too long."}
	errManyQuestion = &statusError{status: http.StatusBadRequest, sentence: "That address has too many parameters."}
	errManyFields   = &statusError{status: http.StatusRequestEntityTooLarge, sentence: "The form has too many fields."}
)

// limitRequests refuses what no page of ours would send, before anything of it is
// parsed.
func (s *Server) limitRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case len(r.RequestURI) > maxURL:
			s.refuse(w, r, errURLTooLong)
			return
		case strings.Count(r.URL.RawQuery, "&") >= maxParameters:
			s.refuse(w, r, errManyQuestion)
			return
		}
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			r.Body = &fewFields{r.Body, maxParameters}
		}
		next.ServeHTTP(w, r)
	})
}

// fewFields is the body of a form, up to so many fields.
type fewFields struct {
	io.ReadCloser
	left int
}

func (f *fewFields) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if f.left -= bytes.Count(p[:n], []byte("&")); f.left <= 0 {
		return 0, errManyFields
	}
	return n, err
}

func limitTime(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(readTime))
	_ = c.SetWriteDeadline(time.Now().Add(writeTime))
}
