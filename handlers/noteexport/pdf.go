package noteexport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// Picture is a picture of a file, or of a page of it, with the places of notes on it.
type Picture struct {
	ContentType string // image/png or image/jpeg, as our own encoders write them
	Content     []byte
}

// Place names a picture: a file, and a page of it, 0 for a file without pages.
type Place struct {
	FileID string
	Page   int
}

// The measures of the PDF, in points.
const (
	pdfMargin  = 48
	pdfLine    = 14
	pdfPicture = 300 // the most that a picture is high
	pdfPin     = 8   // half a pin
)

// The colours of pins, as on the page.
var (
	pinColor  = [3]int{0x15, 0x50, 0x5c}
	teamColor = [3]int{0x7a, 0x4b, 0x00}
)

// sheet is the PDF that is being drawn.
type sheet struct {
	*fpdf.Fpdf
	font    *sfnt.Font
	buf     sfnt.Buffer
	lacking bool // a character was replaced
	drawn   int
}

// PDF writes the notes to read and to print: by file, each place on its picture with its
// pin, and what was said below. Pictures loads one when its turn comes; one that is nil has
// none. Times are written by when. It stops when ctx ends.
func (n Notes) PDF(ctx context.Context, w io.Writer, pictures func(Place) (*Picture, error), when func(Comment) string) error {
	font, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return err
	}
	d := &sheet{Fpdf: fpdf.New("P", "pt", "A4", ""), font: font}
	d.SetMargins(pdfMargin, pdfMargin, pdfMargin)
	d.SetAutoPageBreak(true, pdfMargin)
	d.AddUTF8FontFromBytes("go", "", goregular.TTF)
	d.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	d.SetTitle(fmt.Sprintf("Notes on %s, version %d", n.Title, n.Version), true)
	d.SetFooterFunc(func() {
		d.SetY(-pdfMargin + pdfLine)
		d.SetFont("go", "", 8)
		d.CellFormat(0, pdfLine, fmt.Sprintf("Page %d", d.PageNo()), "", 0, "C", false, 0, "")
	})
	d.AddPage()
	n.head(d)
	for _, group := range n.byPlace() {
		if err := n.place(ctx, d, group, pictures, when); err != nil {
			return err
		}
	}
	if d.lacking {
		d.words("", 9, "Characters that this PDF's font lacks are shown as □. The CSV has them.")
	}
	var out bytes.Buffer
	if err := d.Output(&out); err != nil {
		return fmt.Errorf("notes as PDF: %w", err)
	}
	_, err = out.WriteTo(w)
	return err
}

func (n Notes) head(d *sheet) {
	d.words("B", 18, n.Title)
	d.words("", 10, fmt.Sprintf("%s on version %d. %s, exported by %s on %s UTC.", count(len(n.List)), n.Version, n.Client, n.Reader, n.At.UTC().Format("2 January 2006, 15:04")))
	if n.Staff {
		d.SetTextColor(teamColor[0], teamColor[1], teamColor[2])
		d.words("B", 10, "This has what only your team sees. Don't send it to "+n.Client+".")
		d.SetTextColor(0, 0, 0)
	}
	if n.Cut {
		d.words("", 10, "There are more replies. This file has the first of them.")
	}
	if len(n.List) == 0 {
		d.words("", 10, "There are no notes.")
	}
}

func count(notes int) string {
	if notes == 1 {
		return "1 note"
	}
	return strconv.Itoa(notes) + " notes"
}

// group are the notes of one picture, or of a file or version as a whole.
type group struct {
	at    Place
	title string
	notes []Note
}

// byPlace groups the notes by file and page, in the order of the first of each.
func (n Notes) byPlace() (groups []*group) {
	found := map[Place]*group{}
	for _, note := range n.List {
		at := Place{note.FileID, note.Page}
		g := found[at]
		if g == nil {
			title := note.File
			switch {
			case title == "" && note.FileID == "":
				title = "Whole version"
			case note.Page > 0:
				title = fmt.Sprintf("%s, page %d", title, note.Page)
			}
			g = &group{at: at, title: title}
			found[at] = g
			groups = append(groups, g)
		}
		g.notes = append(g.notes, note)
	}
	return groups
}

func (n Notes) place(ctx context.Context, d *sheet, g *group, pictures func(Place) (*Picture, error), when func(Comment) string) error {
	d.Ln(pdfLine)
	d.words("B", 13, g.title)
	pinned := false
	for _, note := range g.notes {
		pinned = pinned || note.Pin != nil
	}
	if pinned {
		picture, err := pictures(g.at)
		if err != nil {
			return err
		}
		if err := d.picture(picture, g.notes); err != nil {
			return err
		}
	}
	for _, note := range g.notes {
		if err := ctx.Err(); err != nil {
			return err
		}
		n.note(d, note, when)
	}
	return nil
}

// picture draws a picture, and the pins on it.
func (d *sheet) picture(p *Picture, notes []Note) error {
	if p == nil {
		d.words("", 9, "There is no picture of it here.")
		return nil
	}
	d.drawn++
	name, kind := fmt.Sprintf("picture %d", d.drawn), strings.TrimPrefix(p.ContentType, "image/")
	info := d.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: kind}, bytes.NewReader(p.Content))
	if info == nil || d.Err() {
		return errors.Join(errors.New("notes as PDF: a picture can't be drawn"), d.Error())
	}
	page, pageHeight := d.GetPageSize()
	scale := min((page-2*pdfMargin)/info.Width(), pdfPicture/info.Height())
	w, h := info.Width()*scale, info.Height()*scale
	if d.GetY()+h > pageHeight-pdfMargin {
		d.AddPage()
	}
	x, y := d.GetX(), d.GetY()+4
	d.ImageOptions(name, x, y, w, h, false, fpdf.ImageOptions{ImageType: kind}, 0, "")
	d.SetDrawColor(0xbb, 0xbb, 0xbb)
	d.SetLineWidth(0.5)
	d.Rect(x, y, w, h, "D")
	for _, note := range notes {
		if note.Pin != nil {
			d.pin(note, x, y, w, h)
		}
	}
	d.SetXY(pdfMargin, y+h+pdfLine)
	return nil
}

func (d *sheet) pin(n Note, x, y, w, h float64) {
	c := pinColor
	if n.Team {
		c = teamColor
	}
	at := func(part int, whole float64) float64 { return float64(part) / 10_000 * whole }
	px, py := x+at(n.Pin.X, w), y+at(n.Pin.Y, h)
	if n.Pin.W > 0 {
		// White around it, to be seen on dark pictures too.
		d.SetLineWidth(3)
		d.SetDrawColor(255, 255, 255)
		d.Rect(px, py, at(n.Pin.W, w), at(n.Pin.H, h), "D")
		d.SetLineWidth(1.5)
		d.SetDrawColor(c[0], c[1], c[2])
		d.Rect(px, py, at(n.Pin.W, w), at(n.Pin.H, h), "D")
	}
	d.drawing(n.Drawing, c, x, y, w, h)
	d.SetLineWidth(1)
	d.SetDrawColor(255, 255, 255)
	d.SetFillColor(c[0], c[1], c[2])
	d.Circle(px, py, pdfPin, "FD")
	d.SetFont("go", "B", 8)
	d.SetTextColor(255, 255, 255)
	d.Text(px-d.GetStringWidth(n.Label)/2, py+3, n.Label)
	d.SetTextColor(0, 0, 0)
}

func (n Notes) note(d *sheet, note Note, when func(Comment) string) {
	title := note.Label
	if note.Where != "" {
		title += " · " + note.Where
	}
	if note.AtMS != nil {
		title += " · " + note.Clock.At(*note.AtMS)
		if note.EndMS != nil {
			title += " to " + note.Clock.At(*note.EndMS)
		}
		if !note.ClockKnown {
			title += " (" + note.Clock.Rate.Words() + " assumed)"
		}
	}
	if note.Done {
		title += " · done"
		if note.DoneBy != "" {
			title += " by " + note.DoneBy
		}
	}
	d.Ln(4)
	d.words("B", 10, title)
	for _, k := range note.Comments {
		by := k.Author + ", " + when(k)
		if k.Edited {
			by += ", edited"
		}
		if n.Staff {
			by += " · " + n.sees(k.Team)
		}
		d.SetTextColor(0x60, 0x60, 0x60)
		d.words("", 8, by)
		d.SetTextColor(0, 0, 0)
		d.words("", 10, k.Words)
	}
}

// words writes a paragraph.
func (d *sheet) words(style string, size float64, text string) {
	d.SetFont("go", style, size)
	d.MultiCell(0, size*1.35, d.printable(text), "", "L", false)
}

// printable replaces what the font lacks.
func (d *sheet) printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if at, err := d.font.GlyphIndex(&d.buf, r); err == nil && at != 0 && r < 0x10000 {
			return r
		}
		d.lacking = true
		return '□'
	}, s)
}
