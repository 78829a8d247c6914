package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

func (b *supportBundle) allowRequests(t *testing.T) *supportBundle {
	t.Helper()
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), true) }))
	return b
}

func (b *supportBundle) asks(t *testing.T, edit func(*store.NewAccessRequest)) error {
	t.Helper()
	in := store.NewAccessRequest{Slug: b.Acme, Mode: "write", Hours: 4, Reason: "A file does not open", Ticket: "T-9"}
	if edit != nil {
		edit(&in)
	}
	in.Code = storetest.SupportCode(t, in.Slug)
	return b.db.RequestAccess(t.Context(), storetest.Person(t, b.token), in)
}

func (b *supportBundle) openRequests(t *testing.T, me store.Member) (asks []store.AccessRequest) {
	t.Helper()
	must(t, b.db.Read(t.Context(), me, store.ListOpenAccessRequests(&asks)))
	return asks
}

// An agent requests access, an owner approves it for a shorter time, and only that
// grant lets the agent in.
func TestAccessRequestIsApproved(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	wantErr(t, "where they want no asking", b.asks(t, nil), store.ErrForbidden)
	b.allowRequests(t)
	must(t, b.asks(t, nil))
	wantErr(t, "twice", b.asks(t, nil), store.ErrConflict)
	open := b.openRequests(t, b.mia)
	if len(open) != 1 || open[0].AgentName != "Sam" || open[0].Ticket != "T-9" || open[0].Mode != "write" || !open[0].Open {
		t.Fatalf("open = %+v", open)
	}
	ask := open[0].ID
	if n := b.count(t, `select count(*) from river.river_job where kind = 'support_asked' and args ->> 'ask' = $1::text and args ->> 'actor' = $2::text`, ask, b.sam); n != 1 {
		t.Errorf("the owners' mail was queued %d times", n)
	}
	_, err := b.start(t, b.ask(b.Acme, b.mia.ID()))
	wantErr(t, "a start on a request", err, store.ErrForbidden)

	grant := func(tx *store.Tx) error { return tx.ApproveAccessRequest(t.Context(), ask, "read", time.Hour) }
	for who, me := range map[string]store.Member{"a viewer": b.Member(t, b.Leo, b.Acme), "staff without the role": b.Member(t, b.Ravi, b.Acme)} {
		wantErr(t, who+" grants", b.write(t, me, grant), store.ErrForbidden)
		wantErr(t, who+" denies", b.write(t, me, func(tx *store.Tx) error { return tx.DenyAccessRequest(t.Context(), ask, "") }), store.ErrForbidden)
	}
	gus := b.Member(t, b.Gus, b.Globex)
	wantErr(t, "another tenant's owner", b.write(t, gus, grant), store.ErrNotFound)
	for what, deed := range map[string]func(*store.Tx) error{
		"for ever":   func(tx *store.Tx) error { return tx.ApproveAccessRequest(t.Context(), ask, "read", 2*store.MaxGrant) },
		"in no mode": func(tx *store.Tx) error { return tx.ApproveAccessRequest(t.Context(), ask, "own", time.Hour) },
		"a novel": func(tx *store.Tx) error {
			return tx.DenyAccessRequest(t.Context(), ask, strings.Repeat("ü", store.MaxAnswer+1))
		},
	} {
		wantErr(t, what, b.write(t, b.mia, deed), store.ErrInvalid)
	}
	if len(b.openRequests(t, b.mia)) != 1 {
		t.Fatal("a refused answer was stored")
	}
	must(t, b.write(t, b.dana, grant))
	wantErr(t, "again", b.write(t, b.mia, grant), store.ErrConflict)
	now := b.inForce(t, b.mia)
	if len(now) != 2 || now[0].Mode != "read" || now[0].EndsAt.Sub(now[0].CreatedAt) != time.Hour || now[0].ByName != b.dana.Name {
		t.Errorf("grant = %+v", now)
	}
	var asked []store.SentAccessRequest
	must(t, b.db.ReadOwn(t.Context(), storetest.Person(t, b.token), store.ListSentAccessRequests(10, &asked)))
	if len(asked) != 1 || *asked[0].Answer != "granted" || asked[0].Slug != b.Acme {
		t.Errorf("asked = %+v", asked)
	}
	b.startAs(t, b.mia.ID())
	if got := b.trail(t, b.mia, "support.access_requested"); len(got) != 3 || *got[1].ActorID != b.sam || got[2].Detail["why"] != "not_asked" {
		t.Errorf("trail = %+v", got)
	}
	wantErr(t, "from inside", b.write(t, b.inside(t), func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), false) }), store.ErrForbidden)
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), false) }))
}

// An owner denies a request with a text that the agent reads. An unanswered request
// expires, and the agent may send another.
func TestAccessRequestIsDenied(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).allowRequests(t)
	must(t, b.asks(t, nil))
	ask := b.openRequests(t, b.mia)[0].ID
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.DenyAccessRequest(t.Context(), ask, " Not today \x00") }))
	var asked []store.SentAccessRequest
	must(t, b.db.ReadOwn(t.Context(), storetest.Person(t, b.token), store.ListSentAccessRequests(10, &asked)))
	if len(asked) != 1 || *asked[0].Answer != "denied" || asked[0].Word != "Not today" {
		t.Errorf("asked = %+v", asked)
	}
	_, err := b.start(t, b.ask(b.Acme, b.mia.ID()))
	wantErr(t, "a start after no", err, store.ErrForbidden)

	must(t, b.asks(t, nil))
	second := b.openRequests(t, b.mia)[0].ID
	b.exec(t, `update support_asks set ends_at = now() where id = $1`, second)
	if len(b.openRequests(t, b.mia)) != 0 {
		t.Error("an expired request waits for an answer")
	}
	wantErr(t, "an answer too late", b.write(t, b.mia, func(tx *store.Tx) error { return tx.ApproveAccessRequest(t.Context(), second, "read", time.Hour) }), store.ErrConflict)
	must(t, b.asks(t, nil))
}

// Bad input is reported by field. People who are no agents can't request access.
func TestAccessRequestRefused(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).allowRequests(t)
	for what, edit := range map[string]func(*store.NewAccessRequest){
		"no reason": func(in *store.NewAccessRequest) { in.Reason = " \u200b " }, "no ticket": func(in *store.NewAccessRequest) { in.Ticket = "" },
		"no time": func(in *store.NewAccessRequest) { in.Hours = 0 }, "for ever": func(in *store.NewAccessRequest) { in.Hours = 169 },
		"no mode": func(in *store.NewAccessRequest) { in.Mode = "own" }, "a novel": func(in *store.NewAccessRequest) { in.Reason = strings.Repeat("ü", 501) },
	} {
		wantErr(t, what, b.asks(t, edit), store.ErrInvalid)
	}
	wantErr(t, "an unknown tenant", b.asks(t, func(in *store.NewAccessRequest) { in.Slug = "nowhere-" + b.Suffix }), store.ErrNotFound)
	gus := storetest.Person(t, storetest.SignIn(t, b.Gus))
	wantErr(t, "a member", b.db.RequestAccess(t.Context(), gus, store.NewAccessRequest{Slug: b.Acme, Code: storetest.SupportCode(t, b.Acme), Mode: "read", Hours: 1, Reason: "x", Ticket: "x"}), store.ErrForbidden)
	b.exec(t, `update tenants set state = 'suspended' where slug = $1`, b.Agency)
	wantErr(t, "while its agency is suspended", b.asks(t, nil), store.ErrForbidden)
	b.exec(t, `update tenants set state = 'active' where slug = $1`, b.Agency)
	if n := b.count(t, `select count(*) from support_asks where tenant_id = $1`, b.mia.TenantID()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
	must(t, b.asks(t, nil))
	var one store.AccessRequest
	wantErr(t, "another tenant's request", b.db.Read(t.Context(), b.Member(t, b.Gus, b.Globex), store.GetAccessRequest(b.openRequests(t, b.mia)[0].ID, &one)), store.ErrNotFound)
	wantErr(t, "no request", b.db.Read(t.Context(), b.mia, store.GetAccessRequest(uuid.New(), &one)), store.ErrNotFound)
	must(t, b.db.Read(t.Context(), b.mia, store.GetAccessRequest(b.openRequests(t, b.mia)[0].ID, &one)))
}
