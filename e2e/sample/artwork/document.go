package artwork

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-pdf/fpdf"
)

// made is the creation date of every document. A fixed date keeps runs identical.
var made = time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)

// document is a PDF of landscape pages, 297 by 210 mm, with the standard fonts.
type document struct {
	pdf    *fpdf.Fpdf
	title  string
	images int
	// paper, ink and accent are the colours of its client.
	paper, text, accent ink
}

const (
	pageWidth  = 297.0
	pageHeight = 210.0
	pageMargin = 22.0
)

func newDocument(title, owner string, paper, text, accent ink) *document {
	pdf := fpdf.New("L", "mm", "A4", "")
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCreationDate(made)
	pdf.SetModificationDate(made)
	pdf.SetCatalogSort(true)
	pdf.SetTitle(title, false)
	pdf.SetSubject(owner, false)
	pdf.SetAuthor("Studio team", false)
	return &document{pdf: pdf, title: title, paper: paper, text: text, accent: accent}
}

// page begins a page with a heading, and returns where the text goes on.
func (d *document) page(heading string) float64 {
	d.blank(d.paper)
	d.write("B", 26, pageMargin, 36, d.text, heading)
	n := d.pdf.PageNo()
	d.write("", 8, pageMargin, 196, d.text.mix(d.paper, 0.4), d.title)
	d.pdf.SetXY(pageWidth-pageMargin-20, 192.5)
	d.pdf.CellFormat(20, 5, fmt.Sprint(n), "", 0, "R", false, 0, "")
	return 54
}

// blank begins a page that is one colour.
func (d *document) blank(ground ink) {
	d.pdf.AddPage()
	d.box(0, 0, pageWidth, pageHeight, ground)
}

func (d *document) box(x, y, w, h float64, c ink) {
	d.pdf.SetFillColor(bytesOf(c))
	d.pdf.Rect(x, y, w, h, "F")
}

func bytesOf(c ink) (r, g, b int) {
	return int(c.r*255 + 0.5), int(c.g*255 + 0.5), int(c.b*255 + 0.5)
}

// write sets one line on its baseline.
func (d *document) write(style string, size, x, y float64, c ink, text string) {
	d.pdf.SetFont("Helvetica", style, size)
	d.pdf.SetTextColor(bytesOf(c))
	d.pdf.Text(x, y, text)
}

// prose sets a paragraph in a column and returns where it ends.
func (d *document) prose(x, y, w float64, text string) float64 {
	d.pdf.SetFont("Helvetica", "", 12)
	d.pdf.SetTextColor(bytesOf(d.text))
	d.pdf.SetXY(x-1, y)
	d.pdf.MultiCell(w, 6.4, text, "", "L", false)
	return d.pdf.GetY() + 8
}

// point sets a paragraph under a heading of its own.
func (d *document) point(x, y, w float64, heading, text string) float64 {
	d.box(x, y, 12, 1.2, d.accent)
	d.write("B", 13, x, y+9, d.text, heading)
	return d.prose(x, y+12, w, text)
}

// show places a picture w mm wide.
func (d *document) show(c *canvas, x, y, w float64) error {
	b, err := c.jpeg(d.title)
	if err != nil {
		return err
	}
	d.images++
	name := fmt.Sprint("picture ", d.images)
	options := fpdf.ImageOptions{ImageType: "JPG"}
	d.pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(b))
	d.pdf.ImageOptions(name, x, y, w, w*c.h/c.w, false, options, 0, "")
	return d.pdf.Error()
}

// table sets rows of three columns, the first row as their heads.
func (d *document) table(y float64, widths [3]float64, rows ...[3]string) float64 {
	for i, row := range rows {
		style, x := "", pageMargin
		if i == 0 {
			style = "B"
		}
		for j, cell := range row {
			d.write(style, 12, x, y, d.text, cell)
			x += widths[j]
		}
		d.box(pageMargin, y+3.6, pageWidth-2*pageMargin, 0.25, d.text.mix(d.paper, 0.7))
		y += 11
	}
	return y
}

func (d *document) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := d.pdf.Output(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
