package frame

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/handlers/web"
	"portico/store"
)

// WriteCursor encodes a place in a list for a link. It is not a
// secret. The place before the first row is "".
func WriteCursor(c store.Cursor) string {
	if c.ID == uuid.Nil {
		return ""
	}
	text := c.At.UTC().Format(time.RFC3339Nano) + " " + c.ID.String() + " " + c.Name
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// ParseCursor decodes a place in a list. A malformed cursor is the place before the
// first row.
func ParseCursor(s string) store.Cursor {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return store.Cursor{}
	}
	parts := strings.SplitN(string(b), " ", 3)
	if len(parts) != 3 || !web.Printable(parts[2]) {
		return store.Cursor{}
	}
	at, err := time.Parse(time.RFC3339Nano, parts[0])
	id, ok := web.ParseID(parts[1])
	if err != nil || !ok {
		return store.Cursor{}
	}
	return store.Cursor{At: at, Name: parts[2], ID: id}
}
