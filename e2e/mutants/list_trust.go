package main

const trustFunctions = "migrations/lookup/trust.sql"

// ofTrust are the guards around what the trust page says.
var ofTrust = []mutant{
	{"a tenant records no proof", trustFunctions, "\n    where lookup.nobody_asks()\n    on conflict", "\n    where true\n    on conflict", storeRoom, "TestProofsAreRecorded"},
	{"a failed try proves nothing", trustFunctions, "case when p_holds then now() end", "now()", storeRoom, "TestProofsAreRecorded"},
	{"a tenant isn't told of support sessions elsewhere", trustFunctions, "      and lookup.nobody_asks()\n$$", "$$", storeRoom, "TestSupportWithoutConsentIsCounted"},
	{"a session after its consent counts", trustFunctions, "       and g.ends_at > s.started_at\n", "", storeRoom, "TestSupportWithoutConsentIsCounted"},
	{"a session before its consent counts", trustFunctions, "       and g.created_at <= s.started_at\n", "", storeRoom, "TestSupportWithoutConsentIsCounted"},
	{"a session after a revocation counts", trustFunctions, "       and coalesce(g.revoked_at >= s.started_at, true)", "", storeRoom, "TestSupportWithoutConsentIsCounted"},
	{"isolation is proved by reading", "store/trust.go", "	for _, table := range seen {\n", "	for _, table := range seen[:0] {\n", storeRoom, "TestIsolationIsProved"},
	{"isolation is proved by the catalog", "store/trust.go", "	for _, f := range catalog {\n", "	for _, f := range catalog[:0] {\n", storeRoom, "TestIsolationIsProved"},
	{"a claim that doesn't hold is recorded so", "handlers/jobs/trust.go", "len(wrong) == 0)", "len(wrong) >= 0)", workRoom, "TestClaimThatDoesNotHoldIsRecorded"},
}

const (
	reviewTable = "migrations/0085_support_reviews.sql"
	reviewing   = "store/support_reviews.go"
)

// ofSupportReviews are the guards around what tenants say of support sessions.
var ofSupportReviews = []mutant{
	{"owners and admins alone review support sessions", reviewing, "	if err := tx.requireConsentRight(); err != nil {\n		return err\n	}\n	words", "	words", storeRoom, "TestOthersDoNotReview"},
	{"nobody reviews from inside a session", reviewTable, "        and nullif(current_setting('app.support_session_id', true), '') is null\n", "", storeRoom, "TestOthersDoNotReview"},
	{"programs don't review", reviewTable, "\n        and nullif(current_setting('app.api_key_id', true), '') is null", "", storeRoom, "TestOthersDoNotReview"},
	{"running sessions aren't in order yet", reviewing, "	if runs && verdict == SupportAccepted {\n", "	if false {\n", storeRoom, "TestOwnersReviewSupportSessions"},
	{"a session is reviewed once", reviewing, "	if n == 0 {\n		return ErrConflict\n", "	if n == 0 {\n		return nil\n", storeRoom, "TestOwnersReviewSupportSessions"},
	{"a flag has words", reviewing, "		if words == \"\" {\n", "		if false {\n", storeRoom, "TestOthersDoNotReview"},
	{"agents read the flags of their own sessions", "migrations/lookup/support_reviews.sql", "      and s.actor_id = nullif(current_setting('app.user_id', true), '')::uuid\n", "", storeRoom, "TestAgentsReadWhatWasFlagged"},
	{"a flag is mailed to the operators", reviewing, "	if verdict == SupportFlagged {\n		if err := tx.Enqueue", "	if false {\n		if err := tx.Enqueue", workRoom, "TestReportedSupportReachesTheOperators"},
	{"a flag is mailed once", "handlers/jobs/support.go", "	if err != nil || !due {\n", "	if err != nil {\n", workRoom, "TestReportedSupportReachesTheOperators"},
	{"the mail of a flag is about the tenant's own session", reviewing, "	if err != nil {\n		return false, err\n	}\n	sent, err", "	sent, err", workRoom, "TestReportedSupportReachesTheOperators"},
	{"access is requested with a code", "migrations/lookup/support_asks.sql", "        if right_code is null then\n            why := 'wrong_code';\n", "        if false then\n            why := 'wrong_code';\n", storeRoom, "TestAccessRequestNeedsACode"},
	{"a code is the tenant's own", "migrations/lookup/support_asks.sql", "where c.tenant_id = place and c.code = p_code and", "where c.code = p_code and", storeRoom, "TestAccessRequestNeedsACode"},
	{"a code works once", "migrations/lookup/support_asks.sql", "            update public.support_codes c set used_at = now() where c.tenant_id = place and c.id = right_code;\n", "            null;\n", storeRoom, "TestAccessRequestNeedsACode"},
	{"a code ends", "migrations/lookup/support_asks.sql", "c.code = p_code and c.used_at is null and c.ends_at > now() and", "c.code = p_code and c.used_at is null and", storeRoom, "TestAccessRequestNeedsACode"},
	{"a code isn't guessed", "migrations/lookup/support_asks.sql", "c.code = p_code and c.used_at is null and c.ends_at > now() and c.tries < 5\n", "c.code = p_code and c.used_at is null and c.ends_at > now()\n", storeRoom, "TestSupportCodeIsNotGuessed"},
	{"support reads no code", "migrations/0086_support_codes.sql", "    using (nullif(current_setting('app.support_session_id', true), '') is null\n        and nullif(", "    using (true\n        and nullif(", storeRoom, "TestSupportCodesAreForOwners"},
	{"owners and admins alone make codes", "store/support_codes.go", "	if err := tx.requireConsentRight(); err != nil {\n		return err\n	}\n", "", storeRoom, "TestSupportCodesAreForOwners"},
}
