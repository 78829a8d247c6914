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
	jobs        = "migrations/lookup/jobs.sql"

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
	{"staff alone change and delete the work", work, `using ((select current_setting('app.party', true)) in ('agency', 'system'))$p$, t);`, "using (true)$p$, t);", storeRoom, "TestClientsChangeNothing"},
	{"parts of files are hidden from clients", work, "create policy party on file_parts as restrictive for select to portico_app\n    using (", "create policy party on file_parts as restrictive for select to portico_app\n    using (true or ", storeRoom, "TestFilesAreHidden"},
	{"people and sessions are out of reach in support", people, `using ((select nullif(current_setting('app.support_session_id', true), '')) is null)$p$, t);`, "using (true)$p$, t);", storeRoom, "TestSupportPolicies|TestSupportMakesNoSecondHop"},
	{"consent is given in person", work, "create policy in_person on support_grants as restrictive for insert to portico_app\n    with check (", "create policy in_person on support_grants as restrictive for insert to portico_app\n    with check (true or ", storeRoom, "TestSupportPolicies"},
	{"consent that is over stays over", work, "using (revoked_at is null and", "using (true or", storeRoom, "TestSupportPolicies"},
	{"clients read their own side of the trail", people, "using (party = 'client' or", "using (true or", storeRoom, "TestClientsReadTheirSide"},
	{"nobody names the author of a row", work, "and attname not in ('created_by', 'created_at', 'support_session_id')", "", storeRoom, "TestAppRole"},
	{"hashes of sessions are not the app's to read", people, "grant select (id, user_id, host, user_agent, created_at, last_used_at, expires_at, stepped_up_at), delete on sessions", "grant select, delete on sessions", storeRoom, "TestAppRole"},
	{"a file's key in the database is its tenant's", work, "check (object_key = 'tenants/' || tenant_id::text || '/files/' || id::text),", "", storeRoom, "TestFileRowsStay"},
	{"support is never over an hour", work, " and ends_at <= started_at + interval '60 minutes'", "", storeRoom, "TestSupportNeverLonger"},
	{"one tenant a transaction", "store/scope.go", "where coalesce(nullif(current_setting('app.tenant_id', true), ''), @tenant) = @tenant", "", storeRoom, "TestSecondTenant"},
	{"roles of the rights table", "store/rights.go", "EditSettings:      {PartyAgency: management, PartyClient: nobody},", "EditSettings:      {PartyAgency: management, PartyClient: management},", storeRoom, "TestRightsAreAsReviewed"},
	{"the role is checked at the start", "store/store.go", "if err := checkRole(ctx, pool); err != nil {", "if false {\n\t\terr := checkRole(ctx, pool)", storeRoom, "TestServerRefuses"},
	{"an agency enters its own clients only", clients, "and t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", ")", storeRoom, "TestOneTenant"},
	{"workspaces are one's own", whoIsAsking, "where m.user_id = nullif(current_setting('app.user_id', true), '')::uuid", "where true", "./e2e/sample", "Test"},
	{"an agency's owners and admins make clients", clients, "and m.role in ('owner', 'admin') and m.ended_at is null", "and m.ended_at is null", storeRoom, "TestOnlyManagementMakesClients"},
	{"a session is its host's", whoIsAsking, "and s.host = p_host", "", handlerRoom, "TestCookieOfOneHost"},
	{"disabled people are out", whoIsAsking, "and u.disabled_at is null", "", signinRoom, "TestDisabledPerson"},
	{"disabled agents are out", whoIsAsking, "(u.kind = 'person' or (a.user_id is not null and a.disabled_at is null))", "true", storeRoom, "TestSupportEndsWithTheAgent"},
	{"support is in its tenant alone", whoIsAsking, "case when p.tenant_id = t.id then p.subject_id else k.user_id end", "coalesce(p.subject_id, k.user_id)", storeRoom, "TestSupportStaysInTheTenant"},
	{"a domain counts once it is proved", whoIsAsking, " and d.verified_at is not null", "", handlerRoom, "TestUnprovedDomain"},
	{"support starts with a fresh proof", support, "s.stepped_up_at > now() - interval '5 minutes'", "true", storeRoom, "TestSupportStart"},
	{"support starts with consent", support, "when consent.id is null then 'no_grant'", "", storeRoom, "TestSupportStart"},
	{"one session of support an agent", support, "lookup.support_over(o) is null) then 'busy'", "false) then 'busy'", storeRoom, "TestSupportOneSession"},
	{"support ends with its agent", support, "where a.user_id = s.actor_id and a.disabled_at is null) then 'agent_disabled'", "where true) then 'agent_disabled'", storeRoom, "TestSupportIsOver"},
	{"support ends with its subject's access", support, "and m.user_id = s.subject_id and m.ended_at is null) then 'target_gone'", "and m.user_id = s.subject_id) then 'target_gone'", storeRoom, "TestSupportEnds"},
	{"support ends with its tenant", support, "when not lookup.tenant_active(s.tenant_id) then 'tenant_suspended'", "", storeRoom, "TestSupportEnds"},
	{"agents alone search", support, "where lookup.i_am_agent()\n      and char_length", "where char_length", storeRoom, "TestNarrowFunctions|TestSupportConsole|TestSupportStartByStrangers"},
	{"agents see people by consent", support, "and exists (select 1 from public.support_grants g\n                  where g.tenant_id = t.id and g.revoked_at is null and g.ends_at > now())", "", storeRoom, "TestSupportConsole"},
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
	{"an adapter's right on a line", "handlers/routes.go", `s.member("GET /settings", store.SeeSettings, s.settingsShow).supportReads()`, `s.member("GET /settings", store.SeeWork, s.settingsShow).supportReads()`, handlerRoom, "TestRouteTable"},
	{"strangers are not members", "handlers/access.go", "me, ok := v.Member()\n\t\tif !ok {", "me, ok := v.Member()\n\t\tif ok = true; !ok {", handlerRoom, "TestForeignProject"},
	{"a paused tenant is closed", "handlers/access.go", "return errPaused", "_ = errPaused", handlerRoom, "TestTheNextRequest"},
	{"agents are no persons where it does not say so", "handlers/access.go", "if me.Agent && !addressOf(r).route.Agents {", "if false {", handlerRoom, "TestConsoleIsForAgents"},
	{"refusals are on record in the tenant", "handlers/access.go", `if e := s.db.RecordRefusal(r.Context(), me, rule.Method+" "+rule.Path); e != nil {`, "if e := error(nil); e != nil {", handlerRoom, "TestMatrix/main_host_1"},
	{"refusals of strangers are on record", "handlers/access.go", "if err := s.db.RecordOwnRefusal(r.Context(), me); err != nil {", "if err := error(nil); err != nil {", handlerRoom, "TestMatrix/main_host_1"},
	{"pages are kept by no cache", "handlers/access.go", `w.Header().Set("Cache-Control", "private, no-store")`, "", handlerRoom, "TestMatrix/main_host_1"},
	{"a policy of content on every page", "handlers/middleware.go", `h.Set("Content-Security-Policy", contentPolicy)`, "", handlerRoom, "TestMatrix/main_host_1"},
	{"an id is written in one way", "handlers/address.go", `|| len(r.PathValue("id")) != 36 {`, "{", handlerRoom, "TestMatrix/main_host_1"},
	{"a tenant is named in one way", "handlers/address.go", "route.Who == AMember && slugs.MatchString(slug)", "route.Who == AMember", handlerRoom, "TestOddAddresses"},
	{"the host names the tenant, no header does", "handlers/address.go", "host := strings.ToLower(r.Host)", "host := strings.ToLower(r.Host)\n\t\tif f := r.Header.Get(\"X-Forwarded-Host\"); f != \"\" {\n\t\t\thost = f\n\t\t}", handlerRoom, "TestNothingButHost"},
	{"proxies are trusted if configured", "handlers/address.go", "if s.trusted(r.RemoteAddr) {", "if true {", handlerRoom, "TestForwardedAddress"},
	{"of forwarded addresses the proxy's own counts", "handlers/address.go", "for i := len(hops) - 1; i >= 0; i-- {", "for i := 0; i < len(hops); i++ {", handlerRoom, "TestForwardedAddress"},
	{"logs name the route, not the path", "handlers/middleware.go", `slog.String("route", seen.pattern)`, `slog.String("route", r.URL.RequestURI())`, handlerRoom, "TestLogs"},
	{"panics tell no values", "handlers/middleware.go", `"kind", fmt.Sprintf("%T", p)`, `"kind", fmt.Sprint(p)`, signinRoom, "TestPanicTellsNoValue"},
	{"a request's id is ours", "handlers/middleware.go", "id := store.NewID().String()", "id := r.Header.Get(\"X-Request-Id\")\n\t\tif id == \"\" {\n\t\t\tid = store.NewID().String()\n\t\t}", handlerRoom, "TestRequestID"},
	{"slow forms are told so", "handlers/forms.go", "if signin.TooSlow(err) {", "if signin.TooSlow(err) && false {", handlerRoom, "TestSlowForm"},
	{"slow forms at the door are told so", "handlers/signin/room.go", "case TooSlow(err):", "case false:", handlerRoom, "TestSlowForm"},
	{"odd minutes of a start are refused", "handlers/console.go", "minutes, _ := strconv.ParseInt(typed.Minutes, 10, 16)", "minutes, _ := strconv.ParseInt(typed.Minutes, 10, 64)", handlerRoom, "TestConsole"},
	{"refused providers are in the log", "handlers/errors.go", "if status == http.StatusBadRequest && errors.As(err, &refused) {", "if errors.As(err, &refused) && status == 0 {", signinRoom, "TestRefusedProvider"},
	{"each range is on record", "handlers/files.go", "me, event, download.IsPiece(r)); err", "me, event, true); err", handlerRoom, "TestDownloads"},
	{"a file runs nothing", "files/serve.go", `h.Set("Content-Security-Policy", policy)`, "_ = policy", filesRoom, "TestServe"},
	{"active types are saved, not shown", "files/serve.go", "if d.Inline && Inline(d.ContentType) {", "if d.Inline {", filesRoom, "TestServe"},
	{"files are kept by no cache", "files/serve.go", `h.Set("Cache-Control", "private, no-store")`, "", filesRoom, "TestServe"},
	{"a download is on record first", "handlers/files.go", "if err := s.db.RecordDownload(r.Context(), me, event, download.IsPiece(r)); err != nil {", "if false {\n\t\t\terr := error(nil)", handlerRoom, "TestDownload"},
	{"only who began an upload goes on", "store/uploads.go", "and f.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)", "", storeRoom, "TestOnlyTheBeginner"},

	{"a plan has a limit", "store/plans.go", "u.Used > limit", "false", storeRoom, "TestLastPlace|TestRestoreNeeds"},
	{"restoring takes room", "store/bins.go", "if err := tx.takeAgain(ctx, kind, id); err != nil {", "if err := error(nil); err != nil {", storeRoom, "TestRestoreNeeds"},
	{"the session cookie is HttpOnly and Secure", "handlers/signin/cookies.go", "Secure: true, HttpOnly: true, SameSite", "SameSite", signinRoom, "TestSessionCookie"},
	{"other sites change nothing", "handlers/middleware.go", "if err := guard.Check(r); err != nil ||", "_ = guard\n\t\tif", handlerRoom, "TestOtherSites"},
	{"unencrypted pages of our host change nothing", "handlers/middleware.go", "|| (plain && !safe(r.Method))", "|| (plain && false)", handlerRoom, "TestUnencrypted"},
	{"a logo is made anew", "handlers/brand.go", "Content: small.Content}", "Content: sent.content}", handlerRoom, "TestLogoIsWorn"},
	{"the return path stays local", "handlers/signin/localpath.go", "|| !plainPath(u.Path) {", "{", signinRoom, "TestLocalPath"},
	{"an agent's session that is replaced ends their support", signingIn, "perform lookup.support_end(before, 'stopped', p_request);", "null;", signinRoom, "TestSignOutEndsSupport"},
	{"agents do not rename themselves", "handlers/routes.go", `s.person("POST /account/name", s.signin.AccountName),`, `s.person("POST /account/name", s.signin.AccountName).agentsToo(),`, signinRoom, "TestAccountOfAnAgent"},
	{"agents have an account page", "handlers/routes.go", `s.person("GET /account", s.signin.Account).agentsToo(),`, `s.person("GET /account", s.signin.Account),`, signinRoom, "TestAccountOfAnAgent"},
	{"an agent's account page has no name to change", "handlers/signin/account.go", "if me.Agent { //", "if false { //", signinRoom, "TestAccountOfAnAgent"},
	{"a planted session dies at sign-in", signingIn, "delete from public.sessions s where s.token_hash = p_old_token returning", "delete from public.sessions s where false returning", signinRoom, "TestPlanted"},
	{"a step-up changes the token", signingIn, "set token_hash = p_new_token, stepped_up_at = now()", "set stepped_up_at = now()", signinRoom, "TestStepUp"},
	{"a code is its browser's", signingIn, "where f.id = p_id and f.cookie_hash = p_cookie_hash and f.purpose = p_purpose", "where f.id = p_id and f.purpose = p_purpose", storeRoom, "TestMailedProof"},
	{"an unverified address links to nobody", signingIn, "if person is null and p_verified then", "if person is null then", storeRoom, "TestIdentity"},
	{"a spent answer opens one session", signingIn, "and f.purpose = 'oidc' and f.done_at is null", "and f.purpose = 'oidc'", storeRoom, "TestSpentFlow"},
	{"a nonce fits its answer", "handlers/signin/provider_oidc.go", "case len(c.Nonce) < minSecret || !same(id.Nonce, c.Nonce):", "case false:", signinRoom, "TestForgedToken|TestProviderForged|TestProviderMeddled"},
	{"tries are counted and end", "handlers/signin/limits.go", "if !ok {", "if !ok && false {", signinRoom, "TestThousand"},
	{"counters name nobody", "handlers/signin/limits.go", "return [32]byte(mac(room.rateKey, parts...))", "return [32]byte(mac(nil, parts...))", signinRoom, "TestCountersAreKeyed"},
	{"a known browser is known as its address", "handlers/signin/known.go", "return k, slices.ContainsFunc(k.Of, room.sameAddress(email))", "return k, true", signinRoom, "TestKnown"},
	{"a link is spent once", signingIn, "where f.link_hash = p_link_hash and f.purpose = 'mail' and f.spent_at is null and f.expires_at > now()", "where f.link_hash = p_link_hash and f.purpose = 'mail'", storeRoom, "TestLinkIsSpentOnce"},
	{"five tries of a code", signingIn, "and f.spent_at is null and f.expires_at > now() and f.tries < 5", "and f.spent_at is null and f.expires_at > now()", signinRoom, "TestCode|TestTries"},
	{"a provider's answer is its browser's", signingIn, "where f.cookie_hash = p_cookie_hash and f.state_hash = p_state_hash", "where f.state_hash = p_state_hash", signinRoom, "TestProviderAnswer"},
	{"a step-up is its session's", signingIn, "join public.sign_in_flows f on f.session_id = s.id and f.id = p_flow", "join public.sign_in_flows f on f.id = p_flow", storeRoom, "TestStepUpIsItsSessions"},
	{"a session idles out", whoIsAsking, "and s.last_used_at > now() - interval '12 hours'", "", signinRoom, "TestExpiry"},

	{"a job's seal", "store/queue/queue.go", "if hmac.Equal(want, seal.MAC) {", "if len(want) > 0 {", workRoom, "TestForged|TestSeal"},
	{"the seal covers the kind", "store/queue/queue.go", "mac.Write([]byte(args.Kind()))", "", workRoom, "TestSeal"},
	{"a mail holds what its reader may see", "store/recipients.go", "asThemselves.party = *s.Party", "", workRoom, "TestMailHolds"},
	{"nobody without access gets mail", jobs, "and m.ended_at is null\n", "\n", workRoom, "TestWhoLostAccess|TestAskerMust"},
	{"a panicking job tells no values", "handlers/work/adapters.go", `err = panicked{fmt.Sprintf("%T", v), string(debug.Stack())}`, `err = panicked{fmt.Sprint(v), string(debug.Stack())}`, workRoom, "TestPanic"},
	{"an effect happens once", "store/jobs.go", "on conflict do nothing", "on conflict (tenant_id, key) do update set at = now()", workRoom, "TestThousand|TestKilled"},
	{"the asker must still be allowed", "store/jobs.go", "case d.May != \"\" && !May(d.May, *s.Party, *s.Role):", "case false:", workRoom, "TestAsker"},

	{"what visitors call a method is no label", "handlers/watch/watch.go", "return method\n\t}\n\treturn \"other\"", "return method\n\t}\n\treturn method", operator, "TestOperatorSees"},
	{"the operator's listener is for this machine", "handlers/watch/admin.go", `if host != "localhost" && (err`, `if false && (err`, operator, "TestOperatorsListener"},
	{"the doctor looks at the boundary", "cmd/portico/doctor_database.go", "for _, f := range found {", "for _, f := range found[:0] {", operator, "TestDoctorNames"},
	{"the doctor looks at the role", "cmd/portico/doctor_database.go", "for _, says := range can {", "for _, says := range can[:0] {", operator, "TestDoctorNames"},
	{"the bucket is closed to strangers", "files/probe.go", "try(StepStrangers, p.strangers)", "", operator, "TestDoctorNames"},

	{"a flipped byte on the way up is noticed by storage", "files/part.go", "ChecksumSHA256: aws.String(part.Digest.base64()),", "", filesRoom, "TestFlipped"},
	{"a broken promise of a part ends it", "files/part.go", "if Digest(c.sum.Sum(nil)) != c.want {", "if false {", filesRoom, "TestCheckedReader"},
	{"a flipped byte on the disk is noticed", "files/object.go", "case b.left == 0 && b.hash != nil && b.hash.Digest() != b.want:", "case false:", filesRoom, "TestFlipped"},
	{"an object's key is its tenant's", "files/storage.go", "|| key.tenant != v.tenant {", "{", filesRoom, "TestForeignKey"},
}
