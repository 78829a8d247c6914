package handlers_test

import (
	"encoding/binary"
	"errors"
	"flag"
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

// table is the route table, made without a database.
func table() []handlers.Route {
	at := &url.URL{Scheme: "http", Host: "portals.test"}
	return must(handlers.New(handlers.Config{URL: at, CountKey: make([]byte, 32)}, handlers.Deps{})).Routes()
}

// batches split the routes. Each batch has its own world and host mode, and all run at
// the same time.
var batches = []struct {
	mode     hostMode
	part, of int
}{{mainHost, 0, 3}, {mainHost, 1, 3}, {mainHost, 2, 3}, {underOurDomain, 0, 2}, {ownDomain, 1, 2}}

// Cases 4 and 20: every route, with every method and misspelling, for every visitor, with
// every kind of id. The expected answer comes from the route's line and the rights table.
// A new route is tried as well, or fails until the matrix is told how to try it.
func TestMatrix(t *testing.T) {
	t.Parallel()
	routes := table()
	for _, complaint := range missingDeclarations(routes) {
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
		// go test hides the log of a passing package; make test shows this file.
		if err := errors.Join(os.MkdirAll("../tmp", 0o755), os.WriteFile("../tmp/matrix.txt", []byte(line), 0o644)); err != nil {
			t.Error(err)
		}
	})
	for _, b := range batches {
		t.Run(fmt.Sprintf("%s %d of %d", b.mode, b.part+1, b.of), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, routes, n, b.mode)
			w.checkEveryRole(t)
			up := w.agencyWorld(t)
			before := w.rowsOfOtherTenants(t)
			for i, route := range routes {
				if t.Failed() && failFast() {
					return
				}
				switch {
				case i%b.of != b.part:
				case w.hosts != nil && route.Who != handlers.AMember:
					w.tryOnTenantHost(t, route)
				default:
					w.tryRoute(t, route, i)
				}
				if up != nil && route.Agency && i%b.of == b.part {
					up.tryRoute(t, route, i)
				}
			}
			if after := w.rowsOfOtherTenants(t); !maps.Equal(before, after) {
				t.Errorf("rows of other tenants changed:\n%v\n%v", before, after)
			}
			w.checkLeaks(t)
			w.checkProvenance(t)
		})
	}
}

// failFast reports whether go test was told to stop at the first failure, as make
// mutants does. Go itself does not stop a subtest, and the rest of the matrix is long.
func failFast() bool { return flag.Lookup("test.failfast").Value.String() == "true" }

// tryRoute tries the nth route in every way.
func (w *world) tryRoute(t *testing.T, route handlers.Route, nth int) {
	t.Helper()
	did := 0
	for _, p := range w.triedBy(route) {
		// A new network each time, because some rate limits are by network.
		p.browser.header.Set("X-Forwarded-For", netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, rand.Uint32()))).String())
		unchanged := w.snapshotSubject(t, p)
		did += w.tryIDs(t, route, p)
		if w.hosts == nil || p.representative() {
			w.tryMethods(t, route, nth, p)
		}
		w.trySpellings(t, route, p)
		unchanged(route)
		w.checkRecorded(t, p)
	}
	w.tryOtherTenants(t, route)
	w.tryUnderAgency(t, route)
	a, _ := actOf(route)
	if did == 0 && a.status == 0 && route.Agency == w.atAgency {
		t.Errorf("%s: no visitor succeeds there, so its refusals prove nothing", route.Pattern())
	}
}

// methodOf is the method of the route; GET for routes with any method.
func methodOf(route handlers.Route) string {
	if route.Method == "" {
		return http.MethodGet
	}
	return route.Method
}

// tryIDs tries the route with every kind of id, and returns how often it succeeded.
func (w *world) tryIDs(t *testing.T, route handlers.Route, p *visitor) (did int) {
	t.Helper()
	a, _ := actOf(route)
	r := request{visitor: p, route: route, method: methodOf(route), act: a}
	for _, id := range w.ids(t, route, p, r.verdict()) {
		r.path, r.what = fill(route.Path, w.own.slug, id.value), id.what
		got := w.send(t, r)
		if id.status != allowed {
			w.checkRefusal(t, r, got, id.status)
			continue
		}
		w.tally.passed.Add(1)
		switch {
		case got.status == a.status:
		case p.viewAs && route.Path == "/handover" && got.status == http.StatusConflict:
			// While they view as a client, they act as themselves on no other host.
		case a.status != 0 || !plausible(got.status) || strings.Contains(got.location(), "/login?"):
			t.Errorf("%v: %d to %q, though they may; %.300s", r, got.status, got.location(), got.body)
		case got.status < 400:
			did++
		}
		w.restore(t, route, p)
	}
	return did
}

// tryOtherTenants has members of the tenant, and support in it, request the objects of
// other tenants at their addresses.
func (w *world) tryOtherTenants(t *testing.T, route handlers.Route) {
	t.Helper()
	if route.Who != handlers.AMember {
		return
	}
	a, _ := actOf(route)
	for _, p := range w.visitors {
		for _, e := range []*fixture{w.sister, w.other} {
			if !p.inside {
				continue
			}
			r := request{visitor: p, route: route, method: methodOf(route), act: a, otherTenant: true, otherHost: w.hosts != nil,
				path: fill(route.Path, e.slug, e.things[kindOf(route.Path)].String()), what: "at the address of " + e.slug}
			w.checkRefusal(t, r, w.send(t, r), r.verdict())
		}
	}
}

// tryUnderAgency has an agency's owner request the objects of its clients under the
// agency's own address, where they must not be found.
func (w *world) tryUnderAgency(t *testing.T, route handlers.Route) {
	t.Helper()
	if route.Who != handlers.AMember || w.atAgency {
		return
	}
	a, _ := actOf(route)
	r := request{visitor: w.owner, route: route, method: methodOf(route), act: a, otherTenant: true}
	kind := kindOf(route.Path)
	for _, e := range []*fixture{w.own, w.sister, w.other} {
		r.path, r.what = fill(route.Path, w.agency, e.things[kind].String()), "under the agency, of "+e.slug
		got := w.send(t, r)
		switch {
		case kind == "":
		case !store.May(route.Needs, w.owner.party, w.owner.role): // only clients may
			want(t, r.String(), got, http.StatusForbidden)
		default:
			w.checkRefusal(t, r, got, http.StatusNotFound)
		}
	}
}

// restore renews what a deed has ended: a session, or support access and with it every
// support session.
func (w *world) restore(t *testing.T, route handlers.Route, p *visitor) {
	t.Helper()
	// A deed can rename the tenant or add a workspace, which shows around every error.
	maps.DeleteFunc(w.shapes, func(like, _ string) bool { return strings.HasPrefix(like, "around ") })
	a, _ := actOf(route)
	if a.undo != nil {
		a.undo(t, w, p)
	}
	switch {
	case !a.endsSessions || p.signedOut():
	case route.Who == handlers.AMember:
		w.own.consent(t)
		for _, other := range w.visitors {
			if other.mode != "" {
				other.signIn(t, w, w.own)
			}
		}
	default:
		p.signIn(t, w, w.own)
	}
}

// idCase is an id to try and the expected status.
type idCase struct {
	what   string
	value  string
	status int
}

// ids are the ids to try at a route: a few for visitors who are refused anyway, all for
// representative visitors on the main host, and ids of the route's kind for the others.
func (w *world) ids(t *testing.T, route handlers.Route, p *visitor, verdict int) []idCase {
	t.Helper()
	kind := kindOf(route.Path)
	random := uuid.New().String()
	if kind == "" {
		return []idCase{{"no id", "", verdict}}
	}
	if p.program != nil && p.program.foreign && verdict == allowed {
		return w.ofForeignKey(kind)
	}
	there := w.own.things[kind].String()
	if verdict != allowed && w.hosts != nil && !p.representative() {
		return []idCase{{"one's own", there, verdict}}
	}
	if verdict != allowed {
		return []idCase{{"random", random, verdict}, {"one's own", there, verdict},
			{"a sister's", w.sister.things[kind].String(), verdict}, {"malformed", "not-an-id", verdict}}
	}
	a, _ := actOf(route)
	if a.target != nil {
		there = a.target(t, w, p).String()
	}
	missing := http.StatusNotFound
	all := []idCase{
		{"random", random, missing}, {"malformed", "not-an-id", missing}, {"nil", uuid.Nil.String(), missing},
		{"urn", "urn:uuid:" + there, missing}, {"without dashes", strings.ReplaceAll(there, "-", ""), missing},
		{"NUL", "%00", missing}, {"quoted", there + "'--", missing},
	}
	few := w.hosts != nil || !p.representative()
	for _, e := range []*fixture{w.sister, w.other} {
		for _, other := range slices.Sorted(maps.Keys(e.things)) {
			if few && other != kind {
				continue
			}
			all = append(all, idCase{"one of the " + other + " of " + e.slug, e.things[other].String(), missing})
		}
		for other, id := range e.hidden {
			if few && other != kind {
				continue
			}
			all = append(all, idCase{"one of the hidden " + other + " of " + e.slug, id.String(), missing})
		}
	}
	for other, id := range w.own.things {
		if !few && !slices.ContainsFunc(idKinds, func(k []string) bool { return slices.Contains(k, kind) && slices.Contains(k, other) }) {
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
