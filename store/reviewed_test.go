package store_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// A check can say what must never be. Whether a grant, a restrictive policy, the
// answer of a narrow function or a right of a role is intended, only people can say.
// These files hold what was reviewed, so that every change of it shows up in a
// review.
const (
	reviewedGrants = "testdata/boundary.txt"
	reviewedRights = "testdata/rights.txt"
)

// surface lists everything that the app and the lookup role may do, and the policies
// besides the canonical one, one per line. A function's line ends in a hash of its
// text, so that a change of its body shows up too.
const surface = `
select 'policy ' || tablename || '.' || policyname || ' for ' || lower(cmd) || ' to ' || array_to_string(roles, ', ')
       || coalesce(' using ' || qual, '') || coalesce(' with check ' || with_check, '')
from pg_policies where schemaname = 'public' and permissive = 'RESTRICTIVE'
union all
select 'grant ' || lower(a.privilege_type) || ' on ' || c.relname || ' to ' || a.grantee::regrole
from pg_class c, aclexplode(c.relacl) a
where c.relnamespace = 'public'::regnamespace and a.grantee in ('portico_app'::regrole, 'portico_lookup'::regrole)
union all
select 'grant ' || lower(a.privilege_type) || ' (' || string_agg(t.attname, ', ' order by t.attname) || ') on ' || c.relname || ' to ' || a.grantee::regrole
from pg_class c join pg_attribute t on t.attrelid = c.oid and not t.attisdropped, aclexplode(t.attacl) a
where c.relnamespace = 'public'::regnamespace
group by c.relname, a.privilege_type, a.grantee
union all
select 'function ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ') returns ' || pg_get_function_result(p.oid)
       || coalesce(' for ' || (select string_agg(a.grantee::regrole::text, ', ' order by a.grantee::regrole::text)
                               from aclexplode(p.proacl) a where a.grantee <> p.proowner), '')
       || ' as ' || left(encode(sha256(convert_to(pg_get_functiondef(p.oid), 'utf8')), 'hex'), 16)
from pg_proc p where p.pronamespace = 'lookup'::regnamespace`

// The rights of the database roles are as reviewed.
func TestBoundaryIsAsReviewed(t *testing.T) {
	t.Parallel()
	rows, err := storetest.Admin(t).Query(t.Context(), surface)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	asReviewed(t, reviewedGrants, "what the migrations grant and restrict", lines)
}

// The rights of members are as reviewed. The matrix computes its expectations from
// the table of rights, so it wouldn't notice a wrong entry.
func TestRightsAreAsReviewed(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, c := range store.Capabilities() {
		for _, party := range []store.Party{store.PartyAgency, store.PartyClient} {
			var may []string
			for _, role := range []store.Role{store.RoleOwner, store.RoleAdmin, store.RoleMember, store.RoleViewer} {
				if store.May(c, party, role) {
					may = append(may, string(role))
				}
			}
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%-20s %-7s %s", c, party, strings.Join(may, ", "))))
		}
		if store.May(c, store.PartySystem, store.RoleOwner) || store.May(c, "", "") {
			t.Errorf("%q is for a party that is none", c)
		}
	}
	asReviewed(t, reviewedRights, "store/rights.go", lines)
}

// asReviewed compares lines with the reviewed file.
func asReviewed(t *testing.T, file, what string, lines []string) {
	t.Helper()
	slices.Sort(lines)
	if os.Getenv("PORTICO_REVIEWED") != "" {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	reviewed := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	var difference strings.Builder
	for _, line := range reviewed {
		if !slices.Contains(lines, line) {
			difference.WriteString("- " + line + "\n")
		}
	}
	for _, line := range lines {
		if !slices.Contains(reviewed, line) {
			difference.WriteString("+ " + line + "\n")
		}
	}
	if difference.Len() > 0 {
		t.Errorf("%s: not what store/%s says was reviewed.\nLook at the difference; if it is meant, run PORTICO_REVIEWED=1 go test ./store ./handlers -run AsReviewed\n%s",
			what, file, difference.String())
	}
}

// A request can be passed on while somebody else of the client may decide and isn't asked. A
// viewer may not.
func TestRequestsArePassedOnToWhoIsNotAsked(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	canPass := func() bool {
		t.Helper()
		var requests []store.Request
		must(t, read(t, b.mia, store.ListRequests(b.deliverable, &requests)))
		for _, q := range requests {
			var notice store.RequestNotice
			if q.UserID == b.mia.ID() && q.EndedAt == nil {
				must(t, read(t, b.mia, store.GetRequestNotice(q.ID, &notice)))
				return notice.CanPass
			}
		}
		t.Fatal("Mia isn't asked")
		return false
	}
	must(t, b.ask(t, 1, askOf(store.AskAll, b.mia)))
	if !canPass() {
		t.Error("Nora and Omar may decide")
	}
	b.next(t, 2)
	must(t, b.ask(t, 2, askOf(store.AskAll, b.mia, b.nora, b.omar)))
	if canPass() {
		t.Error("everybody who may decide is asked")
	}
}
