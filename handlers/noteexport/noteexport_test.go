package noteexport_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"portico/handlers/noteexport"
	"portico/handlers/timecode"
)

var day = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

func ptr(n int64) *int64 { return &n }

// sample are notes of every kind on a recording at 29.97 drop-frame and a picture, as staff
// see them.
func sample() (noteexport.Notes, noteexport.Recording) {
	rate := timecode.Rate{Num: 30000, Den: 1001}
	clock := timecode.NewClock(rate, "01:00:00;00")
	said := func(words ...string) (list []noteexport.Comment) {
		for _, w := range words {
			list = append(list, noteexport.Comment{Author: "Mia | Chen", At: day, Words: w})
		}
		return list
	}
	return noteexport.Notes{
		Title: "Spring <Cut> & more", Version: 2, Client: "Acme", Reader: "Dana", At: day, Staff: true,
		List: []noteexport.Note{
			{Label: "1", FileID: "f1", File: "Cut.mov", AtMS: ptr(60_060), EndMS: ptr(61_061), Clock: clock, ClockKnown: true, Comments: said("Slower |D:9\nhere", "Yes & <no>")},
			{Label: "2", FileID: "f1", File: "Cut.mov", AtMS: ptr(0), Clock: clock, ClockKnown: true, Done: true, DoneBy: "Ravi", Comments: said("=1+1")},
			{Label: "3", FileID: "f2", File: "Logo.png", Where: "B2", Pin: &noteexport.Pin{X: 2500, Y: 5000, W: 1000, H: 500}, Comments: said("Ἀρχή, Привет, 日本 🎬 עברית")},
			{Label: "T1", Team: true, Comments: said("Ours")},
		},
	}, noteexport.Recording{ID: "f1", Name: "Cut.mov", Clock: clock, Known: true, DurationMS: 90_000}
}

// The table has a line for each reply, no formula, and the true timecode.
func TestTable(t *testing.T) {
	t.Parallel()
	notes, _ := sample()
	var out bytes.Buffer
	if err := notes.CSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d lines, %v", len(rows), err)
	}
	if got := strings.Join(rows[1][9:14], ";"); got != ";60.06;61.061;01:01:00;02;29.97 fps" {
		t.Errorf("the place in time is %q", got)
	}
	if words := rows[3][len(rows[3])-1]; words != "'=1+1" {
		t.Errorf("a formula is %q", words)
	}
	notes.Staff = false
	out.Reset()
	if err := notes.CSV(&out); err != nil || strings.Contains(out.String(), "team") {
		t.Errorf("a client's table says who sees a line: %v\n%s", err, out.String())
	}
}

// Markers stand at their frames, in order, and no words forge a field or an element.
func TestMarkers(t *testing.T) {
	t.Parallel()
	notes, recording := sample()
	var edl bytes.Buffer
	if err := notes.EDL(&edl, recording); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"FCM: DROP FRAME\n", "* FRAME RATE: 29.97 fps, from 01:00:00;00\n",
		"001  001      V     C        01:00:00;00 01:00:00;01 01:00:00;00 01:00:00;01  \n",
		"002  001      V     C        01:01:00;02 01:01:00;03 01:01:00;02 01:01:00;03  \nMia / Chen: Slower /D:9 here / Mia / Chen: Yes & <no> |C:ResolveColorBlue |M:Note 1, Mia / Chen |D:30\n",
	} {
		if !strings.Contains(edl.String(), part) {
			t.Errorf("the list lacks %q:\n%s", part, edl.String())
		}
	}
	var out bytes.Buffer
	if err := notes.FCPXML(&out, recording); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Sequence struct {
			TCStart  string `xml:"tcStart,attr"`
			TCFormat string `xml:"tcFormat,attr"`
			Clip     struct {
				Start    string `xml:"start,attr"`
				Duration string `xml:"duration,attr"`
				Markers  []struct {
					Start     string `xml:"start,attr"`
					Duration  string `xml:"duration,attr"`
					Note      string `xml:"note,attr"`
					Completed string `xml:"completed,attr"`
				} `xml:"marker"`
			} `xml:"spine>asset-clip"`
		} `xml:"library>event>project>sequence"`
	}
	if err := xml.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v:\n%s", err, out.String())
	}
	s := doc.Sequence
	if s.TCStart != "8999991/2500s" || s.TCFormat != "DF" || len(s.Clip.Markers) != 2 || s.Clip.Markers[0].Completed != "1" {
		t.Errorf("the sequence is %+v", s)
	}
	if m := s.Clip.Markers[1]; m.Duration != "1001/1000s" || !strings.Contains(m.Note, "Yes & <no>") || m.Completed != "0" {
		t.Errorf("the marker is %+v", m)
	}
}

// What the team says aside in a note that the client sees is in a marker of its own, which
// says so. The client's marker has the rest.
func TestMarkersKeepAsidesApart(t *testing.T) {
	t.Parallel()
	notes, recording := sample()
	aside := noteexport.Comment{Author: "Ravi", At: day, Team: true, Words: "cnryaside"}
	first := &notes.List[0]
	first.Comments = []noteexport.Comment{first.Comments[0], aside, first.Comments[1]}
	var edl, xml bytes.Buffer
	if err := errors.Join(notes.EDL(&edl, recording), notes.FCPXML(&xml, recording)); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"\nMia / Chen: Slower /D:9 here / Mia / Chen: Yes & <no> |C:ResolveColorBlue |M:Note 1, Mia / Chen |",
		"\nRavi: cnryaside |C:ResolveColorYellow |M:Note 1 aside, Ravi |",
	} {
		if !strings.Contains(edl.String(), part) {
			t.Errorf("the EDL lacks %q:\n%s", part, edl.String())
		}
	}
	if strings.Count(edl.String()+xml.String(), "cnryaside") != 2 || !strings.Contains(xml.String(), `note="(our team only) Ravi: cnryaside"`) || !strings.Contains(xml.String(), `note="(our team and Acme) Mia`) {
		t.Errorf("the XML is\n%s", xml.String())
	}
}

// The PDF is drawn with every script, with a picture and without, and says what its font
// lacks. A picture that can't be drawn is an error, and no panic.
func TestPDF(t *testing.T) {
	t.Parallel()
	notes, _ := sample()
	var picture bytes.Buffer
	canvas := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	canvas.Set(1, 1, color.NRGBA{255, 0, 0, 100})
	if err := png.Encode(&picture, canvas); err != nil {
		t.Fatal(err)
	}
	when := func(k noteexport.Comment) string { return k.At.Format(time.DateTime) }
	asked := 0
	draw := func(p *noteexport.Picture) (bytes.Buffer, error) {
		var out bytes.Buffer
		err := notes.PDF(t.Context(), &out, func(at noteexport.Place) (*noteexport.Picture, error) {
			asked++
			if at != (noteexport.Place{FileID: "f2"}) {
				t.Errorf("a picture of %+v is asked for", at)
			}
			return p, nil
		}, when)
		return out, err
	}
	with, err := draw(&noteexport.Picture{ContentType: "image/png", Content: picture.Bytes()})
	if err != nil || !bytes.HasPrefix(with.Bytes(), []byte("%PDF-")) || !bytes.Contains(with.Bytes(), []byte("/Subtype /Image")) {
		t.Errorf("with a picture: %v", err)
	}
	if without, err := draw(nil); err != nil || bytes.Contains(without.Bytes(), []byte("/Subtype /Image")) {
		t.Errorf("without a picture: %v", err)
	}
	if _, err := draw(&noteexport.Picture{ContentType: "image/png", Content: []byte("no picture")}); err == nil {
		t.Error("what is no picture was drawn")
	}
	if asked != 3 {
		t.Errorf("%d pictures were asked for, want one a PDF", asked)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	none := func(noteexport.Place) (*noteexport.Picture, error) { return nil, nil }
	if err := notes.PDF(gone, io.Discard, none, when); !errors.Is(err, context.Canceled) {
		t.Errorf("for a visitor who is gone: %v", err)
	}
}
