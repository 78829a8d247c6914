package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The errors of package store, which documents them.
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

// Translate maps errors of PostgreSQL to the few errors that callers distinguish. It
// drops PostgreSQL's own texts, because they can quote values.
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
		// The foreign key names a row that does not exist or is not the tenant's.
		return &ConstraintError{Kind: ErrNotFound, Constraint: pg.ConstraintName, Code: pg.Code}
	case "23514", "22001", "22P02", "22021", "22P05", "23502":
		return &ConstraintError{Kind: ErrInvalid, Constraint: pg.ConstraintName, Code: pg.Code}
	case "25006", "42501":
		// Read-only transaction, or refused by grant or policy.
		return &ConstraintError{Kind: ErrForbidden, Constraint: pg.ConstraintName, Code: pg.Code}
	case "42P05", "26000":
		return ErrPooler
	}
	if unavailable(pg.Code) {
		return fmt.Errorf("%w (%s)", ErrUnavailable, pg.Code)
	}
	return fmt.Errorf("sqlstate %s in %s", pg.Code, pg.TableName)
}

// unavailable reports whether the server can't serve now, though nothing is wrong with the
// statement: it lacks disk, memory or connections (class 53), can't read its files (58030),
// lost the connection (class 08), or stops, waits or was told to cancel.
func unavailable(code string) bool {
	switch code {
	case "57014", "55P03", "57P01", "57P02", "57P03", "57P04", "58030":
		return true
	}
	return strings.HasPrefix(code, "53") || strings.HasPrefix(code, "08")
}

// Unavailable turns errors of the connection into [ErrUnavailable] and returns others
// unchanged.
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
