package pdf_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-pdf/fpdf"
	pdferrors "github.com/klippa-app/go-pdfium/errors"

	"portico/handlers/pdf"
)

var renderer *pdf.Renderer

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == pdf.Child {
		if err := pdf.RunChild(os.Args[2:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	if renderer, err = pdf.New(program); err != nil {
		panic(err)
	}
	defer func() { _ = renderer.Close() }()
	return m.Run()
}

// open writes a document to a file.
func open(t *testing.T, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "document")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// numbered is a document whose pages each have a black box, further down on each page.
func numbered(t *testing.T, pages int, change func(*fpdf.Fpdf)) []byte {
	t.Helper()
	doc := fpdf.New("P", "mm", "A4", "")
	change(doc)
	for n := range pages {
		doc.AddPage()
		doc.Rect(50, float64(10+20*(n%10)), 100, 15, "F")
	}
	var out bytes.Buffer
	if err := doc.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asItIs(*fpdf.Fpdf) {}

func render(t *testing.T, document []byte, first, most int) (drawn []pdf.Page, pages int, unfit pdf.Unfit) {
	t.Helper()
	pages, unfit, err := renderer.Render(t.Context(), open(t, document), first, most, func(p pdf.Page) error {
		drawn = append(drawn, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return drawn, pages, unfit
}

// The words of a page come with it, as the document has them.
func TestWordsOfPagesAreRead(t *testing.T) {
	t.Parallel()
	doc := fpdf.New("P", "mm", "A4", "")
	doc.SetFont("Helvetica", "", 14)
	for _, words := range []string{"Spring campaign", "", strings.Repeat("long ", 9000)} {
		doc.AddPage()
		doc.MultiCell(0, 1, words, "", "", false)
	}
	var out bytes.Buffer
	if err := doc.Output(&out); err != nil {
		t.Fatal(err)
	}
	drawn, _, _ := render(t, out.Bytes(), 1, 2)
	if len(drawn) != 2 || !strings.Contains(drawn[0].Words, "Spring campaign") || drawn[1].Words != "" {
		t.Errorf("%d pages, %q, %q", len(drawn), drawn[0].Words, drawn[1].Words)
	}
	if got := pdf.WordsOf(strings.Repeat("ü\x00\xff", 30_000)); got != strings.Repeat("ü", pdf.MaxWords) {
		t.Errorf("a long text is cut to %d bytes", len(got))
	}
}

// Each page is drawn in its shape, in order, from the first that was asked for on.
func TestPagesAreDrawn(t *testing.T) {
	t.Parallel()
	drawn, pages, unfit := render(t, numbered(t, 5, asItIs), 2, 3)
	if pages != 5 || unfit != "" || len(drawn) != 3 {
		t.Fatalf("%d pages, %q, %d drawn", pages, unfit, len(drawn))
	}
	for i, p := range drawn {
		picture, kind, err := image.Decode(bytes.NewReader(p.Content))
		if err != nil || "image/"+kind != p.ContentType || picture.Bounds().Dx() != p.Width || picture.Bounds().Dy() != p.Height {
			t.Fatalf("page %d: %v, %s, %v", p.Number, err, p.ContentType, picture.Bounds())
		}
		if p.Number != i+2 || p.Width < 1500 || p.Width > 1600 || p.Height*100/p.Width != 141 {
			t.Errorf("page %d is %d by %d", p.Number, p.Width, p.Height)
		}
		box := p.Height * (17 + 20*(p.Number-1)) / 297
		if r, _, _, _ := picture.At(p.Width/2, box).RGBA(); r != 0 {
			t.Errorf("page %d has no box at %d", p.Number, box)
		}
		if r, _, _, _ := picture.At(p.Width/2, p.Height-20).RGBA(); r != 0xffff {
			t.Errorf("page %d is not white elsewhere", p.Number)
		}
	}
	if drawn, pages, _ := render(t, numbered(t, 2, asItIs), 3, 9); pages != 2 || len(drawn) != 0 {
		t.Errorf("past the end: %d of %d", len(drawn), pages)
	}
}

// What can't be drawn has a reason, and costs no error.
func TestUnfitDocumentsHaveAReason(t *testing.T) {
	t.Parallel()
	whole := numbered(t, 3, asItIs)
	for what, c := range map[string]struct {
		document []byte
		want     pdf.Unfit
	}{
		"with a password": {numbered(t, 1, func(d *fpdf.Fpdf) { d.SetProtection(0, "secret", "owner") }), pdf.Password},
		"no PDF":          {bytes.Repeat([]byte("no PDF at all\n"), 100), pdf.Broken},
		"nothing":         {nil, pdf.Broken},
		"its head only":   {whole[:200], pdf.Broken},
		"no pages":        {[]byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"), pdf.Broken},
	} {
		if drawn, _, unfit := render(t, c.document, 1, 9); unfit != c.want || len(drawn) != 0 {
			t.Errorf("%s: %q, %d pages", what, unfit, len(drawn))
		}
	}
}

// A document that only its owner may change is one that everybody may see.
func TestOwnersPasswordDoesNotMatter(t *testing.T) {
	t.Parallel()
	if drawn, _, unfit := render(t, numbered(t, 1, func(d *fpdf.Fpdf) { d.SetProtection(0, "", "owner") }), 1, 9); unfit != "" || len(drawn) != 1 {
		t.Errorf("%q, %d pages", unfit, len(drawn))
	}
}

// endless is a small document with a page that is filled some million times.
func endless(t *testing.T) []byte {
	t.Helper()
	var content, doc bytes.Buffer
	w := zlib.NewWriter(&content)
	for range 2_000_000 {
		_, _ = io.WriteString(w, "0 0 600 800 re f\n") // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	doc.WriteString("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>endobj\n")
	fmt.Fprintf(&doc, "4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF", content.Len(), content.Bytes())
	return doc.Bytes()
}

// A document that would never be done is given up, and whoever stops the job is not taken
// for it. The next document is drawn.
func TestEndlessDocumentsAreGivenUp(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	impatient, err := pdf.New(program)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = impatient.Close() }()
	none := func(pdf.Page) error { return nil }
	if _, unfit, err := impatient.Render(t.Context(), open(t, numbered(t, 1, asItIs)), 1, 1, none); err != nil || unfit != "" {
		t.Fatalf("the first, which compiles: %v, %q", err, unfit)
	}
	impatient.SetTimeout(3 * time.Second)
	if _, unfit, err := impatient.Render(t.Context(), open(t, endless(t)), 1, 1, none); err != nil || unfit != pdf.Slow {
		t.Errorf("an endless document: %v, %q", err, unfit)
	}
	impatient.SetTimeout(time.Minute)
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, unfit, err := impatient.Render(ctx, open(t, endless(t)), 1, 1, none); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stopped job: %v, %q", err, unfit)
	}
	if _, unfit, err := impatient.Render(t.Context(), open(t, numbered(t, 1, asItIs)), 1, 1, none); err != nil || unfit != "" {
		t.Errorf("the next document: %v, %q", err, unfit)
	}
}

// Pages of any size become pictures of bounded size.
func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	for _, size := range []fpdf.SizeType{{Wd: 5000, Ht: 5000}, {Wd: 1, Ht: 5000}, {Wd: 5000, Ht: 1}, {Wd: 0.5, Ht: 0.5}} {
		doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: size})
		doc.AddPage()
		var out bytes.Buffer
		if err := doc.Output(&out); err != nil {
			t.Fatal(err)
		}
		drawn, _, unfit := render(t, out.Bytes(), 1, 1)
		if unfit != "" || len(drawn) != 1 || drawn[0].Width > 1600 || drawn[0].Height > 2263 || len(drawn[0].Content) > pdf.MaxPage {
			t.Errorf("%v: %q, %+v", size, unfit, drawn)
		}
	}
}

// An error of whoever takes the pages ends the work, and is the error.
func TestReceiversErrorEndsTheWork(t *testing.T) {
	t.Parallel()
	full, calls := errors.New("no room"), 0
	_, _, err := renderer.Render(t.Context(), open(t, numbered(t, 50, asItIs)), 1, 50, func(pdf.Page) error {
		calls++
		return full
	})
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("%v after %d pages", err, calls)
	}
}

// The child has no secret of its parent.
func TestChildHasNoSecret(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nenv >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SESSION_KEYS", "a secret")
	r, err := pdf.New(program)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	_, _, err = r.Render(t.Context(), open(t, nil), 1, 1, func(pdf.Page) error { return nil })
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "GOMEMLIMIT") {
		t.Errorf("it says %v", err)
	}
}

// Whatever took over the child can't send what isn't a page.
func TestNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	cut := map[string]bool{"": true, "{}": true, `{"pages":1}` + "\n" + `{"page":1,"width":10,"height":10,"type":"image/png","size":5}` + "\nabc": true}
	for _, said := range []string{
		"", "{}", "nonsense\n", `{"pages":0}` + "\n", `{"unfit":"own words"}` + "\n",
		`{"pages":1}` + "\n" + `{"page":1,"width":10,"height":10,"type":"text/html","size":3}` + "\nabc",
		`{"pages":1}` + "\n" + `{"page":1,"width":10,"height":10,"type":"image/png","size":999999999}` + "\nabc",
		`{"pages":1}` + "\n" + `{"page":1,"width":10,"height":10,"type":"image/png","size":5}` + "\nabc",
		`{"pages":1}` + "\n" + `{"page":1,"width":99999,"height":10,"type":"image/png","size":3}` + "\nabc",
		`{"pages":1}` + "\n" + `{"page":0,"width":9,"height":10,"type":"image/png","size":3}` + "\nabc",
		`{"pages":1}` + "\n" + strings.Repeat("x", 100<<10),
	} {
		program := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(program, []byte("#!/bin/sh\ncat <<'END' | head -c -1\n"+said+"\nEND\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		r, err := pdf.New(program)
		if err != nil {
			t.Fatal(err)
		}
		var got []pdf.Page
		_, unfit, err := r.Render(t.Context(), open(t, nil), 1, 1, func(p pdf.Page) error { got = append(got, p); return nil })
		if err == nil || unfit != "" || len(got) > 0 || !cut[said] && !errors.Is(err, pdf.ErrNonsense) {
			t.Errorf("%.60q: %v, %q, %v", said, err, unfit, got)
		}
		_ = r.Close()
	}
}

// PDFium reads what it is given, and nothing else on this machine.
func TestGuestSeesNoFiles(t *testing.T) {
	t.Parallel()
	content := numbered(t, 1, asItIs)
	if _, _, unfit := render(t, content, 1, 1); unfit != "" {
		t.Fatalf("the document itself is %s", unfit)
	}
	if err := renderer.OpenByPath(open(t, content).Name()); !errors.Is(err, pdferrors.ErrFile) {
		t.Errorf("it opens a file by its path: %v", err)
	}
}
