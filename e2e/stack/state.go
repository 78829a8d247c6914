package stack

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// state is what must stay the same when a stack restarts in the same directory: the
// secrets, and the ports, because the issuer contains one and people's identities
// contain the issuer.
type state struct {
	AdminPassword    string
	OwnerPassword    string
	AppPassword      string
	S3AccessKeyID    string
	S3SecretKey      string
	OIDCClientSecret string
	SessionKey       string
	SigningKey       string
	PostgresPort     int
	S3Port           int
	OIDCPort         int
	MailPort         int
}

func newState() state {
	return state{
		AdminPassword:    randomText(),
		OwnerPassword:    randomText(),
		AppPassword:      randomText(),
		S3AccessKeyID:    randomText()[:20],
		S3SecretKey:      randomText(),
		OIDCClientSecret: randomText(),
		SessionKey:       randomText(),
		SigningKey:       randomText(),
	}
}

// loadState returns the state saved in dir, or a new one if there is none.
func loadState(dir string) (state, error) {
	b, err := os.ReadFile(stateFile(dir))
	if errors.Is(err, os.ErrNotExist) {
		return newState(), nil
	}
	if err != nil {
		return state{}, err
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return state{}, fmt.Errorf("%s: %w", stateFile(dir), err)
	}
	return s, nil
}

func (s state) save(dir string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return WriteFileAtomic(stateFile(dir), append(b, '\n'), 0o600)
}

func stateFile(dir string) string { return filepath.Join(dir, "stack.json") }

// WriteFileAtomic replaces path in one step: readers see either the old content or
// the new, and a crash leaves one of the two.
func WriteFileAtomic(path string, b []byte, mode os.FileMode) error {
	next := path + ".new"
	if err := os.WriteFile(next, b, mode); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// randomText returns 32 random bytes as URL-safe base64 without padding, so
// that it needs no quoting in a URL, a shell or an SQL string.
func randomText() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
