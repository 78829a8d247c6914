package signin

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
)

// Purposes of keys. Each purpose has its own key, so that a signature for one purpose is
// never valid for another.
const (
	PurposeSessionCookie = "session cookie"
	PurposeFlowCookie    = "flow cookie"
	PurposeMailedCode    = "mailed code"
	PurposeRateLimit     = "rate limit"
	PurposeKnownBrowser  = "known browser"
	// PurposeJobSignature is for queue.NewSigner. Its value is part of the key derivation:
	// another value would invalidate all queued jobs.
	PurposeJobSignature = "job seal"
)

// minKeyBytes is the minimum length of a session key.
const minKeyBytes = 32

// Keys are the installation's SESSION_KEYS, newest first. They are not used directly:
// the keys of each purpose are derived from them.
type Keys struct{ secrets [][]byte }

// NewKeys takes the secrets, newest first. It fails if there are none or one is shorter
// than 32 bytes. The error quotes no secret.
func NewKeys(secrets ...[]byte) (Keys, error) {
	if len(secrets) == 0 {
		return Keys{}, errors.New("there are no session keys")
	}
	for _, s := range secrets {
		if len(s) < minKeyBytes {
			return Keys{}, errors.New("a session key is shorter than 32 bytes")
		}
	}
	return Keys{slices.Clone(secrets)}, nil
}

// For derives the 32-byte keys of a purpose, newest first: HKDF-SHA256 with the
// purpose and the id of the secret as its label. The same secret gives the same
// key at any place in the list, so that values signed with an older key stay valid
// after a rotation.
func (k Keys) For(purpose string) [][]byte {
	derived := make([][]byte, len(k.secrets))
	for i, secret := range k.secrets {
		derived[i] = derive(secret, purpose)
	}
	return derived
}

func derive(secret []byte, purpose string) []byte {
	sum := sha256.Sum256(append([]byte("portico session key id "), secret...))
	id := hex.EncodeToString(sum[:4])
	key, err := hkdf.Key(sha256.New, secret, nil, "portico "+purpose+" "+id, sha256.Size)
	if err != nil {
		// HKDF fails only for an excessive length, and ours is fixed.
		panic("signin: hkdf: " + err.Error())
	}
	return key
}

// mac returns the HMAC-SHA256 of the parts. It hashes each part, so that moving bytes
// from one part to the next changes the result.
func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		sum := sha256.Sum256(part)
		h.Write(sum[:])
	}
	return h.Sum(nil)
}
