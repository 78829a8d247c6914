package certificate

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gomono"
)

// The lines of the PDF, in points, and how many characters fit on one.
const (
	fontSize   = 8.5
	lineHeight = 11.5
	lineLength = 96
	margin     = 48
)

// PDF is a signed certificate to read and to print, with the signed text attached: that is
// what proves something. Characters that the font doesn't have are replaced. It stops when
// ctx ends.
func PDF(ctx context.Context, signed []byte) ([]byte, error) {
	doc := fpdf.New("P", "pt", "A4", "")
	doc.SetMargins(margin, margin, margin)
	doc.SetAutoPageBreak(true, margin)
	doc.AddUTF8FontFromBytes("mono", "", gomono.TTF)
	doc.SetFont("mono", "", fontSize)
	doc.SetTitle("Certificate of approval", true)
	doc.SetAttachments([]fpdf.Attachment{{Content: signed, Filename: "certificate.txt", Description: "The signed text"}})
	doc.SetFooterFunc(func() {
		doc.SetY(-margin + lineHeight)
		doc.CellFormat(0, lineHeight, fmt.Sprintf("Page %d. The signed text is attached to this PDF.", doc.PageNo()), "", 0, "C", false, 0, "")
	})
	doc.AddPage()
	for line := range strings.SplitSeq(strings.TrimSuffix(string(signed), "\n"), "\n") {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, part := range wrapped(printable(line)) {
			doc.CellFormat(0, lineHeight, part, "", 1, "", false, 0, "")
		}
	}
	var out bytes.Buffer
	err := doc.Output(&out)
	return out.Bytes(), err
}

// printable replaces what the font doesn't have: it has Latin, Greek and Cyrillic.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxLatin1 || unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) && r < 0x2000 || strings.ContainsRune("–—‘’“”•…€", r) {
			return r
		}
		return '?'
	}, s)
}

// wrapped cuts a line into parts that fit, at spaces where it can.
func wrapped(line string) (parts []string) {
	rest, room, indent := []rune(line), lineLength, ""
	for len(rest) > room {
		at := room
		for i := room; i > room/2; i-- {
			if rest[i] == ' ' {
				at = i
				break
			}
		}
		parts = append(parts, indent+string(rest[:at]))
		for rest = rest[at:]; len(rest) > 0 && rest[0] == ' '; {
			rest = rest[1:]
		}
		indent = "      "
		room = lineLength - len(indent)
	}
	return append(parts, indent+string(rest))
}
