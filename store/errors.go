package store

import (
	"fmt"

	"portico/store/engine"
)

// What can be wrong with a request, as callers tell it apart. Everything else is
// a fault of ours.
var (
	// ErrNotFound: not there, or not yours; nobody can tell which.
	ErrNotFound = engine.ErrNotFound
	// ErrForbidden: yours to see, not yours to do.
	ErrForbidden = engine.ErrForbidden
	// ErrConflict: somebody was faster, or the state no longer allows it.
	ErrConflict = engine.ErrConflict
	// ErrInvalid: the input cannot be accepted.
	ErrInvalid = engine.ErrInvalid
	// ErrUnavailable: PostgreSQL does not answer, or not in time.
	ErrUnavailable = engine.ErrUnavailable
	// ErrRole is a database role that must not serve.
	ErrRole = engine.ErrRole
)

// ConstraintError is a refusal by the database. It wraps one of the errors above
// and names the constraint, never a value.
type ConstraintError = engine.ConstraintError

// InvalidError is input that cannot be accepted: a sentence for each field.
type InvalidError map[string]string

func (e InvalidError) Error() string { return fmt.Sprintf("%v: %d fields", ErrInvalid, len(e)) }

func (e InvalidError) Unwrap() error { return ErrInvalid }
