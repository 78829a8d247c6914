package frame

import (
	"context"

	"github.com/google/uuid"

	"portico/store"
	"portico/views/ui"
)

// OwnChange says whether a thing was last changed by the member themselves, as in another
// tab, by these verbs of the trail. [uuid.Nil] is anything. If it can't be read, it was
// somebody else: the conflict is the one to tell.
func OwnChange(ctx context.Context, db *store.DB, me store.Member, id uuid.UUID, verbs ...string) (own bool) {
	err := db.Read(ctx, me, store.ChangedByReader(id, verbs, &own))
	return own && err == nil
}

// MarkOwn marks what was saved meanwhile if the member saved it themselves.
func MarkOwn(ctx context.Context, db *store.DB, me store.Member, theirs []ui.Saved, id uuid.UUID, verbs ...string) []ui.Saved {
	if len(theirs) > 0 && OwnChange(ctx, db, me, id, verbs...) {
		return ui.Own(theirs)
	}
	return theirs
}
