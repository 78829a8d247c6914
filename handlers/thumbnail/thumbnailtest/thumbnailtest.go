// Package thumbnailtest makes pictures for tests.
package thumbnailtest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// The two colours of [TwoHalves].
var (
	Red  = color.NRGBA{R: 220, G: 20, B: 20, A: 255}
	Blue = color.NRGBA{R: 20, G: 20, B: 220, A: 255}
)

// TwoHalves is [Red] on the left and [Blue] on the right.
func TwoHalves(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, Red)
			if x >= w/2 {
				m.SetNRGBA(x, y, Blue)
			}
		}
	}
	return m
}

// PNG encodes a picture.
func PNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, png.Encode(&b, m))
	return b.Bytes()
}

// JPEG encodes a picture.
func JPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, jpeg.Encode(&b, m, nil))
	return b.Bytes()
}

// GIF encodes a picture.
func GIF(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, gif.Encode(&b, m, nil))
	return b.Bytes()
}

// PNGClaim is the header of a PNG of that size, without image data.
func PNGClaim(w, h uint32, depth, colour, interlaced byte) []byte {
	ihdr := append([]byte("IHDR"), 0, 0, 0, 0, 0, 0, 0, 0, depth, colour, 0, 0, interlaced)
	binary.BigEndian.PutUint32(ihdr[4:], w)
	binary.BigEndian.PutUint32(ihdr[8:], h)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), ihdr...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(ihdr))
	idat := []byte("IDAT\x78\x9c")
	b = append(b, 0, 0, 0, 2)
	return binary.BigEndian.AppendUint32(append(b, idat...), crc32.ChecksumIEEE(idat))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
