package signin

import "testing"

// Whoever owns a domain owns everything below it. Strangers share the domains of mail
// providers.
func TestOwnDomains(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"nora@studio.example": "studio.example", "nora@a.b.studio.example": "studio.example", "nora@STUDIO.co.uk": "studio.co.uk",
		"nora@mail.studio.co.uk": "studio.co.uk", "nora@gmail.com": "", "nora@yahoo.co.uk": "", "nora@x.gmx.de": "", "nora@localhost": "localhost",
	} {
		if got := ownDomain(email); got != want {
			t.Errorf("%s: %q, want %q", email, got, want)
		}
	}
}
