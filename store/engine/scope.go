package engine

import (
	"maps"
	"strings"

	"github.com/google/uuid"
)

// Scope tells the policies who runs a statement. The zero Scope sees nothing. Package
// store makes a Scope only from rows of the database or from a signed job;
// store/outside_test.go lists where.
type Scope struct {
	Tenant  uuid.UUID
	User    uuid.UUID // the subject
	Actor   uuid.UUID // the person who really acts
	Support uuid.UUID // the support session, if any
	Key     uuid.UUID // the API key, if a program acts
	Party   string
	// ReadOnly makes every transaction read-only: a support session in read mode.
	ReadOnly bool
	// HideDrafts hides the agency's drafts from a support session without the agency's
	// consent.
	HideDrafts bool
}

// setScope sets the scope for the policies, in this transaction only. Besides
// it only lookup.who_is_asking does, for the reads of a page. It returns no row, and so fails, if another tenant was
// set in the same transaction before.
const setScope = `
select set_config('app.tenant_id', @tenant, true),
       set_config('app.user_id', @user, true),
       set_config('app.actor_id', @actor, true),
       set_config('app.support_session_id', @support, true),
       set_config('app.api_key_id', @key, true),
       set_config('app.party', @party, true),
       set_config('app.drafts', @drafts, true),
       set_config('transaction_read_only', @read_only, true)
where coalesce(nullif(current_setting('app.tenant_id', true), ''), @tenant) = @tenant`

func (s Scope) args(readOnly bool) named {
	mode := "off"
	if readOnly || s.ReadOnly {
		mode = "on"
	}
	drafts := ""
	if s.HideDrafts {
		drafts = "hidden"
	}
	return named{
		"drafts":    drafts,
		"tenant":    IDOrEmpty(s.Tenant),
		"user":      IDOrEmpty(s.User),
		"actor":     IDOrEmpty(s.Actor),
		"support":   IDOrEmpty(s.Support),
		"key":       IDOrEmpty(s.Key),
		"party":     s.Party,
		"read_only": mode,
	}
}

// IDOrEmpty returns "" for the zero id, so that a setting without a person never matches
// a row with the zero id.
func IDOrEmpty(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// bind adds the tenant to the arguments of a statement that filters by it. The filter
// is for routing and indexes; the policy is for safety.
func (s Scope) bind(sql string, args map[string]any) named {
	if !strings.Contains(sql, "@tenant_id") {
		return args
	}
	bound := named(maps.Clone(args))
	if bound == nil {
		bound = named{}
	}
	bound["tenant_id"] = s.Tenant
	return bound
}
