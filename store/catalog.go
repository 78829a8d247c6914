package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// canonicalPolicy is the expression of the one permissive policy of every tenant
// table, as PostgreSQL prints it.
const canonicalPolicy = `(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)`

// definerFunctions are the functions that run with more rights than their caller, each
// with who may call it. They are the whole cross-tenant surface.
var definerFunctions = map[string]string{
	"active_tenants": "app", "unsealed_tenants": "app", "assign_everywhere": "app", "assign_staff": "app", "assign_standing": "app", "colleague": "app", "create_client": "app", "end_staff": "app", "flow_answered": "app", "flow_begin": "app", "flow_mint": "app", "flow_mail_result": "app", "flow_peek": "app",
	"flow_spend_state": "app", "forget_me": "app", "discard_client": "app", "front_door": "app", "domains_due": "app", "handover_begin": "app", "handover_spend": "app", "handover_used": "app", "proofs_used": "app", "inviter_agency_role": "app", "i_am_agent": "app", "is_my_client": "app", "job_refused": "app", "job_standing": "app", "logo": "app", "mail_brand": "app", "my_agency": "app", "my_brand": "app", "my_clients": "app", "my_clients_counted": "app", "my_clients_usage": "app", "my_leaving": "app", "my_plans": "app", "my_staff": "app", "unassign_staff": "app",
	"my_workspaces": "app", "person_for": "app", "rate_hit": "app", "rate_refund": "app", "recount": "app", "set_client_plan": "app", "set_client_state": "app", "set_support_asks": "app", "sign_in_by_code": "app",
	"sign_in_by_identity": "app", "sign_in_by_link": "app", "step_up_by_code": "app", "support_find": "app",
	"support_history": "app", "support_people": "app", "support_start": "app", "support_ask": "app", "support_asked": "app", "support_stop": "app", "support_write": "app",
	"support_write_asks": "app", "support_write_confirm": "app", "sweep": "app", "view_as_start": "app",
	"who_is_asking": "app", "may_still_act": "app", "which_key": "app", "key_may_still_act": "app", "support_in_force": "app", "support_answer": "app",
	"passkey_add": "app", "passkey_answered": "app", "passkey_begin": "app", "passkey_remove": "app",
	"sign_in_by_passkey": "app", "step_up_by_passkey": "app",
	"identity_link": "app", "identity_remove": "app", "step_up_by_identity": "app",
	"bin_held_until": "app", "i_may_sign_up": "app", "stripe_unworked": "app", "sign_up": "app",
	"record_proof": "app", "support_flagged": "app", "proofs": "app", "support_without_consent": "app",
	"stripe_received": "app", "stripe_route": "app", "stripe_event": "app", "stripe_worked": "app", "stripe_bind": "app", "stripe_customers_of_mine": "app", "stripe_customer_ended": "app",
	"billing_applied": "app", "billing_due": "app", "billed_agencies": "app", "my_use": "app", "read_only": "app",
	// Only called by other functions.
	"erase_details_of": "nobody", "nobody_asks": "nobody", "billed_agency": "nobody",
	"begin_staff": "nobody", "brand_of": "nobody", "came_through": "nobody", "end_staff_in": "nobody", "may_assign": "nobody", "flow_state": "nobody", "flow_try_code": "nobody", "forget": "nobody", "host_of": "nobody", "invite_open": "nobody", "may_view_as": "nobody", "owned_alone": "nobody", "support_may_write": "nobody", "my_agency_role": "nobody", "person_proved": "nobody", "session_open": "nobody", "support_end": "nobody",
	"last_activity": "nobody", "support_over": "nobody", "tenant_active": "nobody", "host_holds": "nobody", "session_lives": "nobody", "support_allows": "nobody", "support_mode": "nobody",
	"freshly_proved": "nobody", "key_lives": "nobody", "may_sign_up": "nobody", "passkey_used": "nobody", "ways_in": "nobody",
	// For the command line, as portico_owner.
	"add_agent": "operator", "adopt_client": "operator", "adopt_unavailable": "operator", "create_agency": "operator", "disable_agent": "operator", "forget_address": "operator", "list_agents": "operator", "list_flags": "operator", "list_sign_up_invites": "operator", "list_tenants": "operator", "set_agency_state": "operator", "set_plan": "operator", "sign_up_invite": "operator", "sign_up_withdraw": "operator",
	"agency_for_restore": "operator", "restore_people": "operator", "restore_tenant": "operator", "tenant_exists": "operator",
	"bury_tenant": "operator", "delete_tenant": "operator", "left_outside": "operator", "tenants_to_wipe": "operator", "undelete_tenant": "operator", "was_customer": "operator", "wipe_outside": "operator",
}

// check is one rule about the catalog. Its query returns the names of the objects
// that break it.
type check struct {
	says string
	sql  string
	args pgx.StrictNamedArgs
}

// Finding is something in a database that could open the boundary.
type Finding struct {
	Rule   string
	Object string
}

func (f Finding) String() string { return f.Object + ": " + f.Rule }

// CheckCatalog reads the catalog of a live database and returns every object that
// could let one tenant see another, or that is not listed. Any role can read the
// catalog.
func CheckCatalog(ctx context.Context, conn *pgx.Conn) ([]Finding, error) {
	var found []Finding
	for _, c := range catalogChecks() {
		var args []any
		if c.args != nil {
			args = append(args, c.args)
		}
		rows, err := conn.Query(ctx, c.sql, args...)
		if err != nil {
			return nil, fmt.Errorf("catalog check %q: %w", c.says, err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("catalog check %q: %w", c.says, err)
		}
		for _, name := range names {
			found = append(found, Finding{c.says, name})
		}
	}
	return found, nil
}

func catalogChecks() []check {
	var tenant, lookup, restrictive, appendOnly []string
	for _, t := range Manifest.Tenant {
		tenant = append(tenant, t.Name)
		for _, p := range t.Restrictive {
			restrictive = append(restrictive, t.Name+"."+p)
		}
		if t.Lookup {
			lookup = append(lookup, t.Name)
		}
		if t.AppendOnly {
			appendOnly = append(appendOnly, t.Name)
		}
	}
	for _, t := range Manifest.InPerson {
		restrictive = append(restrictive, t+".in_person")
	}
	restrictive = append(restrictive, Manifest.Restrictive...)
	global := slices.Sorted(maps.Keys(Manifest.Global))
	return slices.Concat(
		tableChecks(tenant, global, appendOnly),
		policyChecks(tenant, lookup, restrictive),
		keyChecks(tenant),
		roleChecksInCatalog(tenant),
		functionChecks(),
	)
}

func tableChecks(tenant, global, appendOnly []string) []check {
	lists := pgx.StrictNamedArgs{"tenant": tenant, "global": global}
	return []check{
		{"is not listed: add it to Tenant or Global of Manifest in store/manifest.go", `
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f')
  and not c.relispartition and c.relname <> all (@tenant::text[] || @global::text[])`, lists},
		{"is an unlisted schema that this check doesn't cover: move its contents to public or lookup", `
select nspname from pg_namespace
where nspname <> all (array['public', 'lookup', 'river', 'adopt', 'pg_catalog', 'information_schema', 'pg_toast'])
  and nspname !~ '^pg_(toast_)?temp_'`, nil},
		{"may be used by others than portico_owner, though it holds the rows of all clients that are being adopted", `
select n.nspname from pg_namespace n
where n.nspname = 'adopt' and (n.nspowner <> 'portico_owner'::regrole or exists (
    select 1 from aclexplode(n.nspacl) a where a.grantee <> n.nspowner))`, nil},
		{"is in schema lookup but isn't a function", `
select c.oid::regclass::text from pg_class c where c.relnamespace = 'lookup'::regnamespace`, nil},
		{"is a sequence, whose numbers count the rows of all tenants: make ids in Go", `
select c.oid::regclass::text from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind = 'S' and c.relname <> 'schema_migrations_id_seq'`, nil},
		{"is listed in store/manifest.go but doesn't exist", `
select t from unnest(@tenant::text[] || @global::text[]) t
where to_regclass('public.' || quote_ident(t)) is null`, lists},
		{"lacks row level security or FORCE: enable and force it in the migration that creates the table", `
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  and not (c.relrowsecurity and c.relforcerowsecurity) and c.relname <> 'schema_migrations'`, nil},
		{"lacks a tenant_id of type uuid, not null and without default", `
select t from unnest(@tenant::text[]) t
where not exists (
    select 1 from pg_attribute a
    where a.attrelid = to_regclass('public.' || quote_ident(t)) and a.attname = 'tenant_id'
      and a.atttypid = 'uuid'::regtype and a.attnotnull and not a.atthasdef)`, pgx.StrictNamedArgs{"tenant": tenant}},
		{"has a tenant_id but isn't listed as a tenant table: add it to Tenant of Manifest in store/manifest.go", `
select c.relname from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant_id'
  and not a.attisdropped and not c.relispartition and c.relname <> all (@tenant::text[] || array['domains'])`, pgx.StrictNamedArgs{"tenant": tenant}},
		{"has an enum or citext column, which is not leakproof", `
select c.relname || '.' || a.attname from pg_attribute a
join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid
left join pg_type b on b.oid = coalesce(nullif(t.typelem, 0), nullif(t.typbasetype, 0))
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
  and ('e' in (t.typtype, b.typtype) or 'citext' in (t.typname, b.typname))`, nil},
		{"is a view without security_invoker", `
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'lookup') and c.relkind = 'v'
  and not coalesce(c.reloptions @> array['security_invoker=true'], false)`, nil},
		{"is a materialised view that the app may read", `
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'lookup') and c.relkind = 'm' and has_any_column_privilege('portico_app', c.oid, 'select')`, nil},
		{"has a trigger", `
select c.relname || '.' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
union all select evtname from pg_event_trigger`, nil},
		{"has a rule, which writes with its owner's rights", `
select c.relname || '.' || r.rulename from pg_rewrite r join pg_class c on c.oid = r.ev_class
where c.relnamespace = 'public'::regnamespace and r.rulename <> '_RETURN'`, nil},
		{"is append-only but the app may change it", `
select t from unnest(@tables::text[]) t
where has_any_column_privilege('portico_app', to_regclass('public.' || t), 'update') or has_table_privilege('portico_app', to_regclass('public.' || t), 'delete')`,
			pgx.StrictNamedArgs{"tables": appendOnly}},
	}
}

func policyChecks(tenant, lookup, restrictive []string) []check {
	return []check{
		{"lacks the one canonical policy for the app: create policy tenant as docs/adding-an-entity.md says", `
select t from unnest(@tenant::text[]) t
where (select count(*) from pg_policies p
       where p.schemaname = 'public' and p.tablename = t and p.permissive = 'PERMISSIVE' and p.cmd = 'ALL'
         and p.roles = array['portico_app']::name[] and p.qual = @canonical and p.with_check = @canonical) <> 1`,
			pgx.StrictNamedArgs{"tenant": tenant, "canonical": canonicalPolicy}},
		{"lacks the policy operator, under which archives are restored: create it as docs/adding-an-entity.md says", `
select t from unnest(@tenant::text[]) t
where not exists (
    select 1 from pg_policies p
    where p.schemaname = 'public' and p.tablename = t and p.policyname = 'operator' and p.permissive = 'PERMISSIVE' and p.cmd = 'ALL'
      and p.roles = array['portico_owner']::name[] and p.qual = @canonical and p.with_check = @canonical)`,
			pgx.StrictNamedArgs{"tenant": tenant, "canonical": canonicalPolicy}},
		{"is an extra permissive policy: the app has one, portico_owner one, and portico_lookup one where store/manifest.go says Lookup", `
select p.tablename || '.' || p.policyname from pg_policies p
where p.schemaname = 'public' and p.permissive = 'PERMISSIVE'
  and p.tablename = any (@tenant::text[])
  and not (p.policyname = 'tenant' and p.roles = array['portico_app']::name[])
  and not (p.policyname = 'operator' and p.roles = array['portico_owner']::name[])
  and not (p.policyname = 'lookup' and p.roles = array['portico_lookup']::name[] and p.tablename = any (@lookup::text[]))`,
			pgx.StrictNamedArgs{"tenant": tenant, "lookup": lookup}},
		{"is a policy of a global table that is neither for the person's own rows nor for lookup", `
select p.tablename || '.' || p.policyname from pg_policies p
where p.schemaname = 'public' and p.permissive = 'PERMISSIVE' and p.tablename <> all (@tenant::text[])
  and not (p.policyname = 'lookup' and p.roles = array['portico_lookup']::name[])
  and not (p.policyname = 'own' and p.roles = array['portico_app']::name[]
           and p.qual ~ '^\((user_id|tenant_id|id) = \(NULLIF\(current_setting\(''app\.(user|tenant)_id''::text, true\), ''''::text\)\)::uuid\)$'
           and p.with_check = p.qual)
  and not (p.tablename = 'tenants' and p.policyname = 'operator' and p.roles = array['portico_owner']::name[]
           and p.qual = replace(@canonical, 'tenant_id = ', 'id = ') and p.with_check = p.qual)`,
			pgx.StrictNamedArgs{"tenant": tenant, "canonical": canonicalPolicy}},
		{"is an unlisted restrictive policy: add it to its table in store/manifest.go", `
select p.tablename || '.' || p.policyname from pg_policies p
where p.schemaname = 'public' and p.permissive = 'RESTRICTIVE' and p.tablename || '.' || p.policyname <> all (@listed::text[])`,
			pgx.StrictNamedArgs{"listed": restrictive}},
		{"is a restrictive policy that is missing or isn't for the app", `
select l from unnest(@listed::text[]) l
where not exists (select 1 from pg_policies p
                  where p.schemaname = 'public' and p.permissive = 'RESTRICTIVE'
                    and p.tablename || '.' || p.policyname = l and p.roles = array['portico_app']::name[])`,
			pgx.StrictNamedArgs{"listed": restrictive}},
		{"has a subquery, which is a step more in each plan and can't be distributed by tenant", `
select p.tablename || '.' || p.policyname from pg_policies p
where p.schemaname = 'public' and coalesce(p.qual, '') || coalesce(p.with_check, '') ~* '\mselect\M'`, nil},
		{"casts a column, which no index can serve", `
select p.tablename || '.' || p.policyname from pg_policies p
where p.schemaname = 'public' and coalesce(p.qual, '') || coalesce(p.with_check, '') ~ '\((tenant_id|user_id|id)\)::'`, nil},
	}
}

func keyChecks(tenant []string) []check {
	lists := pgx.StrictNamedArgs{"tenant": tenant}
	return []check{
		{"is a foreign key between tenant tables that does not carry tenant_id", `
select k.conrelid::regclass::text || '.' || k.conname from pg_constraint k
join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
where k.contype = 'f' and c.relname = any (@tenant::text[]) and f.relname = any (@tenant::text[])
  and not exists (
      select 1 from generate_subscripts(k.conkey, 1) i
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[i] and a.attname = 'tenant_id'
      join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[i] and b.attname = 'tenant_id')`, lists},
		{"refers to a table that comes later in Tenant of Manifest in store/manifest.go, so that no archive could be restored in that order", `
select k.conrelid::regclass::text || '.' || k.conname
from unnest(@tenant::text[]) with ordinality a (name, place)
join unnest(@tenant::text[]) with ordinality b (name, place) on b.place > a.place
join pg_constraint k on k.contype = 'f' and k.conrelid = to_regclass('public.' || quote_ident(a.name))
                    and k.confrelid = to_regclass('public.' || quote_ident(b.name))`, lists},
		{"is a unique index or exclusion constraint without tenant_id", `
select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = 'public'::regnamespace and c.relname = any (@tenant::text[]) and (i.indisunique or i.indisexclusion)
  and not exists (select 1 from pg_attribute a
                  where a.attrelid = i.indrelid and a.attname = 'tenant_id'
                    and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1]))`, lists},
		{"has no index led by tenant_id", `
select t from unnest(@tenant::text[]) t
where not exists (
    select 1 from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'tenant_id'
    where i.indrelid = to_regclass('public.' || quote_ident(t)) and i.indisvalid and i.indpred is null)`, lists},
		{"has a primary key that does not begin with tenant_id", `
select t from unnest(@tenant::text[]) t
where not exists (
    select 1 from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'tenant_id'
    where i.indrelid = to_regclass('public.' || quote_ident(t)) and i.indisprimary)`, lists},
		{"is an index on an expression, which is not leakproof", `
select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = 'public'::regnamespace and c.relname = any (@tenant::text[]) and i.indexprs is not null`, lists},
	}
}

func roleChecksInCatalog(tenant []string) []check {
	return []check{
		{"is a role that could bypass row level security or create roles", `
select rolname from pg_roles
where rolname in ('portico_app', 'portico_lookup', 'portico_owner')
  and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`, nil},
		{"is a lookup role that can log in", `select rolname from pg_roles where rolname = 'portico_lookup' and rolcanlogin`, nil},
		{"is a role that portico_app or portico_lookup is a member of", `
select m.rolname || ' in ' || r.rolname from pg_auth_members a
join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid
where m.rolname in ('portico_app', 'portico_lookup')`, nil},
		{"is an unlisted member of one of our roles", `
select m.rolname || ' in ' || r.rolname from pg_auth_members a
join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid
where r.rolname in ('portico_owner', 'portico_lookup', 'portico_app') and not m.rolsuper
  and not (m.rolname = 'portico_owner' and r.rolname = 'portico_lookup')`, nil},
		{"is owned by the app", `
select c.oid::regclass::text from pg_class c where c.relowner = 'portico_app'::regrole
union all select p.oid::regprocedure::text from pg_proc p where p.proowner = 'portico_app'::regrole
union all select n.nspname from pg_namespace n where n.nspowner = 'portico_app'::regrole`, nil},
		{"is owned by the lookup role but isn't a function in schema lookup", `
select c.oid::regclass::text from pg_class c where c.relowner = 'portico_lookup'::regrole
union all select p.oid::regprocedure::text from pg_proc p where p.proowner = 'portico_lookup'::regrole and p.pronamespace <> 'lookup'::regnamespace`, nil},
		{"may be truncated, referenced or given triggers by the app or the lookup role", `
select r || ' on ' || c.oid::regclass::text from pg_class c, unnest(array['portico_app', 'portico_lookup']) r
where c.relnamespace in ('public'::regnamespace, 'river'::regnamespace) and c.relkind in ('r', 'p')
  and (has_table_privilege(r, c.oid, 'truncate, trigger') or has_any_column_privilege(r, c.oid, 'references'))`, nil},
		{"allows the app or the lookup role to create objects", `
select r || ' in ' || nspname from pg_namespace, unnest(array['portico_app', 'portico_lookup']) r
where nspname in ('public', 'lookup', 'river') and has_schema_privilege(r, oid, 'create') and (r, nspname) <> ('portico_lookup', 'lookup')
union all select r || ' in ' || current_database() from unnest(array['portico_app', 'portico_lookup']) r
where has_database_privilege(r, current_database(), 'create, temp')`, nil},
		{"may be used by PUBLIC or by an unlisted role", `
select g.object || ' by ' || coalesce(r.rolname, 'PUBLIC')
from (select c.oid::regclass::text as object, (aclexplode(c.relacl)).grantee from pg_class c
      where c.relnamespace in ('public'::regnamespace, 'river'::regnamespace)
      union select c.oid::regclass::text, (aclexplode(a.attacl)).grantee from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace in ('public'::regnamespace, 'river'::regnamespace)
      union select n.nspname, (aclexplode(n.nspacl)).grantee from pg_namespace n where n.nspname in ('public', 'lookup', 'river')
      union select d.datname, a.grantee from pg_database d, aclexplode(d.datacl) a where d.datname = current_database()
        -- Whoever makes backups reads everything by its nature, and serves nobody; see docs/operate.md.
        and (pg_get_userbyid(a.grantee), a.privilege_type) is distinct from ('portico_backup', 'CONNECT')) g
left join pg_roles r on r.oid = g.grantee
where coalesce(r.rolname, 'PUBLIC') <> all (array['portico_owner', 'portico_app', 'portico_lookup']) and not coalesce(r.rolsuper, false)`, nil},
		{"may be called by the app, and makes objects without a tenant: run portico bootstrap again, as a superuser", `
select p.oid::regprocedure::text from pg_proc p
where p.pronamespace = 'pg_catalog'::regnamespace and (p.proname ~ '^lo_' or p.proname in ('loread', 'lowrite'))
  and has_function_privilege('portico_app', p.oid, 'execute')`, nil},
		{"is granted by default on future objects", `
select pg_get_userbyid(d.defaclrole) || ' makes ' || d.defaclobjtype::text || ' for ' || coalesce(r.rolname, 'PUBLIC')
from pg_default_acl d, aclexplode(d.defaclacl) a left join pg_roles r on r.oid = a.grantee
where a.grantee <> d.defaclrole`, nil},
		{"may be updated by the app although it says which tenant a row belongs to", `
select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'public'::regnamespace and c.relname = any (@tenant::text[])
  and a.attname in ('tenant_id', 'id', 'created_by', 'created_at', 'support_session_id', 'object_key')
  and c.relname <> 'file_parts' and has_column_privilege('portico_app', c.oid, a.attname, 'update')`, pgx.StrictNamedArgs{"tenant": tenant}},
		{"is set by default for a role or the database", `
select coalesce(r.rolname, 'database') || ': ' || split_part(s, '=', 1)
from pg_db_role_setting d left join pg_roles r on r.oid = d.setrole, unnest(d.setconfig) s
where (d.setdatabase = 0 or d.setdatabase = (select oid from pg_database where datname = current_database()))
  and (d.setrole = 0 or r.rolname in ('portico_app', 'portico_lookup', 'portico_owner'))
  and s ~* '^(app\.|row_security|search_path|role|session_|check_function)'`, nil},
		{"sets our context by default for every connection", `
select k from unnest(array['app.tenant_id', 'app.user_id', 'app.actor_id', 'app.support_session_id', 'app.party', 'app.drafts']) k
where coalesce(current_setting(k, true), '') <> ''`, nil},
	}
}

func functionChecks() []check {
	var app, all []string
	for name, who := range definerFunctions {
		all = append(all, name)
		if who == "app" {
			app = append(app, name)
		}
	}
	lists := pgx.StrictNamedArgs{"all": all}
	return []check{
		{"runs with its owner's rights and isn't listed: add it to definerFunctions in store/catalog.go", `
select p.oid::regprocedure::text from pg_proc p
where p.prosecdef and p.pronamespace in ('public'::regnamespace, 'lookup'::regnamespace, 'river'::regnamespace)
  and not (p.pronamespace = 'lookup'::regnamespace and p.proname = any (@all::text[]))`, lists},
		{"claims to be leakproof, and so would see rows before the policies do", `
select p.oid::regprocedure::text from pg_proc p
where p.proleakproof and p.pronamespace in ('public'::regnamespace, 'lookup'::regnamespace, 'river'::regnamespace)`, nil},
		{"is an unlisted function in schema lookup: add it to definerFunctions in store/catalog.go", `
select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'lookup'::regnamespace and p.proname <> all (@all::text[])`, lists},
		{"is listed in definerFunctions but doesn't exist, or exists twice", `
select f from unnest(@all::text[]) f
where (select count(*) from pg_proc p where p.pronamespace = 'lookup'::regnamespace and p.proname = f) <> 1`, lists},
		{"runs with its owner's rights without a pinned, empty search_path", `
select p.oid::regprocedure::text from pg_proc p
where p.prosecdef and p.pronamespace in ('public'::regnamespace, 'lookup'::regnamespace, 'river'::regnamespace)
  and not coalesce(p.proconfig @> array['search_path=""'], false)`, nil},
		{"is a function in schema lookup that isn't owned by portico_lookup", `
select p.oid::regprocedure::text from pg_proc p
where p.pronamespace = 'lookup'::regnamespace and p.proowner <> 'portico_lookup'::regrole`, nil},
		{"may be called by PUBLIC", `
select p.oid::regprocedure::text from pg_proc p
where p.pronamespace in ('public'::regnamespace, 'lookup'::regnamespace, 'river'::regnamespace)
  and (p.proacl is null or exists (select 1 from aclexplode(p.proacl) a where a.grantee = 0))`, nil},
		{"has call rights for the app that differ from definerFunctions in store/catalog.go", `
select p.oid::regprocedure::text from pg_proc p
where p.pronamespace = 'lookup'::regnamespace
  and has_function_privilege('portico_app', p.oid, 'execute') <> (p.proname = any (@app::text[]))`, pgx.StrictNamedArgs{"app": app}},
		{"is a table that the lookup role may use without a listed policy", `
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  and (has_any_column_privilege('portico_lookup', c.oid, 'select, insert, update') or has_table_privilege('portico_lookup', c.oid, 'delete'))
  and not exists (select 1 from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname and p.policyname = 'lookup')`, nil},
	}
}
