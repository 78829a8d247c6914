package handlers_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/handlers"
	"portico/store"
)

// table is the product's routes, without a database behind them.
func table() []handlers.Route {
	at := &url.URL{Scheme: "http", Host: "portals.test"}
	return must(handlers.New(handlers.Config{URL: at, CountKey: make([]byte, 32)}, handlers.Deps{})).Routes()
}

// batches are the parts that the routes are dealt into, each played in a world of
// its own, by the host that names the tenant. All are played at the same time.
var batches = []struct {
	mode     hostMode
	part, of int
}{{mainHost, 0, 3}, {mainHost, 1, 3}, {mainHost, 2, 3}, {underOurDomain, 0, 2}, {ownDomain, 1, 2}}

// Cases 4 and 20: every route, by every method and misspelling, for everybody
// who could come, with every kind of id. What may happen is computed from the
// route's own line and the table of rights. A route that is added is tried from
// then on, or fails until it is said how to.
func TestMatrix(t *testing.T) {
	t.Parallel()
	routes := table()
	for _, complaint := range undeclared(routes) {
		t.Error(complaint)
	}
	if t.Failed() {
		return
	}
	n := &tally{}
	t.Cleanup(func() {
		line := fmt.Sprintf("matrix: %d probes of %d routes, %d of them on tenants' own hosts: %d refusals (%d looked up in the trail), %d passed; %d leaks\n",
			n.probes.Load(), len(routes), n.hosted.Load(), n.refusals.Load(), n.rows.Load(), n.passed.Load(), n.leaks.Load())
		t.Log(line)
		// go test keeps what a passing package says to itself; make test shows this file.
		if err := errors.Join(os.MkdirAll("../tmp", 0o755), os.WriteFile("../tmp/matrix.txt", []byte(line), 0o644)); err != nil {
			t.Error(err)
		}
	})
	for _, b := range batches {
		t.Run(fmt.Sprintf("%s %d of %d", b.mode, b.part+1, b.of), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, routes, n, b.mode)
			w.everybody(t)
			up := w.agencyItself(t)
			before := w.rowsOfStrangers(t)
			for i, route := range routes {
				switch {
				case i%b.of != b.part:
				case w.hosts != nil && route.Who != handlers.AMember:
					w.offMain(t, route)
				default:
					w.play(t, route)
				}
				if up != nil && route.Agency && i%b.of == b.part {
					up.play(t, route)
				}
			}
			if after := w.rowsOfStrangers(t); !maps.Equal(before, after) {
				t.Errorf("rows of other tenants changed:\n%v\n%v", before, after)
			}
			w.leftBehind(t)
			w.provenance(t)
		})
	}
}

// play tries one route in every way.
func (w *world) play(t *testing.T, route handlers.Route) {
	t.Helper()
	did := 0
	for _, p := range w.cast {
		// From a network of their own each time: some limits are by network.
		p.browser.header.Set("X-Forwarded-For", netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, rand.Uint32()))).String())
		untouched := w.untouched(t, p)
		did += w.enter(t, route, p)
		if w.hosts == nil || p.telling() {
			w.methods(t, route, p)
		}
		w.spellings(t, route, p)
		untouched(route)
		w.noted(t, p)
	}
	w.fromBeside(t, route)
	w.fromAbove(t, route)
	a, _ := actOf(route)
	if did == 0 && a.says == 0 && route.Agency == w.above {
		t.Errorf("%s: nobody in the cast succeeds there, so that its refusals prove nothing", route.Pattern())
	}
}

// method is the one the route is for.
func method(route handlers.Route) string {
	if route.Method == "" {
		return http.MethodGet
	}
	return route.Method
}

// enter tries the route as it is meant, with every kind of id, and says how
// often it succeeded.
func (w *world) enter(t *testing.T, route handlers.Route, p *persona) (did int) {
	t.Helper()
	a, _ := actOf(route)
	r := request{persona: p, route: route, method: method(route), act: a}
	for _, id := range w.ids(t, route, p, r.verdict()) {
		r.path, r.what = fill(route.Path, w.own.slug, id.value), id.what
		got := w.send(t, r)
		if id.status != allowed {
			w.refusal(t, r, got, id.status)
			continue
		}
		w.tally.passed.Add(1)
		switch {
		case got.status == a.says:
		case a.says != 0 || !believable(got.status) || strings.Contains(got.location(), "/login?"):
			t.Errorf("%v: %d to %q, though they may; %.300s", r, got.status, got.location(), got.body)
		case got.status < 400:
			did++
		}
		w.settle(t, route, p)
	}
	return did
}

// fromBeside has those who are at home in the tenant, support among them, go to
// the addresses of others, for what is there.
func (w *world) fromBeside(t *testing.T, route handlers.Route) {
	t.Helper()
	if route.Who != handlers.AMember {
		return
	}
	a, _ := actOf(route)
	for _, p := range w.cast {
		for _, e := range []*estate{w.sister, w.other} {
			if !p.inside {
				continue
			}
			r := request{persona: p, route: route, method: method(route), act: a, elsewhere: true, strange: w.hosts != nil,
				path: fill(route.Path, e.slug, e.things[kindOf(route.Path)].String()), what: "at the address of " + e.slug}
			w.refusal(t, r, w.send(t, r), r.verdict())
		}
	}
}

// fromAbove tries what the clients of an agency have under the agency's own
// address: its owner is at home there, and nothing of a client is.
func (w *world) fromAbove(t *testing.T, route handlers.Route) {
	t.Helper()
	if route.Who != handlers.AMember || w.above {
		return
	}
	a, _ := actOf(route)
	r := request{persona: w.owner, route: route, method: method(route), act: a, elsewhere: true}
	kind := kindOf(route.Path)
	for _, e := range []*estate{w.own, w.sister, w.other} {
		r.path, r.what = fill(route.Path, w.agency, e.things[kind].String()), "under the agency, of "+e.slug
		got := w.send(t, r)
		if kind != "" {
			w.refusal(t, r, got, http.StatusNotFound)
		}
	}
}

// settle puts right what a deed has ended: a session, or the consent to support
// and so everybody's who was inside.
func (w *world) settle(t *testing.T, route handlers.Route, p *persona) {
	t.Helper()
	a, _ := actOf(route)
	if a.after != nil {
		a.after(t, w, p)
	}
	switch {
	case !a.ends || p.nobody():
	case route.Who == handlers.AMember:
		write(t, w.own.staff, func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), hour) })
		for _, other := range w.cast {
			if other.mode != "" {
				other.enter(t, w, w.own)
			}
		}
	default:
		p.enter(t, w, w.own)
	}
}

// idCase is an id to try and what must come of it.
type idCase struct {
	what   string
	value  string
	status int
}

// ids are those to try at a route. Who is refused anyway is refused the same for
// a few; of those who may pass the telling ones are tried with all, on the main
// host, and the others with what is of the route's kind.
func (w *world) ids(t *testing.T, route handlers.Route, p *persona, verdict int) []idCase {
	t.Helper()
	kind := kindOf(route.Path)
	random := uuid.New().String()
	if kind == "" {
		return []idCase{{"no id", "", verdict}}
	}
	there := w.own.things[kind].String()
	if verdict != allowed && w.hosts != nil && !p.telling() {
		return []idCase{{"one's own", there, verdict}}
	}
	if verdict != allowed {
		return []idCase{{"random", random, verdict}, {"one's own", there, verdict},
			{"a sister's", w.sister.things[kind].String(), verdict}, {"malformed", "not-an-id", verdict}}
	}
	a, _ := actOf(route)
	if a.on != nil {
		there = a.on(t, w, p).String()
	}
	missing := http.StatusNotFound
	all := []idCase{
		{"random", random, missing}, {"malformed", "not-an-id", missing}, {"nil", uuid.Nil.String(), missing},
		{"urn", "urn:uuid:" + there, missing}, {"without dashes", strings.ReplaceAll(there, "-", ""), missing},
		{"NUL", "%00", missing}, {"quoted", there + "'--", missing},
	}
	few := w.hosts != nil || !p.telling()
	for _, e := range []*estate{w.sister, w.other} {
		for _, other := range slices.Sorted(maps.Keys(e.things)) {
			if few && other != kind {
				continue
			}
			all = append(all, idCase{"one of the " + other + " of " + e.slug, e.things[other].String(), missing})
		}
		for other, id := range e.hidden {
			all = append(all, idCase{"one of the hidden " + other + " of " + e.slug, id.String(), missing})
		}
	}
	for other, id := range w.own.things {
		if !few && !slices.ContainsFunc(kinds, func(k []string) bool { return slices.Contains(k, kind) && slices.Contains(k, other) }) {
			all = append(all, idCase{"of the wrong kind: one of the " + other, id.String(), missing})
		}
	}
	if hidden, ok := w.own.hidden[kind]; ok && p.party == store.PartyClient {
		all = append(all, idCase{"hidden from the client", hidden.String(), missing})
	}
	if kind == "browsers" {
		all = append(all, idCase{"somebody else's", w.own.things[kind].String(), missing})
	}
	return append(all, idCase{"one's own", there, allowed})
}
