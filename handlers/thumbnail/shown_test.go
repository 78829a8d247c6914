package thumbnail

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"portico/handlers/thumbnail/thumbnailtest"
)

// pngChunks splits a PNG behind its signature.
func pngChunks(content []byte) (kinds []string, chunks [][]byte) {
	for at := 8; at+12 <= len(content); {
		n := int(binary.BigEndian.Uint32(content[at:]))
		kinds = append(kinds, string(content[at+4:at+8]))
		chunks = append(chunks, content[at+8:at+8+n])
		at += 12 + n
	}
	return kinds, chunks
}

// pngOf joins chunks, given as kind and content in turn.
func pngOf(parts ...any) []byte {
	b := []byte(pngSignature)
	for i := 0; i < len(parts); i += 2 {
		b = appendChunk(b, parts[i].(string), parts[i+1].([]byte))
	}
	return b
}

// frameControl is the fcTL chunk of a frame.
func frameControl(number uint32, r image.Rectangle) []byte {
	b := binary.BigEndian.AppendUint32(nil, number)
	for _, v := range []int{r.Dx(), r.Dy(), r.Min.X, r.Min.Y} {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return append(b, 0, 1, 0, 10, 0, 0)
}

// exif is the beginning of an EXIF directory with an orientation.
func exif(orientation byte) []byte {
	return append([]byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01"), 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0)
}

var (
	pure   = color.NRGBA{R: 255, A: 255}
	orange = color.NRGBA{R: 254, G: 165, A: 255}
	white  = color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	black  = color.NRGBA{A: 255}
	clear  = color.NRGBA{}
)

// picture is one that browsers show, and what they show in its first and last corner.
type picture struct {
	content     []byte
	contentType string
	size        image.Point
	first, last color.Color
}

func fromFile(t *testing.T, name, contentType string, w, h int, first, last color.Color) picture {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return picture{content, contentType, image.Pt(w, h), first, last}
}

// shownPictures are what strict decoders refuse and browsers show.
func shownPictures(t *testing.T) map[string]picture {
	t.Helper()
	red, blue := thumbnailtest.Red, thumbnailtest.Blue
	whole := thumbnailtest.PNG(t, thumbnailtest.TwoHalves(60, 40))
	kinds, chunks := pngChunks(whole)
	if kinds[0] != "IHDR" || kinds[1] != "IDAT" {
		t.Fatal(kinds)
	}
	header, pixels := chunks[0], chunks[1]
	badSum := bytes.Clone(whole)
	badSum[len(badSum)-13] ^= 1 // of IDAT
	_, small := pngChunks(thumbnailtest.PNG(t, thumbnailtest.TwoHalves(20, 20)))
	animation := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 1), 0)
	frameData := append([]byte{0, 0, 0, 1}, small[1]...)
	all := map[string]picture{
		"PNG with a bad checksum of its pixels": {badSum, "image/png", image.Pt(60, 40), red, blue},
		"PNG without an end":                    {whole[:len(whole)-12], "image/png", image.Pt(60, 40), red, blue},
		"PNG with something behind it":          {append(bytes.Clone(whole), "trailing"...), "image/png", image.Pt(60, 40), red, blue},
		"PNG with an unknown critical chunk":    {pngOf("IHDR", header, "CgBI", []byte("iPhone"), "IDAT", pixels, "IEND", []byte{}), "image/png", image.Pt(60, 40), red, blue},
		"PNG in two pieces":                     {pngOf("IHDR", header, "IDAT", pixels[:20], "IDAT", []byte{}, "IDAT", pixels[20:], "IEND", []byte{}), "image/png", image.Pt(60, 40), red, blue},
		"PNG on its head":                       {pngOf("IHDR", header, "eXIf", exif(3), "IDAT", pixels, "IEND", []byte{}), "image/png", image.Pt(60, 40), blue, red},
		"PNG on its side":                       {pngOf("IHDR", header, "eXIf", exif(6), "IDAT", pixels, "IEND", []byte{}), "image/png", image.Pt(40, 60), red, blue},
		"animation of the default picture": {pngOf("IHDR", header, "acTL", animation, "fcTL", frameControl(0, image.Rect(0, 0, 60, 40)), "IDAT", pixels,
			"fcTL", frameControl(1, image.Rect(0, 0, 20, 20)), "fdAT", frameData, "IEND", []byte{}), "image/apng", image.Pt(60, 40), red, blue},
		"animation without the default picture": {pngOf("IHDR", header, "acTL", animation, "IDAT", pixels,
			"fcTL", frameControl(0, image.Rect(40, 20, 60, 40)), "fdAT", frameData, "IEND", []byte{}), "image/apng", image.Pt(60, 40), clear, blue},
		"GIF whose first frame is small": {offsetGIF(t), "image/gif", image.Pt(60, 40), clear, blue},
		"JPEG without an end": {bytes.TrimSuffix(thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(64, 32)), []byte{0xff, 0xd9}),
			"image/jpeg", image.Pt(64, 32), red, blue},
	}
	for name, p := range cutPictures(t) {
		all[name] = p
	}
	for name, p := range map[string]picture{
		"animated.webp":          fromFile(t, "animated.webp", "image/webp", 64, 48, black, white),
		"animated.png":           fromFile(t, "animated.png", "image/apng", 64, 48, black, white),
		"bad-crc-in-comment.png": fromFile(t, "bad-crc-in-comment.png", "image/png", 60, 40, pure, pure),
		"turned-by-exif.png":     fromFile(t, "turned-by-exif.png", "image/png", 40, 60, pure, pure),
		"no-end-marker.jpg":      fromFile(t, "no-end-marker.jpg", "image/jpeg", 48, 48, orange, orange),
		"sampling-3x1.jpg":       fromFile(t, "sampling-3x1.jpg", "image/jpeg", 48, 48, orange, orange),
		"halves.bmp":             fromFile(t, "halves.bmp", "image/bmp", 20, 8, red, blue),
		"interlaced.png":         fromFile(t, "interlaced.png", "image/png", 96, 51, red, blue),
		"lossless.webp":          fromFile(t, "lossless.webp", "image/webp", 96, 51, red, blue),
		"lossy.webp":             fromFile(t, "lossy.webp", "image/webp", 96, 51, red, blue),
		"white.webp":             fromFile(t, "white.webp", "image/webp", 32, 32, white, white),
	} {
		all[name] = p
	}
	for _, name := range []string{"1x3", "1x3-progressive", "1x4", "2x3", "3x1", "3x1-progressive", "3x2", "luma-small", "uneven", "cmyk"} {
		all["sampling "+name] = fromFile(t, "rare-"+name+".jpg", "image/jpeg", 96, 51, red, blue)
	}
	return all
}

// offsetGIF is a canvas whose first frame covers a part of it.
func offsetGIF(t *testing.T) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(40, 20, 60, 40), color.Palette{thumbnailtest.Red, thumbnailtest.Blue})
	for i := range m.Pix {
		m.Pix[i] = 1
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{m}, Delay: []int{0}, Config: image.Config{Width: 60, Height: 40}})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every picture that browsers show has a thumbnail that looks like it: in colour, shape and
// rotation.
func TestThumbnailsOfWhatBrowsersShow(t *testing.T) {
	t.Parallel()
	for name, p := range shownPictures(t) {
		small, err := Shrink(bytes.NewReader(p.content), p.contentType, box)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m, _, err := image.Decode(bytes.NewReader(small.Content))
		if err != nil || m.Bounds().Size() != p.size {
			t.Errorf("%s: %v of %v, %v", name, small.ContentType, m.Bounds().Size(), err)
			continue
		}
		last := m.Bounds().Max.Sub(image.Pt(2, 2))
		if !alike(m.At(1, 1), p.first) || !alike(m.At(last.X, last.Y), p.last) {
			t.Errorf("%s: %v and %v in the corners, want %v and %v", name, m.At(1, 1), m.At(last.X, last.Y), p.first, p.last)
		}
	}
}

// alike is stricter than similar: only what JPEG loses.
func alike(a, b color.Color) bool {
	r1, g1, b1, a1 := a.RGBA()
	r2, g2, b2, a2 := b.RGBA()
	for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2), int(a1) - int(a2)} {
		if max(d, -d) > 20<<8 {
			return false
		}
	}
	return true
}

// Go's own pictures look the same to the decoder of rare JPEGs, pixel for pixel, but for
// rounding and the smoothing of colours.
func TestRareDecoderAgreesWithGo(t *testing.T) {
	t.Parallel()
	m := image.NewNRGBA(image.Rect(0, 0, 75, 53))
	for y := range 53 {
		for x := range 75 {
			m.SetNRGBA(x, y, color.NRGBA{byte(3 * x), byte(4 * y), byte(x * y / 16), 255})
		}
	}
	content := thumbnailtest.JPEG(t, m)
	want, err := jpeg.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeRare(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 53 {
		for x := range 75 {
			if !alike(got.At(x, y), want.At(x, y)) {
				t.Fatalf("at %d, %d: %v, want %v", x, y, got.At(x, y), want.At(x, y))
			}
		}
	}
}

// Rare pictures that claim too much are refused before they take memory, and noise behind a
// valid header neither panics nor hangs.
func TestRarePicturesStayBounded(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/rare-3x1-progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, []byte{0xff, 0xc2})
	huge := bytes.Clone(content)
	copy(huge[at+5:], []byte{0x4e, 0x20, 0x4e, 0x20})
	before := allocated()
	var no UnfitError
	if _, err := Shrink(bytes.NewReader(huge), "image/jpeg", box); !errors.As(err, &no) || allocated()-before > 1<<30 {
		t.Errorf("20,000 by 20,000: %v, %d bytes", err, allocated()-before)
	}
	for i := 0; i < len(content); i += 3 {
		harmed := bytes.Clone(content)
		harmed[i] ^= 0xff
		if _, err := decodeRare(bytes.NewReader(harmed)); err != nil && !errors.Is(err, errJPEG) && !errors.As(err, &no) {
			t.Errorf("byte %d: %v", i, err)
		}
		if _, err := decodeRare(bytes.NewReader(content[:i])); err != nil && !errors.Is(err, errJPEG) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	apng, err := os.ReadFile("testdata/animated.png")
	if err != nil {
		t.Fatal(err)
	}
	webp, err := os.ReadFile("testdata/animated.webp")
	if err != nil {
		t.Fatal(err)
	}
	for contentType, content := range map[string][]byte{"image/apng": apng, "image/webp": webp} {
		for i := 0; i < len(content); i += 5 {
			harmed := bytes.Clone(content)
			harmed[i] ^= 0xff
			for _, c := range [][]byte{harmed, content[:i]} {
				if _, err := Shrink(bytes.NewReader(c), contentType, box); err != nil && !errors.As(err, &no) {
					t.Errorf("%s, byte %d: %v", contentType, i, err)
				}
			}
		}
	}
}
