package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// visitGap is how long a person is away before a new visit begins.
const visitGap = time.Hour

func newSince(lastSeen, before *time.Time) *time.Time {
	if lastSeen != nil && time.Since(*lastSeen) < visitGap {
		return before
	}
	return lastSeen
}

// Visit is what to record of a member's page view.
type Visit struct {
	Path          string // the path within the tenant, "/" for its home
	NewVisit      bool   // it begins a new visit
	SameWorkspace bool   // they used no other workspace since
}

// NextVisit returns what viewing a page at path changes in the stored visit; false for
// nothing, and always in a support session.
func (m Member) NextVisit(path string) (Visit, bool) {
	v := Visit{Path: path, SameWorkspace: m.latest, NewVisit: m.LastSeenAt == nil || time.Since(*m.LastSeenAt) >= visitGap}
	changed := v.NewVisit || !v.SameWorkspace || path != m.LastPlace || (path == "/" && m.unread > 0)
	return v, changed && m.Support == nil
}

// RecordVisit records when and where the member was last, and that they have seen what
// was new. It is no deed and writes no audit row. It changes only the actor's own
// membership, and nothing if that has ended.
func (tx *Tx) RecordVisit(ctx context.Context, v Visit) error {
	_, err := tx.exec(ctx, "note visit", `
update memberships
set seen_before_at = case when @anew then last_seen_at else seen_before_at end,
    last_seen_at = case when @anew then now() else last_seen_at end,
    unread = case when @seen then 0 else unread end,
    last_place = @place,
    used_at = case when @again then used_at else now() end
where tenant_id = @tenant_id
  and user_id = @me
  and ended_at is null`, pgx.StrictNamedArgs{
		"me": tx.scope.Actor, "place": v.Path, "anew": v.NewVisit, "again": v.SameWorkspace, "seen": v.NewVisit || v.Path == "/"})
	return err
}
