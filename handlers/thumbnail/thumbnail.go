// Package thumbnail makes thumbnails of untrusted images in bounded memory.
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

// Box is the largest size of a thumbnail, in pixels.
type Box struct{ Width, Height int }

// The limits that are checked before an image is decoded. A few bytes can claim to
// be 50,000 pixels wide, and decoders allocate that much.
const (
	maxPixels  = 50_000_000
	maxSide    = 20_000
	maxDecoded = 256 << 20 // bytes of memory to decode it, see header.bytesPerPixel
	maxHead    = 8 << 20   // bytes before the image states its size
)

// UnfitError means that no thumbnail can be made of an image. A retry won't help.
type UnfitError struct {
	Reason string // a clause for a sentence, such as "it is damaged"
}

func (u UnfitError) Error() string { return "unfit picture: " + u.Reason }

// Thumbnail is a newly encoded image. It holds only pixels, no metadata of the
// original.
type Thumbnail struct {
	Content     []byte
	ContentType string // image/png or image/jpeg
}

// formats maps the detected content type to its decoder. No other decoder is tried.
var formats = map[string]struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}{
	"image/png":  {png.DecodeConfig, png.Decode},
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode},
	"image/gif":  {gif.DecodeConfig, gif.Decode}, // the first frame
	"image/webp": {webp.DecodeConfig, webp.Decode},
}

// Shrink makes a thumbnail that fits into box. It returns [UnfitError] if the image
// is broken, too large, or makes its decoder panic.
func Shrink(r io.Reader, contentType string, box Box) (small Thumbnail, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = UnfitError{fmt.Sprintf("the decoder panicked (%T)", v)}
		}
	}()
	format, ok := formats[contentType]
	if !ok {
		return Thumbnail{}, UnfitError{"it is not a picture"}
	}
	var head bytes.Buffer
	config, err := format.config(io.TeeReader(io.LimitReader(r, maxHead), &head))
	if err != nil {
		return Thumbnail{}, UnfitError{"it is damaged"}
	}
	shape := readHeader(contentType, config, head.Bytes())
	if err := shape.check(); err != nil {
		return Thumbnail{}, err
	}
	picture, err := format.decode(io.MultiReader(&head, r))
	if err != nil {
		return Thumbnail{}, UnfitError{"it is damaged"}
	}
	return encode(rotate(scale(picture, box, shape.orientation), shape.orientation), isOpaque(picture))
}

// header is what an image claims about itself.
type header struct {
	width, height int
	bytesPerPixel float64 // the most bytes that decoding needs for a pixel
	orientation   int     // EXIF orientation, 1 to 8; 1 is upright
}

func readHeader(contentType string, c image.Config, head []byte) header {
	s := header{width: c.Width, height: c.Height, bytesPerPixel: 4, orientation: 1}
	switch contentType {
	case "image/png":
		if len(head) > 28 && head[24] == 16 { // bits a sample
			s.bytesPerPixel = 8
		}
		if len(head) > 28 && head[28] != 0 { // interlaced: the passes and the whole image
			s.bytesPerPixel *= 2
		}
	case "image/jpeg":
		j := readJPEGHead(head)
		s.orientation, s.bytesPerPixel = j.orientation, j.samples
		if j.progressive { // coefficients of 4 bytes in addition to the samples
			s.bytesPerPixel *= 5
		}
		if c.ColorModel == color.RGBAModel || c.ColorModel == color.CMYKModel { // the decoder makes a copy in that colour model
			s.bytesPerPixel += 4
		}
	case "image/gif":
		s.bytesPerPixel = 1
	case "image/webp":
		s.bytesPerPixel = 8
	}
	return s
}

func (s header) check() error {
	switch pixels := int64(s.width) * int64(s.height); {
	case s.width < 1 || s.height < 1:
		return UnfitError{"it is empty"}
	case s.width > maxSide || s.height > maxSide || pixels > maxPixels:
		return UnfitError{"it has too many pixels"}
	case float64(pixels)*s.bytesPerPixel > maxDecoded:
		return UnfitError{"it takes too much memory"}
	}
	return nil
}

// scale shrinks an image to fit the box and never enlarges it. If the orientation
// swaps the sides afterwards, it fits the image into a swapped box.
func scale(m image.Image, box Box, orientation int) *image.RGBA {
	if swapsSides(orientation) {
		box.Width, box.Height = box.Height, box.Width
	}
	size := m.Bounds().Size()
	by := min(1, float64(box.Width)/float64(size.X), float64(box.Height)/float64(size.Y))
	small := image.NewRGBA(image.Rect(0, 0, scaled(size.X, by), scaled(size.Y, by)))
	draw.CatmullRom.Scale(small, small.Bounds(), m, m.Bounds(), draw.Src, nil)
	return small
}

func scaled(side int, by float64) int { return max(1, int(float64(side)*by+0.5)) }

// encode writes transparent images as PNG, because their background is unknown, and
// opaque ones as JPEG, which is much smaller.
func encode(m image.Image, opaque bool) (Thumbnail, error) {
	var b bytes.Buffer
	if !opaque {
		err := png.Encode(&b, m)
		return Thumbnail{b.Bytes(), "image/png"}, err
	}
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 80})
	return Thumbnail{b.Bytes(), "image/jpeg"}, err
}

func isOpaque(m image.Image) bool {
	o, ok := m.(interface{ Opaque() bool })
	return ok && o.Opaque()
}
