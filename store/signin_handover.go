package store

import (
	"context"
	"fmt"

	"portico/store/engine"
)

// Handover gives a session from the main host to a tenant's host: once, within a
// minute, for that host and one browser.
type Handover struct {
	Token Secret // in the address to which the browser is sent
	Host  string
	// Slug or Domain is how the host names its tenant.
	Slug, Domain string
	// Browser is the hash of the secret in that host's browser cookie.
	Browser  []byte
	ReturnTo string
}

// BeginHandover hands the person's session over. A host of a tenant they don't belong
// to is [ErrNotFound]. Staff get no session on a client's own domain: stays is then
// the client's slug, where they continue instead.
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

// SpendHandover opens the session s on a tenant's host, in the browser that has the
// secret, and returns the path to continue at. If anything doesn't match or has
// expired, it returns [ErrNotFound] and changes nothing.
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
