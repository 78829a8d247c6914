package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Workspace is one of the tenants a person belongs to, as a switcher shows it.
type Workspace struct {
	TenantID       uuid.UUID
	Kind           string
	Slug           string
	Name           string
	State          string
	AgencyName     *string
	Accent         *string
	LogoID         *uuid.UUID
	Party          Party
	Role           Role
	Unread         int
	Waiting        int
	NextDueOn      *time.Time
	LastActivityAt *time.Time
	LastPlace      *string
}

func myWorkspaces(filter string, limit int, dst *[]Workspace) query {
	return many("my workspaces", dst, `select * from lookup.my_workspaces(@filter, null, @limit)`,
		pgx.StrictNamedArgs{"filter": filter, "limit": limit})
}

// MyWorkspaces reads the tenants the person belongs to, agencies first, then
// most recently active, limit 1 to 200.
func MyWorkspaces(filter string, limit int, dst *[]Workspace) OwnRead {
	return OwnRead{myWorkspaces(filter, limit, dst)}
}

// SwitcherWorkspaces is [MyWorkspaces] for the switcher on a member's page. In a
// support session it is the granted tenant alone.
func SwitcherWorkspaces(filter string, limit int, dst *[]Workspace) Read {
	return Read{myWorkspaces(filter, limit, dst)}
}
