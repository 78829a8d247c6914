package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"portico/store/engine"
)

// Claim is something that the trust page claims and the installation proves of itself.
type Claim string

// The claims that are proved every hour.
const (
	// ClaimIsolation is that no tenant sees another's rows.
	ClaimIsolation Claim = "isolation"
	// ClaimSupport is that support enters only with consent, for at most an hour.
	ClaimSupport Claim = "support"
)

// Proof is when a claim was last tried here, and when it last held.
type Proof struct {
	Claim   Claim
	TriedAt time.Time
	HeldAt  *time.Time // nil if it never held
}

// Proofs returns the proofs of this installation, by claim. Anybody may read them.
func (db *DB) Proofs(ctx context.Context) ([]Proof, error) {
	var all []Proof
	err := db.engine.OutsideTenant(ctx, "proofs", engine.Many(&all), `select * from lookup.proofs()`)
	return all, err
}

// RecordProof records that a claim was tried now, and whether it held.
func (db *DB) RecordProof(ctx context.Context, c Claim, holds bool) error {
	return db.engine.OutsideTenant(ctx, "record proof", engine.Nothing, `select lookup.record_proof($1, $2)`, c, holds)
}

// ProveIsolation returns what contradicts [ClaimIsolation], in the words of
// [CheckCatalog], and nothing while it holds: the role can't bypass the policies, every
// table has them, and a tenant that doesn't exist sees no row of any table.
func (db *DB) ProveIsolation(ctx context.Context) ([]string, error) {
	e := &Inspector{db, db.engine.JobPool()}
	var wrong []string
	role, err := e.Role(ctx)
	if err != nil {
		return nil, err
	}
	for _, can := range role {
		wrong = append(wrong, "the app's role "+can)
	}
	catalog, err := e.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range catalog {
		wrong = append(wrong, f.String())
	}
	seen, err := db.strangerSees(ctx)
	if err != nil {
		return nil, err
	}
	for _, table := range seen {
		wrong = append(wrong, table+" shows rows to a tenant that doesn't exist")
	}
	return wrong, nil
}

// strangerSees returns the tenant tables of which a tenant that doesn't exist sees rows. Its
// party is the one that sees most. The queries have no filter, as if somebody forgot it.
func (db *DB) strangerSees(ctx context.Context) (tables []string, err error) {
	var sql strings.Builder
	for i, t := range Manifest.Tenant {
		if i > 0 {
			sql.WriteString("\nunion all ")
		}
		fmt.Fprintf(&sql, "select '%s' where exists (select from %s)", t.Name, t.Name)
	}
	stranger := engine.Scope{Tenant: NewID(), User: NewID(), Party: string(PartySystem), ReadOnly: true}
	return tables, db.engine.Read(ctx, stranger, column("stranger", &tables, sql.String(), nil))
}

// ProveSupport returns how many support sessions of the last 30 days contradict
// [ClaimSupport]; 0 while it holds.
func (db *DB) ProveSupport(ctx context.Context) (sessions int64, err error) {
	return sessions, db.engine.OutsideTenant(ctx, "support without consent", engine.Value(&sessions), `select lookup.support_without_consent()`)
}
