// Package thumbnail makes small pictures of big ones that nobody vouches for, in
// bounded memory.
package thumbnail

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Box is what a small picture fits into, in pixels.
type Box struct{ Width, Height int }

// What a picture may ask for before any of it is decoded. A few bytes can claim
// to be 50,000 pixels wide, and decoders believe them.
const (
	maxPixels  = 50_000_000
	maxSide    = 20_000
	maxDecoded = 256 << 20 // bytes in memory, as decoded, see weight
	maxHead    = 8 << 20   // bytes before a picture says its size
)

// Unfit is a picture that no small one can be made of, now or ever.
type Unfit struct {
	Why string // the rest of a sentence: "it is damaged"
}

func (u Unfit) Error() string { return "unfit picture: " + u.Why }

// Small is a small picture, encoded anew: nothing of the bytes it was made from
// is left in it but what can be seen.
type Small struct {
	Content     []byte
	ContentType string // image/png or image/jpeg
}

// formats are the decoders, by the type that was told from the bytes, so that no
// other decoder is ever tried on them.
var formats = map[string]struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}{
	"image/png":  {png.DecodeConfig, png.Decode},
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode},
	"image/gif":  {gif.DecodeConfig, gif.Decode}, // the first frame
	"image/webp": {webp.DecodeConfig, webp.Decode},
}

// shrink makes a preview of a picture. One that is broken or asks for too much is
// [Unfit]; so is one that makes its decoder panic, for it would do so every time.
func Shrink(r io.Reader, contentType string, box Box) (small Small, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = Unfit{fmt.Sprintf("the decoder panicked (%T)", v)}
		}
	}()
	format, ok := formats[contentType]
	if !ok {
		return Small{}, Unfit{"it is not a picture"}
	}
	var head bytes.Buffer
	config, err := format.config(io.TeeReader(io.LimitReader(r, maxHead), &head))
	if err != nil {
		return Small{}, Unfit{"it is damaged"}
	}
	shape := shapeOf(contentType, config, head.Bytes())
	if err := shape.check(); err != nil {
		return Small{}, err
	}
	picture, err := format.decode(io.MultiReader(&head, r))
	if err != nil {
		return Small{}, Unfit{"it is damaged"}
	}
	return encode(turn(scale(picture, box, shape.turned), shape.turned), isOpaque(picture))
}

// shape is what a picture claims to be.
type shape struct {
	width, height int
	weight        float64 // bytes that a pixel takes while it is decoded, at most
	turned        int     // how its camera was held, in EXIF's numbers: 1 is upright
}

func shapeOf(contentType string, c image.Config, head []byte) shape {
	s := shape{width: c.Width, height: c.Height, weight: 4, turned: 1}
	switch contentType {
	case "image/png":
		if len(head) > 28 && head[24] == 16 { // bits a sample
			s.weight = 8
		}
		if len(head) > 28 && head[28] != 0 { // interlaced: its passes and the whole
			s.weight *= 2
		}
	case "image/jpeg":
		j := readJPEGHead(head)
		s.turned, s.weight = j.turned, j.samples
		if j.progressive { // coefficients of 4 bytes, beside the samples
			s.weight *= 5
		}
		if c.ColorModel == color.RGBAModel || c.ColorModel == color.CMYKModel { // and a copy in those colours
			s.weight += 4
		}
	case "image/gif":
		s.weight = 1
	case "image/webp":
		s.weight = 8
	}
	return s
}

func (s shape) check() error {
	switch pixels := int64(s.width) * int64(s.height); {
	case s.width < 1 || s.height < 1:
		return Unfit{"it is empty"}
	case s.width > maxSide || s.height > maxSide || pixels > maxPixels:
		return Unfit{"it has too many pixels"}
	case float64(pixels)*s.weight > maxDecoded:
		return Unfit{"it takes too much memory"}
	}
	return nil
}

// scale fits a picture into the box; a small one keeps its size. What is to be
// turned on its side afterwards fits into a box on its side.
func scale(m image.Image, box Box, turned int) *image.RGBA {
	if onItsSide(turned) {
		box.Width, box.Height = box.Height, box.Width
	}
	size := m.Bounds().Size()
	by := min(1, float64(box.Width)/float64(size.X), float64(box.Height)/float64(size.Y))
	small := image.NewRGBA(image.Rect(0, 0, scaled(size.X, by), scaled(size.Y, by)))
	draw.CatmullRom.Scale(small, small.Bounds(), m, m.Bounds(), draw.Src, nil)
	return small
}

func scaled(side int, by float64) int { return max(1, int(float64(side)*by+0.5)) }

// encode keeps what is transparent so, as PNG, for nobody knows what ground it is
// meant for; anything else is much smaller as JPEG.
func encode(m image.Image, opaque bool) (Small, error) {
	var b bytes.Buffer
	if !opaque {
		err := png.Encode(&b, m)
		return Small{b.Bytes(), "image/png"}, err
	}
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 80})
	return Small{b.Bytes(), "image/jpeg"}, err
}

func isOpaque(m image.Image) bool {
	o, ok := m.(interface{ Opaque() bool })
	return ok && o.Opaque()
}
