package main

const (
	notesPageReads = "store/notes_page.go"
	notesPage      = "handlers/notes_page.go"
	drawingsFile   = "store/drawings.go"
	drawingsTables = "migrations/0074_drawings.sql"
)

// ofNotesPage are the guards around lists of notes, and around drawings.
var ofNotesPage = []mutant{
	{"nobody reads in a list that a note was the team's on the version before", notesPageReads, "       o.id is not null as carried,", "       l.carried_from is not null as carried,", storeRoom, "TestTeamNotesAreCarried|TestListsHaveWhatExportsHave"},
	{"nobody counts that a note was the team's on the version before", notesPageReads, "then (select true from threads p", "then true or (select true from threads p", storeRoom, "TestTeamNotesAreCarried"},
	{"a page lists so many notes", notesPageReads, "    limit ` + strconv.Itoa(NotesShown)", "    limit ` + strconv.Itoa(10*NotesShown)", storeRoom, "TestListsOfNotesAreBounded"},
	{"a note in a list has so many replies", notesPageReads, "`said.place = 1 or said.place > said.of - `+strconv.Itoa(RepliesShown)", "`true or said.place > said.of - `+strconv.Itoa(RepliesShown)", storeRoom, "TestListsOfNotesAreBounded"},
	{"a page of replies has so many", notesPageReads, "said.place <= @skip + `+strconv.Itoa(RepliesAlone)", "said.place <= 10 * @skip + `+strconv.Itoa(MaxReplies)", storeRoom, "TestListsOfNotesAreBounded"},
	{"the list is that of the file", notesPageReads, "      and (t.file_id is null or t.file_id = @file)`", "      and (t.file_id is null or t.file_id is not null or t.file_id = @file)`", storeRoom, "TestNotesAreListedByFile"},
	{"a drawing has three kinds of strokes", drawingsFile, "		return fmt.Errorf(\"a stroke of the kind %q\", s.Kind)", "		return nil", storeRoom, "TestMalformedDrawingsAreRefused"},
	{"a drawing lies on the picture", drawingsFile, "		if at < 0 || at > drawingEnd {", "		if false {", storeRoom, "TestMalformedDrawingsAreRefused"},
	{"a drawing has so many bytes", drawingsFile, "	if len(text) > MaxDrawing {", "	if false {", storeRoom, "TestMalformedDrawingsAreRefused"},
	{"a drawing has so many strokes", drawingsFile, "	if len(d) > MaxStrokes {", "	if false {", storeRoom, "TestMalformedDrawingsAreRefused"},
	{"a drawing has no other fields", drawingsFile, "	in.DisallowUnknownFields()\n", "", storeRoom, "TestMalformedDrawingsAreRefused"},
	{"nothing follows a drawing", drawingsFile, "	if _, err := in.Token(); err != io.EOF {", "	if false {", storeRoom, "TestMalformedDrawingsAreRefused"},
	{"a drawing has a place", drawingsFile, "	case len(d) > 0 && a.X == nil:\n", "	case false:\n", storeRoom, "TestDrawingsGoWithTheirNotes"},
	{"a drawing is stored as it was read", drawingsFile, "	return d.Text(), nil\n", "	return a.Drawing, nil\n", storeRoom, "TestDrawingsGoWithTheirNotes"},
	{"a drawing goes with its place", "store/notes_carry.go", "       case when f.id is not null then t.drawing end, t.id\n", "       t.drawing, t.id\n", storeRoom, "TestDrawingsGoWithTheirNotes"},
	{"the database bounds drawings", drawingsTables, "check (octet_length(drawing) between 1 and 8192)", "check (octet_length(drawing) between 0 and 81920)", storeRoom, "TestDatabaseBoundsDrawings"},
	{"the database takes no drawing without a place", drawingsTables, "check (drawing is null or x is not null)", "check (drawing is null or true)", storeRoom, "TestDatabaseBoundsDrawings"},
	{"a page draws what it can read only", notesPage, "	d, err := store.ParseDrawing(text)\n	if err != nil {\n		return nil\n	}\n", "	d, _ := store.ParseDrawing(text)\n", handlerRoom, "TestDrawingsAreNumbers"},
}
