package main

import "slices"

const (
	keysTable = "migrations/0050_api_keys.sql"
	keys      = "migrations/lookup/keys.sql"
)

var mutants = slices.Concat(listed, ofPrograms, ofUsage, ofBilling, ofPages, ofMedia, ofCertificates, ofDecisions, ofNotes, ofNotesPage, ofComparing, ofRounds, ofTrust, ofSupportReviews, ofArchives, ofTheSeal, ofAdoption)

// ofPrograms are the guards around API keys.
var ofPrograms = []mutant{
	{"tenants can't see each other's API keys", keysTable, "create policy tenant on api_keys to portico_app\n    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "create policy tenant on api_keys to portico_app\n    using (true)", storeRoom, "TestAPIKeysStayInTheTenant"},
	{"clients can't see the agency's API keys", keysTable, "using (party = 'client' or current_setting('app.party', true) in ('agency', 'system'));", "using (true);", storeRoom, "TestAPIKeysStayInTheTenant"},
	{"support can't make API keys", keysTable, "with check (\n        nullif(current_setting('app.support_session_id', true), '') is null\n        and ", "with check (\n        ", storeRoom, "TestMakingAPIKeyNeedsAStepUp"},
	{"a key can't make keys", keysTable, "        and nullif(current_setting('app.api_key_id', true), '') is null\n        and user_id", "        and user_id", storeRoom, "TestMakingAPIKeyNeedsAStepUp"},
	{"support can't revoke API keys", keysTable, "    using (nullif(current_setting('app.support_session_id', true), '') is null\n        and ", "    using (", storeRoom, "TestMakingAPIKeyNeedsAStepUp"},
	{"a key can't revoke keys", keysTable, "is null\n        and nullif(current_setting('app.api_key_id', true), '') is null);", "is null);", storeRoom, "TestMakingAPIKeyNeedsAStepUp"},
	{"the app can't read the hashes of API keys", keysTable, "grant select (tenant_id, id, user_id, party,", "grant select (token_hash, tenant_id, id, user_id, party,", storeRoom, "TestAPIKeysStayInTheTenant"},
	{"audit rows can't name another API key", keysTable, "        and api_key_id is not distinct from nullif(current_setting('app.api_key_id', true), '')::uuid\n", "", storeRoom, "TestTrailNamesTheKey"},
	{"a revoked key doesn't work", keys, "          and k.revoked_at is null\n", "", storeRoom, "TestKeyEndsInMidRequest"},
	{"an expired key doesn't work", keys, "          and k.expires_at > now()\n", "", storeRoom, "TestKeyEndsInMidRequest"},
	{"a key of the future doesn't work", keys, "          and k.created_at <= now() + interval '5 minutes'", "", storeRoom, "TestKeyEndsInMidRequest"},
	{"a key of somebody who left doesn't work", keys, " and m.ended_at is null\n        join public.users", "\n        join public.users", storeRoom, "TestKeyEndsInMidRequest"},
	{"a key of somebody who changed sides doesn't work", keys, " and m.party = k.party and", " and", storeRoom, "TestKeyEndsInMidRequest"},
	{"a key of somebody who was disabled doesn't work", keys, " and u.disabled_at is null", "", storeRoom, "TestKeyEndsInMidRequest"},
	{"keys of a former member don't work again", "store/memberships.go", "  and revoked_at is null\n  and exists (select from memberships m", "  and revoked_at is null and false\n  and exists (select from memberships m", storeRoom, "TestFormerKeysStayDead"},
	{"keys of former staff don't work again", "migrations/lookup/staff.sql", "k.user_id = p_person and k.revoked_at is null", "false and k.revoked_at is null", storeRoom, "TestFormerKeysStayDead"},
	{"a deed of a program asks again whether the key works", keys, "return lookup.key_lives(place, key)\n       and exists", "return exists", storeRoom, "TestKeyEndsInMidRequest"},
	{"a deed of a program asks again for the maker's role", keys, "             and m.role = p_role and m.party", "             and m.party", storeRoom, "TestKeyEndsInMidRequest"},
	{"a key opens no more than its scopes", "store/visitor.go", " && (m.Key == nil || m.Key.opens(c))", "", storeRoom, "TestAPIKeysStayInTheTenant"},
	{"a key opens no more than its maker may do", "store/visitor.go", "return May(c, m.Party, m.Role) && (m.Key", "return (m.Key != nil || May(c, m.Party, m.Role)) && (m.Key", handlerRoom, "TestKeyFollowsItsMaker"},
	{"an API key needs a step-up", "store/api_keys.go", "	if err := tx.requireStepUp(ctx); err != nil {\n\t\treturn none, uuid.Nil, err\n\t}\n", "", storeRoom, "TestMakingAPIKeyNeedsAStepUp"},
	{"a key gets no scope that its maker lacks", "store/api_keys.go", "if !MayScope(s, Party(tx.scope.Party), tx.role) {", "if !MayScope(s, Party(tx.scope.Party), tx.role) && false {", storeRoom, "TestMakingAPIKeyNeedsAStepUp"},
	{"a tenant has few API keys", "store/api_keys.go", `"most": MaxAPIKeys}`, `"most": MaxAPIKeys + 1}`, storeRoom, "TestMakingAPIKeyNeedsAStepUp"},
	{"a key comes in one scheme only", "handlers/program.go", `!strings.EqualFold(scheme, "Bearer") || !ours`, `scheme == "" || !ours`, handlerRoom, "TestKeysOpenTheAPIOnly"},
	{"a request has one key", "handlers/program.go", "len(values) != 1", "len(values) == 0", handlerRoom, "TestKeysOpenTheAPIOnly"},
	{"a key has a rate limit", "handlers/program.go", "limiter, key = s.programs, token.String()", "limiter, key = web.NewRateLimiter(web.RateLimit{}), token.String()", handlerRoom, "TestKeysHaveARateLimit"},
	{"keys of nobody share a limit", "handlers/program.go", "		if !s.visitors.Allow(\"network \" + web.Network(r)) {\n\t\t\treturn web.ErrRateLimit\n\t\t}\n", "", handlerRoom, "TestKeysHaveARateLimit"},
	{"programs send no unknown fields", "handlers/api/input.go", "		if !known {", "		if !known && false {", handlerRoom, "TestProblemsNameFieldsAndLimits"},
	{"an idempotency key belongs to one request", "store/api_responses.go", "before != nil && !before.Same:", "before != nil && !before.Same && false:", handlerRoom, "TestIdempotencyKeys"},
	{"the same request does not run twice at once", "store/api_responses.go", "if err == nil && !locked {", "if err == nil && !locked && false {", handlerRoom, "TestIdempotencyKeys"},
	{"an idempotency key is forgotten after a day", "store/api_responses.go", "\n  and created_at > now() - interval '24 hours'`, pgx", "`, pgx", handlerRoom, "TestIdempotencyKeys"},
	{"each side has its own responses", keysTable, "or party = current_setting('app.party', true) and nullif", "or nullif", storeRoom, "TestResponsesStayOnTheirSide"},
	{"people don't read what programs got", keysTable, " and nullif(current_setting('app.api_key_id', true), '') is not null", "", storeRoom, "TestResponsesStayOnTheirSide"},
}
