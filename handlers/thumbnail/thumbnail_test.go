package thumbnail

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"runtime/metrics"
	"strings"
	"testing"

	"portico/handlers/thumbnail/thumbnailtest"
)

// box is the size of the product's previews.
var box = Box{480, 360}

// withOrientation adds an EXIF orientation to a JPEG.
func withOrientation(t *testing.T, content []byte, orientation byte) []byte {
	t.Helper()
	exif := append([]byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01"),
		0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return bytes.Join([][]byte{content[:2], segment, exif, content[2:]}, nil)
}

// An image is shrunk to fit the box and never enlarged. Transparency is kept, and a
// photo is turned upright.
func TestShrink(t *testing.T) {
	t.Parallel()
	hole := thumbnailtest.TwoHalves(1000, 1000)
	for x := range 400 {
		for y := range 400 {
			hole.SetNRGBA(x, y, color.NRGBA{})
		}
	}
	for name, c := range map[string]struct {
		content     []byte
		contentType string
		becomes     string
		size        image.Point
		first, last color.Color // in the corners
	}{
		"png":         {thumbnailtest.PNG(t, thumbnailtest.TwoHalves(1000, 500)), "image/png", "image/jpeg", image.Pt(480, 240), thumbnailtest.Red, thumbnailtest.Blue},
		"alpha":       {thumbnailtest.PNG(t, hole), "image/png", "image/png", image.Pt(360, 360), color.NRGBA{}, thumbnailtest.Blue},
		"jpeg":        {thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(600, 1200)), "image/jpeg", "image/jpeg", image.Pt(180, 360), thumbnailtest.Red, thumbnailtest.Blue},
		"gif":         {thumbnailtest.GIF(t, thumbnailtest.TwoHalves(960, 720)), "image/gif", "image/jpeg", image.Pt(480, 360), thumbnailtest.Red, thumbnailtest.Blue},
		"small":       {thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 30)), "image/png", "image/jpeg", image.Pt(40, 30), thumbnailtest.Red, thumbnailtest.Blue},
		"a line":      {thumbnailtest.PNG(t, thumbnailtest.TwoHalves(5000, 1)), "image/png", "image/jpeg", image.Pt(480, 1), thumbnailtest.Red, thumbnailtest.Blue},
		"on its head": {withOrientation(t, thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(1000, 500)), 3), "image/jpeg", "image/jpeg", image.Pt(480, 240), thumbnailtest.Blue, thumbnailtest.Red},
		"on its side": {withOrientation(t, thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(1000, 500)), 6), "image/jpeg", "image/jpeg", image.Pt(180, 360), thumbnailtest.Red, thumbnailtest.Blue},
		"on the left": {withOrientation(t, thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(1000, 500)), 8), "image/jpeg", "image/jpeg", image.Pt(180, 360), thumbnailtest.Blue, thumbnailtest.Red},
	} {
		small, err := Shrink(bytes.NewReader(c.content), c.contentType, box)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m, format, err := image.Decode(bytes.NewReader(small.Content))
		if err != nil || small.ContentType != c.becomes || "image/"+format != c.becomes || m.Bounds().Size() != c.size {
			t.Errorf("%s: became %s (%s) of %v, %v", name, small.ContentType, format, m.Bounds().Size(), err)
			continue
		}
		last := m.Bounds().Max.Sub(image.Pt(1, 1))
		if !similar(m.At(0, 0), c.first) || !similar(m.At(last.X, last.Y), c.last) {
			t.Errorf("%s: %v in the first corner and %v in the last", name, m.At(0, 0), m.At(last.X, last.Y))
		}
	}
}

// similar allows for the loss of colour by JPEG and a small palette.
func similar(a, b color.Color) bool {
	r1, g1, b1, a1 := a.RGBA()
	r2, g2, b2, a2 := b.RGBA()
	for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2), int(a1) - int(a2)} {
		if max(d, -d) > 60<<8 {
			return false
		}
	}
	return true
}

// rotate undoes each of the eight EXIF orientations of an image with four different
// corners.
func TestRotateUndoesOrientation(t *testing.T) {
	t.Parallel()
	m := image.NewRGBA(image.Rect(0, 0, 2, 2))
	for i := range 4 { // a b over c d
		m.SetRGBA(i%2, i/2, color.RGBA{R: byte('a' + i), A: 255})
	}
	for o, want := range []string{1: "abcd", 2: "badc", 3: "dcba", 4: "cdab", 5: "acbd", 6: "cadb", 7: "dbca", 8: "bdac"} {
		if o == 0 {
			continue
		}
		var got strings.Builder
		out := rotate(m, o)
		for i := range 4 {
			got.WriteByte(out.RGBAAt(i%2, i/2).R)
		}
		if got.String() != want {
			t.Errorf("%d: %s, want %s", o, got.String(), want)
		}
	}
}

// jpegClaim is the header of a JPEG of that size, with three components at full
// resolution.
func jpegClaim(w, h uint16, progressive bool) []byte {
	marker := byte(0xc0)
	if progressive {
		marker = 0xc2
	}
	b := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, marker, 0, 17, 8}, h)
	b = binary.BigEndian.AppendUint16(b, w)
	// The decoder reads up to the start of a scan to find the colour model.
	return append(b, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 0xff, 0xda, 0, 12)
}

func gifClaim(w, h uint16) []byte {
	b := binary.LittleEndian.AppendUint16([]byte("GIF89a"), w)
	return append(binary.LittleEndian.AppendUint16(b, h), 0, 0, 0)
}

func webpClaim(w, h int) []byte {
	b := []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00")
	for _, side := range []int{w - 1, h - 1} {
		b = append(b, byte(side), byte(side>>8), byte(side>>16))
	}
	return b
}

// Case 50: a few bytes claim to be an image that doesn't fit into memory. They are
// refused by their header, before anything is decoded.
func TestOversizedPicturesAreNotDecoded(t *testing.T) {
	t.Parallel()
	const pixels, memory = "too many pixels", "too much memory"
	for name, c := range map[string]struct {
		content     []byte
		contentType string
		why         string
	}{
		"png":                {thumbnailtest.PNGClaim(60_000, 60_000, 8, 6, 0), "image/png", pixels},
		"wide png":           {thumbnailtest.PNGClaim(20_001, 1, 8, 6, 0), "image/png", pixels},
		"high png":           {thumbnailtest.PNGClaim(1, 20_001, 8, 6, 0), "image/png", pixels},
		"large png":          {thumbnailtest.PNGClaim(7_100, 7_100, 8, 6, 0), "image/png", pixels},
		"deep png":           {thumbnailtest.PNGClaim(7_000, 7_000, 16, 6, 0), "image/png", memory},
		"interlaced png":     {thumbnailtest.PNGClaim(7_000, 7_000, 8, 6, 1), "image/png", memory},
		"jpeg":               {jpegClaim(60_000, 60_000, false), "image/jpeg", pixels},
		"progressive jpeg":   {jpegClaim(5_000, 5_000, true), "image/jpeg", memory},
		"gif":                {gifClaim(60_000, 60_000), "image/gif", pixels},
		"webp":               {webpClaim(60_000, 30_000), "image/webp", pixels},
		"png within bounds":  {thumbnailtest.PNGClaim(7_000, 7_000, 8, 6, 0)[:60], "image/png", "read here"},
		"jpeg within bounds": {jpegClaim(5_000, 5_000, false), "image/jpeg", "read here"},
	} {
		before := allocated()
		_, err := Shrink(bytes.NewReader(c.content), c.contentType, box)
		var no UnfitError
		if !errors.As(err, &no) || !strings.Contains(no.Reason, c.why) {
			t.Errorf("%s: %v, want %s", name, err, c.why)
		}
		// Other tests allocate as well; 60,000 pixels by 60,000 would be 14 GB.
		if took := allocated() - before; took > 2<<30 {
			t.Errorf("%s: %d bytes", name, took)
		}
	}
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// A file that is broken, empty, of another type than detected, or no image has no
// thumbnail.
func TestBrokenPicturesHaveNoThumbnail(t *testing.T) {
	t.Parallel()
	whole := thumbnailtest.PNG(t, thumbnailtest.TwoHalves(100, 100))
	photo := thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(100, 100))
	gif := thumbnailtest.GIF(t, thumbnailtest.TwoHalves(100, 100))
	interlaced := fromFile(t, "interlaced.png", "", 0, 0, nil, nil).content
	webp := fromFile(t, "lossy.webp", "", 0, 0, nil, nil).content
	bmp := fromFile(t, "halves.bmp", "", 0, 0, nil, nil).content
	endless := append([]byte{0xff, 0xd8}, bytes.Repeat(append([]byte{0xff, 0xe2, 0xff, 0xff}, make([]byte, 0xfffd)...), 200)...)
	for name, c := range map[string]struct {
		content     []byte
		contentType string
	}{
		"cut before pixels":  {whole[:40], "image/png"},
		"interlaced, cut":    {interlaced[:len(interlaced)*3/4], "image/png"},
		"nothing":            {nil, "image/jpeg"},
		"a photo, cut early": {photo[:bytes.Index(photo, []byte{0xff, 0xda})+14], "image/jpeg"},
		"a GIF, cut":         {gif[:len(gif)/2], "image/gif"},
		"a WebP, cut":        {webp[:len(webp)/2], "image/webp"},
		"a BMP, cut":         {bmp[:len(bmp)/2], "image/bmp"},
		"a lying type":       {whole, "image/jpeg"},
		"no picture":         {whole, "application/pdf"},
		"no size in 8 MiB":   {endless, "image/jpeg"},
	} {
		_, err := Shrink(bytes.NewReader(c.content), c.contentType, box)
		var no UnfitError
		if !errors.As(err, &no) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
