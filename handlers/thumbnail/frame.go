package thumbnail

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"io"
)

// place says where the pixels of a decoded picture lie. Browsers show the whole canvas.
type place struct {
	canvas image.Point     // 0 is as large as the pixels
	frame  image.Rectangle // empty is all of the canvas
}

// firstFrame returns a WebP as Go's decoder reads it: of an animation its first frame, as a
// picture of its own, and where it lies on the canvas.
func firstFrame(r io.Reader) (io.Reader, place, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(30)
	const animated = 0x02
	if err != nil || string(head[12:16]) != "VP8X" || head[20]&animated == 0 {
		return b, place{}, nil // no animation; the decoder judges it
	}
	at := place{canvas: image.Pt(1+uint24(head[24:]), 1+uint24(head[27:]))}
	if _, err := b.Discard(30); err != nil {
		return nil, at, err
	}
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(b, chunk[:]); err != nil {
			return nil, at, UnfitError{unreadable}
		}
		length := int64(binary.LittleEndian.Uint32(chunk[4:]))
		if string(chunk[:4]) == "ANMF" && length >= 24 {
			return webpFrame(b, length, at)
		}
		if _, err := io.CopyN(io.Discard, b, length+length&1); err != nil {
			return nil, at, UnfitError{unreadable}
		}
	}
}

// webpFrame makes a picture of the frame that follows.
func webpFrame(b *bufio.Reader, length int64, at place) (io.Reader, place, error) {
	head := make([]byte, 16)
	if _, err := io.ReadFull(b, head); err != nil {
		return nil, at, UnfitError{unreadable}
	}
	w, h := 1+uint24(head[6:]), 1+uint24(head[9:])
	at.frame = image.Rect(0, 0, w, h).Add(image.Pt(2*uint24(head), 2*uint24(head[3:])))
	length -= 16
	kind, err := b.Peek(4)
	if err != nil {
		return nil, at, UnfitError{unreadable}
	}
	var extended []byte
	if string(kind) == "ALPH" {
		const alpha = 0x10
		extended = append([]byte("VP8X\x0a\x00\x00\x00"), alpha, 0, 0, 0)
		extended = append(extended, byte(w-1), byte((w-1)>>8), byte((w-1)>>16), byte(h-1), byte((h-1)>>8), byte((h-1)>>16))
	}
	riff := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+int64(len(extended))+length))
	riff = append(append(riff, "WEBP"...), extended...)
	return io.MultiReader(bytes.NewReader(riff), io.LimitReader(b, length)), at, nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// fullRange spreads the colours of a lossy WebP over the whole range. Its luma lies between
// 16 and 235, and Go's decoder hands it out as if it were a JPEG's.
func fullRange(m image.Image) {
	var planes image.YCbCr
	switch m := m.(type) {
	case *image.YCbCr:
		planes = *m
	case *image.NYCbCrA:
		planes = m.YCbCr
	default:
		return
	}
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = clamp((float64(i) - 16) * 255 / 219)
		chroma[i] = clamp((float64(i)-128)*255/224 + 128)
	}
	for i, y := range planes.Y {
		planes.Y[i] = luma[y]
	}
	for i := range planes.Cb {
		planes.Cb[i], planes.Cr[i] = chroma[planes.Cb[i]], chroma[planes.Cr[i]]
	}
}

func clamp(v float64) byte { return byte(min(max(v+0.5, 0), 255)) }

// gifPlace returns where the first frame of a decoded GIF lies on its canvas. A canvas that
// is smaller than the frame grows, as in browsers.
func gifPlace(c image.Config, m image.Image) place {
	b := m.Bounds()
	return place{canvas: image.Pt(max(c.Width, b.Max.X), max(c.Height, b.Max.Y)), frame: b}
}
