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

// Case 34: what a visitor sees does not tell whether an address is known.
func TestUnknownAddressGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
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

// Case 34: nor does the time it takes, for just the same work is done.
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

// What is counted is kept under a key of the installation, so that the table tells
// nobody who asked: under another key the same address and network are new.
func TestCountersAreKeyed(t *testing.T) {
	t.Parallel()
	a, ours := storetest.Agency(t), newHouse(t)
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

// Case 34: a thousand tries from one place are stopped, and what the victim has
// still works: their session, the mail they were sent, a new mail from where they
// are, a neighbour's sign-in.
func TestThousandTriesDoNotLockOut(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	victim, away := h.browser(t).signIn(a.Dana), h.browser(t)
	pending := away.askMail(a.Dana)

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
		mailed(t, a.Dana) // what the attacker had sent, out of the way
	}
	if !victim.signedIn() {
		t.Error("the victim was signed out")
	}
	away.want(away.post(pending.link), http.StatusSeeOther)
	h.browser(t).signIn(a.Dana)
	attacker.signIn(a.Ravi) // somebody else behind the same address
}

// Case 34: a thousand guesses end with the flow, then with the browser's patience;
// nobody else is hurt, not even from the same network.
func TestThousandGuesses(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
	attacker := h.browser(t)
	mail := attacker.askMail(a.Mia)
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

// Who answers their mail may sign in as often as they like.
func TestAnsweredMailDoesNotCount(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newHouse(t)
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

// statements notes what is asked of the database.
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

// take returns what was asked since it was last called.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.sql
	s.sql = nil
	return taken
}
