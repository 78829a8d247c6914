package signin_test

import (
	"testing"

	"portico/handlers/signin"
	"portico/store"
)

// A return path names the tenant through which somebody came only if it leads into it, by
// its path or by a hand-over to its host.
func TestPlaceOfReturnPath(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]store.MailPlace{
		"/w/acme/":                          {Slug: "acme"},
		"/w/acme/deliverables/1?file=2#top": {Slug: "acme"},
		"/w/a/":                             {Slug: "a"},
		"/w/acme":                           {},
		"/w/ACME/":                          {},
		"/w/-acme/":                         {},
		"/w//acme/":                         {},
		"/w/acme%2fx/":                      {},
		"/account":                          {},
		"":                                  {},
		"//acme/w/acme/":                    {},
		"/x/w/acme/":                        {},
		"/handover?host=acme.portals.test&to=%2F":   {HostSlug: "acme"},
		"/handover?to=%2F&host=review.acme.test":    {Domain: "review.acme.test"},
		"/handover?host=":                           {},
		"/handover/x?host=acme.portals.test":        {},
		"/handovers?host=acme.portals.test":         {},
		"https://evil.test/handover?host=acme.test": {},
		"/handover?host=%zz":                        {},
	} {
		if got := signin.PlaceOf(to, "portals.test"); got != want {
			t.Errorf("%q: %+v, want %+v", to, got, want)
		}
	}
}
