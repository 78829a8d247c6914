package frame

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"

	"portico/handlers/web"
	"portico/store"
)

// Attempts limits how often something may be tried. It counts in the database, for
// all processes.
type Attempts struct {
	DB  *store.DB
	Key []byte // for the HMAC of what is counted, which is all the database gets
}

// Count counts one attempt of what the words name. Beyond most in the window it fails
// with a 429.
func (a Attempts) Count(ctx context.Context, most int, window time.Duration, words string) error {
	mac := hmac.New(sha256.New, a.Key)
	mac.Write([]byte(words))
	allowed, after, err := a.DB.RateLimit(ctx, [32]byte(mac.Sum(nil)), window, most)
	if err != nil {
		return fmt.Errorf("count: %w", err)
	}
	if !allowed {
		return web.TooMany(after, nil)
	}
	return nil
}
