package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Seen stands for the state in which somebody read what they then change. A form
// carries it, [Tx.Expect] takes it, and the deed compares it with the present state
// under the lock of the row. "" stands for nothing that was read.
type Seen string

// ErrChanged means that somebody else changed the thing since the actor read it.
// Nothing was changed now. It wraps [ErrConflict].
var ErrChanged = fmt.Errorf("changed since it was read: %w", ErrConflict)

// errNotCompared means that a deed ignores the state that the actor read.
var errNotCompared = errors.New("the deed doesn't compare what was read")

// seen is the SQL of the [Seen] of these columns.
func seen(columns string) string {
	return `left(encode(sha256(convert_to(row(` + columns + `)::text, 'UTF8')), 'hex'), 32)`
}

// expectation is what the actor read, and whether the deed compared it.
type expectation struct {
	seen     Seen
	compared bool
}

// Expect says in which state the actor read what the next deed changes. In any other
// state the deed fails with [ErrChanged]. A transaction whose deeds don't compare it
// fails.
func (tx *Tx) Expect(s Seen) {
	if s != "" {
		tx.expected = &expectation{seen: s}
	}
}

// takeExpected returns what the actor read, for a statement that compares it; "" for
// nothing.
func (tx *Tx) takeExpected() Seen {
	if tx.expected == nil {
		return ""
	}
	tx.expected.compared = true
	return tx.expected.seen
}

// compareSeen returns [ErrChanged] if the actor read another state than now.
func (tx *Tx) compareSeen(now Seen) error {
	if was := tx.takeExpected(); was != "" && was != now {
		return ErrChanged
	}
	return nil
}

// checkSeen locks a row and returns [ErrChanged] if the actor read another state of
// it. state is the SQL of its [Seen], from the rest of the query. Without an
// expectation it does nothing.
func (tx *Tx) checkSeen(ctx context.Context, state, from string, args pgx.StrictNamedArgs) error {
	if tx.expected == nil {
		return nil
	}
	var now Seen
	if err := tx.get(ctx, value("state to change", &now, "select "+state+from+"\nfor no key update", args)); err != nil {
		return err
	}
	return tx.compareSeen(now)
}

func (tx *Tx) expectationsMet() error {
	if tx.expected != nil && !tx.expected.compared {
		return errNotCompared
	}
	return nil
}
