package engine

import (
	"maps"
	"strings"

	"github.com/google/uuid"
)

// Scope is what the policies are told about who is asking. The zero Scope sees
// nothing. Package store makes each from what the database has said, or from a
// signed job; store/outside_test.go lists where.
type Scope struct {
	Tenant  uuid.UUID
	User    uuid.UUID // the subject: as whom
	Actor   uuid.UUID // who really
	Support uuid.UUID // the support session, if any
	Party   string
	// ReadOnly makes every transaction read-only: a support session in read mode.
	ReadOnly bool
}

// setScope tells the policies who is asking, for this transaction alone. It is
// the only statement in the product that does. It yields no row, and so fails,
// when another tenant was set in the same transaction before.
const setScope = `
select set_config('app.tenant_id', @tenant, true),
       set_config('app.user_id', @user, true),
       set_config('app.actor_id', @actor, true),
       set_config('app.support_session_id', @support, true),
       set_config('app.party', @party, true),
       set_config('transaction_read_only', @read_only, true)
where coalesce(nullif(current_setting('app.tenant_id', true), ''), @tenant) = @tenant`

func (s Scope) args(readOnly bool) named {
	mode := "off"
	if readOnly || s.ReadOnly {
		mode = "on"
	}
	return named{
		"tenant":    IDOrEmpty(s.Tenant),
		"user":      IDOrEmpty(s.User),
		"actor":     IDOrEmpty(s.Actor),
		"support":   IDOrEmpty(s.Support),
		"party":     s.Party,
		"read_only": mode,
	}
}

// IDOrEmpty leaves a setting empty rather than all zeros, so that no row with a
// zero id could ever match nobody.
func IDOrEmpty(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// bind adds the tenant to the arguments of a statement that filters by it: routing
// and index come from the filter, safety from the policy.
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
