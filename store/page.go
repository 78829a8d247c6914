package store

import (
	"time"

	"github.com/google/uuid"
)

// Cursor is a row of a list, by what the list is ordered by and its id. Zero is
// before the first row.
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

// Cut takes the row too many off what was read with [PageOf], and returns where the
// next page continues; zero when this is the last one.
func Cut[T any](rows []T, p Page, at func(T) Cursor) ([]T, Cursor) {
	if len(rows) < p.Limit {
		return rows, Cursor{}
	}
	rows = rows[:p.Limit-1]
	return rows, at(rows[len(rows)-1])
}

// limit is how many rows to read: 50 where a page says nothing from 1 to 200.
func (p Page) limit() int {
	if p.Limit < 1 || p.Limit > 200 {
		return 50
	}
	return p.Limit
}

// before is where a list that is ordered by time, newest first, continues.
func (p Page) before() (time.Time, uuid.UUID) {
	if p.After.At.IsZero() {
		return time.Now().AddDate(100, 0, 0), uuid.Max
	}
	return p.After.At, p.After.ID
}
