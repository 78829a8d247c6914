package stack

import (
	"crypto/rand"
	"encoding/base64"
)

// randomText returns 32 random bytes as URL-safe base64 without padding, so
// that it needs no quoting in a URL, a shell or an SQL string.
func randomText() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
