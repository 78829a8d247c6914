package main

const reviewTables = "migrations/0057_review.sql"

// ofDecisions are the guards around asking for a decision and deciding.
var ofDecisions = []mutant{
	// Who decides.
	{"decisions are in person, by raw SQL too", reviewTables, "        and current_setting('app.party', true) = 'client'\n", "", storeRoom, "TestOnlyClientsDecide"},
	{"support can't decide, by raw SQL either", reviewTables, "'client'\n        and nullif(current_setting('app.support_session_id', true), '') is null\n", "'client'\n", storeRoom, "TestOnlyClientsDecide"},
	{"a program can't decide, by raw SQL either", reviewTables, "is null\n        and nullif(current_setting('app.api_key_id', true), '') is null);\n\ngrant select on threads", "is null);\n\ngrant select on threads", storeRoom, "TestOnlyClientsDecide"},
	{"decisions are never changed", reviewTables, "request_id, answer, words, supersedes) on decisions to portico_app;", "request_id, answer, words, supersedes), update (words, answer), delete on decisions to portico_app;", storeRoom, "TestOnlyClientsDecide"},
	{"only clients who may decide do", "store/decisions.go", "if !tx.inPerson() || !May(Decide, Party(tx.scope.Party), tx.role) {\n\t\treturn fmt.Errorf(\"decide", "if !tx.inPerson() {\n\t\treturn fmt.Errorf(\"decide", storeRoom, "TestOnlyClientsDecide"},
	{"viewers don't decide", "store/rights.go", "Decide:            {PartyAgency: nobody, PartyClient: editors}", "Decide:            {PartyAgency: nobody, PartyClient: everyone}", storeRoom, "TestOnlyClientsDecide|TestRightsAreAsReviewed"},
	{"archived work takes no decisions", "store/decisions.go", "	if err == nil && r.version.Archived {\n", "	if false {\n", storeRoom, "TestArchivedWorkTakesNoDecisions"},
	{"pages of archived work have no forms for notes", notesPage, " && n.work.InUse()", "", handlerRoom, "TestArchivedWorkHasNoForms"},
	{"pages of archived work have no forms for decisions", "handlers/deliverables.go", "			if !d.InUse() {\n", "			if false {\n", handlerRoom, "TestArchivedWorkHasNoForms"},
	{"only who is asked decides", "store/decisions.go", "	return uuid.Nil, ErrNotAsked\n", "	return uuid.Nil, nil\n", storeRoom, "TestOneApprovalIsEnough|TestStepsOpen"},
	{"whose turn comes later doesn't decide yet", "store/decisions.go", "q.UserID == person && q.Asked && q.EndedHow == nil", "q.UserID == person && q.EndedHow == nil", storeRoom, "TestStepsOpen"},
	{"support isn't offered to decide", "handlers/review.go", "!me.MayNow(store.Decide) || me.Support != nil {", "!me.MayNow(store.Decide) {", handlerRoom, "TestSupportIsNotOfferedToDecide"},
	// On which bytes.
	{"a decision is on the bytes of its form", reviewTables, "    constraint decisions_content foreign key (tenant_id, version_id, content_sha256) references versions (tenant_id, id, content_sha256) on delete cascade,\n", "    constraint decisions_content foreign key (tenant_id, version_id) references versions (tenant_id, id) on delete cascade,\n", storeRoom, "TestDecisionIsAboutTheBytes"},
	{"the bin changes what is decided on", "store/file_counts.go", "          and f.deleted_at is null), ''), 'UTF8')) end`", "), ''), 'UTF8')) end`", storeRoom, "TestContentHash|TestDecisionIsAboutTheBytes"},
	{"the page hashes the files that it lists", "handlers/review.go", "hex.EncodeToString(store.ContentHash(files))", "hex.EncodeToString(store.ContentHash(nil))", handlerRoom, "TestReviewJourney"},
	{"nobody decides on a locked version", "store/decisions.go", "	case r.version.Locked:\n\t\treturn &LockedError{r.version.Newest}\n\tcase deref", "	case false:\n\t\treturn &LockedError{r.version.Newest}\n\tcase deref", storeRoom, "TestNextVersionLocks"},
	{"publishing locks earlier versions", "store/versions.go", "set locked_at = now()\n", "set locked_at = null\n", storeRoom, "TestNextVersionLocks"},
	{"publishing ends earlier requests", "store/versions.go", "set ended_at = now(), ended_how = 'superseded'", "set due_on = due_on", storeRoom, "TestNextVersionLocks"},
	{"a closed version takes no answer", "store/decisions.go", "	case deref(r.version.Outcome) == Closed:\n\t\treturn ErrClosed", "	case false:\n\t\treturn ErrClosed", storeRoom, "TestCloseWithoutAnswer"},
	// What follows.
	{"changes end all requests", "store/decisions.go", "case outcome != \"\" || version == ChangesRequired:", "case outcome != \"\":", storeRoom, "TestStepsOpen"},
	{"all have to approve", "store/decisions.go", "(s.Rule == AskAny || waiting == 0)", "true", storeRoom, "TestNextVersionLocks|TestSilence"},
	{"one approval is enough", "store/decisions.go", "(s.Rule == AskAny || waiting == 0)", "waiting == 0", storeRoom, "TestOneApprovalIsEnough"},
	{"the worst answer counts", "store/states.go", "[]Outcome{ChangesRequired, ApprovedWithChanges, Approved}", "[]Outcome{Approved, ApprovedWithChanges, ChangesRequired}", storeRoom, "TestClientsDecideWithout"},
	{"one version is approved", "store/decisions.go", "set approved_at = null\n", "set approved_at = approved_at\n", storeRoom, "TestNextVersionLocks"},
	{"publishing and deciding lock in one order", "store/versions.go", "order by number\nfor no key update", "and number < 0\norder by number\nfor no key update", storeRoom, "TestDecisionsInRaces|TestPublish"},
	{"who leaves isn't asked any more", "store/people.go", "	if err := tx.endRequestsOf(m.UserID); err != nil {\n\t\treturn err\n\t}\n", "", storeRoom, "TestSilence|TestLeavingEnds"},
	{"who may not decide any more isn't asked", "store/people.go", "if !May(Decide, m.Party, to) {", "if false {", storeRoom, "TestSilence"},
	{"who is erased isn't asked any more", "migrations/lookup/forget.sql", "    set ended_at = now(), ended_how = 'person_gone'\n    where r.user_id = p_person", "    set ended_at = now(), ended_how = 'person_gone'\n    where false and r.user_id = p_person", storeRoom, "TestLeavingEnds"},
	{"what follows a decision is the server's alone", "store/tx.go", "	err := do()\n\ttx.engine.Enter(tx.scope)\n", "	err := do()\n", storeRoom, "TestClientsDecideWithout"},
	// Who asks.
	{"only staff ask", "store/review.go", "case !tx.inPerson() || !May(Publish, Party(tx.scope.Party), tx.role):", "case false:", storeRoom, "TestOnlyStaffAsk"},
	{"only staff withdraw and close", "store/review.go", "	if !tx.inPerson() || !May(Publish, Party(tx.scope.Party), tx.role) {\n\t\treturn fmt.Errorf(\"%s", "	if false {\n\t\treturn fmt.Errorf(\"%s", storeRoom, "TestOnlyStaffAsk"},
	{"nobody asks in another's name, by raw SQL either", reviewTables, "    with check (asked_by = nullif(current_setting('app.user_id', true), '')::uuid\n        and nullif(current_setting('app.support_session_id', true), '') is null\n", "    with check (true\n", storeRoom, "TestOnlyStaffAsk"},
	{"people who are asked may decide", "store/review.go", "	if err == nil && n != len(people) {", "	if false {", storeRoom, "TestAskingIsChecked|TestPassOn"},
	{"nobody leaves while they are asked", "store/review.go", "	if _, err := tx.lockPeople(ctx); err != nil {\n\t\treturn err\n\t}\n\treturn tx.checkMayDecide(ctx, ask.People", "	return tx.checkMayDecide(ctx, ask.People", storeRoom, "TestDecisionsInRaces"},
	{"people have time until the due date", "store/review.go", "	if err == nil && early {", "	if false {", storeRoom, "TestCloseWithoutAnswer"},
	{"a request is passed on to who isn't asked", "store/review.go", "		case q.UserID == to:", "		case false:", storeRoom, "TestPassOn|TestDecisionsInRaces"},
	{"only who is asked passes on", "store/review.go", "	if mine.ID == uuid.Nil {", "	if false {", storeRoom, "TestReviewsStay|TestPassOn"},
	// Mails.
	{"who answered gets no reminder", "store/review_mails.go", "  and r.asked_at is not null\n  and r.ended_at is null`, pgx.StrictNamedArgs{\"id\": id, \"deciders\"", "`, pgx.StrictNamedArgs{\"id\": id, \"deciders\"", "./handlers/jobs", "TestRemindersStop"},
	{"who is asked gets one mail", "store/notifications.go", "		if slices.Contains(asked, person) {\n", "		if slices.Contains(asked, person) && false {\n", "./handlers/jobs", "TestMailsOfADecision"},
	{"nobody is offered viewers to pass on to", "store/review_mails.go", "             and m.role = any (@deciders)\n", "             and (m.role = any (@deciders) or true)\n", storeRoom, "TestRequestsArePassedOn"},
	{"mails about decisions go to the agency", "store/review_mails.go", "  and m.party = 'agency'\n  and m.ended_at is null\n  and (m.user_id in", "  and m.ended_at is null\n  and (m.user_id in", "./handlers/jobs", "TestMailsOfPassingOn|TestMailsOfADecision"},
	// Downloads.
	{"downloads wait for an approval", "handlers/files.go", "if f.Waits && event.Verb", "if false && event.Verb", handlerRoom, "TestDownloadsWait"},
	{"archives wait for an approval", "handlers/archive.go", "return f.Waits })", "return false })", handlerRoom, "TestDownloadsWait"},
	{"downloads wait for the approval of their version", "store/files.go", "not in ('approved', 'approved_with_changes')) as waits", "= '') as waits", handlerRoom, "TestDownloadsWait"},
	{"homes list one's own requests", "store/review.go", "\n  and r.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)`, limit, dst)", "`, limit, dst)", handlerRoom, "TestHomesList"},
	{"other tenants see no decisions", reviewTables, "array['threads', 'comments', 'review_steps', 'review_requests', 'decisions'] loop\n        execute format('alter table %I enable row level security', t);\n", "array['threads', 'comments', 'review_steps', 'review_requests', 'decisions'] loop\n", storeRoom, "TestReviewsStay"},
}
