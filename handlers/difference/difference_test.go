package difference_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portico/handlers/difference"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == difference.Child {
		if err := difference.RunChild(os.Args[2:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func newFinder(t *testing.T) *difference.Finder {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return difference.New(program)
}

// picture writes bytes to a file.
func picture(t *testing.T, contentType string, content []byte) difference.Picture {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return difference.Picture{Content: f, ContentType: contentType}
}

// with is a picture of that size with a gradient, and black rectangles on it.
func with(width, height int, boxes ...image.Rectangle) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, color.RGBA{uint8(128 + x*100/width), uint8(128 + y*100/height), 200, 255})
		}
	}
	for _, b := range boxes {
		draw.Draw(m, b, image.Black, image.Point{}, draw.Src)
	}
	return m
}

func asPNG(t *testing.T, m image.Image) difference.Picture {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return picture(t, "image/png", b.Bytes())
}

func asJPEG(t *testing.T, m image.Image, quality int) difference.Picture {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return picture(t, "image/jpeg", b.Bytes())
}

func find(t *testing.T, a, b difference.Picture) ([]difference.Box, difference.Unfit) {
	t.Helper()
	boxes, unfit, err := newFinder(t).Find(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	return boxes, unfit
}

// covers says whether a box is around a rectangle, and not much larger.
func covers(b difference.Box, r image.Rectangle, size image.Point) bool {
	near := func(got, want, side int) bool { d := got - want*10_000/side; return d >= -200 && d <= 200 }
	return near(b.X, r.Min.X, size.X) && near(b.Y, r.Min.Y, size.Y) && near(b.X+b.W, r.Max.X, size.X) && near(b.Y+b.H, r.Max.Y, size.Y)
}

// Each place that differs is found, at its place, whatever the size of the pictures. What
// is the same is not: not in another format, nor with the noise of compression.
func TestDifferencesAreFound(t *testing.T) {
	t.Parallel()
	one, two := image.Rect(100, 200, 300, 260), image.Rect(1500, 900, 1600, 1000)
	size := image.Pt(2000, 1200)
	a, b := with(2000, 1200), with(2000, 1200, one, two)
	boxes, unfit := find(t, asPNG(t, a), asPNG(t, b))
	if unfit != "" || len(boxes) != 2 || !covers(boxes[0], one, size) || !covers(boxes[1], two, size) {
		t.Errorf("%q, %+v", unfit, boxes)
	}
	if boxes, unfit := find(t, asPNG(t, b), asPNG(t, with(1000, 600, image.Rect(50, 100, 150, 130), image.Rect(750, 450, 800, 500)))); unfit != "" || len(boxes) != 0 {
		t.Errorf("the same at half the size: %q, %+v", unfit, boxes)
	}
	if boxes, unfit := find(t, asPNG(t, b), asJPEG(t, b, 85)); unfit != "" || len(boxes) != 0 {
		t.Errorf("the same as JPEG: %q, %+v", unfit, boxes)
	}
	if boxes, unfit := find(t, asJPEG(t, a, 85), asJPEG(t, b, 70)); unfit != "" || len(boxes) != 2 {
		t.Errorf("as JPEG: %q, %+v", unfit, boxes)
	}
	// A letter of a page of text.
	if boxes, unfit := find(t, asPNG(t, with(1600, 2263)), asPNG(t, with(1600, 2263, image.Rect(800, 1100, 812, 1122)))); unfit != "" || len(boxes) != 1 {
		t.Errorf("a letter: %q, %+v", unfit, boxes)
	}
}

// Pictures that differ in a thousand places have no more boxes than fit, which cover them.
func TestDifferencesAreBounded(t *testing.T) {
	t.Parallel()
	var dots []image.Rectangle
	for y := 0; y < 1200; y += 40 {
		for x := 0; x < 1600; x += 40 {
			dots = append(dots, image.Rect(x, y, x+8, y+8))
		}
	}
	boxes, unfit := find(t, asPNG(t, with(1600, 1200)), asPNG(t, with(1600, 1200, dots...)))
	if unfit != "" || len(boxes) == 0 || len(boxes) > difference.MaxBoxes {
		t.Errorf("%q, %d boxes", unfit, len(boxes))
	}
}

// Pictures that can't be compared say why, and cost no error.
func TestUnfitPicturesHaveAReason(t *testing.T) {
	t.Parallel()
	good := with(100, 100)
	for what, c := range map[string]struct {
		b    difference.Picture
		want difference.Unfit
	}{
		"another shape":  {asPNG(t, with(100, 140)), difference.Shape},
		"no picture":     {picture(t, "image/png", []byte("no picture")), difference.Broken},
		"nothing":        {picture(t, "image/png", nil), difference.Broken},
		"another type":   {picture(t, "application/pdf", []byte("%PDF-1.7\n")), difference.Broken},
		"a lying header": {picture(t, "image/png", bomb(t)), difference.Broken},
	} {
		if boxes, unfit := find(t, asPNG(t, good), c.b); unfit != c.want || boxes != nil {
			t.Errorf("%s: %q, %+v", what, unfit, boxes)
		}
		if boxes, unfit := find(t, c.b, asPNG(t, good)); unfit != c.want || boxes != nil {
			t.Errorf("%s, first: %q, %+v", what, unfit, boxes)
		}
	}
}

// bomb is a PNG that claims to be 60,000 pixels wide and high.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	content := b.Bytes()
	copy(content[16:], []byte{0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60})
	return content
}

// A child that never answers is given up, and whoever stops the job is not taken for it.
func TestSilentChildIsGivenUp(t *testing.T) {
	t.Parallel()
	f := difference.New(program(t, "exec sleep 60"))
	f.SetTimeout(200 * time.Millisecond)
	a := asPNG(t, with(10, 10))
	if _, unfit, err := f.Find(t.Context(), a, a); err != nil || unfit != difference.Slow {
		t.Errorf("%q, %v", unfit, err)
	}
	f.SetTimeout(time.Minute)
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if _, unfit, err := f.Find(ctx, a, a); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stopped job: %q, %v", unfit, err)
	}
}

func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// The child has no secret of its parent.
func TestChildHasNoSecret(t *testing.T) {
	t.Setenv("SESSION_KEYS", "a secret")
	a := asPNG(t, with(10, 10))
	_, _, err := difference.New(program(t, "env >&2\nexit 1")).Find(t.Context(), a, a)
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "GOMEMLIMIT") {
		t.Errorf("it says %v", err)
	}
}

// Whatever took over the child can't send what isn't a difference.
func TestNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	a := asPNG(t, with(10, 10))
	for _, said := range []string{
		"", "nonsense", `{"unfit":"own words"}`, `{"unfit":"slow"}`,
		`{"boxes":[{"X":-1,"Y":0,"W":1,"H":1}]}`, `{"boxes":[{"X":0,"Y":0,"W":0,"H":1}]}`, `{"boxes":[{"X":9999,"Y":0,"W":2,"H":1}]}`,
		`{"boxes":[{"X":0,"Y":0,"W":1,"H":20000}]}`, `{"boxes":[{"X":9223372036854775807,"Y":0,"W":9223372036854775807,"H":1}]}`,
		`{"boxes":[` + strings.Repeat(`{"X":0,"Y":0,"W":1,"H":1},`, difference.MaxBoxes) + `{"X":0,"Y":0,"W":1,"H":1}]}`,
		`{"boxes":[` + strings.Repeat(" ", 64<<10) + `]}`,
	} {
		boxes, unfit, err := difference.New(program(t, "cat <<'END'\n"+said+"\nEND")).Find(t.Context(), a, a)
		if err == nil || boxes != nil || unfit != "" {
			t.Errorf("%.60q: %+v, %q, %v", said, boxes, unfit, err)
		}
	}
}
