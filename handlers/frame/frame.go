// Package frame builds the navigation around a page from the store's data, for all
// packages that serve pages. It serves no route itself.
package frame

import (
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// Person returns the frame of a page that belongs to a person and to no tenant.
func Person(me store.Person) views.Chrome {
	return views.Chrome{
		Person: views.Person{Name: me.Name, Email: me.Email},
		Dates:  ui.DatesFor(me.TimeZone, me.Locale),
		Links:  views.Links{Console: me.Agent, Workspaces: !me.Agent},
	}
}
