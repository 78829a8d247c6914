package signin

import (
	"portico/views"
)

// whyDeclined is in the address of the sign-in page after a provider sent
// somebody back without a proof.
const whyDeclined = "declined"

// Way is another way to sign in: a provider that says who somebody is.
type Way interface {
	Name() string  // as in /auth/{provider}
	Label() string // as in "Continue with …"
}

// providers are the other ways to sign in, as the page shows them.
func (room *Room) providers() []views.Provider {
	list := make([]views.Provider, len(room.ways))
	for i, way := range room.ways {
		list[i] = views.Provider{Name: way.Name(), Label: way.Label()}
	}
	return list
}
