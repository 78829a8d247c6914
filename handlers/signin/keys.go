package signin

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
)

// Purposes of keys. One key serves one purpose, so that what is signed for the
// one can never be shown for the other.
const (
	PurposeSessionCookie = "session cookie"
	PurposeFlowCookie    = "flow cookie"
	PurposeMailedCode    = "mailed code"
	PurposeRateLimit     = "rate limit"
	PurposeKnownBrowser  = "known browser"
	// PurposeJobSeal is for queue.NewSigner.
	PurposeJobSeal = "job seal"
)

// leastKey is how many bytes a session key has at least.
const leastKey = 32

// Keys are the installation's SESSION_KEYS, newest first. They are never used
// themselves: every purpose has keys of its own, derived from them.
type Keys struct{ secrets [][]byte }

// NewKeys takes the secrets newest first. None at all, or one shorter than 32
// bytes, is an error that does not quote it.
func NewKeys(secrets ...[]byte) (Keys, error) {
	if len(secrets) == 0 {
		return Keys{}, errors.New("there are no session keys")
	}
	for _, s := range secrets {
		if len(s) < leastKey {
			return Keys{}, errors.New("a session key is shorter than 32 bytes")
		}
	}
	return Keys{slices.Clone(secrets)}, nil
}

// For derives the 32-byte keys of a purpose, newest first: HKDF-SHA256 with the
// purpose and the id of the secret as its label. The same secret gives the same
// key anywhere in the list, so what an older key made is still
// understood after a rotation.
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
		// Only a length beyond what HKDF can give fails, and ours is fixed.
		panic("signin: hkdf: " + err.Error())
	}
	return key
}

// mac is the HMAC-SHA256 of parts that cannot run into each other.
func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		sum := sha256.Sum256(part)
		h.Write(sum[:])
	}
	return h.Sum(nil)
}
