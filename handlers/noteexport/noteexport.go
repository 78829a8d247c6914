// Package noteexport writes the notes on a version for other programs: a table, a PDF with
// the places marked, and markers for editing programs. It writes what it is given. Whoever
// asks for a file gets what the database shows them.
package noteexport

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/handlers/timecode"
)

// Notes are the notes on a version, as one reader sees them.
type Notes struct {
	Title   string // of the deliverable
	Version int
	Client  string
	Reader  string // who exports
	At      time.Time
	// Staff says that the reader sees the team's own notes too, so that the file says of
	// each who sees it.
	Staff bool
	Cut   bool // there are more replies than the file has
	List  []Note
}

// Note is one note and what was said in it.
type Note struct {
	Label      string // "3", "T1"
	Team       bool
	Done       bool
	DoneBy     string
	FileID     string // "" for the whole version
	File       string // its name
	Page       int    // 0 for none
	Pin        *Pin
	Drawing    []Stroke // on the picture
	AtMS       *int64   // of a recording
	EndMS      *int64
	Where      string // the place in words: "page 2, B3"
	Comments   []Comment
	Clock      timecode.Clock // of the recording, if the note has a time
	ClockKnown bool           // it is the recording's own
}

// Pin is a point, or a box if it has a size, in 1/10,000 of the picture.
type Pin struct{ X, Y, W, H int }

// Stroke is a part of a drawing. Points are pairs of x and y, in 1/10,000 of the picture.
type Stroke struct {
	Kind   string // "pen": a line through the points; "arrow", "box": from the first to the second
	Points []int
}

// Comment is what one person wrote.
type Comment struct {
	Author string
	At     time.Time
	Edited bool
	Team   bool
	Words  string
}

// Recording is the video or sound that markers are for.
type Recording struct {
	ID         string
	Name       string
	Clock      timecode.Clock
	Known      bool  // rate and start are the recording's own; otherwise they are assumed
	DurationMS int64 // 0 if it isn't known
	Sound      bool  // it has no picture
}

// assumed says in the file which rate was taken for want of the recording's own.
func (r Recording) assumed() string {
	if r.Known {
		return r.Clock.Rate.Words() + ", from " + r.Clock.Text(r.Clock.From)
	}
	return r.Clock.Rate.Words() + " from " + r.Clock.Text(r.Clock.From) + " is assumed. The recording's own rate isn't known."
}

// of are the notes at a time of the recording, in the order of their times. What the team
// says aside in a note that the client sees follows it as a note of its own: markers go to
// whoever edits, with who sees them written on each.
func (n Notes) of(r Recording) (list []Note) {
	for _, note := range n.List {
		if note.FileID == r.ID && note.AtMS != nil {
			list = append(list, note.apart()...)
		}
	}
	slices.SortStableFunc(list, func(a, b Note) int { return cmp.Compare(*a.AtMS, *b.AtMS) })
	return list
}

// apart is the note without what the team says aside, and a note of the team with that.
func (n Note) apart() []Note {
	shown, aside := n, n
	shown.Comments, aside.Comments = nil, nil
	for _, k := range n.Comments {
		if k.Team && !n.Team {
			aside.Comments = append(aside.Comments, k)
		} else {
			shown.Comments = append(shown.Comments, k)
		}
	}
	if len(aside.Comments) == 0 {
		return []Note{shown}
	}
	aside.Team, aside.Label = true, n.Label+" aside"
	return []Note{shown, aside}
}

func (n Note) state() string {
	if n.Done {
		return "done"
	}
	return "open"
}

// sees says who sees a note or a reply, for staff.
func (n Notes) sees(team bool) string {
	if team {
		return "our team only"
	}
	return "our team and " + n.Client
}

// oneLine is what was said in a note, for a marker.
func (n Note) oneLine() string {
	var said []string
	for _, k := range n.Comments {
		said = append(said, k.Author+": "+strings.Join(strings.Fields(k.Words), " "))
	}
	return cut(strings.Join(said, " / "), 2000)
}

// markerName is a marker's short name: its number and who wrote it.
func (n Note) markerName() string {
	name := "Note " + n.Label
	if len(n.Comments) > 0 {
		name += ", " + strings.Join(strings.Fields(n.Comments[0].Author), " ")
	}
	return name
}

// cut shortens a text to a number of characters.
func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

func percent(n int) string { return strconv.FormatFloat(float64(n)/100, 'f', -1, 64) }
