package main

const (
	noteTables = "migrations/0057_review.sql"
	notesTrail = "migrations/0058_notes.sql"
	notesDeeds = "store/notes.go"

	mendedReview = "migrations/0071_mended_review.sql"

	notesExport  = "handlers/notes_export.go"
	projectNotes = "migrations/0072_discussions.sql"
)

// ofNotes are the guards around notes on versions.
var ofNotes = []mutant{
	// What the team says among itself.
	{"clients can't read team notes", noteTables, "create policy party on threads as restrictive to portico_app\n    using (visibility = 'client' or", "create policy party on threads as restrictive to portico_app\n    using (true or", storeRoom, "TestTeamWordsReachNoClient|TestHiddenAndInventedNotes"},
	{"clients can't read asides", noteTables, "create policy party on comments as restrictive to portico_app\n    using (visibility = 'client' and", "create policy party on comments as restrictive to portico_app\n    using (", storeRoom, "TestTeamWordsReachNoClient|TestShownNotes"},
	{"support without consent can't read team notes", noteTables, "using (visibility = 'client' or coalesce(current_setting('app.drafts', true), '') <> 'hidden')", "using (true)", storeRoom, "TestSupportReadsNoTeamNotes"},
	{"support without consent can't read what happened to team notes", notesTrail, "using (coalesce(current_setting('app.drafts', true), '') <> 'hidden' or not detail ? 'team')", "using (true)", storeRoom, "TestSupportReadsNoTeamNotes"},
	{"events of team notes are marked", notesDeeds, "		detail[\"team\"] = true\n", "", storeRoom, "TestSupportReadsNoTeamNotes"},
	{"notes are numbered apart", notesDeeds, "  and `+v.column()+` = @about\n  and visibility = @visibility\nhaving", "  and `+v.column()+` = @about\nhaving", storeRoom, "TestNotesAreNumberedApart"},
	{"asides don't count against the client", notesDeeds, "  and thread_id = @note\n  and visibility = @visibility\nhaving", "  and thread_id = @note\nhaving", storeRoom, "TestNotesHaveLimits"},
	{"team notes are not for clients to reply to", notesDeeds, "tx.mayShow(in.Visibility, n.Note.Visibility == TeamOnly)", "tx.mayShow(in.Visibility, false)", storeRoom, "TestDraftTakesTeamNotesOnly"},
	{"drafts take team notes only", notesDeeds, "tx.mayShow(in.Visibility, v.Draft)", "tx.mayShow(in.Visibility, false)", storeRoom, "TestDraftTakesTeamNotesOnly"},
	{"notes on drafts aren't shown", notesDeeds, "	case n.Draft:\n", "	case false:\n", storeRoom, "TestDraftTakesTeamNotesOnly"},
	{"staff alone show notes", notesDeeds, "	case tx.scope.Party != string(PartyAgency):\n", "	case false:\n", storeRoom, "TestShownNotesShow"},
	{"what is shown is of the note", notesDeeds, "  and thread_id = @id\n  and id = any (@comments::uuid[])", "  and @id::uuid is not null\n  and id = any (@comments::uuid[])", storeRoom, "TestShownNotesShow"},
	{"nothing ticked shows nothing", notesDeeds, "	case len(comments) == 0:\n", "	case false:\n", storeRoom, "TestShownNotesShow"},
	// Who writes.
	{"nobody writes notes in a session", noteTables, "            with check (created_by = nullif(current_setting('app.user_id', true), '')::uuid\n                and nullif(current_setting('app.support_session_id', true), '') is null)", "            with check (created_by = nullif(current_setting('app.user_id', true), '')::uuid)", storeRoom, "TestNotesAreWrittenInPerson"},
	{"clients change no words of others", mendedReview, "    using (created_by = nullif(current_setting('app.user_id', true), '')::uuid\n        or visibility = 'team' and", "    using (true or created_by = nullif(current_setting('app.user_id', true), '')::uuid\n        or visibility = 'team' and", storeRoom, "TestNotesAreWrittenInPerson|TestWordsOfOthersStay"},
	{"staff change no words that the client sees", mendedReview, "        or visibility = 'team' and current", "        or current", storeRoom, "TestWordsOfOthersStay"},
	{"staff only show a colleague's words", mendedReview, "    with check (created_by = nullif(current_setting('app.user_id', true), '')::uuid\n", "    with check (true or created_by = nullif(current_setting('app.user_id', true), '')::uuid\n", storeRoom, "TestWordsOfOthersStay"},
	{"clients mark notes as done in their own name", mendedReview, "    with check (resolved_by is null\n", "    with check (true or resolved_by is null\n", storeRoom, "TestWordsOfOthersStay"},
	{"ids of notes tell no time", notesDeeds, "	id := uuid.New() // tells", "	id := NewID() // tells", storeRoom, "TestIDsOfNotesTellNoTime"},
	{"ids of comments tell no time", notesDeeds, "	id := uuid.New() // as", "	id := NewID() // as", storeRoom, "TestIDsOfNotesTellNoTime"},
	{"authors alone edit", notesDeeds, "	case !c.Own:\n", "	case false:\n", storeRoom, "TestOnlyAuthorsEdit"},
	{"authors edit for ten minutes", notesDeeds, "	case !c.Editable:\n", "	case false:\n", storeRoom, "TestOnlyAuthorsEdit"},
	{"viewers write no notes", "store/rights.go", "WriteNotes:        {PartyAgency: editors, PartyClient: editors},", "WriteNotes:        {PartyAgency: everyone, PartyClient: everyone},", storeRoom, "TestNotesAreWrittenInPerson"},
	{"pages in a session have no form for notes", notesPage, " && n.me.Support == nil && ", " && ", handlerRoom, "TestSupportPagesHaveNoNoteForm"},
	// Where and when.
	{"locked versions take no notes", notesDeeds, "	case v.Locked:\n", "	case false:\n", storeRoom, "TestLockedVersionTakesNoNotes"},
	{"archived work takes no notes", notesDeeds, "	case v.Archived:\n", "	case false:\n", storeRoom, "TestArchivedWorkTakesNoNotes"},
	{"a note's file is here", notesDeeds, "  and version_id = @version\n  and state = 'ready'\n", "  and version_id = @version\n", storeRoom, "TestNotesPointAtFiles"},
	{"a version has 1,000 notes", notesDeeds, "having coalesce(max(number), 0) < @most`", "having @most > 0`", storeRoom, "TestNotesHaveLimits"},
	{"notes at once wait for each other", notesDeeds, "select pg_advisory_xact_lock(hashtextextended('notes of ' || @version::text, 0))", "select @version::text", storeRoom, "TestNotesAtOnceGetTheirOwnNumbers|TestNoteIsWrittenOnce"},
	{"a button pressed twice writes once", notesDeeds, "	if before != uuid.Nil {\n", "	if false {\n", storeRoom, "TestNoteIsWrittenOnce"},
	{"other words with a used form aren't lost", notesDeeds, "      and c.body = @words\n", "      and @words <> ''\n", storeRoom, "TestNoteIsWrittenOnce"},
	{"a note is settled once", notesDeeds, "	if err != nil || rows == 0 {\n", "	if err != nil || rows < 0 {\n", storeRoom, "TestTwoResolveANoteAtOnce"},
	// Notes on projects.
	{"no note for the client is on a hidden project", projectNotes, "    add constraint threads_hidden_project check (project_shown or project_id is null or visibility = 'team');\n", "    add constraint threads_hidden_project check (true);\n", storeRoom, "TestHiddenAndInventedProjects"},
	{"a note on a project knows whether the client sees it", projectNotes, "foreign key (tenant_id, project_id, project_shown) references projects (tenant_id, id, shown)", "foreign key (tenant_id, project_id) references projects (tenant_id, id)", storeRoom, "TestHiddenProjects|TestHiddenAndInventedProjects"},
	{"hidden projects take team notes only", "store/notes_projects.go", "shared_at is null as draft", "false as draft", storeRoom, "TestHiddenProjects"},
	{"binned projects take no notes", "store/notes_projects.go", "  and id = @project\n  and deleted_at is null`", "  and id = @project`", storeRoom, "TestProjectsOutOfUse"},
	{"archived projects take no notes", "store/notes_projects.go", "	if err == nil && v.Archived {\n", "	if false {\n", storeRoom, "TestProjectsOutOfUse"},
	{"a project with notes for the client isn't hidden", "store/projects.go", "t.project_id = p.id and t.visibility = 'client'", "t.project_id = p.id and false", storeRoom, "TestHiddenProjects"},
	{"whoever writes on a project while it is hidden is waited for", "store/projects.go", "	tx.lockNotes(id)\n", "", storeRoom, "TestHiddenProjects"},
	{"answers on a project are news for whoever took part", "store/notes_projects.go", "and earlier.visibility = 'client'", "and false", storeRoom, "TestNewsOfProjectNotes"},
	{"binned projects are in no mail about notes", "store/notes_projects.go", "  and p.id = @project\n  and p.deleted_at is null\n", "  and p.id = @project\n", workRoom, "TestNotesOnBinnedProjects"},
	{"pages in a session have no form for notes on projects", "handlers/discussion.go", "me.MayNow(store.WriteNotes) && me.Support == nil && ", "me.MayNow(store.WriteNotes) && ", handlerRoom, "TestOnlyEditorsInPersonDiscuss|TestSupportDiscussesNothing"},
	{"pages of archived projects have no form for notes", "handlers/discussion.go", " && p.ArchivedAt == nil {\n			list.Form", " {\n			list.Form", handlerRoom, "TestRefusedNotesOnProjects"},
	// Mentions.
	{"clients can't find whom the team names", "migrations/0070_mentions.sql", "using (visibility = 'client' or current_setting('app.party', true) in ('agency', 'system'))", "using (true)", storeRoom, "TestMentionsAreHiddenLikeTheirComment"},
	{"a mention is of a comment as its writer sees it", "migrations/0070_mentions.sql", "    foreign key (tenant_id, comment_id, visibility) references comments (tenant_id, id, visibility) on update cascade on delete cascade,\n", "", storeRoom, "TestMentionsAreHiddenLikeTheirComment"},
	{"the team names no client among itself", "store/notes_mentions.go", "if v == TeamOnly && p.Party == PartyClient {", "if false {", storeRoom, "TestMentionsOfWhoCannotSeeAreRefused"},
	{"nobody is told twice of a mention", "store/notes_mentions.go", "id == tx.scope.User || slices.Contains(known, id)", "id == tx.scope.User", storeRoom, "TestMentionsTellWhomTheyName"},
	{"many mentions are no mails of their own", "store/notes_mentions.go", "mailed[i] = n <= mentionMails", "mailed[i] = n > 0", storeRoom, "TestManyMentionsComeWithTheNextNotes"},
	{"mentions without a mail are news", "store/notes_mail.go", "      or exists (\n", "      or false and exists (\n", storeRoom, "TestManyMentionsComeWithTheNextNotes"},
	{"edits name no more people", "store/notes_mentions.go", "	case len(known)+len(fresh) > MaxMentions:\n", "	case false:\n", storeRoom, "TestEditedCommentsNameNoMore"},
	{"answers to carried notes mention", "store/notes_carry.go", "if err := tx.mention(ctx, id, ClientVisible, words[i]); err != nil {", "if err := error(nil); err != nil && id != uuid.Nil && i >= 0 {", storeRoom, "TestAnswersToCarriedNotesMention"},
	{"a mail of a mention is for whom it names", "store/notes_mentions.go", "  and x.user_id = nullif(current_setting('app.user_id', true), '')::uuid`", "`", workRoom, "TestMentionsAreMailedAtOnce"},
	{"a note's time is within its recording", notesDeeds, "*ms > *durationMS+1000", "*ms > *durationMS+1e12", storeRoom, "TestNotesPointAtFiles"},
	{"a span ends after its beginning", notesDeeds, "	case a.EndMS != nil && *a.EndMS <= *a.AtMS:\n", "	case false:\n", storeRoom, "TestNotesPointAtFiles"},
	{"what names the reader is no other news", "store/notes_mail.go", "        and x.comment_id = c.id\n        and x.mailed\n", "        and false\n", workRoom, "TestMentionsAreMailedAtOnce"},
	// Exports.
	{"exports have no team notes", noteTables, "create policy party on threads as restrictive to portico_app\n    using (visibility = 'client' or", "create policy party on threads as restrictive to portico_app\n    using (true or", handlerRoom, "TestExportsHaveNoTeamNotes"},
	{"exports of notes are recorded", notesExport, "err := s.db.Record(ctx, me, event); err != nil", "err := error(nil); err != nil && event.Verb != \"\"", handlerRoom, "TestNotesAreExported"},
	{"sessions export no notes", "handlers/routes.go", "s.noteExport(notesAsCSV)).streams()", "s.noteExport(notesAsCSV)).supportReads().streams()", handlerRoom, "TestSessionsExportNoNotes"},
	{"a version has one address", "handlers/review.go", " || strconv.FormatInt(n, 10) != r.PathValue(\"number\") {", " {", handlerRoom, "TestExportsOfHiddenVersions"},
	{"markers are for a file of the version", notesExport, "	list = filesOf(list, v.ID)\n", "", handlerRoom, "TestExportsOfHiddenVersionsAreRefusedAlike"},
	{"exported cells are no formulas", "handlers/noteexport/csv.go", "		cells[i] = spreadsheet.SafeCell(cells[i])", "		_ = spreadsheet.SafeCell(cells[i])", "./handlers/noteexport", "TestTable"},
	{"words forge no field of a marker", "handlers/noteexport/edl.go", `strings.ReplaceAll(s, "|", "/")`, "s", "./handlers/noteexport", "TestMarkers"},
	{"markers for the client have no asides", "handlers/noteexport/noteexport.go", "		if k.Team && !n.Team {\n", "		if false {\n", "./handlers/noteexport", "TestMarkersKeepAsidesApart"},
	{"markers of asides say so", "handlers/noteexport/noteexport.go", "	aside.Team, aside.Label = true, ", "	aside.Label = ", "./handlers/noteexport", "TestMarkersKeepAsidesApart"},
	{"nobody waits for a PDF of notes who is gone", "handlers/noteexport/pdf.go", "		if err := ctx.Err(); err != nil {\n", "		if err := ctx.Err(); err != nil && false {\n", "./handlers/noteexport", "TestPDF"},
	// Mails and later versions.
	{"team notes queue no mail", notesDeeds, "err != nil || v == TeamOnly {", "err != nil {", workRoom, "TestNotesAreMailed"},
	{"mails about notes have no asides", "store/notes_mail.go", " and c.visibility = 'client'\n", "\n", storeRoom, "TestMailsOfNotesHaveNoAsides"},
	{"mails about notes go to whoever took part", "store/notes_mail.go", "            and mine.created_by = nullif(current_setting('app.user_id', true), '')::uuid)\n", "            and mine.created_by is not null)\n", workRoom, "TestNotesAreMailed"},
	{"one mail for the notes of ten minutes", "store/notes_mail.go", "	if err != nil || !first {\n		return err\n	}\n	return tx.EnqueueAt", "	if err != nil || !first && false {\n		return err\n	}\n	return tx.EnqueueAt", workRoom, "TestNotesAreMailed"},
	{"binned work is in no mail about notes", "store/notes_mail.go", "d.id = v.deliverable_id and d.deleted_at is null", "d.id = v.deliverable_id", workRoom, "TestNotesOfBinnedWork"},
	{"team notes stay the team's when they are carried", "store/notes_carry.go", "@version, t.visibility, t.number +", "@version, 'client', t.number +", storeRoom, "TestTeamNotesAreCarried"},
	{"lines about team notes stay the team's", "store/notes_carry.go", "t.visibility, t.visibility, a.words", "t.visibility, 'client', a.words", storeRoom, "TestTeamNotesAreCarried"},
	{"team notes are numbered after those of the draft", "store/notes_carry.go", "t.number + coalesce(own.last, 0)", "t.number", storeRoom, "TestTeamNotesAreCarried"},
	{"nobody reads that a note was the team's on the version before", "store/notes.go", "o.id is not null as carried", "t.carried_from is not null as carried", storeRoom, "TestTeamNotesAreCarried"},
	{"notes that are done aren't carried", "store/notes_carry.go", "  and t.resolved_at is null`", "`", storeRoom, "TestOpenNotesAreCarried"},
	{"whoever writes while a version is published is waited for", "store/notes_carry.go", "	tx.lockNotes(*before)\n", "", storeRoom, "TestOpenNotesAreCarried"},
	// Answers to open notes when the next version is published.
	{"only notes that are carried are answered", "store/notes_carry.go", "	if carried != len(all) {\n", "	if false {\n", storeRoom, "TestOnlyOpenNotesOfTheVersionBefore"},
	{"notes without a version before aren't answered", "store/notes_carry.go", "		if len(answers) > 0 {\n			return ErrNotesChanged\n", "		if false {\n			return ErrNotesChanged\n", storeRoom, "TestFirstVersionAnswersNothing"},
	{"nobody answers notes in a session", "store/notes_carry.go", "		if len(answers) > 0 {\n			return fmt.Errorf", "		if false {\n			return fmt.Errorf", handlerRoom, "TestActsOfSupportNameBoth"},
	{"asides aren't the words of a note that is offered", "store/notes_carry.go", "and c.visibility = chain.visibility\n", "\n", storeRoom, "TestOfferedNotesHaveNoAsides"},
	{"notes that are done aren't offered to answer", "store/notes_carry.go", "      and t.resolved_at is null\n      and exists", "      and exists", storeRoom, "TestOpenNotesAreAnswered"},
	{"publishing with an older page leaves downloads as somebody set them", "handlers/versions.go", "were != \"\" && f.Checked(\"downloads_wait\") != (were == \"wait\")", "were != \"\"", handlerRoom, "TestPublishFormSaysWhether"},
	{"the trail says that downloads wait", "store/versions.go", "	return tx.audit(Event{Verb: \"deliverable.updated\", TargetKind: KindDeliverable, TargetID: deliverable})\n", "	return nil\n", storeRoom, "TestPublishingSaysWhether"},
}
