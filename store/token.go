package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"github.com/google/uuid"
)

// TenantToken is a secret that arrives before a tenant is known, such as in an
// invitation's link. It names the tenant, so that its hash is looked up in that
// tenant's context only.
type TenantToken struct {
	tenant uuid.UUID
	secret [32]byte
}

// NewTenantToken mints a token for something of the tenant.
func NewTenantToken(tenant uuid.UUID) TenantToken {
	t := TenantToken{tenant: tenant}
	_, _ = rand.Read(t.secret[:]) // crypto/rand never returns an error
	return t
}

// ParseTenantToken reads what [TenantToken.String] writes; false for anything else.
func ParseTenantToken(s string) (TenantToken, bool) {
	var t TenantToken
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(t.tenant)+len(t.secret) {
		return t, false
	}
	copy(t.secret[:], b[copy(t.tenant[:], b):])
	return t, t.tenant != uuid.Nil
}

// String returns the token as a link carries it.
func (t TenantToken) String() string { return base64.RawURLEncoding.EncodeToString(t.bytes()) }

// KeyPrefix stands before the token of an API key, so that people and scanners of source
// code tell what it is.
const KeyPrefix = "pk_"

// prefix returns the first characters of the text that the tenant doesn't decide, by which
// people tell its tokens apart: 6 of 42.
func (t TenantToken) prefix() string { return t.String()[22:28] }

func (t TenantToken) bytes() []byte { return append(t.tenant[:], t.secret[:]...) }

func (t TenantToken) hash() []byte {
	sum := sha256.Sum256(t.bytes())
	return sum[:]
}
