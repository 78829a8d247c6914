package web

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Cursor names a place in a list by time and id. It is no secret, and may name a row
// that is gone.
func Cursor(at time.Time, id uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.UTC().Format(time.RFC3339Nano) + " " + id.String()))
}

// ParseCursor reads a [Cursor]. A malformed one is the beginning of the list.
func ParseCursor(s string) (time.Time, uuid.UUID) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return time.Time{}, uuid.Nil
	}
	stamp, id, _ := strings.Cut(string(b), " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	last, err2 := uuid.Parse(id)
	if err != nil || err2 != nil {
		return time.Time{}, uuid.Nil
	}
	return at, last
}
