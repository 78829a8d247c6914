package signin_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers/signin"
	"portico/store"
	"portico/store/queue"
)

// Case 34: the answers do not reveal whether an address is known.
func TestUnknownAddressGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	known, unknown := h.browser(t), h.browser(t)
	nobody := "dena" + strings.TrimPrefix(a.Dana, "dana")

	one := known.want(known.post("/login", "email", a.Dana), http.StatusSeeOther)
	two := unknown.want(unknown.post("/login", "email", nobody), http.StatusSeeOther)
	if one.body != two.body || one.location != two.location || !slices.Equal(headerNames(one), headerNames(two)) {
		t.Error("the answers differ")
	}
	if len(one.header.Get("Set-Cookie")) != len(two.header.Get("Set-Cookie")) {
		t.Error("the cookies differ in size")
	}
	page := func(b *browser, email string) string {
		return strings.ReplaceAll(b.get("/login/sent").body, email, "")
	}
	if page(known, a.Dana) != page(unknown, nobody) {
		t.Error("the pages differ")
	}
	wrong := func(b *browser, email string) string {
		got := b.want(b.post("/login/code", "code", "000000"), http.StatusUnprocessableEntity)
		return strings.ReplaceAll(got.body, email, "")
	}
	mailed(t, a.Dana)
	if wrong(known, a.Dana) != wrong(unknown, nobody) {
		t.Error("wrong codes get different pages")
	}
	if all, err := mails.To(nobody); err != nil || len(all) != 0 {
		t.Errorf("%d mails to nobody, %v", len(all), err)
	}
}

// Case 34: the time does not reveal it either, because the same statements run.
func TestUnknownAddressTakesTheSameWork(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	trace := &statements{}
	db, err := store.Open(t.Context(), store.Config{
		URL: storetest.Server().AppURL(stack.DatabaseName), Signer: queue.NewSigner(storetest.SigningKey), Tracer: trace, MaxConns: 1,
	})
	check(t, err)
	t.Cleanup(db.Close)
	h := build(t, db, testKeys)
	work := func(email string) []string {
		b := h.browser(t)
		trace.take()
		b.want(b.post("/login", "email", email), http.StatusSeeOther)
		return trace.take()
	}
	work(a.Leo) // the first of all prepares statements
	known, unknown := work(a.Mia), work("nobody"+strings.TrimPrefix(a.Mia, "mia"))
	if len(known) < 4 || !slices.Equal(known, unknown) {
		t.Errorf("%d statements for a known address, %d for an unknown one", len(known), len(unknown))
	}
}

// Counters are stored under an HMAC, so that the table reveals no addresses or networks:
// with another key, the same address and network have new counters.
func TestCountersAreKeyed(t *testing.T) {
	t.Parallel()
	a, ours := storetest.Agency(t), newSite(t)
	keys, err := signin.NewKeys([]byte("another session key of these tests"))
	check(t, err)
	theirs := build(t, storetest.DB(), keys)
	b, other := ours.browser(t), theirs.browser(t)
	other.from = b.from
	for range 10 {
		b.want(b.post("/login", "email", a.Leo), http.StatusSeeOther)
	}
	b.want(b.post("/login", "email", a.Leo), http.StatusTooManyRequests)
	other.want(other.post("/login", "email", a.Leo), http.StatusSeeOther)
}

// Case 34: a thousand requests from one network are limited, and they don't affect the
// victim's session, a mail they already have, a new mail from another network, or
// another person in the attacker's network.
func TestThousandTriesDoNotLockOut(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	victim, other := h.browser(t).signIn(a.Dana), h.browser(t)
	pending := other.requestMail(a.Dana)

	attacker := h.browser(t)
	count := map[int]int{}
	for range 1000 {
		got := attacker.post("/login", "email", a.Dana)
		count[got.status]++
		if got.status != http.StatusTooManyRequests {
			continue
		}
		if after, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || after < 1 || after > 15*60 {
			t.Fatalf("Retry-After is %q", got.header.Get("Retry-After"))
		}
	}
	if count[http.StatusSeeOther] > 20 || count[http.StatusSeeOther] < 1 || count[http.StatusSeeOther]+count[http.StatusTooManyRequests] != 1000 {
		t.Errorf("answers by status: %v", count)
	}
	for range count[http.StatusSeeOther] {
		mailed(t, a.Dana) // skip the mails that the attacker requested
	}
	if !victim.signedIn() {
		t.Error("the victim was signed out")
	}
	other.want(other.post(pending.link), http.StatusSeeOther)
	h.browser(t).signIn(a.Dana)
	attacker.signIn(a.Ravi) // another person in the same network
}

// Case 34: a thousand guesses are refused, by the flow's limit and then by the rate
// limit. Nobody else is affected, not even in the same network.
func TestThousandGuessesAreRefused(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	attacker := h.browser(t)
	mail := attacker.requestMail(a.Mia)
	stray := h.browser(t)
	codes, links := map[int]int{}, map[int]int{}
	for i := range 1000 {
		guess := strconv.Itoa(100_000 + i)
		if guess == mail.code {
			continue
		}
		codes[attacker.post("/login/code", "code", guess).status]++
		links[stray.post("/login/"+strings.Repeat("A", 40)+guess[3:]).status]++
	}
	if codes[http.StatusUnprocessableEntity] != 4 || codes[http.StatusTooManyRequests] < 900 || codes[http.StatusSeeOther] != 0 {
		t.Errorf("codes by status: %v", codes)
	}
	if links[http.StatusGone] < 1 || links[http.StatusTooManyRequests] < 900 {
		t.Errorf("links by status: %v", links)
	}
	neighbour := h.browser(t)
	neighbour.from = stray.from
	neighbour.signIn(a.Mia)
	stray.want(stray.post(mail.link), http.StatusSeeOther)
}

// Mails that are used to sign in don't count against the limits.
func TestUsedMailsDoNotCountAgainstLimits(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	from := newAddress()
	for range 25 {
		b := h.browser(t)
		b.from = from
		b.signIn(a.Gus)
	}
}

func headerNames(a answer) []string {
	var names []string
	for name := range a.header {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// statements records the statements that a database gets.
type statements struct {
	mu  sync.Mutex
	sql []string
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sql = append(s.sql, q.SQL)
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// take returns the statements since the last call.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.sql
	s.sql = nil
	return taken
}
