package views

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/views/ui"
)

// NotesProps are the notes of the open version.
type NotesProps struct {
	List             []Note // of this page
	Others           []Note // with pins over the picture too, on other pages of the list
	Pages            Paging // through the list, or through the replies to the note that is read alone
	Open, Done       int    // how many there are of each, on the file shown large and the version as a whole, or on all files
	OpenInAll        int    // on all files
	Elsewhere        int    // on other files, open or done as the list
	Cut              bool   // there are more than the list has, and it has no other pages
	All              bool   // the list has those on all files
	AllURL, HereURL  string // lists those on all files, or on the file shown large only; "" if it would be the same
	AloneURL         string // back from a note that is read alone to the list; "" for the list
	Carried          int    // how many were open on the version before, and how many of those are done
	CarriedDone      int
	ShowsDone        bool
	OpenURL, DoneURL string
	Form             *NoteForm // nil if the reader can't write here
	LockedBy         string    // what replaced the version, "Version 4 is out"; "" while it takes notes
	LockedByURL      string
	Client           string       // the client, as staff name it
	Refused          string       // why a change of a note was refused, "" if none was
	Exports          []NoteExport // the kinds of files that the notes can be had as
	ShownFile        string       // the id of the file shown large
	ShownName        string       // its name
	ShownPage        string       // its page, if it is a document
	FromPage         int          // at which the document shown large opens; 0 is its first
	From             string       // where the recording shown large begins, in seconds; "" is its beginning
}

// NoteExport is a kind of file that the notes can be had as.
type NoteExport struct {
	Label string // "CSV"
	Title string // what it is for
	URL   string
}

// Note is one note, as the reader may see it.
type Note struct {
	ID         string
	Label      string // "3", or "T1" of the team's own
	Anchor     string // of the list, "note-3"
	PinAnchor  string // "pin-3"
	Team       bool   // only the team sees it
	Where      string // where it points: "Logo.pdf, page 2"
	WhereURL   string // "" for the whole version
	Seek       string // where the recording shown large is then, in seconds; "" for elsewhere
	Mark       *Mark  // nil if it is at no time of the recording that is shown large
	Pin        *Pin   // nil if it has no place on the picture that is shown large
	Drawing    []Stroke
	Done       bool
	DoneBy     string
	DoneAt     time.Time
	Comments   []NoteComment
	FormKey    string // of a reply
	Reply      string // as it was typed, after a refusal
	ReplyError string
	ShowError  string
	CanShow    bool   // something of it may be shown to the client
	Marked     bool   // staff see notes of both kinds, so each says who sees it
	Said       int    // how many comments the reader sees in it
	AloneURL   string // the page with all of them; "" if they are all here
	URL        string // where it is listed; "" if it is here
}

// NoteComment is what one person wrote.
type NoteComment struct {
	ID        string
	Author    string
	Words     string
	At        time.Time
	Edited    bool
	Team      bool // only the team sees it
	Earlier   bool // written on an earlier version
	CanEdit   bool
	Named     string // whom it names with @
	Shortened bool   // it has more words than are here
}

// Pin is a point or a box on a picture, in 1/10,000 of its sides.
type Pin struct{ X, Y, W, H int }

// Mark is a time or a span of a recording, in 1/10,000 of its length.
type Mark struct{ From, Length int }

// NoteForm is the form for a new note, with what was typed.
type NoteForm struct {
	URL        string
	Key        string
	Files      []ui.Option // "" is the whole version
	Places     bool        // some file is a picture, or a PDF
	Pages      bool        // some file is a PDF
	Times      bool        // some file is video or sound
	Place      string      // as typed
	X, Y, W, H string      // of a pin that was placed with a script
	Drawing    string      // as it is sent
	Page       string
	Time       string // of a recording, and the end of a span of it
	Until      string
	Words      string
	Mentions   []string // names to write after an @
	Staff      bool
	Draft      bool // so only the team can see it
	ToClient   bool // chosen to be seen by the client
	Errors     ui.Errors
}

// PinLabel is the label of the team's own notes, or of those that the client sees.
func PinLabel(team bool, number int) string {
	if team {
		return "T" + strconv.Itoa(number)
	}
	return strconv.Itoa(number)
}

// NoteName names a note in addresses: "3", or "t1" of the team's own.
func NoteName(team bool, number int) string {
	if team {
		return "t" + strconv.Itoa(number)
	}
	return strconv.Itoa(number)
}

// PinAnchors are the names of a note in the list and of its pin in the address of a page.
func PinAnchors(team bool, number int) (note, pin string) {
	name := NoteName(team, number)
	return "note-" + name, "pin-" + name
}

// gridPlaces are the places of a picture, from A1 at the top left to D4.
func gridPlaces(chosen string) []ui.Option {
	options := []ui.Option{{Value: "", Label: "Whole file", Selected: chosen == ""}}
	for row := range 4 {
		for column := range 4 {
			name := string(rune('A'+column)) + strconv.Itoa(row+1)
			options = append(options, ui.Option{Value: name, Label: name, Selected: name == chosen})
		}
	}
	if chosen == "pin" {
		options = append(options, ui.Option{Value: "pin", Label: "At the pin", Selected: true})
	}
	return options
}

// GridPlace names the cell of a picture that has the point.
func GridPlace(x, y int) string {
	return string(rune('A'+min(3, x/2500))) + strconv.Itoa(min(3, y/2500)+1)
}

// GridPoint is the middle of a cell; ok is false for no cell.
func GridPoint(cell string) (x, y int, ok bool) {
	if len(cell) != 2 || cell[0] < 'A' || cell[0] > 'D' || cell[1] < '1' || cell[1] > '4' {
		return 0, 0, false
	}
	return int(cell[0]-'A')*2500 + 1250, int(cell[1]-'1')*2500 + 1250, true
}

// Moment is a time in a recording: "0:12", "1:02:03".
func Moment(seconds int) string {
	two := func(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }
	if hours := seconds / 3600; hours > 0 {
		return strconv.Itoa(hours) + ":" + two(seconds/60%60) + ":" + two(seconds%60)
	}
	return strconv.Itoa(seconds/60) + ":" + two(seconds%60)
}

// percent is a place in a picture as SVG takes it.
func percent(n int) string { return strconv.FormatFloat(float64(n)/100, 'f', -1, 64) + "%" }

func shownPage(n *NotesProps) string {
	if n == nil || n.FromPage == 0 {
		return "#navpanes=0"
	}
	return "#page=" + strconv.Itoa(n.FromPage) + "&navpanes=0"
}

func shownTime(n *NotesProps) string {
	if n == nil || n.From == "" {
		return ""
	}
	return "#t=" + n.From
}

// pinned are the notes whose pins are over the picture.
func (p NotesProps) pinned() []Note {
	if len(p.Others) == 0 {
		return p.List
	}
	return append(slices.Clip(p.List), p.Others...)
}

func elsewhereWords(n int) string { return strconv.Itoa(n) + " more on other files" }

func noteTabs(p NotesProps) []ui.Tab {
	return []ui.Tab{
		{Label: "Open " + strconv.Itoa(p.Open), URL: p.OpenURL, Current: !p.ShowsDone},
		{Label: "Done " + strconv.Itoa(p.Done), URL: p.DoneURL, Current: p.ShowsDone},
	}
}

func noteAuthor(n Note) string {
	if len(n.Comments) == 0 {
		return ""
	}
	return n.Comments[0].Author
}

func pinTitle(n Note) string {
	if author := noteAuthor(n); author != "" {
		return "Note " + n.Label + " by " + author
	}
	return "Note " + n.Label
}

// showVerb goes on with the name of the client.
func showVerb(n Note) string {
	if n.Team {
		return "Show to "
	}
	return "Show replies to "
}

// whoSees says who sees a note or a reply, to staff.
func whoSees(team bool, client string) string {
	if team {
		return "Our team only"
	}
	return client + " sees this"
}

func noNotes(p NotesProps) string {
	switch {
	case p.Elsewhere > 0 && p.ShowsDone:
		return "No note is done here yet."
	case p.Elsewhere > 0:
		return "No open notes here."
	case p.ShowsDone:
		return "No note is done yet."
	}
	if p.Done > 0 {
		return "All notes are done."
	}
	return "No notes yet."
}

func noteWhere(n Note) string {
	if n.Where == "" {
		return "Whole version"
	}
	return n.Where
}

// carriedWords says how many notes of the version before are done.
func carriedWords(p NotesProps) string {
	return "Notes from the version before: " + strconv.Itoa(p.CarriedDone) + " of " + strconv.Itoa(p.Carried) + " done"
}

// hint says how to tell somebody at once.
func (f NoteForm) hint() string {
	if len(f.Mentions) == 0 {
		return ""
	}
	return "To email someone at once, write @ and their name: @" + strings.Join(f.Mentions, ", @") + "."
}
