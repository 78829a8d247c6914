package store

import (
	"fmt"

	"portico/store/engine"
)

// The errors of a request, as callers tell them apart. Every other error is our
// fault.
var (
	// ErrNotFound: it doesn't exist or belongs to somebody else; callers can't tell
	// which.
	ErrNotFound = engine.ErrNotFound
	// ErrForbidden: the caller may see it and may not do this.
	ErrForbidden = engine.ErrForbidden
	// ErrConflict: somebody else was faster, or the state doesn't allow it.
	ErrConflict = engine.ErrConflict
	// ErrInvalid: the input cannot be accepted.
	ErrInvalid = engine.ErrInvalid
	// ErrUnavailable: PostgreSQL doesn't answer, or not in time.
	ErrUnavailable = engine.ErrUnavailable
	// ErrPooler: a pooler between us and PostgreSQL changes the session.
	ErrPooler = engine.ErrPooler
	// ErrReadOnly: PostgreSQL accepts no changes. It wraps ErrUnavailable.
	ErrReadOnly = engine.ErrReadOnly
	// ErrRole: the database role has rights that it must not have.
	ErrRole = engine.ErrRole
)

// ConstraintError is a refusal by the database. It wraps one of the errors above and
// names the constraint, never a value.
type ConstraintError = engine.ConstraintError

// InvalidError is input that cannot be accepted: a sentence for each field.
type InvalidError map[string]string

func (e InvalidError) Error() string { return fmt.Sprintf("%v: %d fields", ErrInvalid, len(e)) }

func (e InvalidError) Unwrap() error { return ErrInvalid }

// tooLong says by how much a text is too long, in the words that all forms use.
func tooLong(n, most int) string {
	return fmt.Sprintf("That has %d characters. At most %d fit.", n, most)
}
