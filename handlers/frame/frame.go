// Package frame makes what all rooms' pages have in common, of what the store knows:
// the frame around a page, and the redirect after a change. It answers no route.
package frame

import (
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// Person is the frame of a person's page outside any tenant.
func Person(me store.Person) views.Chrome {
	return views.Chrome{
		Person: views.Person{Name: me.Name, Email: me.Email},
		Dates:  ui.DatesFor(me.TimeZone, me.Locale),
		Doors:  views.Doors{Console: me.Agent, Workspaces: !me.Agent},
	}
}
