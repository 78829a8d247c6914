package signin_test

import (
	"context"
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers/web"
)

// spelling is one address in three spellings, with {s} for what makes it the test's own.
type spelling struct{ invited, typed, provided string }

var spellings = map[string]spelling{
	"capitals":           {"ADA-{S}@NORTHWIND.TEST", "ada-{s}@northwind.test", "Ada-{s}@Northwind.Test"},
	"puny code":          {"ada-{s}@bücher.example", "ada-{s}@xn--bcher-kva.example", "ada-{s}@BÜCHER.example"},
	"puny code first":    {"ada-{s}@XN--BCHER-KVA.example", "ada-{s}@bücher.example", "ada-{s}@xn--bcher-kva.EXAMPLE"},
	"needless quotes":    {`"ada-{s}"@acme.example`, "ada-{s}@acme.example", `"ADA-{s}"@acme.example`},
	"quotes with dots":   {"first.last-{s}@acme.example", `"first.last-{s}"@acme.example`, `"first\.last-{s}"@acme.example`},
	"needed quotes":      {`"ada {s}"@acme.example`, `"ADA {s}"@acme.example`, `"ada\ {s}"@acme.example`},
	"full-width @":       {"ada-{s}\uff20full.example", "ada-{s}@full.example", "ada-{s}\uff20ｆｕｌｌ.example"},
	"decomposed":         {"e\u0301-{s}@acme.example", "é-{s}@acme.example", "É-{s}@acme.example"},
	"decomposed domain":  {"ada-{s}@bu\u0308cher.test", "ada-{s}@bücher.test", "ada-{s}@xn--bcher-kva.test"},
	"spaces around":      {"  ada-{s}@space.example  ", "ada-{s}@space.example\t", " ada-{s}@space.example"},
	"plus":               {"ada+{s}@acme.example", "ADA+{S}@acme.example", "Ada+{s}@ACME.example"},
	"CJK domain":         {"ada-{s}@例子。测试", "ada-{s}@xn--fsqu00a.xn--0zwm56d", "ada-{s}@例子.测试"},
	"CJK":                {"用户{s}@例子.测试", "用户{s}@例子。测试", "用户{s}@XN--FSQU00A.xn--0zwm56d"},
	"an address literal": {"ada-{s}@[192.0.2.1]", "ADA-{S}@[192.0.2.1]", "Ada-{s}@[192.0.2.1]"},
	"sharp s":            {"ada-{s}@straße.example", "ada-{s}@xn--strae-oqa.example", "ada-{s}@straße.EXAMPLE"},
	"marks of RFC 5321":  {"o'neil!#$%&*/=?^_`{|}~{s}@acme.example", "O'NEIL!#$%&*/=?^_`{|}~{S}@acme.example", `"o'neil!#$%&*/=?^_` + "`" + `{|}~{s}"@acme.example`},
}

// A person invited in one spelling of their address signs in by mail and by a provider in
// other spellings, as one person. Somebody whose address only looks like theirs is refused.
func TestSignInInEverySpelling(t *testing.T) {
	t.Parallel()
	for name, c := range spellings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &providerSite{Tenants: storetest.Agency(t)}
			own := strings.NewReplacer("{s}", o.Suffix, "{S}", strings.ToUpper(o.Suffix)).Replace
			alike := own("\u0430da-{s}@acme.example") // a Cyrillic a
			o.at(t, stack.Persona{Email: own(c.provided), Name: "Ada", Subject: "a-1", EmailVerified: true},
				stack.Persona{Email: alike, Name: "Ada", Subject: "a-2", EmailVerified: true})
			kept, err := web.ParseEmail(own(c.invited))
			check(t, err)
			wire, _ := web.WireEmail(kept)
			_, domain, _ := web.SplitEmail(wire)
			to := web.LocalPart(kept) + "@" + domain // the test's mail server drops the quotation marks
			dana := o.browser(t).signIn(o.Dana)
			dana.want(dana.post("/w/"+o.Acme+"/invites", "name", "Ada", "email", own(c.invited), "party", "client", "role", "viewer"), http.StatusSeeOther)

			byMail := o.browser(t)
			byMail.want(byMail.post("/login", "email", own(c.typed)), http.StatusSeeOther)
			proof := mailed(t, to)
			for proof.code == "" { // the invitation came first
				proof = mailed(t, to)
			}
			byMail.want(byMail.post("/login/code", "code", proof.code), http.StatusSeeOther)
			atProvider := o.browser(t)
			atProvider.want(atProvider.get(o.approve(atProvider, own(c.provided), "/account")), http.StatusSeeOther)
			for how, b := range map[string]*browser{"by mail": byMail, "at the provider": atProvider} {
				if page := b.want(b.get("/account"), http.StatusOK); !strings.Contains(html.UnescapeString(page.body), kept) {
					t.Errorf("%s somebody else is signed in", how)
				}
			}
			other := o.browser(t)
			other.want(other.get(o.approve(other, alike, "/account")), http.StatusForbidden)
			var people int
			asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
				return conn.QueryRow(ctx, `select count(*) from users where email like '%' || $1 || '%' and name = 'Ada'`, o.Suffix).Scan(&people)
			})
			if people != 1 {
				t.Errorf("%d accounts", people)
			}
		})
	}
}

// Sign-in answers the same for an address that the mail server refuses as for an unknown
// address.
func TestRefusedSignInMailTellsNothing(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	gone := stack.NoMailbox + "gone@" + a.Suffix + ".test"
	startRunner(t)
	asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `insert into users (id, email, name) values (gen_random_uuid(), $1, 'Gone')`, gone)
		return err
	})
	ask := func(email string) (answer, answer) {
		b := h.browser(t)
		asked := b.post("/login", "email", email)
		return asked, b.get(asked.location)
	}
	for range 2 { // the second time its mail was refused before
		known, sent := ask(gone)
		unknown, page := ask(stack.NoMailbox + "nobody@" + a.Suffix + ".test")
		if known.status != unknown.status || known.location != unknown.location || sent.status != page.status {
			t.Errorf("known: %d to %q, %d; unknown: %d to %q, %d", known.status, known.location, sent.status, unknown.status, unknown.location, page.status)
		}
		same := strings.NewReplacer(gone, "ADDRESS", stack.NoMailbox+"nobody@"+a.Suffix+".test", "ADDRESS", sent.header.Get("X-Request-Id"), "ID", page.header.Get("X-Request-Id"), "ID")
		if same.Replace(sent.body) != same.Replace(page.body) {
			t.Error("the page tells whether the address is known")
		}
	}
}
