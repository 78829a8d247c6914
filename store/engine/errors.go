package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The errors of package store, which says what they mean.
var (
	ErrNotFound    = errors.New("not found")
	ErrForbidden   = errors.New("not allowed")
	ErrConflict    = errors.New("conflict")
	ErrInvalid     = errors.New("invalid")
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

// Translate turns what PostgreSQL says into the few errors callers tell apart.
// Its texts stay out of the result: they can quote values.
func Translate(err error) error {
	if err == nil || errors.Is(err, ErrNotFound) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return Unavailable(err)
	}
	switch pg.Code {
	case "23505", "23P01", "40001", "40P01":
		return &ConstraintError{Kind: ErrConflict, Constraint: pg.ConstraintName, Code: pg.Code}
	case "23503":
		// A foreign key that does not hold names a row that is not there, or not ours.
		return &ConstraintError{Kind: ErrNotFound, Constraint: pg.ConstraintName, Code: pg.Code}
	case "23514", "22001", "22P02", "22021", "22P05", "23502":
		return &ConstraintError{Kind: ErrInvalid, Constraint: pg.ConstraintName, Code: pg.Code}
	case "25006", "42501":
		// Read-only transaction, or refused by grant or policy.
		return &ConstraintError{Kind: ErrForbidden, Constraint: pg.ConstraintName, Code: pg.Code}
	case "57014", "55P03", "57P01", "57P02", "57P03", "53300":
		return fmt.Errorf("%w (%s)", ErrUnavailable, pg.Code)
	}
	return fmt.Errorf("sqlstate %s in %s", pg.Code, pg.TableName)
}

// Unavailable marks errors of the connection; others pass as they are.
func Unavailable(err error) error {
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
