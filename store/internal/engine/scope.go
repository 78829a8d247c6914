package store

import "github.com/google/uuid"

// Party is a side in a tenant. The database hides from clients what is not
// theirs to see and from any other word everything restricted.
type Party string

// The parties. System is a job working for nobody in particular.
const (
	PartyAgency Party = "agency"
	PartyClient Party = "client"
	PartySystem Party = "system"
)

// scope is what the policies are told about who is asking. Only this package
// can make one, and it makes them from what the database has said.
type scope struct {
	tenant  uuid.UUID
	user    uuid.UUID // the subject: as whom
	actor   uuid.UUID // who really
	support uuid.UUID // the support session, if any
	party   Party
	// readOnly makes every transaction read-only: a support session in read mode.
	readOnly bool
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

func (s scope) args(readOnly bool) named {
	mode := "off"
	if readOnly || s.readOnly {
		mode = "on"
	}
	return named{
		"tenant":    idOrEmpty(s.tenant),
		"user":      idOrEmpty(s.user),
		"actor":     idOrEmpty(s.actor),
		"support":   idOrEmpty(s.support),
		"party":     string(s.party),
		"read_only": mode,
	}
}

// idOrEmpty leaves a setting empty rather than all zeros, so that no row with a
// zero id could ever match nobody.
func idOrEmpty(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}
