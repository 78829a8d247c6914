package store_test

import (
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// makeCode makes a code as a member would, and returns it.
func (b *supportBundle) makeCode(t *testing.T, me store.Member) string {
	t.Helper()
	must(t, b.write(t, me, func(tx *store.Tx) error { return tx.MakeSupportCode(t.Context()) }))
	return b.readCode(t, me)
}

// readCode returns the code that a member reads, "" for none.
func (b *supportBundle) readCode(t *testing.T, me store.Member) string {
	t.Helper()
	var code *store.SupportCode
	must(t, b.db.Read(t.Context(), me, store.GetSupportCode(&code)))
	if code == nil {
		return ""
	}
	return code.Code
}

// asksWith requests access with a code.
func (b *supportBundle) asksWith(t *testing.T, code string) error {
	t.Helper()
	return b.db.RequestAccess(t.Context(), storetest.Person(t, b.token), store.NewAccessRequest{Slug: b.Acme, Code: code, Mode: "read", Hours: 4, Reason: "A file does not open", Ticket: "T-9"})
}

// An agent requests access only with a code that the tenant's people made: none, another
// tenant's, a used, an ended and a replaced one are refused, and the trail says so.
func TestAccessRequestNeedsACode(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).allowRequests(t)
	gus := b.Member(t, b.Gus, b.Globex)
	replaced := b.makeCode(t, b.mia)
	ended := b.makeCode(t, b.dana)
	b.exec(t, `update support_codes set created_at = now() - interval '1 hour', ends_at = now() - interval '30 minutes' where tenant_id = $1 and code = $2`, b.mia.TenantID(), ended)
	for what, code := range map[string]string{"none": "", "another tenant's": b.makeCode(t, gus), "a replaced one": replaced, "one that ended": ended, "no digits": "' or true --"} {
		wantErr(t, what, b.asksWith(t, code), store.ErrInvalid)
	}
	if b.readCode(t, gus) == "" {
		t.Error("wrong tries in one tenant ended a code of another")
	}
	if open := b.openRequests(t, b.mia); len(open) != 0 {
		t.Fatalf("requests without a code: %+v", open)
	}
	code := b.makeCode(t, b.mia)
	if b.readCode(t, b.dana) != code {
		t.Error("the agency doesn't read the code")
	}
	must(t, b.asksWith(t, " "+code[:4]+" "+code[4:]+" "))
	if b.readCode(t, b.mia) != "" {
		t.Error("a used code is shown")
	}
	must(t, b.write(t, b.mia, func(tx *store.Tx) error {
		return tx.DenyAccessRequest(t.Context(), b.openRequests(t, b.mia)[0].ID, "")
	}))
	wantErr(t, "a used code", b.asksWith(t, code), store.ErrInvalid)
	denied := 0
	for _, e := range b.trail(t, b.mia, "support.access_requested") {
		if e.Detail["why"] == "wrong_code" {
			denied++
		}
	}
	if denied != 6 {
		t.Errorf("the trail has %d requests with a wrong code, want 6", denied)
	}
}

// After five wrong codes the right one doesn't work either; a new one does.
func TestSupportCodeIsNotGuessed(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).allowRequests(t)
	code := b.makeCode(t, b.mia)
	wrong := "00000000"
	if wrong == code {
		wrong = "11111111"
	}
	for range 5 {
		wantErr(t, "a guess", b.asksWith(t, wrong), store.ErrInvalid)
	}
	wantErr(t, "the right code after five guesses", b.asksWith(t, code), store.ErrInvalid)
	must(t, b.asksWith(t, b.makeCode(t, b.mia)))
}

// Only owners and admins make a code, in person. Support inside a session reads none: the
// database shows it no row.
func TestSupportCodesAreForOwners(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	make := func(tx *store.Tx) error { return tx.MakeSupportCode(t.Context()) }
	b.makeCode(t, b.mia)
	b.startAs(t, b.mia.ID())
	inside := b.inside(t)
	if code := b.readCode(t, inside); code != "" {
		t.Errorf("support reads the code %s", code)
	}
	for who, me := range map[string]store.Member{"a viewer": b.Member(t, b.Leo, b.Acme), "staff without the role": b.Member(t, b.Ravi, b.Acme), "support": inside} {
		wantErr(t, who, b.write(t, me, make), store.ErrForbidden)
	}
	if code := b.readCode(t, b.Member(t, b.Gus, b.Globex)); code != "" {
		t.Errorf("another tenant reads the code %s", code)
	}
	conn := storetest.App(t)
	tx, err := conn.Begin(t.Context())
	must(t, err)
	for _, set := range [][2]string{{"app.tenant_id", b.mia.TenantID().String()}, {"app.user_id", b.mia.ID().String()}, {"app.party", "client"}, {"app.support_session_id", store.NewID().String()}} {
		_, err = tx.Exec(t.Context(), `select set_config($1, $2, true)`, set[0], set[1])
		must(t, err)
	}
	var n int
	must(t, tx.QueryRow(t.Context(), `select count(*) from support_codes`).Scan(&n))
	if n != 0 {
		t.Errorf("in a session %d codes are seen", n)
	}
	must(t, tx.Rollback(t.Context()))
}
