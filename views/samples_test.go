package views_test

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"portico/views"
	"portico/views/ui"
)

// hostile is text that tries to break out of a page's markup.
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`

var (
	now  = time.Date(2026, 11, 22, 19, 30, 0, 0, time.UTC)
	acme = views.PathBase("acme")
)

func before(d time.Duration) time.Time { return now.Add(-d) }

func day(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }

const (
	longName = "The complete relaunch of the brand across print, web, packaging, trade fairs and everything else that " +
		"carries the name, including the parts nobody has thought of yet"
	longWord = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsmarkenauftrittserneuerungsprojektlenkungsausschussvorsitzendenstellvertretung"
	rtlName  = "حملة الربيع للعلامة التجارية"
)

func staff() views.Chrome {
	return views.Chrome{
		Base:      acme,
		Workspace: &views.Workspace{Name: "Acme", Agency: "Northwind", Accent: "#c2410c", BrandURL: acme.BrandStylesheet(views.BrandHash("#c2410c"))},
		Person:    views.Person{Name: "Dana Whitfield", Email: "dana@northwind.test"},
		Staff:     true,
		Links:     views.Links{Members: true, Activity: true, Support: true, Settings: true, Bin: true, Workspaces: true},
	}
}

func agency() views.Chrome {
	c := staff()
	c.Base = views.PathBase("northwind")
	c.Workspace = &views.Workspace{Name: "Northwind", Agency: "Northwind", IsAgency: true, Accent: "#15505c"}
	return c
}

func client() views.Chrome {
	c := staff()
	c.Staff = false
	c.Person = views.Person{Name: "Mia Chen", Email: "mia@acme.test"}
	c.Links = views.Links{Members: true, Activity: true, Support: true, Settings: true}
	return c
}

func personFrame() views.Chrome {
	return views.Chrome{Person: views.Person{Name: "Dana Whitfield", Email: "dana@northwind.test"}, Links: views.Links{Workspaces: true}}
}

func agent() views.Chrome {
	return views.Chrome{Person: views.Person{Name: "Sam Okafor", Email: "sam@portico.test"}, Links: views.Links{Console: true}}
}

// elsewhere is how a person in a distant time zone reads dates.
func elsewhere(c views.Chrome) views.Chrome {
	c.Dates = ui.DatesFor("Pacific/Auckland", "de-DE")
	return c
}

func inSupport(c views.Chrome) views.Chrome {
	c.Support = &views.SupportBar{
		Actor: "Sam", Subject: "Mia Chen", Tenant: "Acme", Ticket: "TICKET-123", Reason: "cannot open the logo file",
		EndsAt: time.Now().Add(41 * time.Minute), Left: "41 min left", StopURL: views.PathConsoleStop, WriteURL: "/support",
	}
	return c
}

func brand() *views.Brand {
	return &views.Brand{Name: "Acme portal", By: "Northwind", Accent: "#c2410c", BrandURL: acme.BrandStylesheet(views.BrandHash("#c2410c"))}
}

var providers = []views.Provider{{Name: "google", Label: "Google"}, {Name: "company", Label: "your company account"}}

func projectRows() []views.ProjectRow {
	return []views.ProjectRow{
		{ID: "p1", URL: acme.Project("p1"), Name: "Spring campaign", Summary: "Out of home, social and the landing page for April.", Due: day(27), Deliverables: 7, ForUs: 1, InReview: 2, New: 1, UpdatedAt: before(40 * time.Minute)},
		{ID: "p2", URL: acme.Project("p2"), Name: "Annual report 2026", Summary: "Eighty pages, two languages, one very tight date.", Due: day(19), Late: true, Deliverables: 3, InReview: 1, UpdatedAt: before(26 * time.Hour)},
		{ID: "p3", URL: acme.Project("p3"), Name: longName, Due: day(30), Deliverables: 1, Hidden: true, UpdatedAt: before(90 * time.Hour)},
		{ID: "p4", URL: acme.Project("p4"), Name: rtlName, Deliverables: 4, UpdatedAt: before(400 * time.Hour)},
	}
}

func deliverableRows() []views.DeliverableRow {
	return []views.DeliverableRow{
		{ID: "d1", URL: acme.Deliverable("d1"), Title: "Logo lockups", ThumbURL: "/sample/logo.svg", State: views.StateReview, Version: 3, New: true, Files: 4, Due: day(27), UpdatedAt: before(40 * time.Minute)},
		{ID: "d2", URL: acme.Deliverable("d2"), Title: "Poster series", ThumbURL: "/sample/poster.svg", State: views.StateApproved, Version: 2, Files: 12, UpdatedAt: before(70 * time.Hour)},
		{ID: "d3", URL: acme.Deliverable("d3"), Title: "Landing page", State: views.StateChanges, Version: 1, Draft: 2, Files: 1, Due: day(20), Late: true, UpdatedAt: before(5 * time.Hour)},
		{ID: "d4", URL: acme.Deliverable("d4"), Title: longName, State: views.StateDraft, Files: 0, UpdatedAt: before(200 * time.Hour)},
	}
}

func workRows() []views.WorkRow {
	return []views.WorkRow{
		{URL: acme.Deliverable("d1"), Title: "Logo lockups", Project: "Spring campaign", ThumbURL: "/sample/logo.svg", Version: 3, Since: before(5 * 24 * time.Hour), Due: day(27)},
		{URL: acme.Deliverable("d5"), Title: "Chairman's letter, final copy", Project: "Annual report 2026", Version: 1, Since: before(9 * 24 * time.Hour), Due: day(19), Late: true},
	}
}

// askedRows are rows of those on which somebody is asked to decide.
func askedRows(forStaff bool) []views.WorkRow {
	rows := workRows()
	rows = append(rows, views.WorkRow{URL: acme.Deliverable("d6"), Title: longName, Project: longWord, Version: 12, Due: day(1), Late: true})
	for i := range rows {
		rows[i].Since = time.Time{}
		rows[i].Asked = &views.AskedWork{By: "Dana Whitfield", Since: before(30 * time.Hour)}
		if forStaff {
			rows[i].Asked.Who, rows[i].Asked.Told = []string{"Mia Chen", rtlName, hostile}[i], true
		}
	}
	rows[1].Asked.Reminded = before(3 * time.Hour)
	if forStaff {
		rows[1].Asked.Opened = before(2 * time.Hour)
	}
	return rows
}

func events() []views.EventRow {
	return []views.EventRow{
		{Actor: "Mia Chen", Verb: "downloaded", Target: "Logo_v3.pdf", TargetURL: acme.File("f1"), Where: "Spring campaign", At: before(12 * time.Minute)},
		{Actor: "Mia Chen", Verb: "opened", Target: "Logo lockups", TargetURL: acme.Deliverable("d1"), Where: "Spring campaign", At: before(50 * time.Minute), Support: "Sam of support, as Mia Chen"},
		{Actor: "Ravi Patel", Verb: "published version 3 of", Target: "Logo lockups", TargetURL: acme.Deliverable("d1"), Where: "Spring campaign", At: before(3 * time.Hour)},
		{Actor: "Leo Park", Verb: "tried to open the settings", At: before(5 * time.Hour), Denied: true},
		{Actor: "Dana Whitfield", Verb: "created the project", Target: rtlName, TargetURL: acme.Project("p4"), At: before(7 * time.Hour)},
	}
}

func sealedEvents() []views.EventRow {
	all := events()
	for i := range all {
		all[i].URL, all[i].Seal = acme.ActivityEvent("e1"), "sealed #41,19"+strconv.Itoa(i)
	}
	all[0].Seal = "not sealed yet"
	return all
}

func fileRows() []views.FileRow {
	return []views.FileRow{
		{ID: "f1", Name: "Logo_v3.png", Kind: views.FileImage, Type: "PNG image", Size: ui.Size(2_412_000), DownloadURL: acme.File("f1"), ShownURL: "/sample/logo.svg", InlineURL: "/sample/logo.svg", CanDelete: true},
		{ID: "f2", Name: "Acme brand guidelines.pdf", Kind: views.FilePDF, Type: "PDF", Size: ui.Size(18_900_000), DownloadURL: acme.File("f2"), ShownURL: acme.FileInline("f2", "Acme brand guidelines.pdf"), InlineURL: acme.FileInline("f2", "Acme brand guidelines.pdf"), CanDelete: true},
		{ID: "f3", Name: "Everything for the printer, with fonts and links, do not open on a phone.zip", Kind: views.FileOther, Type: "ZIP archive", Size: ui.Size(1_300_000_000), DownloadURL: acme.File("f3"), CanDelete: true},
		{ID: "f4", Name: "teaser_4k.mov", Kind: views.FileVideo, Type: "QuickTime film", Size: ui.Size(840_000_000), State: views.StateWaiting, CanDelete: true},
	}
}

func workProps() views.DeliverableShowProps {
	files := fileRows()
	for i := range files {
		files[i].URL = acme.DeliverableFile("d1", 3, files[i].ID)
	}
	files[0].Lead, files[1].CanLead = true, true
	return views.DeliverableShowProps{
		ID: "d1", Title: "Logo lockups", Brief: "Please look at the spacing of the horizontal one, and at the mark in small sizes.",
		ProjectName: "Spring campaign", ProjectURL: acme.Project("p1"), Due: day(27), WhoSees: "Mia Chen, Leo Park and 4 people at Northwind",
		Versions: []views.VersionTab{
			{Number: 4, URL: acme.DeliverableVersion("d1", 4), State: views.StateDraft},
			{Number: 3, URL: acme.DeliverableVersion("d1", 3), State: views.StateReview, Current: true},
			{Number: 2, URL: acme.DeliverableVersion("d1", 2), State: views.StatePast},
			{Number: 1, URL: acme.DeliverableVersion("d1", 1), State: views.StatePast},
		},
		CompareURL: acme.Compare("d1", views.Compared{A: 2, B: 3}),
		Version:    &views.Version{Number: 3, State: views.StateReview, Note: "Wider spacing in the horizontal lockup, and the mark is redrawn for 16 pixels.", CreatedBy: "Ravi Patel", CreatedAt: before(30 * time.Hour), PublishedBy: "Ravi Patel", PublishedAt: before(3 * time.Hour)},
		Hero:       &files[0], Files: files, Paging: views.Paging{Number: 1, Of: 4, Next: files[1].URL},
		ZipURL: acme.FilesZip("v3"), ZipSize: ui.Size(1_321_312_000), CanEdit: true, CanArchive: true, CanDelete: true, NextVersion: 5,
	}
}

// unseenDraft is a draft that can be published, while nobody of the client has joined.
func unseenDraft() views.DeliverableShowProps {
	p := draftProps()
	p.WillSee, p.Invited, p.InviteURL = nil, []string{"Mia Chen (mia@acme.test)", longName + " (long@acme.test)"}, acme.InviteNew()
	return p
}

func draftProps() views.DeliverableShowProps {
	p := workProps()
	p.Versions[0].Current, p.Versions[1].Current = true, false
	p.Version = &views.Version{Number: 4, State: views.StateDraft, CreatedBy: "Ravi Patel", CreatedAt: before(time.Hour)}
	p.Upload = &views.UploadProps{FormURL: acme.Files("d1"), CreateURL: acme.Uploads("d1"), MaxSize: 85_899_345_920}
	p.CanPublish, p.WillSee = true, []string{"Mia Chen (mia@acme.test)", "Leo Park (leo@acme.test)"}
	return p
}

// answeringDraft is a draft that is published with answers to the notes before it.
func answeringDraft(wrong string) views.DeliverableShowProps {
	p := draftProps()
	p.Downloads = &views.DownloadsBox{Wait: true}
	p.Carry = &views.CarryProps{More: true, Notes: []views.CarryNote{
		{ID: "n1", Label: "1", Author: "Mia Chen", Words: "Could this be darker?", Where: "Logo.pdf, page 2", Done: true, Line: "Two steps darker"},
		{ID: "n2", Label: "4", Author: rtlName, Words: hostile},
		{ID: "n3", Label: "12", Author: longName, Words: longWord, Where: longName + ".png", Line: hostile, Error: wrong},
	}}
	if wrong != "" {
		p.Refused = "Nothing is published yet: check what you wrote about the notes."
		p.Kept = []views.KeptText{{Label: "Line about a note", Text: hostile}}
	}
	return p
}

func clientWork() views.DeliverableShowProps {
	p := workProps()
	p.CanEdit, p.CanArchive, p.CanDelete = false, false, false
	p.Versions = p.Versions[1:]
	p.WhoSees = "Leo Park, you and the team of Northwind"
	p.Files = p.Files[:3]
	for i := range p.Files {
		p.Files[i].CanDelete = false
	}
	return p
}

// review is what a version waits for, and what people decided on it.
func review() *views.ReviewProps {
	return &views.ReviewProps{
		Content: strings.Repeat("0f", 32), Files: []string{"Logo_v3.png", "Acme brand guidelines.pdf", longName + ".zip", "teaser_4k.mov"},
		Waiting: []views.RequestRow{
			{Name: "Mia Chen", Since: before(26 * time.Hour), Due: day(27), Told: true},
			{Name: longName, Since: before(26 * time.Hour), Due: day(20), Late: true, Told: true, Opened: before(time.Hour), Reminded: before(3 * time.Hour)},
		},
		Later: []string{rtlName, "Leo Park"}, OneIsEnough: true,
		Decisions: []views.DecisionRow{
			{Name: hostile, Answer: views.StateChangesRequired, Words: hostile + "\n" + longWord, At: before(3 * time.Hour)},
			{Name: rtlName, Answer: views.StateApprovedWith, Words: "A little darker.", At: before(4 * time.Hour)},
			{Name: "Leo Park", Answer: views.StateApproved, At: before(5 * time.Hour), Earlier: true},
		},
	}
}

func people() []views.PersonOption {
	return []views.PersonOption{{ID: "u1", Name: "Mia Chen", Chosen: true, Place: 1}, {ID: "u2", Name: longName, Place: 2}, {ID: "u3", Name: rtlName, Chosen: true, Place: 3}, {ID: "u4", Name: hostile, Place: 4}}
}

// asked is a version on which the reader is asked to decide, with a form open in the page.
func askedWork(form string, errs ui.Errors) views.DeliverableShowProps {
	p := clientWork()
	p.Review = review()
	p.Review.CanDecide, p.Review.AskedBy, p.Review.Due, p.Review.PassTo = true, "Dana Whitfield", day(27), people()
	p.Review.Waiting[0].You = true
	if form == "" {
		for i := range p.Files {
			p.Files[i].DownloadURL = ""
		}
		p.ZipURL, p.UnlocksWords = "", "You can download the files when version 3 is approved. You can look at them here until then."
	}
	for i := range p.Review.Waiting {
		p.Review.Waiting[i].Told, p.Review.Waiting[i].Opened = false, time.Time{}
	}
	p.Review.Open, p.Review.Errors, p.Review.Words = form, errs, hostile
	return p
}

func decided(a views.State) views.DeliverableShowProps {
	p := askedWork("", nil)
	p.Version.State = a
	p.Review.AskedBy, p.Review.Waiting, p.Review.Later, p.Review.PassTo = "", nil, nil, nil
	p.Review.Yours = &views.DecisionRow{Name: "Mia Chen", You: true, Answer: a, Words: "Darker.", At: before(time.Hour)}
	return p
}

// asking is a published version of which staff can ask, or see whom they asked.
func asking(asks *views.AskProps, r *views.ReviewProps) views.DeliverableShowProps {
	p := workProps()
	p.Ask, p.Review, p.DownloadsWait = asks, r, true
	if r != nil && asks == nil {
		p.Review.CanWithdraw, p.Review.CanClose = true, true
	}
	return p
}

func askingDraft(errs ui.Errors) views.DeliverableShowProps {
	p := draftProps()
	p.Ask = &views.AskProps{People: people(), Rule: "order", Due: "2026-12-05", Errors: errs}
	if errs != nil {
		p.Refused = "Nothing is published yet: check whom you ask to decide."
	}
	return p
}

func withKind(kind views.FileKind) views.DeliverableShowProps {
	p := clientWork()
	hero := p.Files[0]
	hero.Kind, hero.Name = kind, "Acme brand guidelines."+string(kind)
	if kind == views.FileOther {
		hero = p.Files[2]
	}
	p.Hero = &hero
	return p
}

// recordedWork is a video with notes at times of it, as staff see them.
func recordedWork() views.DeliverableShowProps {
	p := notedWork()
	hero := p.Files[0]
	hero.Kind, hero.Name, hero.ShownURL, hero.PosterURL = views.FileVideo, "Cut.mov", acme.FilePlayable("f1"), "/sample/poster.svg"
	hero.Length, hero.FrameRate, hero.FrameWords, hero.FirstFrame, hero.DropsFrames = "1:30", "30000/1001", "29.97 fps", 107892, 2
	hero.StageNote = "This is a copy for the browser. The download is the original."
	p.Hero = &hero
	for i, m := range []*views.Mark{{From: 1200}, nil, {From: 4000, Length: 1500}, {From: 10_000}} {
		p.Notes.List[i].Pin, p.Notes.List[i].Mark = nil, m
	}
	p.Notes.Exports = []views.NoteExport{{Label: "CSV", Title: "A table for spreadsheets", URL: acme.NotesExport("d1", 3, "csv", "")}, {Label: "FCPXML", Title: "Markers for Final Cut Pro", URL: acme.NotesExport("d1", 3, "fcpxml", "f1")}}
	return p
}

// documentWork is a document with its second page shown.
func documentWork() views.DeliverableShowProps {
	p := withKind(views.FilePDF)
	p.Hero.Page = &views.DocumentPage{
		Paging: views.Paging{Number: 2, Of: 500, Previous: acme.DeliverableFilePage("d1", 3, "f1", 1), Next: acme.DeliverableFilePage("d1", 3, "f1", 3)},
		URL:    acme.FilePage("f1", 2), Note: "These are the first 500 of 10000 pages. Download the file for all of them.",
	}
	return p
}

// comparedWork compares a page of a document, in that mode.
func comparedWork(mode string, change func(*views.CompareProps)) views.CompareProps {
	row := fileRows()[1]
	row.Page = nil
	side := func(page int) *views.CompareSide {
		return &views.CompareSide{File: row, Page: page, Picture: "/sample/logo.svg"}
	}
	p := views.CompareProps{
		Compared: views.Compared{A: 3, B: 4, File: "f2", Page: 2, Mode: mode, At: 25}, ID: "d1", Title: "Logo lockups", ProjectName: "Spring campaign", ProjectURL: acme.Project("p1"),
		VersionsA: []ui.Option{{Value: "4", Label: "Version 4 (draft)"}, {Value: "3", Label: "Version 3", Selected: true}},
		VersionsB: []ui.Option{{Value: "4", Label: "Version 4 (draft)", Selected: true}, {Value: "3", Label: "Version 3"}},
		Files: []views.ComparedFile{
			{Name: "Logo_v3.png", URL: acme.Compare("d1", views.Compared{A: 3, B: 4, File: "f1"}), Change: "changed", Kind: views.FileImage},
			{Name: row.Name, URL: acme.Compare("d1", views.Compared{A: 3, B: 4, File: "f2"}), Change: "changed", Kind: views.FilePDF, Current: true},
			{Name: longName + ".zip", URL: acme.Compare("d1", views.Compared{A: 3, B: 4, File: "f3"}), Change: "only in version 4"},
		},
		A2: side(2), B2: side(3), Slides: true, Differs: true,
		Paging: views.Paging{Number: 2, Of: 8, Previous: acme.Compare("d1", views.Compared{A: 3, B: 4, File: "f2"}), Next: acme.Compare("d1", views.Compared{A: 3, B: 4, File: "f2", Page: 3})},
	}
	for n := range 60 {
		p.ChangedPages = append(p.ChangedPages, views.ChangedPage{Number: n + 2, URL: acme.Compare("d1", views.Compared{A: 3, B: 4, File: "f2", Page: n + 2}), Current: n == 0})
	}
	if change != nil {
		change(&p)
	}
	return p
}

func sessions() []views.SupportSessionRow {
	return []views.SupportSessionRow{
		{Agent: "Sam", By: "Sam of support, as Mia Chen", Reason: "cannot open the logo file", Ticket: "TICKET-123", StartedAt: before(19 * time.Minute), EndsAt: now.Add(41 * time.Minute), EndURL: acme.SupportSessionEnd("s1"), LedgerURL: acme.Activity(nil), Acts: "14 pages, 1 download", ID: "s1", ReviewURL: acme.SupportSessionReview("s1")},
		{Agent: "Sam", By: "Sam of support, as Mia Chen", Reason: "cannot open the logo file", Ticket: "TICKET-122", StartedAt: before(40 * time.Hour), EndedAt: before(39 * time.Hour), LedgerURL: acme.Activity(nil), ID: "s2", ReviewURL: acme.SupportSessionReview("s2"), Flag: hostile, FlagErrors: ui.Errors{"words": "This is too long."}},
		{Agent: "Sam", By: "Sam of support, as Mia Chen", Ticket: "TICKET-121", StartedAt: before(90 * time.Hour), EndedAt: before(89 * time.Hour), Review: "Mia Chen found it in order"},
		{Agent: "Dana Whitfield", By: "Dana Whitfield of Northwind viewed the portal as Leo Park", Reason: "checking the portal before the launch", Ticket: "LAUNCH", StartedAt: before(50 * time.Hour), EndedAt: before(49 * time.Hour), LedgerURL: acme.Activity(nil)},
		{Agent: "Sam", By: "Sam of support, as Mia Chen", Write: true, Reason: longName, Ticket: "TICKET-99", StartedAt: before(500 * time.Hour), EndedAt: before(500*time.Hour - 12*time.Minute), Review: longName + " reported it", Flag: hostile + longName},
	}
}

// sample is one page with believable content.
type sample struct {
	name string
	page templ.Component
}

func samples() []sample {
	var list []sample
	for _, group := range [][]sample{signInSamples(), homeSamples(), workSamples(), placeSamples(), clientSamples(), supportSamples(), errorSamples()} {
		list = append(list, group...)
	}
	return list
}

func signInSamples() []sample {
	bad := ui.Errors{"email": "That does not look like an address. Is the @ in place?"}
	return []sample{
		{"signin", views.SignIn(views.SignInProps{Providers: providers, Passkeys: true, ReturnTo: "/w/acme/"})},
		{"signin-brand", views.SignIn(views.SignInProps{Brand: brand(), Providers: providers[:1], Notice: "Please sign in to go on."})},
		{"signin-error", views.SignIn(views.SignInProps{Email: "mia@acme", Errors: bad})},
		{"signin-open", views.SignIn(views.SignInProps{SignUp: true})},
		{"signup", views.SignUp(views.SignUpProps{Providers: providers})},
		{"signup-invited", views.SignUp(views.SignUpProps{Invited: true, Notice: "Your session has ended."})},
		{"signup-error", views.SignUp(views.SignUpProps{Email: hostile, Errors: bad})},
		{"signup-sent", views.SignInSent(views.SignInSentProps{Email: "nora@studio.test", ReturnTo: views.PathSignUpAgency, ResendSeconds: 30, SignUp: true})},
		{"signup-link", views.SignInLink(views.SignInLinkProps{MaskedEmail: "n…@s…", ActionURL: views.LoginLink("token"), SignUp: true})},
		{"signup-agency", views.NewAgency(personFrame(), views.NewAgencyProps{Address: "portal.example/w/", AsksOwner: true})},
		{"signup-agency-error", views.NewAgency(personFrame(), views.NewAgencyProps{Address: "portal.example/w/", AsksOwner: true, Form: views.NewAgencyForm{
			Name: hostile, Slug: "northwind", Errors: ui.Errors{"slug": "That address is not available.", "owner": "Enter your name."}}})},
		{"signin-minimal", views.SignIn(views.SignInProps{})},
		{"signin-hostile", views.SignIn(views.SignInProps{Email: hostile, ReturnTo: hostile, Notice: hostile, Brand: &views.Brand{Name: hostile, By: hostile, Accent: hostile}})},
		{"sent", views.SignInSent(views.SignInSentProps{Brand: brand(), Email: "mia@acme.test", ResendSeconds: 42})},
		{"sent-error", views.SignInSent(views.SignInSentProps{Email: "mia@acme.test", TriesLeft: 3, Errors: ui.Errors{"code": "That code is not the one we sent."}})},
		{"sent-minimal", views.SignInSent(views.SignInSentProps{})},
		{"link", views.SignInLink(views.SignInLinkProps{Brand: brand(), MaskedEmail: "m…@a…", ActionURL: views.LoginLink("token")})},
		{"link-minimal", views.SignInLink(views.SignInLinkProps{})},
		{"expired", views.SignInExpired(views.SignInExpiredProps{Reason: views.ReasonExpired, Email: "mia@acme.test"})},
		{"expired-used", views.SignInExpired(views.SignInExpiredProps{Reason: views.ReasonUsed})},
		{"expired-tries", views.SignInExpired(views.SignInExpiredProps{Reason: views.ReasonTooMany})},
		{"expired-other", views.SignInExpired(views.SignInExpiredProps{Reason: views.ReasonOtherFlow})},
		{"expired-code", views.SignInExpired(views.SignInExpiredProps{Reason: views.ReasonCodeExpired, Email: "mia@acme.test"})},
		{"expired-code-used", views.SignInExpired(views.SignInExpiredProps{Reason: views.ReasonCodeUsed})},
		{"expired-minimal", views.SignInExpired(views.SignInExpiredProps{})},
		{"stepup", views.StepUp(views.StepUpProps{Purpose: "to start a support session in Acme", MaskedEmail: "s…@p…", Passkeys: true})},
		{"stepup-own", views.StepUp(views.StepUpProps{Purpose: "to make changes in a support session", OwnProof: true, MaskedEmail: "s…@p…", ReturnTo: "/support/write", From: "/w/acme/projects", NotNowURL: "/w/acme/projects"})},
		{"stepup-passkey", views.StepUp(views.StepUpProps{Purpose: "to start a support session", MaskedEmail: "s…@p…", Passkeys: true, NoCodes: true, ReturnTo: "/support"})},
		{"stepup-providers", views.StepUp(views.StepUpProps{MaskedEmail: "s…@p…", Providers: providers, ReturnTo: "/account"})},
		{"stepup-all", views.StepUp(views.StepUpProps{MaskedEmail: "s…@p…", Sent: true, Passkeys: true, Providers: providers[:1]})},
		{"to-provider", views.ToProvider(views.ToProviderProps{Label: "your company account", URL: "#"})},
		{"error-taken", views.Error(views.ErrorProps{Status: 409, RequestID: "0199", Title: "That account is taken", Sentence: "Someone else signs in with that account at Google, so it wasn't linked to yours. Link another account.", LinkURL: views.PathAccount, LinkLabel: "Go to your account"}, nil)},
		{"stepup-sent", views.StepUp(views.StepUpProps{MaskedEmail: "s…@p…", Sent: true, ResendSeconds: 20, Errors: ui.Errors{"code": "That code is not the one we sent."}})},
		{"leaving", views.Leaving(views.LeavingProps{Host: "portal.acme.test", URL: "#"})},
		{"invite", views.InviteShow(invite("mia@acme.test"))},
		{"invite-elsewhere", views.InviteShow(invite("dana@northwind.test"))},
		{"invite-stranger", views.InviteShow(invite(""))},
		{"invite-over", views.InviteOver(views.InviteOverProps{Why: "expired"})},
		{"invite-used", views.InviteOver(views.InviteOverProps{Why: "used"})},
		{"signedout", views.SignedOut(views.SignedOutProps{})},
		{"trust", views.Trust(views.TrustProps{Subprocessors: []string{"Example Cloud, hosting, Germany", rtlName, hostile},
			Proofs: map[string]views.TrustProof{"isolation": {TriedAt: before(time.Hour), HeldAt: before(time.Hour)}, "support": {TriedAt: before(time.Hour), HeldAt: before(50 * time.Hour)}}})},
		{"trust-new", views.Trust(views.TrustProps{Proofs: map[string]views.TrustProof{"support": {TriedAt: before(time.Hour)}}})},
		{"api", views.API(views.APIProps{Address: "https://portico.example/api/v1", Metrics: "aiRuns, render_minutes",
			Operations: []views.APIOperation{{Method: "POST", Path: "/api/v1/projects/{id}/deliverables", Summary: "Create a deliverable, with a first draft version.", Scope: "work:deliver"}},
			Problems:   []views.APIProblem{{Type: "plan-limit", Status: "402", Means: "The plan allows no more."}}})},
		{"signedout-everywhere", views.SignedOut(views.SignedOutProps{Everywhere: true, Brand: brand()})},
		{"signedout-erased", views.SignedOut(views.SignedOutProps{Erased: true})},
		{"forget", views.Forget(personFrame(), views.ForgetProps{Email: "dana@northwind.test", Places: 1})},
		{"forget-sure", views.Forget(personFrame(), views.ForgetProps{Email: "dana@northwind.test", Places: 12, Nameless: []string{"Globex", rtlName}, Fresh: true})},
		{"forget-error", views.Forget(personFrame(), views.ForgetProps{Email: hostile, Places: 2, Nameless: []string{hostile, longName}, Fresh: true,
			Form: views.ForgetForm{Address: hostile, Errors: ui.Errors{"address": "That is not the address of this account."}}})},
		{"forget-alone", views.Forget(personFrame(), views.ForgetProps{Email: "dana@northwind.test", Places: 3, Fresh: true, Refused: true,
			Alone: []views.ForgetWorkspace{{Name: "Northwind", MembersURL: acme.Members()}, {Name: rtlName, MembersURL: acme.Members()}, {Name: hostile, MembersURL: acme.Members()}}})},
		{"forget-nowhere", views.Forget(personFrame(), views.ForgetProps{Email: "dana@northwind.test"})},
	}
}

func invite(signedIn string) views.InviteProps {
	return views.InviteProps{
		Brand: *brand(), By: "Dana Whitfield", From: "Northwind", Place: views.InvitePlace("Northwind", "Acme", false), Role: "Viewer", May: "You can see the projects and download files.", Email: "mia@acme.test", SignedIn: signedIn,
		URL: views.Invite("token"), Providers: providers, Form: views.InviteForm{Name: "Mia", Errors: ui.Errors{"name": "That is too long."}},
	}
}

func workspaces() []views.WorkspaceRow {
	return []views.WorkspaceRow{
		{URL: "/w/northwind/", Name: "Northwind", Accent: "#15505c", Under: "Your agency", LastActivity: before(2 * time.Hour)},
		{URL: "/w/acme/", Name: "Acme", Accent: "#c2410c", Under: "Client of Northwind", Unread: 3, ForUs: 1, InReview: 2, LastActivity: before(12 * time.Minute)},
		{URL: "/w/globex/", Name: "Globex", Accent: "#facc15", Under: "Client of Northwind", InReview: 1, LastActivity: before(30 * time.Hour)},
		{URL: "/w/umbra/", Name: "Umbra & Söhne Verwaltungsgesellschaft für besonders lange Firmennamen mbH & Co. KG", Under: "Client of Northwind", State: views.StateSuspended},
		{URL: "/w/rtl/", Name: "شركة الأفق للتصميم", Accent: "#7c3aed", Under: "Client of Northwind", LastActivity: before(300 * time.Hour)},
	}
}

func homeSamples() []sample {
	undo := staff()
	undo.Flash = views.Flash{Text: "Spring campaign moved to the bin.", UndoURL: acme.ProjectRestore("p1")}
	fresh := staff()
	fresh.Workspace.Accent, fresh.Workspace.BrandURL = "", ""
	nasty := staff()
	nasty.Workspace = &views.Workspace{Name: hostile, Agency: hostile, Accent: hostile}
	nasty.Person = views.Person{Name: hostile, Email: hostile}
	nasty.Flash = views.Flash{Text: hostile}
	return []sample{
		{"home-staff", views.StaffHome(personFrame(), views.StaffHomeProps{Workspaces: workspaces(), Since: []views.WorkspaceNews{{Name: "Acme", Accent: "#c2410c", URL: "/w/acme/", Events: events()[:3]}, {Name: longName, URL: "/w/x/", Events: events()[3:4]}}, OlderURL: "/?after=x"})},
		{"home-staff-none", views.StaffHome(personFrame(), views.StaffHomeProps{Query: "zzz"})},
		{"switcher", views.Switcher(personFrame(), views.SwitcherProps{Workspaces: workspaces(), MoreURL: "/switcher?after=x"})},
		{"switcher-none", views.Switcher(personFrame(), views.SwitcherProps{Query: "zzz", FirstURL: "/switcher?q=zzz"})},
		{"home-nowhere", views.NoWorkspaces(personFrame(), false)},
		{"home-nowhere-signup", views.NoWorkspaces(personFrame(), true)},
		{"workspace", views.WorkspaceHome(undo, views.WorkspaceHomeProps{
			ForUs:    []views.WorkRow{{URL: acme.Deliverable("d3"), Title: "Landing page", Project: longName, What: "Version 2 to publish", Since: before(5 * time.Hour), Due: day(20), Late: true}},
			InReview: workRows(), Projects: projectRows(), Latest: events(), CanCreate: true,
		})},
		{"workspace-agency", views.WorkspaceHome(agency(), views.WorkspaceHomeProps{Latest: events()[:1]})},
		{"workspace-empty", views.WorkspaceHome(fresh, views.WorkspaceHomeProps{CanCreate: true})},
		{"workspace-hostile", views.WorkspaceHome(nasty, views.WorkspaceHomeProps{
			InReview: []views.WorkRow{{URL: "javascript:alert(1)", Title: hostile, Project: hostile, ThumbURL: "javascript:alert(1)", Since: now}},
			Projects: []views.ProjectRow{{ID: "x", URL: "/", Name: hostile}},
			Latest:   []views.EventRow{{Actor: hostile, Verb: hostile, Target: hostile, TargetURL: "javascript:alert(1)", Where: hostile, Support: hostile, At: now}},
		})},
		{"portal", views.ClientHome(client(), views.ClientHomeProps{
			FirstName: "Mia", Welcome: "Everything we make for you, in one place.", New: workRows(), Projects: projectRows(),
		})},
		{"portal-waiting", views.ClientHome(client(), views.ClientHomeProps{FirstName: "Mia", ForYou: askedRows(false), New: workRows()[:1], Projects: projectRows()[:2]})},
		{"workspace-waiting", views.WorkspaceHome(staff(), views.WorkspaceHomeProps{ForClient: askedRows(true), Projects: projectRows()})},
		{"portal-quiet", views.ClientHome(client(), views.ClientHomeProps{
			FirstName: "Mia", Projects: projectRows()[:2],
			Approved: &views.WorkRow{URL: acme.Deliverable("d2"), Title: "Poster series", Project: "Spring campaign", ThumbURL: "/sample/poster.svg", Version: 2},
		})},
		{"portal-empty", views.ClientHome(client(), views.ClientHomeProps{})},
		{"portal-support", views.ClientHome(inSupport(client()), views.ClientHomeProps{FirstName: "Mia", New: []views.WorkRow{{URL: acme.Deliverable("d1"), Title: longName, Project: longName, Version: 1}}})},
		{"account", views.Account(elsewhere(personFrame()), views.AccountProps{
			Email: "dana@northwind.test", Form: views.AccountForm{Name: "Dana Whitfield", TimeZone: "Pacific/Auckland", Locale: "de-DE"}, Forgets: true,
			Ways: views.WaysProps{More: providers, Linked: []views.LinkedRow{
				{Label: "GitHub", Email: "dana.whitfield+everything@elsewhere.example", AddedAt: before(500 * time.Hour), UsedAt: before(time.Hour), UnlinkURL: views.Unlink("i1")},
				{Label: longName, AddedAt: before(time.Hour), UnlinkURL: views.Unlink("i2")},
			}},
			Passkeys: &views.PasskeysProps{Suggested: "Firefox on Linux", Fresh: true, Rows: []views.PasskeyRow{
				{Name: longName, BackedUp: true, AddedAt: before(500 * time.Hour), UsedAt: before(time.Hour), RemoveURL: views.PasskeyRemove("k1")},
				{Name: "Key ring", AddedAt: before(time.Hour), RemoveURL: views.PasskeyRemove("k2")},
			}},
			Browsers: []views.BrowserRow{
				{Name: "Firefox on Linux", LastSeen: before(time.Minute), SignedInAt: before(50 * time.Hour), This: true},
				{Name: "Safari on iPhone", Where: "acme.example", LastSeen: before(20 * time.Hour), SignedInAt: before(500 * time.Hour), SignOutURL: views.BrowserSignOut("b1")},
			},
			Events: []views.AccountEventRow{{Sentence: "Signed in by mail, Firefox on Linux", At: before(50 * time.Hour)}, {Sentence: "A code was tried and was wrong", At: before(51 * time.Hour), Denied: true}},
		})},
		{"account-agent", views.Account(agent(), views.AccountProps{Email: "sam@portico.test", FixedAs: "Sam Okafor", Passkeys: &views.PasskeysProps{}})},
		{"account-hostile", views.Account(personFrame(), views.AccountProps{
			Email: hostile, Form: views.AccountForm{Name: hostile},
			Ways: views.WaysProps{Fresh: true, More: []views.Provider{{Name: hostile, Label: hostile}}, Linked: []views.LinkedRow{{Label: hostile, Email: hostile, AddedAt: before(time.Hour), UnlinkURL: views.Unlink("i3")}}},
		})},
		{"account-minimal", views.Account(personFrame(), views.AccountProps{Passkeys: &views.PasskeysProps{}, Form: views.AccountForm{Errors: ui.Errors{"name": "Enter your name."}}})},
		{"account-dates-refused", views.Account(personFrame(), views.AccountProps{Form: views.AccountForm{
			Name: "Dana Whitfield", TimeZone: "Mars/Phobos", Locale: "xx-XX", Errors: ui.CheckDates("Mars/Phobos", "xx-XX"),
		}})},
	}
}

func workSamples() []sample {
	wrong := views.ProjectForm{Summary: "Kept as typed.", Due: "2026-02-31", Errors: ui.Errors{"name": "Give the project a name.", "due": "There is no such day."}}
	archived := views.ProjectShowProps{ID: "p1", Name: longName, Archived: true, CanArchive: true}
	return []sample{
		{"projects", views.ProjectList(staff(), views.ProjectListProps{Projects: projectRows(), InUseCount: "4", ArchivedCount: "11", CanCreate: true, CanReorder: true, OlderURL: "/w/acme/projects?after=x"})},
		{"projects-order", views.ProjectList(staff(), views.ProjectListProps{Projects: projectRows(), CanReorder: true, Ordering: true})},
		{"projects-client", views.ProjectList(client(), views.ProjectListProps{Projects: projectRows()[:2]})},
		{"projects-empty", views.ProjectList(staff(), views.ProjectListProps{CanCreate: true})},
		{"projects-empty-client", views.ProjectList(client(), views.ProjectListProps{})},
		{"projects-archived-empty", views.ProjectList(staff(), views.ProjectListProps{Archived: true})},
		{"project-new", views.ProjectEdit(staff(), views.ProjectFormProps{Form: views.ProjectForm{Visible: true}})},
		{"project-long", views.ProjectEdit(staff(), views.ProjectFormProps{ID: "p1", Name: "Spring campaign", Form: views.ProjectForm{Name: strings.Repeat("y", 161), Errors: ui.Errors{"name": "That has 161 characters. At most 160 fit."}}})},
		{"project-edit-error", views.ProjectEdit(staff(), views.ProjectFormProps{ID: "p1", Name: "Spring campaign", Form: wrong})},
		{"project", views.ProjectShow(staff(), views.ProjectShowProps{
			ID: "p1", Name: "Spring campaign", Summary: "Out of home, social and the landing page for April.", Due: day(27), WhoSees: "Everyone at Acme and 4 people at Northwind",
			Deliverables: deliverableRows(), CanCreate: true, CanReorder: true, CanEdit: true, CanArchive: true, CanDelete: true,
		})},
		{"project-order", views.ProjectShow(staff(), views.ProjectShowProps{ID: "p1", Name: "Spring campaign", Deliverables: deliverableRows(), CanReorder: true, Ordering: true})},
		{"project-client", views.ProjectShow(client(), views.ProjectShowProps{ID: "p1", Name: "Spring campaign", Deliverables: deliverableRows()[:2]})},
		{"project-empty", views.ProjectShow(staff(), views.ProjectShowProps{ID: "p1", Name: rtlName, CanCreate: true, Hidden: true})},
		{"project-archived", views.ProjectShow(staff(), archived)},
		{"discussion", views.Discussion(staff(), discussionProps())},
		{"discussion-client", views.Discussion(client(), clientDiscussion())},
		{"discussion-empty", views.Discussion(client(), views.DiscussionProps{Name: rtlName, Tabs: views.ProjectTabs{ID: "p1", Current: "discussion"}, Notes: views.NotesProps{Form: &views.NoteForm{URL: acme.Discussion("p1"), Key: "k0"}}})},
		{"discussion-refused", views.Discussion(staff(), refusedDiscussion())},
		{"deliverable-new", views.DeliverableEdit(staff(), views.DeliverableFormProps{ProjectID: "p1", ProjectName: "Spring campaign"})},
		{"deliverable-edit-error", views.DeliverableEdit(staff(), views.DeliverableFormProps{ID: "d1", Title: "Logo lockups", ProjectID: "p1", ProjectName: "Spring campaign", Form: views.DeliverableForm{Errors: ui.Errors{"title": "Enter a title.", "": "Somebody else changed it meanwhile."}}})},
		{"work", views.DeliverableShow(staff(), workProps())},
		{"work-notes", views.DeliverableShow(staff(), notedWork())},
		{"work-note-refused", views.DeliverableShow(staff(), refusedNote())},
		{"work-notes-client", views.DeliverableShow(client(), clientNotes())},
		{"work-notes-locked", views.DeliverableShow(client(), lockedNotes())},
		{"work-notes-failed", views.DeliverableShow(client(), failedNotes())},
		{"work-draft", views.DeliverableShow(staff(), draftProps())},
		{"work-draft-pending", views.DeliverableShow(staff(), pendingDraft(""))},
		{"work-draft-refused", views.DeliverableShow(staff(), pendingDraft("Not published: a file hasn't finished uploading."))},
		{"project-edit-conflict", views.ProjectEdit(staff(), views.ProjectFormProps{ID: "p1", Name: "Spring campaign", Form: views.ProjectForm{
			Name: "Summer campaign", Seen: "s1", Theirs: []ui.Saved{{Label: "Name", Value: hostile}, {Label: "Summary"}}}})},
		{"project-edit-conflict-own", views.ProjectEdit(staff(), views.ProjectFormProps{ID: "p1", Name: "Spring campaign", Form: views.ProjectForm{
			Name: "Summer campaign", Seen: "s1", Theirs: ui.Own([]ui.Saved{{Label: "Name", Value: hostile}, {Label: "Summary"}})}})},
		{"work-draft-nobody", views.DeliverableShow(staff(), unseenDraft())},
		{"work-draft-empty", views.DeliverableShow(staff(), emptyDraft())},
		{"work-none", views.DeliverableShow(staff(), views.DeliverableShowProps{ID: "d1", Title: "Landing page", ProjectName: "Spring campaign", ProjectURL: acme.Project("p1"), CanNewDraft: true, NextVersion: 1, CanEdit: true})},
		{"work-asked", views.DeliverableShow(client(), askedWork("", nil))},
		{"work-asked-late", views.DeliverableShow(client(), func() views.DeliverableShowProps {
			p := askedWork("", nil)
			p.Review.AskedBy, p.Review.PassedOn, p.Review.Late = longName, true, true
			return p
		}())},
		{"work-approve", views.DeliverableShow(client(), askedWork("approved", nil))},
		{"work-changes-error", views.DeliverableShow(client(), askedWork("changes_required", ui.Errors{"words": "Say what should change."}))},
		{"work-pass-on-error", views.DeliverableShow(client(), askedWork("pass-on", ui.Errors{"to": "They are asked already. Choose someone else."}))},
		{"work-approved", views.DeliverableShow(client(), decided(views.StateApproved))},
		{"work-approved-with-changes", views.DeliverableShow(client(), decided(views.StateApprovedWith))},
		{"work-waiting", views.DeliverableShow(staff(), asking(nil, review()))},
		{"work-stuck", views.DeliverableShow(staff(), asking(nil, &views.ReviewProps{Stuck: true}))},
		{"work-ask", views.DeliverableShow(staff(), asking(&views.AskProps{People: people(), Rule: "all"}, &views.ReviewProps{Closed: true}))},
		{"work-ask-error", views.DeliverableShow(staff(), asking(&views.AskProps{People: people(), Rule: "order", Due: "soon", Failed: true,
			Errors: ui.Errors{"ask": "Choose whom to ask.", "due": "Enter a date, such as 2026-11-25.", "rule": "Choose how many have to approve."}}, &views.ReviewProps{}))},
		{"work-draft-ask", views.DeliverableShow(staff(), askingDraft(nil))},
		{"work-draft-ask-error", views.DeliverableShow(staff(), askingDraft(ui.Errors{"due": "Choose today or a later day."}))},
		{"work-draft-beyond", views.DeliverableShow(staff(), func() views.DeliverableShowProps {
			p := draftProps()
			p.Round = views.Round{Number: 4, Agreed: 3}
			return p
		}())},
		{"work-draft-beyond-error", views.DeliverableShow(staff(), func() views.DeliverableShowProps {
			p := draftProps()
			p.Round, p.Refused, p.BeyondError = views.Round{Number: 4, Agreed: 3}, "Nothing is published yet: more rounds than agreed.", "Confirm that you publish more rounds than agreed."
			return p
		}())},
		{"work-locked", views.DeliverableShow(staff(), func() views.DeliverableShowProps {
			p := workProps()
			p.Round, p.Unlock, p.OpenVersion, p.Version.State = views.Round{Number: 2, Agreed: 3}, true, 4, views.StatePast
			return p
		}())},
		{"work-draft-notes", views.DeliverableShow(staff(), answeringDraft(""))},
		{"work-draft-notes-error", views.DeliverableShow(staff(), answeringDraft("Remove the characters that can't be displayed."))},
		{"work-client", views.DeliverableShow(client(), clientWork())},
		{"work-client-none", views.DeliverableShow(client(), views.DeliverableShowProps{ID: "d1", Title: "Landing page"})},
		{"work-pdf", views.DeliverableShow(client(), withKind(views.FilePDF))},
		{"certificate-summary", views.Certificate(client(), certificateProps())},
		{"certificate", views.Certificate(client(), views.CertificateProps{DeliverableID: "d1", Title: hostile, Version: 3, Text: "Certificate of approval\nFormat: 1\n\nDecisions\n" + longWord, KeyID: "0123456789abcdef", IssuedAt: before(time.Hour)})},
		{"compare-side", views.CompareShow(client(), comparedWork(views.CompareBeside, nil))},
		{"compare-slider", views.CompareShow(client(), comparedWork(views.CompareSliding, nil))},
		{"compare-differences", views.CompareShow(staff(), comparedWork(views.CompareMarked, func(p *views.CompareProps) {
			p.Marked, p.Boxes = true, []views.Pin{{X: 1000, Y: 2000, W: 2000, H: 500}, {X: 8000, Y: 9000, W: 300, H: 300}}
		}))},
		{"compare-waiting", views.CompareShow(staff(), comparedWork(views.CompareMarked, func(p *views.CompareProps) { p.Waiting = true }))},
		{"compare-shape", views.CompareShow(staff(), comparedWork(views.CompareMarked, func(p *views.CompareProps) { p.Unfit = "shape" }))},
		{"compare-new-page", views.CompareShow(client(), comparedWork(views.CompareBeside, func(p *views.CompareProps) {
			p.A2, p.Slides = &views.CompareSide{Page: -1}, false
		}))},
		{"compare-other", views.CompareShow(client(), comparedWork(views.CompareBeside, func(p *views.CompareProps) {
			p.A2, p.B2 = nil, &views.CompareSide{File: fileRows()[2]}
			p.Slides, p.Paging, p.ChangedPages = false, views.Paging{}, nil
		}))},
		{"compare-empty", views.CompareShow(staff(), comparedWork(views.CompareBeside, func(p *views.CompareProps) { p.Files = nil }))},
		{"work-document", views.DeliverableShow(client(), documentWork())},
		{"work-video", views.DeliverableShow(client(), withKind(views.FileVideo))},
		{"work-recording", views.DeliverableShow(staff(), recordedWork())},
		{"work-audio", views.DeliverableShow(client(), withKind(views.FileAudio))},
		{"work-other", views.DeliverableShow(client(), withKind(views.FileOther))},
		{"file-text", views.FileTextShow(views.FileTextProps{Name: "styles.css", Text: "body { color: red }\n", Cut: true})},
		{"work-hostile", views.DeliverableShow(staff(), hostileWork())},
		{"work-support", views.DeliverableShow(inSupport(client()), clientWork())},
	}
}

func pendingDraft(refused string) views.DeliverableShowProps {
	p := draftProps()
	p.Pending, p.Seen, p.Refused = []views.Pending{{ID: "f9", Name: hostile}}, "s1", refused
	return p
}

func emptyDraft() views.DeliverableShowProps {
	p := draftProps()
	p.Versions, p.Files, p.Hero, p.CanPublish = p.Versions[:1], nil, nil, false
	p.NoPublish = "It has no file yet. Add one, then publish it."
	p.Version.Number, p.Versions[0].Number = 1, 1
	return p
}

func hostileWork() views.DeliverableShowProps {
	p := draftProps()
	hero := views.FileRow{Name: hostile, Kind: views.FilePDF, Type: hostile, ShownURL: "javascript:alert(1)", InlineURL: "javascript:alert(1)", URL: "javascript:alert(1)", DownloadURL: "javascript:alert(1)"}
	p.Title, p.Brief, p.ProjectName, p.WhoSees, p.Hero, p.Files = hostile, hostile, hostile, hostile, &hero, []views.FileRow{hero}
	p.Version.Note, p.Version.CreatedBy, p.WillSee, p.Versions[0].URL = hostile, hostile, []string{hostile}, "javascript:alert(1)"
	return p
}

func placeSamples() []sample {
	filter := []views.FilterGroup{
		{Label: "Who", Options: []views.FilterOption{{Label: "Mia Chen", URL: "/w/acme/activity?who=1"}, {Label: "Ravi Patel", URL: "/w/acme/activity?who=2"}, {Label: "Support", URL: "/w/acme/activity", Current: true}}},
		{Label: "What", Options: []views.FilterOption{{Label: "Downloads", URL: "/w/acme/activity?what=1"}, {Label: "Refused", URL: "/w/acme/activity?what=2"}}},
	}
	return []sample{
		{"bin", views.Bin(staff(), views.BinProps{Items: []views.BinRow{
			{Kind: "project", Name: "Autumn campaign", DeletedBy: "Ravi Patel", DeletedAt: before(28 * time.Hour), DaysLeft: 29, RestoreURL: acme.ProjectRestore("p9")},
			{Kind: "file", Name: "Logo_v2 (final) (really).ai", Where: "Logo lockups", DeletedBy: "Dana Whitfield", DeletedAt: before(29 * 24 * time.Hour), DaysLeft: 1, RestoreURL: acme.FileRestore("f9")},
			{Kind: "deliverable", Name: longName, Where: "Spring campaign", DeletedAt: before(100 * time.Hour), DaysLeft: 26},
		}})},
		{"bin-empty", views.Bin(staff(), views.BinProps{})},
		{"members", views.Members(staff(), views.MembersProps{Groups: []views.MemberGroup{
			{Title: "Acme", Hint: "Your client's people.", Count: 3, People: []views.MemberRow{
				{Name: "Mia Chen", Email: "mia@acme.test", Role: "Owner", LastSeen: before(12 * time.Minute), URL: acme.Member("u1")},
				{Name: "Leo Park", Email: "leo@acme.test", Role: "Viewer", LastSeen: before(90 * time.Hour), URL: acme.Member("u2")},
				{Name: "Theodora Konstantinopoulou-Papadimitriou de la Fuente y Montenegro", Email: "theodora.konstantinopoulou-papadimitriou@acme.test", Role: "Member"},
			}},
			{Title: "Northwind", Count: 72, People: []views.MemberRow{{Name: "Dana Whitfield", Email: "dana@northwind.test", Role: "Owner", LastSeen: before(time.Minute), You: true}, {Name: "Ravi Patel", Role: "Member"}}},
		}, MoreURL: "/w/acme/members?after=x", InviteURL: acme.InviteNew(), ByClient: &views.ByClient{Client: "Acme", May: true}, Invites: []views.InviteRow{
			{Name: "Nina Okoye", Email: "nina@acme.test", Role: "Viewer", Side: "Acme", By: "Dana Whitfield", SentAt: before(time.Hour), ExpiresAt: now, ResendURL: acme.InviteResend("i1"), RevokeURL: acme.InviteRevoke("i1")},
			{Name: rtlName, Email: "someone@acme.test", Role: "Admin", Side: "Acme", ExpiresAt: before(time.Hour), Expired: true, ResendURL: acme.InviteResend("i2"), RevokeURL: acme.InviteRevoke("i2")},
			{Name: "Olga Berg", Email: "olga@acme.test", Role: "Admin", Side: "Acme", By: "Mia Chen", SentAt: before(time.Hour), ExpiresAt: now, Lapsed: true, RevokeURL: acme.InviteRevoke("i3")},
			{Name: hostile, Email: "hostile@acme.test", Role: "Member", Side: hostile},
		}})},
		{"members-nobody", views.Members(client(), views.MembersProps{Query: hostile})},
		{"member", views.Member(staff(), views.MemberProps{ID: "u1", Name: "Mia Chen", Email: "mia@acme.test", Role: "Owner", Side: "Acme", Since: before(900 * time.Hour), LastSeen: before(time.Hour), Roles: roles(), Owner: true, Refused: "There is no other owner. Make someone else an owner first."})},
		{"member-read", views.Member(client(), views.MemberProps{ID: "u1", Name: hostile, Email: "mia@acme.test", Role: "Owner", May: "You can see the work.", Side: hostile, Since: before(900 * time.Hour), You: true})},
		{"member-staff", views.Member(agency(), views.MemberProps{ID: "u1", Name: "Ravi Patel", Email: "ravi@northwind.test", Role: "Member", Side: "Northwind", Since: before(900 * time.Hour), Roles: roles(), Team: true,
			Work: &views.StaffWork{Name: "Ravi Patel", Member: true, Everywhere: true, EverywhereTicked: true, Roles: roles(), Clients: []views.StaffChoice{{ID: "c1", Name: "Acme", Role: "Member", Ticked: true}, {ID: "c2", Name: longName}, {ID: "c3", Name: hostile, Role: "Owner", Ticked: true}}}})},
		{"member-outside", views.Member(agency(), views.MemberProps{ID: "u2", Name: hostile, Email: "ravi@northwind.test", Role: "None in the agency", May: "They work in client workspaces only.", Side: "Northwind",
			Work: &views.StaffWork{Name: hostile, Roles: roles(), Clients: []views.StaffChoice{{ID: "c1", Name: rtlName, Role: "Member", Ticked: true}}}})},
		{"member-error", views.Member(staff(), views.MemberProps{ID: "u1", Name: rtlName, Roles: roles(), Errors: ui.Errors{"role": "Choose a role."}})},
		{"import", views.Import(staff(), views.ImportProps{Most: "200 people", Allowed: "45 more people", Sides: true})},
		{"import-read", views.Import(client(), views.ImportProps{Most: "200 people", Allowed: "45 more people", Text: "Nina, nina@acme.test", Checked: "x", Invited: 1, Rows: []views.ImportRow{{Line: "1", Name: "Nina Okoye", Email: "nina@acme.test", Role: "Viewer", Side: "Acme"}, {Line: "2", Name: rtlName, Email: "mia@acme.test", Left: "Already has access, so is skipped."}}})},
		{"import-full", views.Import(staff(), views.ImportProps{Most: "200 people", Allowed: "2 more people", Sides: true, Text: "A, a@acme.test", Checked: "x", Invited: 3, Counted: 3, TooMany: "The plan allows 2 of these 3 people.", UsageURL: acme.Usage(), Rows: []views.ImportRow{{Line: "1", Name: longWord, Email: "a@acme.test", Role: "Viewer", Side: "Acme"}}})},
		{"import-error", views.Import(staff(), views.ImportProps{Most: "200 people", Allowed: "45 more people", Text: hostile, Wrong: 2, Rows: []views.ImportRow{{Line: "3", Name: hostile, Wrong: "“" + hostile + "” is not an email address."}, {Line: "4", Wrong: "A field starts with a quotation mark but doesn't end with one."}, {Line: "5", Name: longName, Email: "long@acme.test", Role: "Member", Side: "Acme"}}})},
		{"import-charset", views.Import(staff(), views.ImportProps{
			Most: "200 people", Text: "Vorname;Name;E-Mail\nEva;Groß;eva@acme.test", Checked: "x", Invited: 1, Raw: "RXZh", Charset: "windows-1252",
			Charsets: []ui.Option{{Value: "windows-1252", Label: "Western European (Windows)", Selected: true}, {Value: "macintosh", Label: "Western European (Mac)"}},
			Notes:    []string{"Line 1 names the columns. Name: “Vorname” and “Name”. Address: “E-Mail”.", hostile},
			Rows:     []views.ImportRow{{Line: "2", Name: "Eva Groß", Email: "eva@acme.test", Role: "Member", Side: "Acme", Note: "The first of several addresses."}},
		})},
		{"import-empty", views.Import(staff(), views.ImportProps{Most: "200 people", Allowed: "45 more people", Errors: ui.Errors{"people": "The list is empty."}})},
		{"leave", views.Leave(client(), views.LeaveProps{Name: "Acme portal", Owner: true})},
		{"leave-refused", views.Leave(client(), views.LeaveProps{Name: hostile, Refused: "There is no other owner."})},
		{"invite-new", views.InviteNew(staff(), views.InviteNewProps{Form: views.InviteNewForm{Role: "member"}, Parties: []ui.Option{{Value: "client", Label: "Acme"}, {Value: "agency", Label: "Northwind"}}, Roles: roles(), OwnerURL: acme.InviteNewOwner()})},
		{"invite-new-error", views.InviteNew(client(), views.InviteNewProps{Form: views.InviteNewForm{Name: hostile, Email: hostile, Errors: ui.Errors{"email": "Enter an email address, such as mia@acme.example.", "name": "Enter a name.", "role": "Prove it."}}, Roles: roles(), ProveURL: views.StepUpTo(acme.InviteNewOwner())})},
		{"activity", views.Activity(staff(), views.ActivityProps{Filters: filter, Filtered: true, Days: []views.ActivityDay{{Label: "Today", Events: events()}, {Label: "Yesterday", Events: events()[:3]}}, OlderURL: "/w/acme/activity?before=x"})},
		{"activity-elsewhere", views.Activity(elsewhere(inSupport(client())), views.ActivityProps{Days: []views.ActivityDay{{Label: "Mittwoch, 18. November", Lang: "de", Events: events()}}})},
		{"activity-sealed", views.Activity(staff(), views.ActivityProps{Filters: filter, From: "2026-11-01", Until: "2026-11-30", People: []ui.Option{{Value: "1", Label: longName + " (long@acme.test)", Selected: true}}, Days: []views.ActivityDay{{Label: "Today", Events: sealedEvents()}},
			CSVURL: acme.ActivityExport("csv", nil), JSONLURL: acme.ActivityExport("jsonl", nil), ArchiveURL: acme.ActivityArchive()})},
		{"activity-event", views.ActivityEvent(staff(), views.ActivityEventProps{Event: events()[1], Facts: []views.EventFact{{Label: "Who", Value: "Sam", URL: acme.Activity(nil)}, {Label: "As whom", Value: longName, URL: acme.Activity(nil)}, {Label: "Session", Value: hostile, URL: acme.Activity(nil)},
			{Label: "Request", Value: "5f1c0a9e3b7d", Code: true}, {Label: "Leaf", Value: strings.Repeat("0123456789abcdef", 4), Code: true}, {Label: "Position", Value: "41198"}}, OpenURL: acme.Deliverable("d1"), ProofURL: acme.ActivityProof("e1"), Seal: "Sealed: the proof shows anybody that this event is in the log."})},
		{"activity-event-unsealed", views.ActivityEvent(client(), views.ActivityEventProps{Event: events()[3], Seal: "This event will be sealed within five minutes."})},
		{"activity-nothing", views.Activity(staff(), views.ActivityProps{Filters: filter, Filtered: true})},
		{"activity-empty", views.Activity(client(), views.ActivityProps{})},
		{"settings", views.Settings(staff(), views.SettingsProps{Form: views.SettingsForm{Name: "Acme", PortalName: "Acme portal", Accent: "#c2410c"}, Address: "https://portico.example/w/acme/", AgencyOf: "Northwind", CanEdit: true})},
		{"settings-read", views.Settings(client(), views.SettingsProps{Form: views.SettingsForm{Name: "Acme"}, Address: "https://portico.example/w/acme/"})},
		{"usage", views.Usage(staff(), views.UsageProps{Plan: "Starter", Raise: "Northwind can give you a larger one.", Bars: []views.UsageBar{
			{Label: "People", Used: "4 people and 1 open invitation", Limit: "5", Share: 100, Over: true}, {Label: "Projects", Used: "4", Limit: "20", Share: 20},
		}})},
		{"usage-months", views.Usage(staff(), usageByMonth())},
		{"domains", views.Domains(staff(), views.DomainsProps{Main: "portico.example", Address: "https://portal.acme.example/", Fresh: true, Domains: []views.DomainRow{
			{Host: "portal.acme.example", Verified: true, InLinks: true, Proof: "there", Pointing: "there", ProofName: "_portico.portal.acme.example", ProofValue: "portico=3q2", Seen: []string{"portico.example"}, LastTry: time.Now(), NextTry: "Next check in a day", CheckURL: "/w/acme/check", RemoveURL: "/w/acme/remove"},
			{Host: strings.Repeat("long.", 12) + "example", Proof: "missing", Pointing: "other", ProofName: "_portico." + strings.Repeat("long.", 12) + "example", ProofValue: "portico=3q2", Looking: true, CheckURL: "/w/acme/check", RemoveURL: "/w/acme/remove"},
			{Host: "taken.example", Proof: "taken", Pointing: "missing", ProofName: "_portico.taken.example", ProofValue: "portico=3q2", LastTry: time.Now(), NextTry: "Next check in an hour", CheckURL: "/w/acme/check", RemoveURL: "/w/acme/remove"},
		}})},
		{"billing", views.Billing(staff(), views.BillingProps{Plan: "Growth", Status: "Active", NextInvoice: time.Now().AddDate(0, 1, 0), CanPay: true, Fresh: true, HasCustomer: true, Back: true, Subscribed: true})},
		{"billing-not-paid", views.Billing(staff(), views.BillingProps{Plan: "Starter", Status: "No subscription", CanPay: true, NotPaid: true})},
		{"billing-back-early", views.Billing(staff(), views.BillingProps{Plan: "Starter", Status: "No subscription", CanPay: true, Back: true})},
		{"billing-cancelled", views.Billing(staff(), views.BillingProps{Plan: "Growth", First: "Starter", Status: "Active", EndsAt: time.Now().AddDate(0, 0, 9), CanPay: true, HasCustomer: true, Subscribed: true})},
		{"billing-choose", views.Billing(staff(), billingToChoose())},
		{"billing-owed", views.Billing(staff(), views.BillingProps{Plan: "Growth", Status: "A payment failed", Owed: true, GraceUntil: time.Now().AddDate(0, 0, 5), EndsAt: time.Now().AddDate(0, 0, 9), Twice: true, CanPay: true, HasCustomer: true, Subscribed: true})},
		{"billing-read-only", views.Billing(unpaid(), views.BillingProps{Plan: "Starter", Status: "Not paid", ReadOnly: true, UnknownPrice: true, Over: []string{"7 of 5 people", "9 of 5 clients"}})},
		{"keys", views.Keys(staff(), views.KeysProps{Fresh: true, Made: "pk_AZq0x3u1c2VjcmV0", MadeName: "Render farm", Form: keyForm(), Keys: []views.KeyRow{
			{ID: "k1", Name: "Render farm", Prefix: "x7Kd2a", Maker: "Dana Kim", Scopes: "delivers work", MadeAt: time.Now(), ExpiresAt: time.Now().AddDate(0, 3, 0), RevokeURL: "/w/acme/settings/keys/k1/revoke"},
			{ID: "k2", Name: hostile, Prefix: "Yw-_1b", Maker: hostile, Scopes: "reads work, delivers work", MadeAt: time.Now(), UsedAt: time.Now(), ExpiresAt: time.Now(), Over: "Revoked"},
		}})},
		{"keys-empty", views.Keys(client(), views.KeysProps{StepUpURL: "/step-up", Form: keyForm()})},
		{"keys-error", views.Keys(staff(), views.KeysProps{Form: keysWrong()})},
		{"domains-error", views.Domains(staff(), views.DomainsProps{Main: "portico.example", Address: "https://portico.example/w/acme/", Form: views.DomainForm{Host: hostile, Errors: ui.Errors{"host": "Enter a domain."}}})},
		{"domains-empty", views.Domains(staff(), views.DomainsProps{Main: "portico.example", Address: "https://portico.example/w/acme/", StepUpURL: "/step-up"})},
		{"settings-error", views.Settings(staff(), views.SettingsProps{Form: views.SettingsForm{Accent: hostile, Errors: ui.Errors{"name": "Enter a name."}}, CanEdit: true})},
	}
}

func keyForm() views.KeyForm {
	return views.KeyForm{
		Scopes: []views.KeyScopeChoice{{Name: "scope_read", Label: "Read work", Hint: "Projects, deliverables and their files.", Checked: true}, {Name: "scope_deliver", Label: "Deliver work"}},
		Days:   []ui.Option{{Value: "30", Label: "in 30 days"}, {Value: "90", Label: "in 90 days", Selected: true}},
	}
}

func keysWrong() views.KeyForm {
	f := keyForm()
	f.Name, f.Errors = hostile, ui.Errors{"name": "Enter a name.", "scopes": "Choose what the key may do.", "days": "Choose when the key expires."}
	return f
}

func roles() []ui.Option {
	return []ui.Option{{Value: "owner", Label: "Owner"}, {Value: "admin", Label: "Admin", Selected: true}, {Value: "member", Label: "Member"}, {Value: "viewer", Label: "Viewer"}}
}

func clientSamples() []sample {
	c := agency()
	c.Links.Clients, c.Links.Bin = true, false
	rows := []views.ClientRow{
		{URL: c.Base.Client("c1"), Name: "Acme", Accent: "#c2410c", Plan: "Growth", People: 12, Projects: 7, ForUs: 3, InReview: 2, LastActivity: before(40 * time.Minute), Joined: true},
		{URL: c.Base.Client("c2"), Name: longName, Accent: "#15505c", Plan: "Starter", People: 1, Projects: 1, State: views.StateSuspended, LastActivity: before(90 * time.Hour)},
		{URL: c.Base.Client("c3"), Name: rtlName, Plan: "Starter"},
	}
	plans := []views.Choice{{Value: "starter", Label: "Starter: 5 people, 20 projects, 10 GB of files"}, {Value: "growth", Label: "Growth: 50 people, 500 projects, 500 GB of files"}}
	roles := []views.Choice{{Value: "owner", Label: "Owner"}, {Value: "admin", Label: "Admin"}, {Value: "member", Label: "Member"}, {Value: "viewer", Label: "Viewer"}}
	people := []views.ClientPerson{{Role: "owner"}, {Role: "member"}, {Role: "member"}, {Role: "member"}}
	wrong := views.ClientForm{Name: hostile, Slug: hostile, Accent: hostile, Plan: hostile, People: []views.ClientPerson{{Email: hostile, Role: hostile}},
		Errors: ui.Errors{"slug": "That address is not available.", "email_1": "Enter an email address, such as mia@acme.example."}}
	show := views.ClientShowProps{ID: "c1", Name: "Acme", Address: "portico.example/w/acme/", People: 12, Projects: 7, ForUs: 3, InReview: 2, Since: before(900 * time.Hour),
		LastActive: before(40 * time.Minute), Form: views.ClientForm{Name: "Acme", Plan: "growth"}, PlanName: "Growth", Plans: plans, JoinAs: "an owner"}
	joined, archived, odd := show, show, show
	show.Team = &views.ClientTeam{Roles: []ui.Option{{Value: "member", Label: "Member", Selected: true}, {Value: "viewer", Label: "Viewer"}}, People: []views.MemberRow{{Name: "Dana Whitfield", Email: "dana@northwind.test", Role: "Owner", You: true, URL: c.Base.Member("u1")}},
		Others: []views.StaffChoice{{ID: "u2", Name: "Ravi Patel", Role: "ravi@northwind.test"}, {ID: "u3", Name: hostile, Role: "x@northwind.test"}}}
	joined.OpenURL, joined.PeopleURL, joined.State = acme.Home(), acme.Members(), views.StateSuspended
	archived.State, archived.Plans = views.StateArchived, nil
	odd.Name, odd.Form, odd.OpenURL = hostile, wrong, "javascript:alert(1)"
	unused := show
	unused.People, unused.Projects, unused.ForUs, unused.InReview = 0, 0, 0, 0
	invited := unused
	invited.Name, invited.OpenURL, invited.PeopleURL, invited.Invited = longWord, acme.Home(), acme.Members(), []string{"otto@tide.test", longWord + "@tide.test"}
	return []sample{
		{"agency-home", views.WorkspaceHome(c, views.WorkspaceHomeProps{Clients: rows, Latest: events()[:2]})},
		{"clients", views.ClientList(c, views.ClientListProps{Usage: "3 of 100", Clients: rows, MoreURL: "/w/northwind/clients?after=x", FirstURL: "/w/northwind/clients"})},
		{"client-invited", views.ClientShow(c, invited)},
		{"clients-empty", views.ClientList(c, views.ClientListProps{})},
		{"clients-archived", views.ClientList(c, views.ClientListProps{Archived: true})},
		{"clients-nothing", views.ClientList(c, views.ClientListProps{Query: "zzz"})},
		{"client-new", views.ClientNew(c, views.ClientNewProps{Address: "portico.example/w/", Plans: plans, Roles: roles, Form: views.ClientForm{People: people}})},
		{"client-new-error", views.ClientNew(c, views.ClientNewProps{Address: "portico.example/w/", Roles: roles, Form: wrong})},
		{"client", views.ClientShow(c, show)},
		{"client-suspended", views.ClientShow(c, joined)},
		{"client-archived", views.ClientShow(c, archived)},
		{"client-unused", views.ClientShow(c, unused)},
		{"client-hostile", views.ClientShow(c, odd)},
	}
}

func supportSamples() []sample {
	people := []ui.Option{{Value: "u1", Label: "Mia Chen, Owner"}, {Value: "u2", Label: "Leo Park, Viewer"}}
	start := &views.ConsoleStart{TenantName: "Acme", TenantSlug: "acme", GrantUntil: now.Add(20 * time.Hour), People: people}
	wrong := &views.ConsoleStart{TenantName: hostile, TenantSlug: "acme", People: people, Form: views.ConsoleForm{Reason: hostile, Errors: ui.Errors{"ticket": "Enter the ticket.", "reason": "Say why."}}}
	return []sample{
		{"support", views.Support(staff(), views.SupportProps{CanGrant: true, Access: []views.SupportAccessRow{
			{As: "as one of Acme's people", Until: now.Add(20 * time.Hour), By: "Mia Larsen", At: before(time.Hour), NoDrafts: true},
			{As: "as a member of Northwind", Until: now.Add(20 * time.Hour), By: "Mia Larsen", At: before(time.Hour), NoDrafts: true}}, Sessions: sessions()})},
		{"support-closed", views.Support(client(), views.SupportProps{CanGrant: true})},
		{"support-viewer", views.Support(client(), views.SupportProps{Sessions: sessions()[1:]})},
		{"console", views.Console(agent(), views.ConsoleProps{Query: "ac", Asked: true, Flagged: []views.FlaggedRow{{Agent: "Sam", Tenant: "Acme", Ticket: "TICKET-9", Words: hostile + longName, By: "Mia Chen", StartedAt: before(50 * time.Hour), At: before(time.Hour)}}, History: sessions()[1:], Results: []views.ConsoleTenantRow{
			{Name: "Acme", Slug: "acme", Under: "Client of Northwind", GrantUntil: now.Add(20 * time.Hour), StartURL: views.ConsoleTenant("acme")},
			{Name: "Acacia House", Slug: "acacia", Under: "Client of Contoso"},
		}})},
		{"support-view-as", views.Support(staff(), views.SupportProps{CanViewAs: true, ViewAsPeople: people, ViewAs: views.ViewAsForm{Errors: ui.Errors{"person": "Choose a person who still has access."}}})},
		{"view-as-over", views.ViewAsOver(views.ViewAsOverProps{Title: "You no longer view as a client", Sentence: "The hour is over.", Button: "Go on as yourself"})},
		{"console-none", views.Console(agent(), views.ConsoleProps{Query: "zzz", Asked: true})},
		{"console-start", views.Console(agent(), views.ConsoleProps{Start: start})},
		{"console-start-error", views.Console(agent(), views.ConsoleProps{Start: wrong})},
		{"support-asked", views.Support(staff(), views.SupportProps{CanGrant: true, MayAsk: true, Code: "4821 0937", CodeEndsAt: now.Add(30 * time.Minute), Asks: []views.SupportAskRow{ask(acme), ask(acme)},
			Sessions: sessions(), ExportURL: acme.SupportLedger(), Form: views.SupportGrantForm{Mode: "write", Errors: ui.Errors{"hours": "Choose how long."}}})},
		{"support-ask", views.SupportAsk(client(), views.SupportAskProps{SupportAskRow: ask(acme), ID: "k1", EndsAt: now.Add(60 * time.Hour), CanAnswer: true, Scope: "An agent sees both sides of this workspace.",
			Form: views.SupportAskForm{Hours: "24", Mode: "write"}})},
		{"support-ask-error", views.SupportAsk(client(), views.SupportAskProps{SupportAskRow: views.SupportAskRow{Agent: hostile, Reason: hostile, Ticket: hostile, Hours: 1, Open: true},
			CanAnswer: true, Form: views.SupportAskForm{Hours: hostile, Mode: hostile, Word: hostile, Errors: ui.Errors{"hours": "Choose how long.", "word": "That has 501 characters. At most 500 fit."}}})},
		{"support-ask-viewer", views.SupportAsk(client(), views.SupportAskProps{SupportAskRow: ask(acme), EndsAt: now.Add(60 * time.Hour)})},
		{"support-ask-answered", views.SupportAsk(client(), views.SupportAskProps{SupportAskRow: views.SupportAskRow{Agent: "Sam", Reason: "A report", Ticket: "T-1", Hours: 4}})},
		{"support-ask-too-late", views.SupportAsk(client(), views.SupportAskProps{SupportAskRow: ask(acme), Answered: "Mia Chen approved this request.", Kept: []views.KeptText{{Label: "Message", Text: hostile}}})},
		{"console-ask", views.Console(agent(), views.ConsoleProps{Ask: &views.ConsoleAsk{TenantName: "Acme", TenantSlug: "acme"}, Sent: asked()})},
		{"console-ask-error", views.Console(agent(), views.ConsoleProps{Ask: &views.ConsoleAsk{TenantName: hostile, TenantSlug: "acme",
			Form: views.ConsoleForm{Reason: hostile, Hours: hostile, Mode: hostile, Errors: ui.Errors{"ticket": "Enter the ticket.", "hours": "Choose how long."}}}})},
		{"console-waiting", views.Console(agent(), views.ConsoleProps{Sent: asked(), History: sessions()[1:], Waiting: []views.WriteAskRow{
			{Session: "s1", Agent: "Tess", Tenant: "Acme", Subject: "Mia Chen", Reason: "The report cannot be renamed", Ticket: "TICKET-123", At: before(3 * time.Minute)},
			{Session: "s2", Agent: hostile, Tenant: longName, Subject: rtlName, Reason: hostile, Ticket: hostile, At: before(5 * time.Minute)}}})},
		{"console-write", views.ConsoleWrite(agent(), views.ConsoleWriteProps{Tenant: "Acme", Subject: "Mia Chen", Ticket: "TICKET-123", EndsAt: now.Add(41 * time.Minute), BackURL: acme.Home()})},
		{"console-write-error", views.ConsoleWrite(agent(), views.ConsoleWriteProps{Tenant: hostile, Subject: hostile, Ticket: hostile, EndsAt: now, BackURL: acme.Home(), FourEyes: true,
			Errors: ui.Errors{"sure": "Tick this box to continue."}})},
	}
}

func ask(base views.Base) views.SupportAskRow {
	return views.SupportAskRow{URL: base.SupportAsk("k1"), Agent: "Sam", Write: true, Hours: 24, Reason: "The report of last week does not open for Leo", Ticket: "TICKET-123",
		At: before(20 * time.Minute), Open: true}
}

func asked() []views.AskedRow {
	return []views.AskedRow{
		{Tenant: "Acme", Write: true, Reason: "The report does not open", Ticket: "TICKET-123", At: before(20 * time.Minute), State: "Waiting for an answer"},
		{Tenant: "Globex", Reason: "Cannot sign in", Ticket: "TICKET-99", At: before(30 * time.Hour), State: "Approved", StartURL: views.ConsoleTenant("globex")},
		{Tenant: longName, Reason: hostile, Ticket: hostile, Word: hostile, At: before(90 * time.Hour), State: "Declined"},
	}
}

func errorSamples() []sample {
	var list []sample
	for _, status := range []int{400, 402, 403, 404, 405, 408, 409, 413, 429, 500, 503} {
		list = append(list, sample{"error-" + strconv.Itoa(status), views.Error(views.ErrorProps{Status: status, RequestID: "01JD4QW7Z8"}, nil)})
	}
	list = append(list,
		sample{"error-session", views.ErrorInFrame(inSupport(client()), views.ErrorProps{Status: 403, RequestID: "01JD4QW7Z8", Title: "This session is read-only", Sentence: "Acme allows support read-only access.",
			Outcome: "Nothing was saved. Your text is kept below.", LinkURL: acme.Projects(), LinkLabel: "Back to the form", Kept: []views.KeptText{{Label: "Name", Text: hostile}}})},
		sample{"error-kept", views.Error(views.ErrorProps{Status: 409, RequestID: "01JD4QW7Z8", Outcome: "Nothing was saved. Your text is kept below.",
			Kept: []views.KeptText{{Label: "Name", Text: "Spring"}, {Label: "Summary", Text: "Two lines\nof text"}}}, brand())},
		sample{"error-plan", views.ErrorInFrame(staff(), views.ErrorProps{Status: 402, RequestID: "01JD4QW7Z8", Sentence: "The plan holds 5 projects.", LinkURL: acme.Projects(), LinkLabel: "Look at the projects"})},
		sample{"error-in-frame", views.ErrorInFrame(client(), views.ErrorProps{Status: 404, RequestID: "01JD4QW7Z8", Home: acme.Home()})},
	)
	return list
}

// certificateProps is a certificate of two decisions on two files.
func certificateProps() views.CertificateProps {
	return views.CertificateProps{DeliverableID: "d1", Title: "Logo lockups", Version: 3, Approved: true, Outcome: views.StateApprovedWith, Text: "Certificate of approval\nFormat: 1\n", KeyID: "0123456789abcdef", IssuedAt: before(time.Hour),
		Files: []views.CertificateFile{{Name: "Logo.pdf", Size: "224 kB"}, {Name: longName, Size: "1.3 GB"}},
		Decisions: []views.CertificateDecision{
			{Name: "Mia Chen", Answer: views.StateChangesRequired, Words: "Darker, please.", At: before(2 * time.Hour), Earlier: true},
			{Name: hostile, Answer: views.StateApprovedWith, Words: hostile, At: before(time.Hour)},
		}}
}

// discussionProps are notes of both kinds on a project, as staff see them.
func discussionProps() views.DiscussionProps {
	p := views.DiscussionProps{Name: "Spring campaign", Facts: views.ProjectFacts{Due: day(27), WhoSees: "Everyone at Acme and 4 people at Northwind"},
		Tabs: views.ProjectTabs{ID: "p1", HasArchived: true, Current: "discussion", OpenNotes: 3}, Notes: *notesProps()}
	p.Notes.Carried, p.Notes.OpenURL, p.Notes.DoneURL = 0, acme.Discussion("p1"), acme.DiscussionDone("p1")
	p.Notes.Form = &views.NoteForm{URL: acme.Discussion("p1"), Key: "k0", Staff: true, Mentions: []string{"Mia Chen", hostile}}
	for i := range p.Notes.List {
		n := &p.Notes.List[i]
		n.Where, n.WhereURL, n.Pin = "Whole project", "", nil
	}
	return p
}

func clientDiscussion() views.DiscussionProps {
	p := discussionProps()
	p.Name, p.Facts.WhoSees, p.Notes.List, p.Notes.Form.Staff = longName, "", p.Notes.List[:1], false
	p.Notes.List[0].Marked, p.Notes.List[0].CanShow, p.Notes.List[0].Comments = false, false, p.Notes.List[0].Comments[:1]
	p.Notes.Open, p.Notes.Done, p.Notes.Cut = 1, 0, false
	return p
}

// refusedDiscussion is a hidden, archived project with a form after a mistake.
func refusedDiscussion() views.DiscussionProps {
	p := discussionProps()
	p.Facts.Hidden, p.Facts.Archived, p.Facts.Late, p.Notes.List = true, true, true, nil
	p.Notes.Refused, p.Kept = "This note is on a project that was archived.", []views.KeptText{{Label: "Your words", Text: hostile}}
	p.Notes.Form.Draft, p.Notes.Form.Words = true, hostile
	p.Notes.Form.Errors = ui.Errors{"words": "That has 100000 characters. At most 10000 fit."}
	return p
}

// notesProps are notes of every kind, as staff see them.
func notesProps() *views.NotesProps {
	return &views.NotesProps{
		Open: 4, Done: 1, OpenURL: acme.NotesOf("d1", views.NotesAt{Version: 3}), DoneURL: acme.NotesOf("d1", views.NotesAt{Version: 3, Done: true}), Client: "Acme", ShownFile: "f1", ShownName: "Logo.png", OpenInAll: 7, Elsewhere: 3, AllURL: acme.NotesOf("d1", views.NotesAt{Version: 3, All: true}), Pages: views.Paging{Number: 2, Of: 3, Previous: "/w/acme/deliverables/d1?list=1", Next: "/w/acme/deliverables/d1?list=3"}, Carried: 5, CarriedDone: 4,
		List: []views.Note{
			{ID: "n1", Label: "1", Anchor: "note-1", PinAnchor: "pin-1", Where: "Logo.png, B2", WhereURL: "#pin-1", Pin: &views.Pin{X: 3750, Y: 3750}, Marked: true, FormKey: "k1", CanShow: true,
				Drawing: []views.Stroke{{Kind: "pen", Points: []int{3750, 3750, 5000, 4000, 6000, 3500}}, {Kind: "arrow", Points: []int{1000, 9000, 3000, 7000}}, {Kind: "box", Points: []int{9000, 9000, 7000, 8000}}},
				Said:    14, AloneURL: "/w/acme/deliverables/d1?alone=1#note-1", Comments: []views.NoteComment{
					{ID: "c1", Author: "Mia Chen", Words: "Could the blue be a little darker here?\n\nIt looks pale in print.", At: before(3 * time.Hour), Earlier: true},
					{ID: "c2", Author: "Ravi Patel", Words: "They asked for the lighter one last week.", At: before(2 * time.Hour), Team: true, CanEdit: true},
				}},
			{ID: "n2", Label: "2", Anchor: "note-2", PinAnchor: "pin-2", Where: hostile + ", page 2", WhereURL: "/w/acme/deliverables/d1?page=2", Marked: true, FormKey: "k2", ReplyError: "Write something first.", Reply: hostile, Comments: []views.NoteComment{
				{ID: "c3", Author: hostile, Words: hostile, At: before(time.Hour), Edited: true},
			}},
			{ID: "n3", Label: "12", Anchor: "note-12", PinAnchor: "pin-12", Where: longName, Marked: true, FormKey: "k3", Done: true, DoneBy: longName, DoneAt: before(time.Hour), Comments: []views.NoteComment{
				{ID: "c4", Author: longName, Words: longWord, At: before(time.Hour), Shortened: true},
			}},
			{ID: "n4", Label: "T1", Anchor: "note-t1", PinAnchor: "pin-t1", Team: true, Where: "Logo.png, C3", WhereURL: "#pin-t1", Pin: &views.Pin{X: 5500, Y: 5200, W: 2000, H: 2500}, Marked: true, FormKey: "k4", CanShow: true, ShowError: "Tick what your client will see.", Comments: []views.NoteComment{
				{ID: "c5", Author: "Dana Whitfield", Words: "Check the clear space before we send it.", At: before(time.Minute), Team: true, CanEdit: true},
			}},
		},
		Others: []views.Note{{Label: "30", Anchor: "note-30", PinAnchor: "pin-30", URL: acme.Note("d1", 3, false, 30), Pin: &views.Pin{X: 8000, Y: 1000}}},
		Form:   noteForm(),
	}
}

func noteForm() *views.NoteForm {
	return &views.NoteForm{URL: acme.VersionNotes("d1", 3), Key: "k0", Staff: true, Places: true, Pages: true, Times: true,
		Files: []ui.Option{{Label: "Whole version"}, {Value: "f1", Label: "Logo.png", Selected: true}, {Value: "f2", Label: longName}}}
}

func notedWork() views.DeliverableShowProps {
	p := workProps()
	p.Notes = notesProps()
	return p
}

// refusedNote is the form for a note after a mistake.
func refusedNote() views.DeliverableShowProps {
	p := notedWork()
	p.Notes.List, p.Notes.Open, p.Notes.Done, p.Notes.Others = nil, 0, 0, nil
	f := p.Notes.Form
	f.Words, f.Place, f.X, f.Y, f.Page, f.ToClient = hostile, "pin", "100", "200", "two", true
	f.Errors = ui.Errors{"words": "That has 100000 characters. At most 10000 fit.", "visibility": "Choose who sees it.", "page": "Enter the number of a page, such as 2."}
	return p
}

// clientNotes are notes as a client reads and writes them.
func clientNotes() views.DeliverableShowProps {
	p := clientWork()
	p.Notes = notesProps()
	p.Notes.List, p.Notes.Form.Staff, p.Notes.Form.Pages, p.Notes.Form.Times = p.Notes.List[:1], false, false, false
	p.Notes.List[0].Marked, p.Notes.List[0].CanShow, p.Notes.List[0].Comments = false, false, p.Notes.List[0].Comments[:1]
	p.Notes.List[0].Comments[0].CanEdit, p.Notes.Open, p.Notes.Others = true, 1, nil
	return p
}

// lockedNotes are those of a version that another one replaced.
func lockedNotes() views.DeliverableShowProps {
	p := clientNotes()
	p.Notes.Form, p.Notes.LockedBy, p.Notes.LockedByURL = nil, "Version 4", acme.DeliverableVersion("d1", 4)
	return p
}

// failedNotes are those after a change that was refused.
func failedNotes() views.DeliverableShowProps {
	p := clientNotes()
	p.Notes.Refused, p.Kept, p.Notes.ShowsDone, p.Notes.List = "Write something first.", []views.KeptText{{Label: "Your note", Text: hostile}}, true, nil
	return p
}
