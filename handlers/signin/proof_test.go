package signin

import (
	"bytes"
	"testing"

	"github.com/google/uuid"
)

// The same six digits have another secret in another flow and under another key, and the
// secret does not contain them.
func TestCodeSecretDependsOnItsFlow(t *testing.T) {
	t.Parallel()
	newer, older := bytes.Repeat([]byte("n"), 32), bytes.Repeat([]byte("o"), 32)
	both, err := NewKeys(newer, older)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := NewKeys(older)
	if err != nil {
		t.Fatal(err)
	}
	one, two := uuid.UUID{1}, uuid.UUID{2}
	secrets := codeSecrets(both, one, "123456")
	for _, other := range append(codeSecrets(both, two, "123456"), codeSecrets(both, one, "123457")...) {
		if bytes.Equal(secrets[0], other) || bytes.Equal(secrets[1], other) {
			t.Error("two codes share a secret")
		}
	}
	if bytes.Contains(secrets[0], []byte("123456")) || len(secrets[0]) != 32 {
		t.Error("the secret is the code")
	}
	if minted := codeSecrets(alone, one, "123456")[0]; !bytes.Equal(secrets[1], minted) {
		t.Error("a code from before the rotation no longer fits")
	}
}

// Codes may contain spaces and hyphens; anything else is refused.
func TestReadCode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"123456": "123456", " 123 456 ": "123456", "123-456": "123456", "123\u00a0456": "123456"} {
		if got, ok := readCode(typed); !ok || got != want {
			t.Errorf("readCode(%q) = %q, %v", typed, got, ok)
		}
	}
	for _, typed := range []string{"", "12345", "1234567", "12345a", "１２３４５６", "1234５", "123456\x00"} {
		if got, ok := readCode(typed); ok {
			t.Errorf("readCode(%q) = %q", typed, got)
		}
	}
}
