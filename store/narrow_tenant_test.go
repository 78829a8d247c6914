package store_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"portico/e2e/storetest"
	"portico/store"
)

// Case 13: every function that runs with more rights than its caller is called by
// people who could gain from it, with everything that names another tenant: ids, slug
// and addresses. No answer contains that tenant's people or work, or differs from the
// answer about something that doesn't exist. Nothing is written except to the tables
// listed here. The catalog lists the functions, so a new one is covered too.
func TestNarrowFunctionsRevealNothing(t *testing.T) {
	t.Parallel()
	a, b := storetest.Agency(t), storetest.Agency(t)
	sister, stranger := narrowTarget(t, a, true), narrowTarget(t, b, false)
	functions, conn := appFunctions(t), storetest.Admin(t)
	answered, ended := map[string]bool{}, map[string]bool{}
	for _, who := range narrowCallers(t, a, sister, stranger) {
		for name, parameters := range functions {
			own := who.call(t, conn, name, parameters, who.ownID, who.ownText)
			ended[name], answered[name] = ended[name] || own.state == "", answered[name] || own.says
			for _, pair := range who.target.pairs(parameters) {
				known := who.call(t, conn, name, parameters, pair.id, pair.text)
				for _, shown := range who.target.secrets(name, who.agent) {
					if strings.Contains(known.text, shown) {
						t.Errorf("%s(%s, %q) for %s shows %.300s", name, pair.id, pair.text, who.name, known.text)
					}
				}
				ended[name], answered[name] = ended[name] || known.state == "", answered[name] || known.says
				if pair.same() || narrowTells[name] != "" || who.agent && narrowTellsAgents[name] != "" {
					continue
				}
				other := who.call(t, conn, name, parameters, pair.unknownID, pair.unknownText)
				if known.like(pair.id, pair.text) != other.like(pair.unknownID, pair.unknownText) {
					t.Errorf("%s(%s, %q) for %s reveals that it exists: %+v, and of what is not %+v",
						name, pair.id, pair.text, who.name, known, other)
				}
			}
		}
	}
	for name := range functions {
		if !ended[name] {
			t.Errorf("%s only ever ends in an error: call it with what it takes, in literal", name)
		}
		if !answered[name] && narrowSilent[name] == "" {
			t.Errorf("%s answered nobody, so the test proves nothing about it: pass valid arguments, or say why in narrowSilent", name)
		}
	}
	// The rightful member sees her own workspaces.
	dana := narrowCaller{member: a.Member(t, a.Dana, a.Globex), target: stranger}
	if shown := dana.call(t, conn, "my_workspaces", functions["my_workspaces"], uuid.Nil, ""); !strings.Contains(shown.text, a.Globex) {
		t.Errorf("Dana's workspaces lack Globex: %s", shown.text)
	}
}

// narrowSilent are the functions that may answer none of these calls, and why.
var narrowSilent = map[string]string{
	"flow_answered": noFlow, "flow_mint": noFlow, "mail_brand": noFlow, "flow_peek": noFlow, "flow_spend_state": noFlow, "handover_spend": noFlow, "handover_used": noFlow, "proofs_used": noFlow, "passkey_answered": noFlow,
	"sign_in_by_identity": noFlow, "sign_in_by_link": noFlow,
	"my_staff": onePerson, "assign_everywhere": onePerson, "assign_staff": onePerson, "assign_standing": noAnswer, "unassign_staff": onePerson, "colleague": "nobody here works with the target",
	"inviter_agency_role": "nobody has invited anybody", "flow_mail_result": noAnswer, "job_refused": noAnswer, "rate_refund": noAnswer, "recount": noAnswer,
	"discard_client": "every client here was used, see TestDiscardClient",
	"domains_due":    "no domain is due", "logo": "nobody wears one",
	"record_proof": noAnswer, "proofs": "nothing was proved here", "support_flagged": "nobody flagged a session",
	"which_key": "nobody here holds a key", "key_may_still_act": "no key is in the context",
	"stripe_event": ofBilling, "stripe_route": ofBilling, "stripe_customer_ended": ofBilling, "stripe_worked": ofBilling, "billing_due": ofBilling, "my_use": ofBilling,
	"stripe_customers_of_mine": ofBilling, "billed_agencies": ofBilling, "billing_applied": ofBilling, "read_only": ofBilling, "bin_held_until": ofBilling, "stripe_unworked": ofBilling, "stripe_bind": ofBilling,
	"support_answer": "no request was answered", "may_still_act": "nobody's session is given",
	"support_asked": "nobody was asked", "support_write_asks": "no second agent is asked for",
}

const (
	noFlow   = "nobody here holds the secret of a flow"
	noAnswer = "it has no answer"
	// Their own test is store/billing_tenant_test.go.
	ofBilling = "nobody here is a customer of Stripe"
	// Their own test is store/assign_tenant_test.go.
	onePerson = "it takes a person and clients, and these calls pass one id for both"
)

// narrowTells are the functions whose answers may depend on what exists, and why that
// is no secret; narrowTellsAgents may do so for support agents only.
var (
	narrowTells = map[string]string{
		"active_tenants":  "ids alone, and nobody is asked for",
		"billed_agencies": "ids alone, and nobody is asked for",
		"create_client":   "slugs are public names",
		"front_door":      "what is at the door is public",
		"person_for":      "an id, the same in every tenant, for who may add people",
		"who_is_asking":   "the tenant at an address, to the program alone",
		"sign_up":         "slugs are public names",

		"unsealed_tenants": "ids alone, and nobody is asked for",
	}
	narrowTellsAgents = map[string]string{
		"support_ask": "agents find tenants by name", "support_find": "agents find tenants by name", "support_start": "agents find tenants by name", "support_people": "agents find tenants by name",
	}
)

// narrowWrites are the tables that a function may change in these calls. In tenant
// tables only the caller's own rows may change, unless the caller is an agent.
var narrowWrites = map[string][]string{
	"create_client":    {"tenants"},
	"discard_client":   {"audit_events", "domains", "invites", "memberships", "tenants"},
	"domains_due":      {"domains"},
	"flow_begin":       {"sign_in_flows"},
	"forget_me":        {"account_events", "audit_events", "memberships", "plan_usage", "sessions", "sign_in_flows", "usage_levels", "users"},
	"sign_up":          {"audit_events", "memberships", "tenants", "users"},
	"handover_begin":   {"handovers"},
	"job_refused":      {"job_refusals"},
	"passkey_begin":    {"sign_in_flows"},
	"person_for":       {"users"},
	"rate_hit":         {"rate_counters"},
	"recount":          {"memberships"},
	"set_client_plan":  {"tenants"},
	"set_client_state": {"tenants"},
	"set_support_asks": {"tenants"},
	"support_ask":      {"audit_events"},
	"support_find":     {"audit_events"},
	"support_people":   {"audit_events"},
	"support_start":    {"audit_events"},
	"stripe_received":  {"stripe_events"},
	"support_stop":     {"audit_events", "sessions", "support_sessions"},
	"support_write":    {"audit_events"},
	"sweep":            {"handovers", "rate_counters", "sessions", "sign_in_flows"},
}

// narrowTargetOf is another tenant and everything that names it.
type narrowTargetOf struct {
	tenant, person, project  uuid.UUID
	slug, mark, suffix, gus  string
	rows                     map[string]string
	unknownID                uuid.UUID
	unknownSlug, unknownMark string
}

// narrowTarget fills the Globex of an agency with secrets. With consents it also
// grants support access.
func narrowTarget(t *testing.T, a *storetest.Tenants, consents bool) *narrowTargetOf {
	t.Helper()
	globex, never := a.Member(t, a.Dana, a.Globex), strings.ToLower(rand.Text())[:10]
	o := &narrowTargetOf{tenant: globex.TenantID(), person: a.Member(t, a.Gus, a.Globex).ID(), slug: a.Globex, mark: "cnry" + a.Suffix,
		suffix: a.Suffix, gus: a.Gus, unknownID: store.NewID(), unknownSlug: "globex-" + never, unknownMark: "cnry" + never}
	o.project = storetest.Project(t, globex, o.mark)
	storetest.Deliverable(t, globex, o.project, o.mark)
	invite(t, globex, client(o.mark, o.mark+"@invited.test", store.RoleViewer))
	if err := storetest.DB().Write(t.Context(), globex, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: o.mark, Email: o.mark + "@globex.test", Party: store.PartyClient, Role: store.RoleOwner})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if consents {
		storetest.GrantSupport(t, globex)
	}
	o.rows = o.look(t, storetest.Admin(t))
	return o
}

// look hashes the rows of the tenant, and its rows in global tables.
func (o *narrowTargetOf) look(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	rows := storetest.RowsOn(t, conn, o.tenant)
	for table, key := range map[string]string{"tenants": "id", "domains": "tenant_id"} {
		var hash string
		if err := conn.QueryRow(t.Context(), `select md5(coalesce(string_agg(x::text, ' ' order by x::text), '')) from `+table+` x where `+key+` = $1`, o.tenant).Scan(&hash); err != nil {
			t.Fatal(err)
		}
		rows[table] = hash
	}
	return rows
}

// secrets are what a function must not show of the tenant. Agents may find tenants by
// name.
func (o *narrowTargetOf) secrets(function string, agent bool) []string {
	secret := []string{o.mark, "Gus " + o.suffix, o.gus}
	if function != "who_is_asking" && (function != "support_find" || !agent) {
		secret = append(secret, "Globex "+o.suffix)
	}
	return secret
}

type narrowPair struct {
	id, unknownID     uuid.UUID
	text, unknownText string
}

func (p narrowPair) same() bool { return p.id == p.unknownID && p.text == p.unknownText }

// pairs are arguments for a function: something of the tenant, and something like it
// that doesn't exist. A function without ids or texts gets one pair.
func (o *narrowTargetOf) pairs(parameters []parameter) (pairs []narrowPair) {
	ids, texts := []uuid.UUID{uuid.Nil}, [][2]string{{"", ""}}
	if slices.ContainsFunc(parameters, func(p parameter) bool { return p.of == "uuid" || p.of == "uuid[]" }) {
		ids = []uuid.UUID{o.tenant, o.person, o.project, uuid.Nil}
	}
	if slices.ContainsFunc(parameters, func(p parameter) bool { return p.of == "text" && p.named() }) {
		texts = [][2]string{{o.slug, o.unknownSlug}, {o.mark + "@globex.test", o.unknownMark + "@globex.test"},
			{o.gus, "gus@" + o.unknownMark + ".test"}, {o.mark, o.unknownMark}, {"%", "%"}, {"", ""}}
	}
	for _, id := range ids {
		for _, text := range texts {
			p := narrowPair{id, id, text[0], text[1]}
			if id != uuid.Nil {
				p.unknownID = o.unknownID
			}
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// narrowCaller is a caller with the context that they would have.
type narrowCaller struct {
	name    string
	member  store.Member
	tenant  string // "" outside a tenant
	user    uuid.UUID
	actor   uuid.UUID
	party   string
	support string
	agent   bool
	token   store.Token // of a session with a fresh step-up
	ownID   uuid.UUID   // an id that the caller may ask about
	ownText string
	target  *narrowTargetOf
}

func narrowCallers(t *testing.T, a *storetest.Tenants, sister, stranger *narrowTargetOf) []narrowCaller {
	t.Helper()
	member := func(name, email, slug string, target *narrowTargetOf) narrowCaller {
		token := storetest.StepUp(t, storetest.SignIn(t, email))
		m, ok := storetest.Visit(t, token, slug).Member()
		if !ok {
			t.Fatalf("%s is no member of %s", email, slug)
		}
		return narrowCaller{name: name, member: m, token: token, ownText: slug, target: target}
	}
	mia := a.Member(t, a.Mia, a.Acme)
	storetest.GrantSupport(t, mia)
	token, session := storetest.SupportAs(t, storetest.Agent(t), a.Acme, mia.ID())
	sam := storetest.Person(t, token).ID()
	owner := member("an agency's owner", a.Dana, a.Agency, stranger)
	owner.ownID = mia.TenantID()
	return []narrowCaller{
		{name: "nobody", target: sister},
		member("a client's viewer", a.Leo, a.Acme, sister),
		member("staff of a client", a.Ravi, a.Acme, sister),
		owner,
		{name: "an agent", user: sam, actor: sam, agent: true, token: token, ownText: a.Acme, target: stranger},
		{name: "an agent inside", tenant: mia.TenantID().String(), user: mia.ID(), actor: sam, party: "client", support: session.String(),
			token: token, target: sister},
	}
}

// answer is the result of a call: the rows as text, or the SQL state of its refusal.
type answer struct {
	text, state string
	says        bool // it is more than null or false
}

var nothing = regexp.MustCompile(`^(null|false|\(,*\))$`)

// like returns the answer without the argument that was passed.
func (a answer) like(id uuid.UUID, text string) answer {
	a.text = strings.ReplaceAll(a.text, id.String(), "ID")
	if len(text) > 3 {
		a.text = strings.ReplaceAll(a.text, text, "TEXT")
	}
	return a
}

// written counts the rows that a transaction has written so far, by table.
const written = `select c.relname, pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid)
from pg_class c where c.relnamespace in ('public'::regnamespace, 'river'::regnamespace) and c.relkind = 'r'`

// call runs a function as the app in a context, checks what it has written, rolls
// back and returns the answer.
func (who narrowCaller) call(t *testing.T, conn *pgx.Conn, name string, parameters []parameter, id uuid.UUID, text string) answer {
	t.Helper()
	if who.member.ID() != uuid.Nil {
		who.tenant, who.user, who.actor, who.party = who.member.TenantID().String(), who.member.ID(), who.member.ID(), string(who.member.Party)
	}
	args := make([]string, len(parameters))
	for i, p := range parameters {
		args[i] = who.literal(t, name, p, id, text)
	}
	results, err := conn.PgConn().Exec(t.Context(), fmt.Sprintf(`begin; %s; set local role portico_app;
select set_config('app.tenant_id', '%s', true), set_config('app.user_id', '%s', true), set_config('app.actor_id', '%s', true),
       set_config('app.party', '%s', true), set_config('app.support_session_id', '%s', true);
select coalesce(x::text, 'null') from lookup.%s(%s) x; reset role; %s`, written, who.tenant, orEmpty(who.user), orEmpty(who.actor), who.party, who.support,
		name, strings.Join(args, ", "), written)).ReadAll()
	defer func() {
		if _, err := conn.PgConn().Exec(t.Context(), "rollback").ReadAll(); err != nil {
			t.Fatal(err)
		}
	}()
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return answer{state: pg.Code}
	}
	if err != nil {
		t.Fatal(err)
	}
	said := answer{}
	for _, row := range results[4].Rows {
		said.text += string(row[0]) + "\n"
		said.says = said.says || !nothing.Match(row[0])
	}
	who.checkWrites(t, conn, name, tally(results[1]), tally(results[6]))
	return said
}

func tally(r *pgconn.Result) map[string]string {
	n := map[string]string{}
	for _, row := range r.Rows {
		n[string(row[0])] = string(row[1])
	}
	return n
}

// checkWrites checks what a call has written, before the rollback.
func (who narrowCaller) checkWrites(t *testing.T, conn *pgx.Conn, name string, before, after map[string]string) {
	t.Helper()
	ofTenants := false
	for table := range after {
		if before[table] == after[table] {
			continue
		}
		if !slices.Contains(narrowWrites[name], table) {
			t.Errorf("%s wrote to %s for %s, which narrowWrites does not list", name, table, who.name)
		}
		_, hashed := who.target.rows[table]
		ofTenants = ofTenants || hashed
	}
	// A request of an agent is recorded in the tenant's own trail.
	if ofTenants && !(who.agent && strings.HasPrefix(name, "support_")) {
		if now := who.target.look(t, conn); !maps.Equal(now, who.target.rows) {
			t.Errorf("%s for %s changed rows of another tenant", name, who.name)
		}
	}
}

func orEmpty(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// parameter is a parameter of a function.
type parameter struct{ name, of string }

// named says whether a text parameter names something that another tenant could own.
func (p parameter) named() bool {
	return !slices.Contains([]string{"p_mode", "p_purpose", "p_plan", "p_to", "p_from", "p_seen", "p_accent", "p_reason", "p_ticket", "p_request", "p_agent", "p_kind", "p_rule", "p_sign_up", "p_owner_name"}, p.name)
}

// appFunctions returns the functions that the app may call, with their parameters.
func appFunctions(t *testing.T) map[string][]parameter {
	t.Helper()
	rows, err := storetest.Admin(t).Query(t.Context(), `
select p.proname, a.name, a.of::regtype::text
from pg_proc p
left join lateral unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) with ordinality a (name, of, n) on a.of is not null
where p.prosecdef
  and has_function_privilege('portico_app', p.oid, 'execute')
order by p.proname, a.n`)
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string][]parameter{}
	var function string
	var name, of *string
	if _, err := pgx.ForEachRow(rows, []any{&function, &name, &of}, func() error {
		takes := functions[function]
		if of != nil {
			takes = append(takes, parameter{*name, *of})
		}
		functions[function] = takes
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return functions
}

// literal returns an argument for a parameter: id or text where it fits, and
// otherwise the value with which the call gets furthest.
func (who narrowCaller) literal(t *testing.T, function string, p parameter, id uuid.UUID, text string) string {
	t.Helper()
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	switch {
	case p.name == "p_token":
		sum := sha256.Sum256(who.token[:])
		return fmt.Sprintf("decode('%x', 'hex')", sum)
	case p.name == "p_session_id":
		return "null"
	case p.name == "p_mode":
		return "'read'"
	case p.name == "p_purpose" && function == "passkey_begin":
		return "'passkey'"
	case p.name == "p_purpose":
		return "'mail'"
	case p.name == "p_rule" || p.name == "p_sign_up":
		return "'open'"
	case p.name == "p_plan":
		return "'starter'"
	case p.name == "p_to":
		return "'suspended'"
	case p.name == "p_archived":
		return "false"
	case p.name == "p_from" || p.name == "p_seen" || p.name == "p_accent":
		return "''"
	case p.of == "text" && !p.named():
		return "'x'"
	case p.of == "text":
		return quoted
	}
	switch p.of {
	case "uuid":
		if id == uuid.Nil {
			return "null::uuid"
		}
		return "'" + id.String() + "'::uuid"
	case "uuid[]":
		if id == uuid.Nil {
			return "'{}'::uuid[]"
		}
		return "array['" + id.String() + "'::uuid]"
	case "integer[]":
		return "array[10]"
	case "text[]":
		return "array['ai_runs', 'storage']"
	case "bytea":
		return "decode('" + strings.Repeat("ab", 32) + "', 'hex')"
	case "bytea[]":
		return "array[decode('" + strings.Repeat("ab", 32) + "', 'hex')]"
	case "integer", "bigint":
		return "10"
	case "boolean":
		return "true"
	case "date":
		return "'2030-01-01'::date"
	case "timestamp with time zone":
		return "'infinity'::timestamptz"
	}
	t.Fatalf("lookup.%s takes a %s: say what to call it with, in literal of store/narrow_tenant_test.go", function, p.of)
	return ""
}
