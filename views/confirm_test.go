package views_test

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// unasked are the dangerous forms outside a dialog, by the end of their action, and why.
var unasked = map[string]string{
	"/remove": "the person's page says beside it what is revoked and kept",
	"/leave":  "its page is the question",
	"/forget": "its page is the question, and the address is typed again",
	"/revoke": "ends support access, which can be allowed again",
	"/review": "says in words what was wrong, which is the question",
	"/end":    "ends a support session, which can be started again",
}

// A dangerous button asks before it acts: it is in a dialog that says what happens, or
// its page is the question.
func TestDangerousButtonsAsk(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	for _, s := range samples() {
		_, doc := render(t, s)
		doc.Find(`form[method="post"]:has(button[data-kind="danger"][type="submit"])`).Each(func(_ int, form *goquery.Selection) {
			action, _ := form.Attr("action")
			at := action[strings.LastIndex(action, "/"):]
			dialog := form.Closest("dialog")
			switch {
			case unasked[at] != "":
			case dialog.Length() == 0:
				t.Errorf("%s: the form to %s asks no question", s.name, action)
			case dialog.Find("p").Length() == 0:
				t.Errorf("%s: the dialog of %s does not say what happens", s.name, action)
			default:
				asked[at] = true
			}
		})
	}
	for _, at := range []string{"/discard", "/delete", "/archive", "/suspend"} {
		if !asked[at] {
			t.Errorf("no sample asks before %s", at)
		}
	}
}
