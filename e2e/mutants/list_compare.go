package main

const (
	compareTables  = "migrations/0068_compare.sql"
	compareReads   = "store/compare.go"
	comparePages   = "handlers/compare.go"
	differenceRoom = "./handlers/difference"
)

// ofComparing are the guards around comparing versions.
var ofComparing = []mutant{
	{"tenants can't see where each other's pictures differ", compareTables, "    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "    using (true)", storeRoom, "TestDifferencesStayInTheirTenant"},
	{"clients can't see where a draft differs", compareTables, "    using (a_sees and b_sees or current_setting('app.party', true) in ('agency', 'system'));", "    using (a_sees or current_setting('app.party', true) in ('agency', 'system'));", storeRoom, "TestDifferencesAreVisibleLikeBothFiles"},
	{"clients can't see where a file in the bin differed", compareTables, "    using (a_sees and b_sees or current_setting('app.party', true) in ('agency', 'system'));", "    using (b_sees or current_setting('app.party', true) in ('agency', 'system'));", storeRoom, "TestDifferencesAreVisibleLikeBothFiles"},
	{"support without consent can't see where a draft differs", compareTables, "    using (a_sees and b_sees or coalesce(current_setting('app.drafts', true), '') <> 'hidden');", "    using (true);", storeRoom, "TestSupportReadsNoDifferences"},
	{"differences can't claim that the client sees a file", compareTables, "foreign key (tenant_id, b_file, b_sees) references files (tenant_id, id, client_sees)", "foreign key (tenant_id, b_file) references files (tenant_id, id)", storeRoom, "TestDifferencesStayInTheirTenant|TestDifferencesAreVisible"},
	{"only the server asks for differences", compareTables, "    with check (current_setting('app.party', true) = 'system');", "    with check (true);", storeRoom, "TestDifferencesStayInTheirTenant"},
	{"only the job writes differences", compareTables, "    using (current_setting('app.party', true) = 'system');", "    using (true);", storeRoom, "TestDifferencesStayInTheirTenant"},
	{"versions of one deliverable are compared", compareReads, "      and va.deliverable_id = vb.deliverable_id\n", "", storeRoom, "TestDifferencesStayInTheirTenant"},
	{"two versions are compared", compareReads, "      and va.id <> vb.id\n", "", storeRoom, "TestDifferencesStayInTheirTenant"},
	{"pages that are drawn are compared", compareReads, "      and @b_page between 0 and b.pages_drawn)", "      and @b_page between 0 and 10000)", storeRoom, "TestDifferencesStayInTheirTenant"},
	{"what waits for a job is limited", compareReads, "        and asked_at > now() - interval '10 minutes') < @most", "        and asked_at > now() - interval '10 minutes') < @most + 1000", storeRoom, "TestWaitingComparisonsAreLimited"},
	{"differences are asked for once", compareReads, "  and differences.asked_at < now() - interval '10 minutes'`", "`", storeRoom, "TestDifferencesAreVisibleLikeBothFiles"},
	{"differences are recorded once", compareReads, "      and x.boxes is null\n      and x.unfit is null`", "      and true`", storeRoom, "TestDifferencesAreVisibleLikeBothFiles"},
	{"files that aren't compared have no page", "handlers/compare_files.go", "			return at, store.ErrNotFound\n", "			return 0, nil\n", handlerRoom, "TestDraftsAreNotCompared"},
	{"versions that the reader can't see aren't compared", comparePages, "len(c.versions) < 2 || a != 0 && named(a) == nil || b != 0 && named(b) == nil", "len(c.versions) < 2", handlerRoom, "TestDraftsAreNotCompared"},
	{"files in the bin aren't compared", "store/files.go", "where f.tenant_id = @tenant_id\n  and f.deleted_at is null`", "where f.tenant_id = @tenant_id`", handlerRoom, "TestDraftsAreNotCompared"},
	{"sessions ask for no differences", comparePages, " && me.Support == nil\n", "\n", handlerRoom, "TestDifferencesAreAskedFor"},
	{"a look ahead asks for no differences", comparePages, " && r.Header.Get(\"Sec-Purpose\") == \"\" && me", " && me", handlerRoom, "TestDifferencesAreAskedFor"},
	{"who compares pictures gets no secret", "handlers/difference/difference.go", `cmd.Env = []string{"GOMEMLIMIT=768MiB", "GOMAXPROCS=1"}`, `cmd.Env = append(os.Environ(), "GOMEMLIMIT=768MiB")`, differenceRoom, "TestChildHasNoSecret"},
	{"endless comparisons are given up", "handlers/difference/difference.go", "bounded, cancel := context.WithTimeout(ctx, f.timeout)", "bounded, cancel := context.WithCancel(ctx)", differenceRoom, "TestSilentChildIsGivenUp"},
	{"boxes lie in their picture", "handlers/difference/difference.go", " || b.X > whole-b.W || b.Y > whole-b.H {", " {", differenceRoom, "TestNonsenseIsRefused"},
	{"boxes are few", "handlers/difference/difference.go", " || len(a.Boxes) > MaxBoxes {", " {", differenceRoom, "TestNonsenseIsRefused"},
}
