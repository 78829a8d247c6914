// Package queue says what jobs may be asked. There are two kinds, by type: a
// [TenantJob] works inside one tenant and carries a sealed proof of which; a
// [PlatformJob] has no tenant and is one of a short list.
//
// Arguments hold ids and a seal only: the tables of the queue are open to the
// app, so nothing of a tenant may lie in them.
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
	// JobSignature returns where the seal is, to be filled in or checked.
	JobSignature() *Signature
	tenantJob()
}

// LongJob is a job that may run longer than the others.
type LongJob interface {
	// Timeout is how long it may run.
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

// Seal says in which tenant a job works and who asked for it, and proves that
// the application said so at the time.
type Signature struct {
	Tenant      uuid.UUID `json:"tenant"`
	RequestedBy uuid.UUID `json:"asked_by,omitzero"` // as whom; zero: the schedule
	Actor       uuid.UUID `json:"actor,omitzero"`    // who really
	Support     uuid.UUID `json:"support,omitzero"`  // the support session it came from
	Request     string    `json:"request,omitempty"`
	Key         string    `json:"key,omitempty"` // id of the key of the MAC
	MAC         []byte    `json:"mac,omitempty"` // HMAC-SHA-256 over kind and arguments without Key and MAC
}

// JobSignature implements [TenantJob] for whatever embeds the seal.
func (s *Signature) JobSignature() *Signature { return s }

func (*Signature) tenantJob() {}

// ErrSignature is a job whose seal is missing or does not fit its arguments.
var ErrSignature = errors.New("job seal does not fit")

// Signer makes and checks seals. Keys are newest first, so that jobs queued
// before a rotation are still believed. The zero Sealer refuses everything.
type Signer struct{ keys [][]byte }

// NewSigner returns a sealer for the given keys, newest first, at least 32 bytes each.
func NewSigner(keys ...[]byte) Signer { return Signer{keys} }

// Signer signs the arguments with the newest key. The tenant and the asker must
// already stand in the seal.
func (s Signer) Sign(args TenantJob) error {
	if len(s.keys) == 0 || args.JobSignature().Tenant == uuid.Nil {
		return fmt.Errorf("seal %s: %w", args.Kind(), ErrSignature)
	}
	mac, err := sum(s.keys[0], args)
	if err != nil {
		return err
	}
	args.JobSignature().Key, args.JobSignature().MAC = keyID(s.keys[0]), mac
	return nil
}

// Verify refuses arguments that were not sealed by one of the keys as they stand.
func (s Signer) Verify(args TenantJob) error {
	seal := args.JobSignature()
	if seal.Tenant == uuid.Nil {
		return fmt.Errorf("%s without a tenant: %w", args.Kind(), ErrSignature)
	}
	for _, key := range s.keys {
		if keyID(key) != seal.Key {
			continue
		}
		want, err := sum(key, args)
		if err != nil {
			return err
		}
		if hmac.Equal(want, seal.MAC) {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", args.Kind(), ErrSignature)
}

// sum is the MAC over the arguments as JSON, with an empty place where the key
// id and the MAC go.
func sum(key []byte, args TenantJob) ([]byte, error) {
	seal := args.JobSignature()
	kept := *seal
	seal.Key, seal.MAC = "", nil
	body, err := json.Marshal(args)
	*seal = kept
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", args.Kind(), err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(args.Kind()))
	mac.Write([]byte{0})
	mac.Write(body)
	return mac.Sum(nil), nil
}

// keyID names a key without telling it.
func keyID(key []byte) string {
	id := sha256.Sum256(append([]byte("portico job key id "), key...))
	return hex.EncodeToString(id[:4])
}
