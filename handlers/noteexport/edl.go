package noteexport

import (
	"fmt"
	"io"
	"strings"
)

// EDL writes the notes at a time as the markers of an edit decision list, as DaVinci
// Resolve imports them ("Timeline Markers from EDL"). Open notes are blue, those that are
// done green, and the team's own yellow.
func (n Notes) EDL(w io.Writer, r Recording) error {
	mode := "NON-DROP FRAME"
	if r.Clock.Drop {
		mode = "DROP FRAME"
	}
	var out strings.Builder
	fmt.Fprintf(&out, "TITLE: %s\nFCM: %s\n* NOTES ON %s, VERSION %d\n* FRAME RATE: %s\n", edlText(r.Name), mode, edlText(n.Title), n.Version, r.assumed())
	if n.Staff {
		fmt.Fprintf(&out, "* YELLOW MARKERS ARE FOR YOUR TEAM ONLY\n")
	}
	if n.Cut {
		fmt.Fprintf(&out, "* THERE ARE MORE REPLIES THAN THIS FILE HAS\n")
	}
	for i, note := range n.of(r) {
		first := r.Clock.From + r.Clock.Rate.Frame(*note.AtMS)
		frames := int64(1)
		if note.EndMS != nil {
			frames = max(1, r.Clock.Rate.Frame(*note.EndMS)-r.Clock.Rate.Frame(*note.AtMS))
		}
		from, until := r.Clock.Text(first), r.Clock.Text(first+1)
		fmt.Fprintf(&out, "\n%03d  001      V     C        %s %s %s %s  \n", i+1, from, until, from, until)
		fmt.Fprintf(&out, "%s |C:ResolveColor%s |M:%s |D:%d\n", edlText(note.oneLine()), edlColor(note), edlText(note.markerName()), frames)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func edlColor(n Note) string {
	switch {
	case n.Team:
		return "Yellow"
	case n.Done:
		return "Green"
	}
	return "Blue"
}

// edlText is a text on one line, without the character that separates the fields of a
// marker.
func edlText(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "|", "/")), " ")
}
