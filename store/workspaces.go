package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Workspace is one of the tenants a person belongs to, as the switcher shows it.
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
	Waiting        int // for the client
	ForUs          int // for staff: deliverables whose next step is the agency's
	NextDueOn      *time.Time
	LastActivityAt *time.Time
	UsedAt         time.Time // when the person last switched to it
}

// WorkspaceFilter says which of a person's workspaces to read, and which page of them.
type WorkspaceFilter struct {
	Text string // part of the name or the slug; "" is all
	Page        // of 1 to 200 rows
}

func myWorkspaces(p WorkspaceFilter, dst *[]Workspace) query {
	var used *time.Time
	if !p.After.At.IsZero() {
		used = &p.After.At
	}
	return many("my workspaces", dst, `select * from lookup.my_workspaces(@filter, @used, @after, @limit)`,
		pgx.StrictNamedArgs{"filter": p.Text, "used": used, "after": nilIfZero(p.After.ID), "limit": p.Limit})
}

// MyWorkspaces reads the tenants the person belongs to, last used first.
func MyWorkspaces(p WorkspaceFilter, dst *[]Workspace) OwnRead {
	return OwnRead{myWorkspaces(p, dst)}
}

// SwitcherWorkspaces is [MyWorkspaces] on a member's page. In a support session it
// reads the session's tenant only.
func SwitcherWorkspaces(p WorkspaceFilter, dst *[]Workspace) Read {
	return Read{myWorkspaces(p, dst)}
}
