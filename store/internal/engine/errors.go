package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// What can be wrong with a request, as callers tell it apart. Everything else is
// a fault of ours.
var (
	// ErrNotFound: not there, or not yours; nobody can tell which.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: yours to see, not yours to do.
	ErrForbidden = errors.New("not allowed")
	// ErrConflict: somebody was faster, or the state no longer allows it.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: the input cannot be accepted.
	ErrInvalid = errors.New("invalid")
	// ErrUnavailable: PostgreSQL does not answer, or not in time.
	ErrUnavailable = errors.New("database unavailable")
)

// ConstraintError is a refusal by the database. It wraps one of the errors above
// and names the constraint, never a value.
type ConstraintError struct {
	Kind       error
	Constraint string
	Code       string
}

func (e *ConstraintError) Error() string {
	return fmt.Sprintf("%v (%s %s)", e.Kind, e.Code, e.Constraint)
}

func (e *ConstraintError) Unwrap() error { return e.Kind }

// InvalidError is input that cannot be accepted: a sentence for each field.
type InvalidError map[string]string

func (e InvalidError) Error() string { return fmt.Sprintf("%v: %d fields", ErrInvalid, len(e)) }

func (e InvalidError) Unwrap() error { return ErrInvalid }

// unavailable marks errors of the connection; others pass as they are.
func unavailable(err error) error {
	var dial *pgconn.ConnectError
	var network net.Error
	switch {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable):
		return err
	case errors.As(err, &dial), errors.As(err, &network), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, net.ErrClosed), pgconn.SafeToRetry(err):
		return ErrUnavailable
	}
	return err
}
