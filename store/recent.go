package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/store/engine"
)

// WorkspaceActivity is what happened lately in one of a person's workspaces.
type WorkspaceActivity struct {
	Workspace
	Events []Activity // the newest first
	// Names are those of the person's workspaces, which an agency's events may be about.
	Names map[uuid.UUID]string
}

const (
	recentWorkspaces = 4 // read by RecentActivity at most, with one round trip each
	recentEvents     = 4 // of each
)

// RecentActivity reads what happened since a time in the workspaces that the person used
// last: the few with the latest activity, as far as they may see it there. Their own acts
// are no news to them.
func (db *DB) RecentActivity(ctx context.Context, me Person, since time.Time) ([]WorkspaceActivity, error) {
	var mine []Workspace
	if err := db.ReadOwn(ctx, me, MyWorkspaces(WorkspaceFilter{Page: Page{Limit: 50}}, &mine)); err != nil {
		return nil, err
	}
	names := map[uuid.UUID]string{}
	for _, w := range mine {
		names[w.TenantID] = w.Name
	}
	mine = slices.DeleteFunc(mine, func(w Workspace) bool {
		return w.State != TenantActive || !May(SeeActivity, w.Party, w.Role) || w.LastActivityAt == nil || w.LastActivityAt.Before(since)
	})
	slices.SortFunc(mine, func(a, b Workspace) int {
		return cmp.Or(b.LastActivityAt.Compare(*a.LastActivityAt), cmp.Compare(a.Slug, b.Slug))
	})
	var all []WorkspaceActivity
	for _, w := range mine[:min(len(mine), recentWorkspaces)] {
		events, err := db.activityIn(ctx, me, w)
		if err != nil {
			return nil, err
		}
		events = slices.DeleteFunc(events, func(a Activity) bool { return a.At.Before(since) })
		if len(events) > 0 {
			all = append(all, WorkspaceActivity{Workspace: w, Events: events, Names: names})
		}
	}
	return all, nil
}

// activityIn reads the newest events by others in a workspace that the database has just listed as
// the person's own.
func (db *DB) activityIn(ctx context.Context, me Person, w Workspace) (events []Activity, err error) {
	s := engine.Scope{Tenant: w.TenantID, User: me.scope.User, Actor: me.scope.Actor, Party: string(w.Party), ReadOnly: true}
	return events, db.engine.Read(ctx, s, ListActivity(ActivityFilter{Fold: true, Others: true, Billing: May(SeeBilling, w.Party, w.Role), Page: Page{Limit: recentEvents}}, &events).query)
}
