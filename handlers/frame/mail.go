package frame

import (
	"context"
	"net/http"
)

type mailKey struct{}

// WithMail is the request with a function that reports whether the mail server answers.
func WithMail(r *http.Request, answers func(context.Context) bool) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), mailKey{}, answers))
}

// MailAway reports whether no email can leave now. Only pages that promise one ask, because
// the answer may take as long as /readyz takes.
func MailAway(r *http.Request) bool {
	answers, ok := r.Context().Value(mailKey{}).(func(context.Context) bool)
	return ok && !answers(r.Context())
}
