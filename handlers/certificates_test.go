package handlers_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/certificate"
	"portico/e2e/storetest"
)

// Whoever sees a version gets its certificate as a page, a text and a PDF; nobody else does.
// Anybody gets the public keys.
func TestCertificatesAreServed(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	d.send(t, "logo.svg", []byte("<svg/>"))
	mia := d.as(t, d.Mia)
	page := d.at("/deliverables/%s/versions/1/certificate", d.deliverable)
	storetest.Certificate(t, d.me.TenantID(), d.deliverable, storetest.Draft(t, d.me, d.deliverable), "Certificate of approval\n    -----BEGIN SIGNATURE-----\nof "+d.Suffix+" <b>\n-----BEGIN SIGNATURE-----\n")
	nothing := mia.get(t, d.at("/deliverables/%s/versions/1/certificate", uuid.New()))
	want(t, "nothing", nothing, 404)
	for _, ending := range []string{"", ".txt", ".pdf"} {
		if a := mia.get(t, page+ending); a.status != 404 || a.withoutRequestID() != nothing.withoutRequestID() {
			t.Errorf("of a draft: %d, or another refusal", a.status)
		}
	}
	d.publish(t)
	outcome := func(to *string) {
		if _, err := storetest.AdminPool().Exec(t.Context(), `update versions set outcome = $2 where id = $1`, d.draft, to); err != nil {
			t.Fatal(err)
		}
	}
	approved, changes := "approved", "changes_required"
	for _, ending := range []string{"", ".txt", ".pdf"} {
		outcome(nil)
		again := mia.get(t, page+ending)
		want(t, "while it waits again", again, 409)
		outcome(&changes)
		other := mia.get(t, page+ending)
		want(t, "of another outcome", other, 409)
		hasNot(t, "of another outcome", other, "of "+d.Suffix)
		if !strings.Contains(again.body, "waits for a decision again") || !strings.Contains(other.body, "being made") {
			t.Errorf("the pages say\n%s\n%s", again.body, other.body)
		}
	}
	outcome(&approved)
	a := mia.get(t, page)
	want(t, "the page", a, 200)
	has(t, "the page", a, "of "+d.Suffix+" &lt;b&gt;", "0123456789abcdef", page+".txt", page+".pdf", "/.well-known/portico-signing-keys")
	text := mia.get(t, page+".txt")
	if want(t, "the text", text, 200); text.body != "Certificate of approval\n    -----BEGIN SIGNATURE-----\nof "+d.Suffix+" <b>\n-----BEGIN SIGNATURE-----\n" || !strings.HasPrefix(text.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%q, %v", text.body, text.header)
	}
	print := mia.get(t, page+".pdf")
	if want(t, "the PDF", print, 200); !strings.HasPrefix(print.body, "%PDF-") || print.header.Get("Content-Type") != "application/pdf" {
		t.Errorf("%.20q, %v", print.body, print.header)
	}
	has(t, "the deliverable", mia.get(t, d.at("/deliverables/%s", d.deliverable)), page+`"`)
	want(t, "another version", mia.get(t, d.at("/deliverables/%s/versions/2/certificate", d.deliverable)), 404)
	want(t, "somebody signed out", d.nobody().get(t, page), 302)

	keys := d.nobody().get(t, "/.well-known/portico-signing-keys")
	want(t, "the keys", keys, 200)
	if all, err := certificate.ParseKeys([]byte(keys.body)); err != nil || len(all) != 1 || keys.header.Get("Set-Cookie") != "" || strings.Contains(keys.body, "PRIVATE") {
		t.Errorf("%v, %d keys: %s", err, len(all), keys.body)
	}
}

// The page of a certificate begins with what it says. Only an approval is called one, and
// until the certificate is made the page says that it follows.
func TestCertificateOfARefusalIsNoApproval(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	d.send(t, "logo.svg", []byte("<svg/>"))
	draft := storetest.Draft(t, d.me, d.deliverable)
	d.publish(t)
	mia := d.as(t, d.Mia)
	page := mia.get(t, d.at("/deliverables/%s", d.deliverable))
	hasNot(t, "before a decision", page, "The certificate is being made.")
	set := func(outcome string) {
		t.Helper()
		if _, err := storetest.AdminPool().Exec(t.Context(), `update versions set outcome = $2, approved_at = null where id = $1`, draft, outcome); err != nil {
			t.Fatal(err)
		}
	}
	set("changes_required")
	has(t, "after it", mia.get(t, d.at("/deliverables/%s", d.deliverable)), "The certificate is being made.")
	storetest.Certificate(t, d.me.TenantID(), d.deliverable, draft, "Certificate of approval\nOutcome: changes required\nDecision: \"Mia\" <mia@acme.example>, 2026-11-25T10:00:00Z: changes required, on SHA-256 00\n    Darker please\n-----BEGIN SIGNATURE-----\n")
	after := mia.get(t, d.at("/deliverables/%s", d.deliverable))
	has(t, "with a certificate", after, "Certificate of decisions")
	hasNot(t, "with a certificate", after, "Certificate of approval", "The certificate is being made.")
	certificate := mia.get(t, d.at("/deliverables/%s/versions/1/certificate", d.deliverable))
	has(t, "its page", certificate, "Certificate of decisions", "Darker please", "Text to verify", "<details")
}
