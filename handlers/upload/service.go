// Package upload keeps the rows of files and their bytes in object storage
// together: it sends files, finishes, cancels and removes them, for handlers and
// jobs alike.
//
// An upload lives in two places, and a process can die between any two steps. The
// order of the steps keeps that harmless: first the row, then object storage, then
// the row again. When something is removed, storage comes first and the row last,
// because only the row leads to the rest. Every step can be repeated. The nightly
// clean-up compares rows and storage and finishes interrupted steps.
package upload

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/metrics"
	"portico/handlers/web"
	"portico/store"
)

// Config holds what a [Service] uses.
type Config struct {
	// DB and Storage hold the two halves of a file; both are required.
	DB      *store.DB
	Storage *files.Storage
	// Metrics counts the bytes that arrive, unless nil.
	Metrics *metrics.Recorder
	// Log records what is left to the nightly clean-up, by id only; nil means
	// [slog.Default].
	Log *slog.Logger
}

// Service sends files to object storage and removes them. Make one with [New].
type Service struct {
	db      *store.DB
	storage *files.Storage
	metrics *metrics.Recorder
	log     *slog.Logger
	// readBacks lets one file of a tenant be read back at a time.
	readBacks *web.KeyedSemaphore
}

// New returns a Service. It fails without a database or without object storage.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Storage == nil {
		return nil, errors.New("upload: DB or Storage is missing")
	}
	return &Service{
		db: cfg.DB, storage: cfg.Storage, metrics: cfg.Metrics, log: cmp.Or(cfg.Log, slog.Default()),
		readBacks: web.NewKeyedSemaphore(1),
	}, nil
}

// Key returns the object key of a file in the member's tenant.
func Key(me store.Member, file uuid.UUID) files.Key {
	return files.NewKey(me.TenantID(), files.KindFile, file)
}

func (s *Service) vault(me store.Member) files.Vault { return s.storage.For(me.TenantID()) }

// detach returns a context that lasts up to 15 seconds after the visitor
// disconnected, for work that must complete anyway.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
}
