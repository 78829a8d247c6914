// Package queue defines the arguments of every job. A job's type makes it one of two
// kinds: a [TenantJob] works inside one tenant and carries a signature that names it; a
// [PlatformJob] has no tenant and is one of a short list.
//
// Arguments hold ids and a signature only. The queue's tables are not protected by row
// level security, so they must hold no tenant's data.
package queue

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// TenantJob is the arguments of a job inside a tenant. Only types that embed
// [Signature] are tenant jobs.
type TenantJob interface {
	river.JobArgs
	// JobSignature returns the job's signature, for [Signer] to fill in or check.
	JobSignature() *Signature
	tenantJob()
}

// LongJob is a job that may run longer than the runner's default timeout.
type LongJob interface {
	// Timeout is the longest the job may run.
	Timeout() time.Duration
}

// PlatformJob is the arguments of a job without a tenant. Only types that embed
// [Platform] are platform jobs.
type PlatformJob interface {
	river.JobArgs
	platformJob()
}

// Platform marks the arguments of a platform job.
type Platform struct{}

func (Platform) platformJob() {}

// Signature names the tenant a job works in and who requested it, and proves that the
// application enqueued the job with these arguments.
type Signature struct {
	Tenant      uuid.UUID `json:"tenant"`
	RequestedBy uuid.UUID `json:"asked_by,omitzero"` // the subject; zero for the schedule
	Actor       uuid.UUID `json:"actor,omitzero"`    // the person who really did it
	Support     uuid.UUID `json:"support,omitzero"`  // the support session it came from
	Request     string    `json:"request,omitempty"`
	Key         string    `json:"key,omitempty"` // id of the key of the MAC
	MAC         []byte    `json:"mac,omitempty"` // HMAC-SHA-256 over kind and arguments without Key and MAC
}

// JobSignature implements [TenantJob] for types that embed a Signature.
func (s *Signature) JobSignature() *Signature { return s }

func (*Signature) tenantJob() {}

// ErrSignature is returned for a job whose signature is missing or not valid for its
// arguments.
var ErrSignature = errors.New("job signature is not valid")

// Signer signs and verifies jobs. It signs with the newest key and accepts all of them,
// so that jobs enqueued before a key rotation still run. The zero Signer refuses
// everything.
type Signer struct{ keys [][]byte }

// NewSigner returns a signer for the given keys, newest first, at least 32 bytes each.
func NewSigner(keys ...[]byte) Signer { return Signer{keys} }

// Hash returns an HMAC of a text under the newest key, for counters that name nobody.
func (s Signer) Hash(text string) (sum [32]byte) {
	var key []byte
	if len(s.keys) > 0 {
		key = s.keys[0]
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("counter: " + text))
	mac.Sum(sum[:0])
	return sum
}

// Sign signs the arguments with the newest key. Tenant, RequestedBy, Actor and Support
// must be set already. Without a key or a tenant it fails with [ErrSignature].
func (s Signer) Sign(args TenantJob) error {
	if len(s.keys) == 0 || args.JobSignature().Tenant == uuid.Nil {
		return fmt.Errorf("sign %s: %w", args.Kind(), ErrSignature)
	}
	mac, err := computeMAC(s.keys[0], args)
	if err != nil {
		return err
	}
	args.JobSignature().Key, args.JobSignature().MAC = keyID(s.keys[0]), mac
	return nil
}

// Verify fails with [ErrSignature] unless one of the keys signed exactly these arguments.
func (s Signer) Verify(args TenantJob) error {
	sig := args.JobSignature()
	if sig.Tenant == uuid.Nil {
		return fmt.Errorf("%s without a tenant: %w", args.Kind(), ErrSignature)
	}
	for _, key := range s.keys {
		if keyID(key) != sig.Key {
			continue
		}
		want, err := computeMAC(key, args)
		if err != nil {
			return err
		}
		if hmac.Equal(want, sig.MAC) {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", args.Kind(), ErrSignature)
}

// computeMAC returns the MAC over the kind and the arguments as JSON, in which the key
// id and the MAC are empty.
func computeMAC(key []byte, args TenantJob) ([]byte, error) {
	sig := args.JobSignature()
	kept := *sig
	sig.Key, sig.MAC = "", nil
	body, err := json.Marshal(args)
	*sig = kept
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", args.Kind(), err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(args.Kind()))
	mac.Write([]byte{0})
	mac.Write(body)
	return mac.Sum(nil), nil
}

// keyID returns an id of the key that does not reveal it.
func keyID(key []byte) string {
	id := sha256.Sum256(append([]byte("portico job key id "), key...))
	return hex.EncodeToString(id[:4])
}
