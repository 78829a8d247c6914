package thumbnail

import (
	"bufio"
	"errors"
	"image"
	"io"
)

// rareJPEG decodes the JPEGs that Go's decoder refuses and browsers show: with any sampling
// of its components. It reads baseline and progressive files and keeps all coefficients, so
// it needs more memory than Go's, which its limit counts. No library in Go does this (decision
// 0025).
type rareJPEG struct {
	r           *bufio.Reader
	size        image.Point
	progressive bool
	components  []component
	across      int // the largest sampling factors
	down        int
	quant       [4][64]int32 // in zigzag order
	codes       [2][4]codes  // for DC and AC
	restart     int          // units between restarts; 0 for none
	adobe       int          // the colour transform that Adobe names; -1 for none
	jfif        bool
	scanned     bool

	bits   byte // of the entropy coded data
	left   int
	marker byte // that ended it; 0 for none
	short  bool // it ended before its last bit
	run    int  // blocks without further coefficients
}

// component is one colour.
type component struct {
	id, quant    byte
	h, v         int
	wide, high   int // in blocks that hold pixels
	stride, rows int // in blocks, with those that fill up the last units
	known        int // rows of blocks that a scan reached
	coefficients []int16
	plane        []byte
	dc           int32
	table        [2]byte
}

var errJPEG = errors.New("not a JPEG that browsers show")

// decodeRare decodes a JPEG within the memory limit. If it ends in its middle, the rows
// below stay transparent.
func decodeRare(r io.Reader) (image.Image, error) {
	d := &rareJPEG{r: bufio.NewReader(r), adobe: -1}
	for {
		marker, err := d.nextMarker()
		if err != nil || marker == 0xd9 {
			break
		}
		err = d.segment(marker)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if !d.scanned || d.height() == 0 {
		return nil, errJPEG
	}
	for i := range d.components {
		d.transform(&d.components[i])
	}
	return d.image(), nil
}

// nextMarker skips to a marker, or returns the one that ended the scan.
func (d *rareJPEG) nextMarker() (byte, error) {
	if m := d.marker; m != 0 {
		d.marker = 0
		return m, nil
	}
	for filled := false; ; {
		b, err := d.r.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case b == 0xff:
			filled = true
		case filled && b != 0:
			return b, nil
		default:
			filled = false
		}
	}
}

func (d *rareJPEG) segment(marker byte) error {
	if marker == 0xd8 || marker == 0x01 || marker >= 0xd0 && marker <= 0xd7 {
		return nil
	}
	var head [2]byte
	if _, err := io.ReadFull(d.r, head[:]); err != nil {
		return err
	}
	b := make([]byte, max(int(head[0])<<8|int(head[1]), 2)-2)
	if _, err := io.ReadFull(d.r, b); err != nil {
		return err
	}
	switch {
	case marker == 0xdb:
		return d.quantization(b)
	case marker == 0xc4:
		return d.huffman(b)
	case marker >= 0xc0 && marker <= 0xc2:
		return d.frame(marker, b)
	case marker == 0xda:
		return d.scan(b)
	case marker == 0xdd && len(b) >= 2:
		d.restart = int(b[0])<<8 | int(b[1])
	case marker == 0xe0 && len(b) >= 5 && string(b[:4]) == "JFIF":
		d.jfif = true
	case marker == 0xee && len(b) >= 12 && string(b[:5]) == "Adobe":
		d.adobe = int(b[11])
	case marker >= 0xc3 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc:
		return errJPEG // lossless, hierarchical or arithmetic, which browsers don't show either
	}
	return nil
}

func (d *rareJPEG) quantization(b []byte) error {
	for len(b) > 0 {
		wide, to := int(b[0]>>4), b[0]&15
		b = b[1:]
		if to > 3 || wide > 1 || len(b) < 64*(wide+1) {
			return errJPEG
		}
		for i := range 64 {
			d.quant[to][i] = int32(b[i*(wide+1)])
			if wide == 1 {
				d.quant[to][i] = d.quant[to][i]<<8 | int32(b[2*i+1])
			}
		}
		b = b[64*(wide+1):]
	}
	return nil
}

func (d *rareJPEG) huffman(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return errJPEG
		}
		total := 0
		for _, n := range b[1:17] {
			total += int(n)
		}
		if total > 256 || len(b) < 17+total {
			return errJPEG
		}
		d.codes[b[0]>>4][b[0]&15] = newCodes(b[1:17], b[17:17+total])
		b = b[17+total:]
	}
	return nil
}

func (d *rareJPEG) frame(marker byte, b []byte) error {
	if d.components != nil || len(b) < 6 || b[0] != 8 || len(b) < 6+3*int(b[5]) || b[5] == 0 || b[5] > 4 || b[5] == 2 {
		return errJPEG
	}
	d.progressive = marker == 0xc2
	d.size = image.Pt(int(b[3])<<8|int(b[4]), int(b[1])<<8|int(b[2]))
	for i := range int(b[5]) {
		c := component{id: b[6+3*i], h: int(b[7+3*i] >> 4), v: int(b[7+3*i] & 15), quant: b[8+3*i]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.quant > 3 {
			return errJPEG
		}
		d.components = append(d.components, c)
		d.across, d.down = max(d.across, c.h), max(d.down, c.v)
	}
	return d.allocate()
}

// allocate counts what the coefficients, planes and pixels take before it makes any.
func (d *rareJPEG) allocate() error {
	unitsWide, unitsHigh := upTo(d.size.X, 8*d.across), upTo(d.size.Y, 8*d.down)
	bytes := 4 * d.size.X * d.size.Y
	for i := range d.components {
		c := &d.components[i]
		c.wide, c.high = upTo(upTo(d.size.X*c.h, d.across), 8), upTo(upTo(d.size.Y*c.v, d.down), 8)
		c.stride, c.rows = unitsWide*c.h, unitsHigh*c.v
		bytes += 3 * 64 * c.stride * c.rows
	}
	if d.size.X < 1 || d.size.Y < 1 || d.size.X > maxSide || d.size.Y > maxSide || bytes > maxDecoded {
		return UnfitError{"it takes too much memory"}
	}
	for i := range d.components {
		c := &d.components[i]
		c.coefficients = make([]int16, 64*c.stride*c.rows)
	}
	return nil
}

func upTo(n, by int) int { return (n + by - 1) / by }

// transform turns the coefficients of a component into its plane.
func (d *rareJPEG) transform(c *component) {
	c.plane = make([]byte, 64*c.stride*c.rows)
	for row := range c.rows {
		for column := range c.stride {
			block := c.coefficients[64*(row*c.stride+column):][:64]
			inverse(block, &d.quant[c.quant], c.plane[(row*8*c.stride+column)*8:], 8*c.stride)
		}
	}
	c.coefficients = nil
}

// height is how many rows of pixels are known of every component.
func (d *rareJPEG) height() int {
	height := d.size.Y
	for _, c := range d.components {
		if c.known < c.high {
			height = min(height, c.known*8*d.down/c.v)
		}
	}
	return height
}

// image turns the planes into pixels.
func (d *rareJPEG) image() image.Image {
	m := image.NewRGBA(image.Rectangle{Max: d.size})
	var v [4]int32
	for y := range d.height() {
		for x := range d.size.X {
			for i := range d.components {
				c := &d.components[i]
				v[i] = int32(c.plane[(y*c.v/d.down)*8*c.stride+x*c.h/d.across])
			}
			r, g, b := d.color(v)
			at := m.PixOffset(x, y)
			m.Pix[at], m.Pix[at+1], m.Pix[at+2], m.Pix[at+3] = r, g, b, 255
		}
	}
	return m
}

func (d *rareJPEG) color(v [4]int32) (r, g, b byte) {
	if len(d.components) == 1 {
		return byte(v[0]), byte(v[0]), byte(v[0])
	}
	named := string([]byte{d.components[0].id, d.components[1].id, d.components[2].id})
	plain := d.adobe == 0 || d.adobe < 0 && (len(d.components) == 4 || !d.jfif && named == "RGB")
	r, g, b = byte(v[0]), byte(v[1]), byte(v[2])
	if !plain {
		luma, blue, red := float64(v[0]), float64(v[1])-128, float64(v[2])-128
		r, g, b = clamp(luma+1.402*red), clamp(luma-0.344136*blue-0.714136*red), clamp(luma+1.772*blue)
	}
	if len(d.components) == 4 {
		// Adobe writes inks inverted, 255 is none, and inverts those once more that it turns into luma and chroma.
		black := v[3]
		switch {
		case !plain:
			r, g, b = 255-r, 255-g, 255-b
		case d.adobe < 0:
			r, g, b, black = 255-r, 255-g, 255-b, 255-black
		}
		return byte(int32(r) * black / 255), byte(int32(g) * black / 255), byte(int32(b) * black / 255)
	}
	return r, g, b
}
