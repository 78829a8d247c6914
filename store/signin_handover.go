package store

import (
	"context"
	"fmt"

	"portico/store/engine"
)

// Handover takes a session from the main host to a tenant's own: once, within a
// minute, to that host and in one browser.
type Handover struct {
	Token Secret // in the address that the browser is sent to
	Host  string
	// Slug or Domain is how the host names its tenant.
	Slug, Domain string
	// Browser is the hash of the secret that the browser keeps at that host.
	Browser  []byte
	ReturnTo string
}

// BeginHandover hands the person's session over. A host of no tenant of theirs
// is [ErrNotFound]. To a domain of a client's own nothing of the agency's people is
// handed over: stays is then the slug of the client, where they go on instead.
func (db *DB) BeginHandover(ctx context.Context, me Person, h Handover) (stays string, err error) {
	var answer *string
	err = db.engine.OutsideTenant(ctx, "begin handover", engine.Value(&answer),
		`select lookup.handover_begin($1, $2, $3, $4, $5, $6, $7)`,
		me.credentials.Token.hash(), h.Slug, h.Domain, h.Host, h.Token.hash(), h.Browser, h.ReturnTo)
	if err == nil && answer == nil {
		err = fmt.Errorf("begin handover: %w", ErrNotFound)
	}
	return deref(answer), err
}

// SpendHandover opens the session s of a tenant's host, in the browser that keeps
// the secret, and returns where it was going. Whatever does not fit, or is over,
// is [ErrNotFound] and spends nothing.
func (db *DB) SpendHandover(ctx context.Context, token, browser Secret, s NewSession) (returnTo string, err error) {
	var to *string
	err = db.engine.OutsideTenant(ctx, "spend handover", engine.Value(&to),
		`select lookup.handover_spend($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		token.hash(), s.Host, browser.hash(), NewID(), s.Token.hash(), s.UserAgent, s.Old.hash(), NewID(), s.RequestID)
	if err == nil && to == nil {
		err = fmt.Errorf("spend handover: %w", ErrNotFound)
	}
	return deref(to), err
}
