package noteexport

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"time"

	"portico/handlers/spreadsheet"
)

// CSV writes a table with a line for each note and each reply. It begins with a byte order
// mark: without one Excel takes UTF-8 for the alphabet of the machine. Staff get a column
// that says who sees the line.
func (n Notes) CSV(w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	header := []string{"note", "state", "who sees it", "file", "page", "place", "x %", "y %", "width %", "height %", "time", "until", "timecode", "frames", "kind", "author", "written (UTC)", "edited", "words"}
	if err := out.Write(n.forReader(header)); err != nil {
		return err
	}
	for _, note := range n.List {
		for i, k := range note.Comments {
			if err := out.Write(n.forReader(n.line(note, k, i > 0))); err != nil {
				return err
			}
		}
	}
	if n.Cut {
		if err := out.Write([]string{"There are more replies. This file has the first of them."}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// whoSees is the column that only staff get.
const whoSees = 2

func (n Notes) forReader(cells []string) []string {
	if !n.Staff {
		cells = slices.Delete(cells, whoSees, whoSees+1)
	}
	for i := range cells {
		cells[i] = spreadsheet.SafeCell(cells[i])
	}
	return cells
}

func (n Notes) line(note Note, k Comment, reply bool) []string {
	page, x, y, w, h, at, until, code, frames := "", "", "", "", "", "", "", "", ""
	if note.Page > 0 {
		page = strconv.Itoa(note.Page)
	}
	if p := note.Pin; p != nil {
		x, y = percent(p.X), percent(p.Y)
		if p.W > 0 {
			w, h = percent(p.W), percent(p.H)
		}
	}
	if note.AtMS != nil {
		at, code = seconds(*note.AtMS), note.Clock.At(*note.AtMS)
		frames = note.Clock.Rate.Words()
		if !note.ClockKnown {
			frames += " (assumed)"
		}
	}
	if note.EndMS != nil {
		until = seconds(*note.EndMS)
	}
	kind, edited := "note", ""
	if reply {
		kind = "reply"
	}
	if k.Edited {
		edited = "yes"
	}
	return []string{note.Label, note.state(), n.sees(k.Team), note.File, page, note.Where, x, y, w, h, at, until, code, frames, kind, k.Author, k.At.UTC().Format(time.RFC3339), edited, k.Words}
}

// seconds is a time as a spreadsheet calculates with it.
func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) }
