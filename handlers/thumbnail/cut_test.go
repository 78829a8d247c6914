package thumbnail

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"
	"strings"
	"testing"

	"portico/handlers/thumbnail/thumbnailtest"
)

// storedPNG is a PNG without compression, so that a half of the file is a half of its rows.
func storedPNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// paletted is a picture of two halves with a palette.
func paletted(w, h int) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{thumbnailtest.Red, thumbnailtest.Blue})
	for i := range m.Pix {
		if i%w >= w/2 {
			m.Pix[i] = 1
		}
	}
	return m
}

func half(content []byte) []byte { return content[:len(content)/2] }

// inAnimation makes the first frame of an animation of a PNG's pixels.
func inAnimation(t *testing.T, whole []byte, canvas image.Point, frame image.Rectangle) []byte {
	t.Helper()
	_, chunks := pngChunks(whole)
	header := bytes.Clone(chunks[0])
	binary.BigEndian.PutUint32(header, uint32(canvas.X))
	binary.BigEndian.PutUint32(header[4:], uint32(canvas.Y))
	var pixels []byte
	for _, c := range chunks[1 : len(chunks)-1] {
		pixels = append(pixels, c...)
	}
	_, small := pngChunks(thumbnailtest.PNG(t, thumbnailtest.TwoHalves(2, 2)))
	return pngOf("IHDR", header, "acTL", []byte{0, 0, 0, 1, 0, 0, 0, 0}, "IDAT", small[1], "fcTL", frameControl(0, frame),
		"fdAT", append([]byte{0, 0, 0, 1}, pixels...), "IEND", []byte{})
}

// cutPictures end in their middle. Browsers show their upper part.
func cutPictures(t *testing.T) map[string]picture {
	t.Helper()
	red, blue := thumbnailtest.Red, thumbnailtest.Blue
	photo := thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(200, 160))
	stored := storedPNG(t, thumbnailtest.TwoHalves(60, 40))
	rare, err := os.ReadFile("testdata/rare-3x1.jpg")
	if err != nil {
		t.Fatal(err)
	}
	fine, err := os.ReadFile("testdata/rare-3x1-progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	firstScan, lastScan := bytes.Index(fine, []byte{0xff, 0xda}), bytes.LastIndex(fine, []byte{0xff, 0xda})
	if lastScan-firstScan < 100 {
		t.Fatal("the sample has one scan")
	}
	side := image.Rect(20, 10, 80, 50)
	return map[string]picture{
		"JPEG cut in its middle":                {photo[:len(photo)-len(photo)/5], "image/jpeg", image.Pt(200, 160), red, clear},
		"JPEG cut in its middle, on its side":   {withOrientation(t, photo, 6)[:len(photo)-len(photo)/5], "image/jpeg", image.Pt(160, 200), clear, blue},
		"rare JPEG cut in its middle":           {rare[:len(rare)-20], "image/jpeg", image.Pt(96, 51), red, clear},
		"progressive JPEG cut in its last scan": {fine[:lastScan+12], "image/jpeg", image.Pt(96, 51), red, blue},
		"progressive JPEG cut between scans":    {fine[:lastScan+5], "image/jpeg", image.Pt(96, 51), red, blue},
		"PNG cut in its middle":                 {half(stored), "image/png", image.Pt(60, 40), red, clear},
		"PNG cut before its checksum":           {stored[:len(stored)-16], "image/png", image.Pt(60, 40), red, blue},
		"PNG with a palette, cut":               {half(storedPNG(t, paletted(60, 40))), "image/png", image.Pt(60, 40), red, clear},
		"PNG in pieces, cut":                    {half(pngOf(inPieces(t, stored)...)), "image/png", image.Pt(60, 40), red, clear},
		"animation cut in its first frame":      {half(inAnimation(t, stored, image.Pt(100, 60), side)), "image/apng", image.Pt(100, 60), clear, clear},
	}
}

// inPieces splits the pixels of a PNG into chunks of 100 bytes.
func inPieces(t *testing.T, whole []byte) (parts []any) {
	t.Helper()
	kinds, chunks := pngChunks(whole)
	for i, kind := range kinds {
		for kind == "IDAT" && len(chunks[i]) > 100 {
			parts = append(parts, "IDAT", chunks[i][:100])
			chunks[i] = chunks[i][100:]
		}
		parts = append(parts, kind, chunks[i])
	}
	return parts
}

// An animation may end inside its first frame. Then the rows that arrived are drawn where
// the frame lies.
func TestCutAnimationKeepsItsPlace(t *testing.T) {
	t.Parallel()
	content := half(inAnimation(t, storedPNG(t, thumbnailtest.TwoHalves(60, 40)), image.Pt(100, 60), image.Rect(20, 10, 80, 50)))
	small, err := Shrink(bytes.NewReader(content), "image/apng", box)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(small.Content))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[image.Point]color.Color{
		{X: 19, Y: 12}: clear, {X: 22, Y: 8}: clear, {X: 22, Y: 12}: thumbnailtest.Red, {X: 77, Y: 12}: thumbnailtest.Blue, {X: 77, Y: 48}: clear,
	} {
		if !alike(m.At(at.X, at.Y), want) {
			t.Errorf("at %v: %v, want %v", at, m.At(at.X, at.Y), want)
		}
	}
}

// The decoder keeps at most maxKept bytes of a picture. A picture that ends in its middle has
// a thumbnail of its upper part, and none if it is larger than that.
func TestLargeCutPictureHasNoThumbnail(t *testing.T) {
	t.Parallel()
	whole := storedPNG(t, thumbnailtest.TwoHalves(4000, 3000))
	if len(whole) < maxKept+1<<20 {
		t.Fatalf("the sample has %d bytes", len(whole))
	}
	if _, err := Shrink(bytes.NewReader(whole[:maxKept+1<<19]), "image/png", box); !errors.As(err, new(UnfitError)) {
		t.Errorf("cut behind the limit: %v", err)
	}
	small, err := Shrink(bytes.NewReader(whole[:maxKept/4]), "image/png", box)
	if err != nil || small.ContentType != "image/png" {
		t.Errorf("cut before it: %s, %v", small.ContentType, err)
	}
}

// greyScans is a progressive JPEG of one grey component with a scan of DC coefficients and n
// of nothing, 12 bytes each.
func greyScans(n int) []byte {
	b := append([]byte{0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}, bytes.Repeat([]byte{1}, 64)...)
	b = append(b, 0xff, 0xc2, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0)
	table := func(class, value byte) []byte {
		return append(append([]byte{0xff, 0xc4, 0, 20, class, 1}, make([]byte, 15)...), value)
	}
	b = append(append(b, table(0x00, 0)...), table(0x10, 0xe0)...)
	b = append(b, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0x0f)
	return append(append(b, bytes.Repeat([]byte{0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0, 0x00, 0x01}, n)...), 0xff, 0xd9)
}

// A JPEG of more scans than any encoder writes is refused, because each can make a decoder
// walk through all blocks. Scans inside a comment don't count.
func TestTooManyScansAreRefused(t *testing.T) {
	t.Parallel()
	fine, err := os.ReadFile("testdata/rare-3x1-progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.Index(fine, []byte{0xff, 0xda})
	next := first + 2 + bytes.Index(fine[first+2:], []byte{0xff, 0xda})
	repeated := func(n int) []byte {
		return slices.Concat(fine[:first], bytes.Repeat(fine[first:next], n), fine[next:])
	}
	commented := bytes.Join([][]byte{{0xff, 0xd8, 0xff, 0xfe, 0x0f, 0xa2}, bytes.Repeat([]byte{0xff, 0xda, 0, 8}, 1000), greyScans(10)[2:]}, nil)
	for name, c := range map[string]struct {
		content []byte
		refused bool
	}{
		"Go's decoder, 100 scans":      {greyScans(100), false},
		"Go's decoder, 5000 scans":     {greyScans(5000), true},
		"a comment with 1000 scans":    {commented, false},
		"the rare decoder, 20 scans":   {repeated(20), false},
		"the rare decoder, 1000 scans": {repeated(1000), true},
		"cut, 5000 scans":              {greyScans(5000)[:50_000], true},
	} {
		_, err := Shrink(bytes.NewReader(c.content), "image/jpeg", box)
		var no UnfitError
		if refused := errors.As(err, &no) && strings.Contains(no.Reason, "too many scans"); refused != c.refused || !refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
