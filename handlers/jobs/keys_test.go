package jobs

import (
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Owners learn of a new key: who made it, its name, what it does and until when. A client's
// owner isn't told of the agency's keys, and nobody else of any.
func TestOwnersLearnOfNewKeys(t *testing.T) {
	t.Parallel()
	theRunner(t)
	a := storetest.Agency(t)
	storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork, store.ScopeWriteUsage)
	m := mailTo(t, a.Dana, "made an API key")
	for _, says := range []string{"Dana " + a.Suffix, "Render farm", "delivers work, reports usage", "works until", "https://portico.test/w/" + a.Acme + "/settings/keys"} {
		if !strings.Contains(m.Text(), says) {
			t.Errorf("the mail lacks %q: %s", says, m.Text())
		}
	}
	storetest.APIKey(t, a.Mia, a.Acme, store.ScopeReadWork)
	if own := mailTo(t, a.Mia, "made an API key"); !strings.Contains(own.Text(), "reads work") {
		t.Errorf("the client's owner reads %s", own.Text())
	}
	mailTo(t, a.Dana, "reads work")
	for who, most := range map[string]int{a.Mia: 1, a.Ravi: 0, a.Leo: 0, a.Gus: 0} {
		told := 0
		for _, m := range mailsTo(t, who) {
			if strings.Contains(m.Subject(), "API key") {
				told++
			}
		}
		if told > most {
			t.Errorf("%s gets %d mails of keys", who, told)
		}
	}
}
