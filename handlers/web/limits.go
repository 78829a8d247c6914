package web

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"
)

// Limits of one request. [Server] limits headers, and the routes that take files
// limit their bodies.
const (
	MaxForm       = 1 << 20 // bytes of a body that is not a file
	MaxParameters = 200     // of a query, of a form, of an upload form's parts
	maxURL        = 8 << 10 // bytes

	ReadTimeout  = 15 * time.Second
	WriteTimeout = 30 * time.Second
	// AnswerTimeout ends before ReadTimeout. When ReadTimeout ends, net/http considers
	// the visitor gone and sends no answer.
	AnswerTimeout = ReadTimeout - time.Second
)

// Errors of requests beyond the limits.
var (
	ErrTooManyFields     = &Problem{Status: http.StatusRequestEntityTooLarge, Sentence: "The form has too many fields."}
	errURLTooLong        = &Problem{Status: http.StatusRequestURITooLong, Sentence: "That address is too long."}
	errTooManyParameters = &Problem{Status: http.StatusBadRequest, Sentence: "That address has too many parameters."}
)

// Refuse answers a request that failed with err.
type Refuse func(w http.ResponseWriter, r *http.Request, err error)

// LimitRequests refuses requests that none of our pages would send, before it parses
// them.
func LimitRequests(refuse Refuse, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case len(r.RequestURI) > maxURL:
			refuse(w, r, errURLTooLong)
			return
		case strings.Count(r.URL.RawQuery, "&") >= MaxParameters:
			refuse(w, r, errTooManyParameters)
			return
		}
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			r.Body = &fieldLimiter{r.Body, MaxParameters}
		}
		next.ServeHTTP(w, r)
	})
}

// fieldLimiter is the body of a form. It fails with [ErrTooManyFields] beyond left fields.
type fieldLimiter struct {
	io.ReadCloser
	left int
}

func (f *fieldLimiter) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if f.left -= bytes.Count(p[:n], []byte("&")); f.left <= 0 {
		return 0, ErrTooManyFields
	}
	return n, err
}

// LimitTime sets the deadlines of a request that is neither upload nor download.
func LimitTime(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(ReadTimeout))
	_ = c.SetWriteDeadline(time.Now().Add(WriteTimeout))
}

// LiftDeadlines clears the deadlines that the server or an earlier request on the
// connection set, because uploads and downloads set their own. The body of a GET,
// which no handler reads, keeps its deadline, because the server waits for its end.
func LiftDeadlines(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	if !IsSafe(r.Method) || r.ContentLength == 0 {
		_ = c.SetReadDeadline(time.Time{})
	}
	_ = c.SetWriteDeadline(time.Time{})
}
