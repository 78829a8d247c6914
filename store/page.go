package store

import (
	"time"

	"github.com/google/uuid"
)

// Cursor is the position of a row in a list: the value that orders the list, and its
// id. Zero is before the first row.
type Cursor struct {
	At   time.Time // in lists ordered by time
	Name string    // in lists ordered by name
	ID   uuid.UUID
}

// Page is a part of a list.
type Page struct {
	After Cursor // the last row of the page before
	Limit int    // how many rows to read
}

// PageOf reads one row more than a page shows, so that [Cut] can tell whether
// another page follows.
func PageOf(shown int, after Cursor) Page { return Page{After: after, Limit: shown + 1} }

// Cut removes the extra row that [PageOf] asked for and returns the cursor of the
// next page; zero if this is the last one.
func Cut[T any](rows []T, p Page, at func(T) Cursor) ([]T, Cursor) {
	if len(rows) < p.Limit {
		return rows, Cursor{}
	}
	rows = rows[:p.Limit-1]
	return rows, at(rows[len(rows)-1])
}

// limit returns how many rows to read: 50 unless the page says 1 to 200.
func (p Page) limit() int {
	if p.Limit < 1 || p.Limit > 200 {
		return 50
	}
	return p.Limit
}

// before returns the position after which a newest-first list continues.
func (p Page) before() (time.Time, uuid.UUID) {
	if p.After.At.IsZero() {
		return time.Now().AddDate(100, 0, 0), uuid.Max
	}
	return p.After.At, p.After.ID
}
