package main

const (
	storeRoom   = "./store"
	handlerRoom = "./handlers"
	signinRoom  = "./handlers/signin"
	workRoom    = "./handlers/work"
	filesRoom   = "./files"
	operator    = "./cmd/portico"

	people = "migrations/0001_tenants_and_people.sql"
	work   = "migrations/0002_work.sql"

	whoIsAsking = "migrations/lookup/who.sql"
	signingIn   = "migrations/lookup/signin.sql"
	clients     = "migrations/lookup/clients.sql"
	support     = "migrations/lookup/support.sql"

	tenantPolicy = `using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))`
)

// mutants are the guards, each with the tests that should notice when it is gone.
// The tests are those that attack, not those that read the catalog, wherever
// there are both.
var mutants = []mutant{
	{"the policy of the work's tables", work, tenantPolicy, "using (true)", storeRoom, "TestNoContext|TestWritesStay|TestProjectOfAnother"},
	{"the policy of memberships and the trail", people, tenantPolicy, "using (true)", storeRoom, "TestNoContext"},
	{"WITH CHECK of the work's policies", work, `with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))`, "with check (true)", storeRoom, "TestWritesStay|TestNoContext"},
	{"FORCE on the work's tables", work, "execute format('alter table %I force row level security', t);", "", storeRoom, "TestCatalogIsClosed|TestOperatorsSmokeTest"},
	{"ENABLE on the work's tables", work, "execute format('alter table %I enable row level security', t);", "", storeRoom, "TestNoContext|TestWritesStay"},
	{"own rows only, of people and sessions", people, `using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))`, "using (true)", storeRoom, "TestGlobalTables"},
	{"drafts are hidden from clients", work, `using ((shared_at is not null and deleted_at is null)`, "using (true", storeRoom, "TestDrafts"},
	{"versions in the making are hidden from clients", work, `using (shared_at is not null or (select`, "using (true or (select", storeRoom, "TestDrafts"},
	{"clients do not write to the work", work, `with check ((select current_setting('app.party', true)) in ('agency', 'system'))$p$, t);`, "with check (true)$p$, t);", storeRoom, "TestDrafts|TestClientsCannotUpload"},
	{"audit rows are truthful", people, `actor_id is not distinct from (select nullif(current_setting('app.actor_id', true), '')::uuid)`, "true", storeRoom, "TestAuditRows"},
	{"the trail cannot be changed", people, "grant select on audit_events to portico_app;", "grant select, update, delete on audit_events to portico_app;", storeRoom, "TestAppRole"},
	{"composite foreign keys", work, "foreign key (tenant_id, project_id) references projects (tenant_id, id),", "", storeRoom, "TestForeignKeys"},
	{"sessions are made by proofs alone", people, "delete on sessions to portico_app;", "delete, insert on sessions to portico_app;", storeRoom, "TestAppRole|TestCatalog"},
	{"the context is the transaction's", "store/scope.go", "set_config('app.tenant_id', @tenant, true)", "set_config('app.tenant_id', @tenant, false)", storeRoom, "TestRecycled"},
	{"the context is set at all", "store/scope.go", "set_config('app.tenant_id', @tenant, true)", "@tenant", storeRoom, "TestProject"},
	{"a read is read-only", "store/scope.go", "if readOnly || s.readOnly {", "if false && readOnly {", storeRoom, "TestSupport|TestRead"},
	{"the role is checked at the start", "store/store.go", "if err := checkRole(ctx, pool); err != nil {", "if false {\n\t\terr := checkRole(ctx, pool)", storeRoom, "TestServerRefuses"},
	{"an agency enters its own clients only", clients, "and t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", ")", storeRoom, "TestOneTenant"},
	{"workspaces are one's own", whoIsAsking, "where m.user_id = nullif(current_setting('app.user_id', true), '')::uuid", "where true", "./e2e/sample", "Test"},
	{"support needs consent", support, "when s.kind = 'support' and not exists (\n            select 1 from public.support_grants g\n            where g.tenant_id = s.tenant_id and g.id = s.grant_id and g.revoked_at is null) then 'revoked'", "", storeRoom, "TestSupport"},
	{"support ends at its end", support, "when not s.ends_at > now() then 'expired'", "", storeRoom, "TestSupport"},
	{"ended memberships are over", whoIsAsking, "and m.ended_at is null;", ";", handlerRoom, "TestTheNextRequestObeys"},
	{"support does not look as somebody who left", support, "and m.user_id <> me and m.ended_at is null;", "and m.user_id <> me;", storeRoom, "TestSupportStart"},

	{"the right on the route's line", "handlers/access.go", "if !me.May(rule.Needs) {", "if false {", handlerRoom, "TestMatrix|TestSupportPageIsForManagement"},
	{"the route table is as reviewed", "handlers/routes.go", `s.member("GET /bin", store.SeeBin,`, `s.member("GET /bin", store.SeeWork,`, handlerRoom, "TestRouteTable"},
	{"support is refused where a route is silent", "handlers/access.go", "case rule.Support == SupportRefused,", "case false,", handlerRoom, "TestUndeclaredSupport|TestMatrix"},
	{"support does not write in read mode", "handlers/access.go", `rule.Support == SupportWrites && me.Support.Mode != "write":`, "false:", handlerRoom, "TestMatrix|TestSupportInside"},
	{"pages seen by support are on record", "handlers/access.go", `Verb:       "support.page_seen",`, `Verb:       "support.page_unseen",`, handlerRoom, "TestSupport"},
	{"agents alone in the console", "handlers/access.go", "if !me.Agent {", "if false {", handlerRoom, "TestConsoleIsForAgents|TestMatrix"},
	{"other sites cause nothing", "handlers/middleware.go", "if err := guard.Check(r); err != nil {", "if err := guard.Check(r); false && err != nil {", handlerRoom, "TestConsoleFromAnotherSite"},
	{"what net/http says has our headers", "handlers/listener.go", "said = c.refuse(status)", "_ = status", handlerRoom, "TestSecurityHeaders"},
	{"only what net/http says is put into our words", "handlers/listener.go", "c.answering.Store(true)", "", handlerRoom, "TestAnswersInFiles|TestSecurityHeaders"},
	{"a form has few fields", "handlers/limits.go", "f.left <= 0 {", "f.left < -1<<30 {", handlerRoom, "TestSecurityHeaders"},
	{"one visitor's share", "handlers/access.go", "if err := s.admitVisitor(r, token); err != nil {", "if err := s.admitVisitor(r, token); false {\n\t\t_ = err", handlerRoom, "TestOneVisitors"},
	{"one tenant's share", "handlers/access.go", "err = s.admitTenant(v)", "_ = s.admitTenant(v)", handlerRoom, "TestOneTenants"},
	{"a route's own limit", "handlers/access.go", "err = s.admitMinute(r, route, v)", "_ = s.admitMinute(r, route, v)", handlerRoom, "TestLimitedRoutes"},
	{"one tenant's turns", "store/turns.go", "max(1, int(conns)/2)", "max(1, int(conns))", storeRoom, "TestNoTenantHolds"},
	{"logs strike keys out", "handlers/redact.go", "if secretKey(a.Key) {", "if false {", handlerRoom, "TestLogs"},
	{"logs strike shapes out", "handlers/redact.go", "s = shape.ReplaceAllString(s, struck)", "_ = shape", handlerRoom, "TestLogs"},
	{"a download is on record first", "handlers/files.go", "if err := s.db.RecordDownload(r.Context(), me, event, download.IsPiece(r)); err != nil {", "if false {\n\t\t\terr := error(nil)", handlerRoom, "TestDownload"},
	{"only who began an upload goes on", "store/uploads.go", "and f.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)", "", storeRoom, "TestOnlyTheBeginner"},

	{"a plan has a limit", "store/plans.go", "u.Used > limit", "false", storeRoom, "TestLastPlace|TestRestoreNeeds"},
	{"restoring takes room", "store/bins.go", "if err := tx.takeAgain(ctx, kind, id); err != nil {", "if err := error(nil); err != nil {", storeRoom, "TestRestoreNeeds"},
	{"the session cookie is HttpOnly and Secure", "handlers/signin/cookies.go", "Secure: true, HttpOnly: true, SameSite", "SameSite", signinRoom, "TestSessionCookie"},
	{"a logo is made anew", "handlers/brand.go", "Content: small.Content}", "Content: sent.content}", handlerRoom, "TestLogoIsWorn"},
	{"the return path stays local", "handlers/signin/localpath.go", "|| !plainPath(u.Path) {", "{", signinRoom, "TestLocalPath"},
	{"a link is spent once", signingIn, "where f.link_hash = p_link_hash and f.purpose = 'mail' and f.spent_at is null and f.expires_at > now()", "where f.link_hash = p_link_hash and f.purpose = 'mail'", storeRoom, "TestLinkIsSpentOnce"},
	{"five tries of a code", signingIn, "and f.spent_at is null and f.expires_at > now() and f.tries < 5", "and f.spent_at is null and f.expires_at > now()", signinRoom, "TestCode|TestTries"},
	{"a provider's answer is its browser's", signingIn, "where f.cookie_hash = p_cookie_hash and f.state_hash = p_state_hash", "where f.state_hash = p_state_hash", signinRoom, "TestProviderAnswer"},
	{"a step-up is its session's", signingIn, "join public.sign_in_flows f on f.session_id = s.id and f.id = p_flow", "join public.sign_in_flows f on f.id = p_flow", storeRoom, "TestStepUpIsItsSessions"},
	{"a session idles out", whoIsAsking, "and s.last_used_at > now() - interval '12 hours'", "", signinRoom, "TestExpiry"},

	{"a job's seal", "store/queue/queue.go", "if hmac.Equal(want, seal.MAC) {", "if len(want) > 0 {", workRoom, "TestForged|TestSeal"},
	{"the seal covers the kind", "store/queue/queue.go", "mac.Write([]byte(args.Kind()))", "", workRoom, "TestSeal"},
	{"an effect happens once", "store/jobs.go", "on conflict do nothing", "on conflict (tenant_id, key) do update set at = now()", workRoom, "TestThousand|TestKilled"},
	{"the asker must still be allowed", "store/jobs.go", "case d.May != \"\" && !May(d.May, *s.Party, *s.Role):", "case false:", workRoom, "TestAsker"},

	{"what visitors call a method is no label", "handlers/watch/watch.go", "return method\n\t}\n\treturn \"other\"", "return method\n\t}\n\treturn method", operator, "TestOperatorSees"},
	{"the operator's listener is for this machine", "handlers/watch/admin.go", `if host != "localhost" && (err != nil || !ip.IsLoopback()) {`, "if false {", operator, "TestOperatorsListener"},
	{"the doctor looks at the boundary", "cmd/portico/doctor_database.go", "for _, f := range found {", "for _, f := range found[:0] {", operator, "TestDoctorNames"},
	{"the doctor looks at the role", "cmd/portico/doctor_database.go", "for _, says := range can {", "for _, says := range can[:0] {", operator, "TestDoctorNames"},
	{"the bucket is closed to strangers", "files/probe.go", "try(StepStrangers, p.strangers)", "", operator, "TestDoctorNames"},

	{"an object's key is its tenant's", "files/storage.go", "|| key.tenant != v.tenant {", "{", filesRoom, "TestForeignKey"},
}
