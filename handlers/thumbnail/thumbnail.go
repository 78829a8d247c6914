// Package thumbnail makes thumbnails of untrusted images in bounded memory.
package thumbnail

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
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
	Reason string // a clause for a sentence, such as "it has too many pixels"
}

func (u UnfitError) Error() string { return "unfit picture: " + u.Reason }

// Thumbnail is a newly encoded image. It holds only pixels, no metadata of the
// original.
type Thumbnail struct {
	Content     []byte
	ContentType string // image/png or image/jpeg
}

// unreadable is the reason for what no decoder reads. Browsers may show it all the same, so
// it isn't called broken.
const unreadable = "it can't be read here"

// format is how pictures of one content type are decoded.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	// open, unless nil, turns a picture that browsers show into one that decode accepts.
	open func(io.Reader) (io.Reader, func() place, func() int, error)
}

var (
	pngFormat = format{png.DecodeConfig, png.Decode, openPNG}
	// formats maps the detected content type to its decoder. No other decoder is tried.
	formats = map[string]format{
		"image/png":              pngFormat,
		"image/apng":             pngFormat,
		"image/vnd.mozilla.apng": pngFormat,
		"image/jpeg":             {jpeg.DecodeConfig, jpeg.Decode, openJPEG},
		"image/gif":              {gif.DecodeConfig, gif.Decode, nil}, // the first frame
		"image/webp":             {webp.DecodeConfig, webp.Decode, openWebP},
		"image/bmp":              {bmp.DecodeConfig, bmp.Decode, nil},
	}
)

// Decodes reports whether pictures of a content type have thumbnails.
func Decodes(contentType string) bool { _, ok := formats[contentType]; return ok }

func openPNG(r io.Reader) (io.Reader, func() place, func() int, error) {
	p := newPNGReader(r)
	return p, func() place { return place{p.canvas, p.frame} }, func() int { return p.orientation }, nil
}

// openJPEG adds the end marker that browsers don't miss, and limits the scans.
func openJPEG(r io.Reader) (io.Reader, func() place, func() int, error) {
	return io.MultiReader(&scanCounter{r: r}, strings.NewReader("\xff\xd9")), nil, nil, nil
}

func openWebP(r io.Reader) (io.Reader, func() place, func() int, error) {
	frame, at, err := firstFrame(r)
	return frame, func() place { return at }, nil, err
}

// Shrink makes a thumbnail that fits into box. It returns [UnfitError] if the image
// can't be decoded, is too large, or makes its decoder panic.
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
	whole := &keeper{r: r}
	r = whole
	var at func() place
	var turned func() int
	if format.open != nil {
		if r, at, turned, err = format.open(r); err != nil {
			return Thumbnail{}, UnfitError{unreadable}
		}
	}
	var head bytes.Buffer
	config, err := format.config(io.TeeReader(io.LimitReader(r, maxHead), &head))
	if rare := jpeg.UnsupportedError(""); errors.As(err, &rare) {
		return shrinkRare(&head, r, box)
	}
	if err != nil {
		return Thumbnail{}, unfit(err)
	}
	shape := readHeader(contentType, config, head.Bytes())
	if turned != nil {
		shape.orientation = turned()
	}
	if at != nil {
		shape.place = at()
	}
	if err := shape.check(); err != nil {
		return Thumbnail{}, err
	}
	picture, err := format.decode(io.MultiReader(&head, r))
	if no := (UnfitError{}); errors.As(err, &no) {
		return Thumbnail{}, no
	}
	if err != nil {
		if picture, shape.place, err = whole.upper(contentType, shape); err != nil {
			return Thumbnail{}, UnfitError{unreadable}
		}
	}
	switch contentType {
	case "image/webp":
		fullRange(picture)
	case "image/gif":
		shape.place = gifPlace(config, picture)
	}
	return encode(rotate(scale(picture, box, shape), shape.orientation), isOpaque(picture) && shape.covered())
}

// shrinkRare makes a thumbnail of a JPEG that Go's decoder refuses.
func shrinkRare(head *bytes.Buffer, r io.Reader, box Box) (Thumbnail, error) {
	shape := header{orientation: readJPEGHead(head.Bytes()).orientation}
	picture, err := decodeRare(io.MultiReader(head, r))
	if err != nil {
		return Thumbnail{}, unfit(err)
	}
	return encode(rotate(scale(picture, box, shape), shape.orientation), isOpaque(picture))
}

// unfit returns the reason why a picture has no thumbnail.
func unfit(err error) error {
	if no := (UnfitError{}); errors.As(err, &no) {
		return no
	}
	return UnfitError{unreadable}
}

// header is what an image claims about itself.
type header struct {
	width, height int
	bytesPerPixel float64 // the most bytes that decoding needs for a pixel
	orientation   int     // EXIF orientation, 1 to 8; 1 is upright
	place
}

// bounds returns where the pixels lie on the canvas.
func (s header) bounds(m image.Image) (canvas image.Point, frame image.Rectangle) {
	canvas, frame = s.canvas, s.frame
	if canvas == (image.Point{}) {
		canvas = m.Bounds().Size()
	}
	if frame.Empty() {
		frame = image.Rectangle{Max: canvas}
	}
	return canvas, frame
}

// covered reports whether the pixels cover the canvas.
func (s header) covered() bool {
	return s.frame.Empty() || image.Rectangle{Max: s.canvas}.In(s.frame)
}

func readHeader(contentType string, c image.Config, head []byte) header {
	s := header{width: c.Width, height: c.Height, bytesPerPixel: 4, orientation: 1}
	switch contentType {
	case "image/png", "image/apng", "image/vnd.mozilla.apng":
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
	case !s.frame.Empty() && !s.frame.In(image.Rectangle{Max: s.canvas}):
		return UnfitError{unreadable}
	case s.width > maxSide || s.height > maxSide || pixels > maxPixels,
		s.canvas.X > maxSide || s.canvas.Y > maxSide || s.canvas.X*s.canvas.Y > maxPixels:
		return UnfitError{"it has too many pixels"}
	case float64(pixels)*s.bytesPerPixel > maxDecoded:
		return UnfitError{"it takes too much memory"}
	}
	return nil
}

// scale shrinks an image to fit the box and never enlarges it. What lies outside of its
// pixels stays transparent. If the orientation swaps the sides afterwards, it fits the image
// into a swapped box.
func scale(m image.Image, box Box, s header) *image.RGBA {
	if swapsSides(s.orientation) {
		box.Width, box.Height = box.Height, box.Width
	}
	canvas, frame := s.bounds(m)
	by := min(1, float64(box.Width)/float64(canvas.X), float64(box.Height)/float64(canvas.Y))
	small := image.NewRGBA(image.Rect(0, 0, scaled(canvas.X, by), scaled(canvas.Y, by)))
	to := small.Bounds()
	if !frame.Eq(image.Rectangle{Max: canvas}) {
		to = image.Rect(int(float64(frame.Min.X)*by), int(float64(frame.Min.Y)*by), scaled(frame.Max.X, by), scaled(frame.Max.Y, by))
	}
	draw.CatmullRom.Scale(small, to, m, m.Bounds(), draw.Src, nil)
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
