package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Workspace is one of the tenants a person belongs to, as a switcher shows it.
type Workspace struct {
	TenantID       uuid.UUID
	Kind           TenantKind
	Slug           string
	Name           string
	State          TenantState
	AgencyName     *string
	Accent         *string
	LogoID         *uuid.UUID
	Party          Party
	Role           Role
	Unread         int
	Waiting        int
	NextDueOn      *time.Time
	LastActivityAt *time.Time
	UsedAt         time.Time // when the person last came here from another
}

// WorkspacePage is a part of a person's list of workspaces.
type WorkspacePage struct {
	Filter string // a part of the name or the slug
	// After continues after the last workspace of an earlier page.
	AfterUsed time.Time
	After     uuid.UUID
	Limit     int // 1 to 200
}

func myWorkspaces(p WorkspacePage, dst *[]Workspace) query {
	var used *time.Time
	if !p.AfterUsed.IsZero() {
		used = &p.AfterUsed
	}
	return many("my workspaces", dst, `select * from lookup.my_workspaces(@filter, @used, @after, @limit)`,
		pgx.StrictNamedArgs{"filter": p.Filter, "used": used, "after": nilIfZero(p.After), "limit": p.Limit})
}

// MyWorkspaces reads the tenants the person belongs to, those used last first.
func MyWorkspaces(p WorkspacePage, dst *[]Workspace) OwnRead {
	return OwnRead{myWorkspaces(p, dst)}
}

// SwitcherWorkspaces is [MyWorkspaces] for a member's page. In a support session
// it is the granted tenant alone.
func SwitcherWorkspaces(p WorkspacePage, dst *[]Workspace) Read {
	return Read{myWorkspaces(p, dst)}
}
