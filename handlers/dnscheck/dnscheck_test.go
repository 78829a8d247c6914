package dnscheck_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/e2e/stack"
	"portico/handlers/dnscheck"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	ours := dnscheck.Platform{MainHost: "portico.example", TenantDomain: "portals.example"}
	for typed, want := range map[string]string{
		" Portal.Acme.COM. ": "portal.acme.com", "bücher.example.org": "xn--bcher-kva.example.org", "a-b.example.org": "a-b.example.org",
	} {
		if got, why := ours.Normalize(typed); got != want || why != "" {
			t.Errorf("%q is %q, %q", typed, got, why)
		}
	}
	for _, typed := range []string{
		"", "acme", "localhost", "x.localhost", "db.internal", "printer.local", "1.2.3.4", "[::1]", "::1", "127.1", "0x7f.1",
		"https://acme.com", "acme.com/x", "acme.com:443", "a b.com", "_portico.acme.com", "-a.com", "a-.com", "a..com", "*.acme.com",
		"portico.example", "x.portico.example", "acme.portals.example", "a.onion", "4.3.2.1.in-addr.arpa", "acme.com\n", "é\x00.com",
		strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 120) + "com",
	} {
		if typed == "acme.com\n" {
			continue // Normalize trims white space
		}
		if got, why := ours.Normalize(typed); got != "" || why == "" {
			t.Errorf("%q is taken as %q", typed, got)
		}
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for main, want := range map[string]string{"https://portico.test": "https://a.test", "http://localhost:8080": "http://a.test:8080"} {
		u, _ := url.Parse(main)
		if got := dnscheck.Origin(u, "a.test"); got != want {
			t.Errorf("beside %s it is %s", main, got)
		}
	}
}

func nameServer(t *testing.T) *stack.DNS {
	t.Helper()
	d, err := stack.StartDNS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func set(t *testing.T, d *stack.DNS, name string, records ...string) {
	t.Helper()
	if err := d.Set(name, records...); err != nil {
		t.Fatal(err)
	}
}

// Lookup reports each state of a domain's records on a real DNS server.
func TestLookup(t *testing.T) {
	t.Parallel()
	d := nameServer(t)
	r := dnscheck.NewResolver(d.Addr())
	const host, main = "portal.acme.test", "portico.test"
	look := func() dnscheck.Report { return r.Lookup(t.Context(), host, "secret", main) }
	wants := func(what string, proof, pointing dnscheck.Status, seen ...string) {
		t.Helper()
		if got := look(); got.Proof != proof || got.Pointing != pointing || !slices.Equal(got.Records, seen) {
			t.Errorf("%s: %+v", what, got)
		}
	}
	set(t, d, main, "A 198.51.100.7", "A 127.0.0.1")
	wants("nothing", dnscheck.Missing, dnscheck.Missing)
	set(t, d, "_portico."+host, `TXT "portico=another"`)
	set(t, d, host, "A 203.0.113.9")
	wants("another's", dnscheck.Mismatch, dnscheck.Mismatch, "TXT portico=another", "A 203.0.113.9")
	set(t, d, "_portico."+host, `TXT "v=spf1 -all"`, `TXT "portico=secret"`)
	set(t, d, host, "A 198.51.100.7")
	wants("the same address", dnscheck.Present, dnscheck.Present, "TXT v=spf1 -all", "TXT portico=secret", "A 198.51.100.7")
	set(t, d, host, "CNAME "+main+".")
	wants("the same name", dnscheck.Present, dnscheck.Present, "TXT v=spf1 -all", "TXT portico=secret", "CNAME portico.test")
	set(t, d, "_portico."+host, `TXT "portico=secret2"`)
	wants("no more than the proof itself", dnscheck.Mismatch, dnscheck.Present, "TXT portico=secret2", "CNAME portico.test")
	set(t, d, "_portico."+host, `TXT "`+strings.Repeat("é", 100)+"\" \"\x07"+strings.Repeat("b", 200)+`"`)
	if got := look(); got.Proof != dnscheck.Mismatch || len([]rune(got.Records[0])) > 130 || strings.ContainsRune(got.Records[0], '\x07') {
		t.Errorf("a strange record: %+v", got)
	}
}

// Case 65: we query a name server for tenants but never connect to an address that
// it returns. Private addresses, also after DNS rebinding, are compared but not
// shown.
func TestLookupConnectsToNoAddress(t *testing.T) {
	t.Parallel()
	d := nameServer(t)
	r := dnscheck.NewResolver(d.Addr())
	const host, main = "inner.acme.test", "portico.test"
	set(t, d, main, "A 198.51.100.7")
	for _, inner := range []string{"127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "0.0.0.0"} {
		set(t, d, host, "A "+inner)
		if got := r.Lookup(t.Context(), host, "secret", main); got.Pointing != dnscheck.Mismatch || strings.Contains(strings.Join(got.Records, " "), inner) {
			t.Errorf("%s: %+v", inner, got)
		}
	}
	set(t, d, host, "A 203.0.113.9")
	if got := r.Lookup(t.Context(), host, "secret", main); !slices.Equal(got.Records, []string{"A 203.0.113.9"}) {
		t.Errorf("a public address is shown as %v", got.Records)
	}
	for range 3 { // the machine's search domains are not tried
		if d.Asked(host+".localdomain") != 0 {
			t.Error("a search domain was asked")
		}
	}
}

// If the name server doesn't answer, Lookup times out and reports NoAnswer, not
// Missing.
func TestLookupTimesOut(t *testing.T) {
	t.Parallel()
	d := nameServer(t)
	d.Silence(true)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got := dnscheck.NewResolver(d.Addr()).Lookup(ctx, "portal.acme.test", "secret", "portico.test")
	if ctx.Err() != nil || got.Proof != dnscheck.NoAnswer || got.Pointing != dnscheck.NoAnswer {
		t.Errorf("silence is %+v, %v", got, ctx.Err())
	}
}
