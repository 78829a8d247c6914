// Package frame builds the navigation around a page from the store's data, for all
// packages that serve pages. It serves no route itself.
package frame

import (
	"context"

	"github.com/google/uuid"

	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// keeper names whose typed text the browser keeps. What somebody types in a support
// session comes back only in a session as the same person.
func keeper(actor, subject uuid.UUID) string { return actor.String() + "." + subject.String() }

// Branded returns the frame of a person's page with the brand of the tenant through which
// they came.
func Branded(ctx context.Context, db *store.DB, me store.Person) views.Chrome {
	c := Person(me)
	c.Brand = OwnBrand(ctx, db, me, "")
	return c
}

// Person returns the frame of a page that belongs to a person and to no tenant.
func Person(me store.Person) views.Chrome {
	return views.Chrome{
		Person: views.Person{Name: me.Name, Email: me.Email},
		Keeper: keeper(me.ID(), me.ID()),
		Dates:  ui.DatesFor(me.TimeZone, me.Locale),
		Links:  views.Links{Console: me.Agent, Workspaces: !me.Agent},
	}
}
