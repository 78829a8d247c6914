package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"portico/store/engine"
)

// Snapshot is a tenant as it was at one moment, whatever its people change meanwhile. Only
// archives are made of it.
type Snapshot struct {
	engine *engine.Snapshot
	Tenant ArchivedTenant
	Schema int64 // the number of the newest migration
	At     time.Time
}

// ArchivedTenant is what an archive says of its tenant.
type ArchivedTenant struct {
	ID         uuid.UUID  `json:"id"`
	Kind       TenantKind `json:"kind"`
	Slug       string     `json:"slug"`
	Name       string     `json:"name"`
	AgencyID   *uuid.UUID `json:"agency_id"`
	AgencyName *string    `json:"agency_name"`
	Plan       string     `json:"plan"`
	PortalName *string    `json:"portal_name"`
	Welcome    *string    `json:"welcome"`
	Accent     *string    `json:"accent"`
	MailName   *string    `json:"mail_name"`
	LogoID     *uuid.UUID `json:"logo_id"`
	CreatedAt  time.Time  `json:"created_at"`
	Hosts      []string   `json:"hosts"` // its own domains
}

// StoredObject is what a row has in object storage, under tenants/<tenant>/<Kind>/<ID>.
type StoredObject struct {
	Kind   string    `json:"kind"`
	ID     uuid.UUID `json:"id"`
	Size   int64     `json:"size"` // in bytes
	SHA256 string    `json:"sha256"`
}

// Snapshot records in the job's tenant that it is exported, and then runs fn in a snapshot of
// it. fn holds one of the tenant's connections; it may be idle for a minute at most.
func (db *DB) Snapshot(ctx context.Context, j Job, fn func(*Snapshot) error) error {
	err := db.Work(ctx, j, func(tx *Tx) error {
		return tx.audit(Event{Verb: "tenant.exported", TargetKind: KindTenant, TargetID: tx.scope.Tenant})
	})
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return db.engine.Snapshot(ctx, j.scope, func(e *engine.Snapshot) error {
		s := &Snapshot{engine: e}
		if err := s.open(ctx); err != nil {
			return err
		}
		return fn(s)
	})
}

func (s *Snapshot) open(ctx context.Context) error {
	for _, q := range []query{
		one("tenant of the archive", &s.Tenant, `
select t.id, t.kind, t.slug, t.name, t.agency_id, j.agency_name, t.plan, t.portal_name, t.welcome, t.accent,
       t.mail_name, t.logo_id, t.created_at,
       array(select d.host from domains d where d.tenant_id = @tenant_id order by d.host) as hosts
from tenants t
cross join lookup.job_standing() j
where t.id = @tenant_id`, nil),
		row("schema", `
select max(version_id), now()
from schema_migrations
where is_applied`, nil, &s.Schema, &s.At),
	} {
		if err := s.engine.Get(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// Rows passes the rows of a table to each, as lines of JSON without tenant_id and without what
// the manifest calls secret, and returns the names of their columns. A line is the callee's only
// until it returns.
func (s *Snapshot) Rows(ctx context.Context, t TenantTable, each func(line []byte) error) (columns []string, err error) {
	var found []archiveColumn
	if err := s.engine.Get(ctx, query{Name: "columns", SQL: listArchiveColumns, Args: t.columnArgs(), Scan: engine.Many(&found)}); err != nil {
		return nil, err
	}
	return columnNames(found), s.engine.Lines(ctx, "rows of "+t.Name, linesOf(t, found), each)
}

// Objects passes what the rows have in object storage to each, the same bytes next to each
// other.
func (s *Snapshot) Objects(ctx context.Context, each func(StoredObject) error) error {
	return s.engine.Lines(ctx, "objects", objectLines(), func(line []byte) error {
		var o StoredObject
		if err := json.Unmarshal(line, &o); err != nil {
			return fmt.Errorf("object: %w", err)
		}
		return each(o)
	})
}
