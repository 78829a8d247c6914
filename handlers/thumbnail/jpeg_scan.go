package thumbnail

import "math"

// zigzag is the order in which a JPEG stores the coefficients of a block.
var zigzag = [64]int{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// codes is a Huffman table: for each length the first code, the last one, and its place
// among the values.
type codes struct {
	first, last [17]int32
	place       [17]int
	values      []byte
}

func newCodes(counts, values []byte) codes {
	t := codes{values: append([]byte{}, values...)}
	code, place := int32(0), 0
	for length := 1; length <= 16; length++ {
		n := int32(counts[length-1])
		t.first[length], t.last[length], t.place[length] = code, code+n-1, place
		code, place = (code+n)<<1, place+int(n)
	}
	return t
}

// bit returns the next bit. Behind the end it is 0, as in other decoders.
func (d *rareJPEG) bit() int32 {
	if d.left == 0 {
		d.bits, d.left = d.entropyByte(), 8
	}
	d.left--
	return int32(d.bits>>d.left) & 1
}

func (d *rareJPEG) entropyByte() byte {
	if d.marker != 0 {
		d.short = true
		return 0
	}
	b, err := d.r.ReadByte()
	if err != nil {
		d.marker, d.short = 0xd9, true
		return 0
	}
	if b != 0xff {
		return b
	}
	for b == 0xff {
		if b, err = d.r.ReadByte(); err != nil {
			b = 0xd9
		}
	}
	if b == 0 {
		return 0xff
	}
	d.marker, d.short = b, true
	return 0
}

func (d *rareJPEG) number(bits int) (v int32) {
	for range bits {
		v = v<<1 | d.bit()
	}
	return v
}

// signed reads a value of so many bits, the smaller half of which is negative.
func (d *rareJPEG) signed(bits int) int32 {
	v := d.number(bits)
	if bits > 0 && v < 1<<(bits-1) {
		v -= 1<<bits - 1
	}
	return v
}

func (d *rareJPEG) value(t *codes) (byte, error) {
	code := int32(0)
	for length := 1; length <= 16; length++ {
		code = code<<1 | d.bit()
		if at := t.place[length] + int(code-t.first[length]); code <= t.last[length] && code >= t.first[length] && at < len(t.values) {
			return t.values[at], nil
		}
	}
	return 0, errJPEG
}

// pass is what one scan adds to the coefficients.
type pass struct {
	from, to  int  // in zigzag order
	high, low uint // bit positions; high is 0 the first time
}

func (d *rareJPEG) scan(b []byte) error {
	if len(d.components) == 0 || len(b) < 1 || b[0] < 1 || int(b[0]) > len(d.components) || len(b) < 4+2*int(b[0]) {
		return errJPEG
	}
	var of []*component
	for i := range int(b[0]) {
		for j := range d.components {
			if c := &d.components[j]; c.id == b[1+2*i] {
				c.table = [2]byte{b[2+2*i] >> 4 & 3, b[2+2*i] & 3}
				of = append(of, c)
			}
		}
	}
	if len(of) != int(b[0]) {
		return errJPEG
	}
	p := pass{to: 63}
	if rest := b[1+2*len(of):]; d.progressive {
		p = pass{int(rest[0]), int(rest[1]), uint(rest[2] >> 4), uint(rest[2] & 15)}
	}
	if p.to > 63 || p.from > p.to || p.low > 13 || p.from > 0 && len(of) > 1 {
		return errJPEG
	}
	d.left, d.marker, d.short, d.scanned = 0, 0, false, true
	return d.units(of, p)
}

// units reads the blocks of a scan: of one component row by row, of several in units that
// cover the same pixels. Browsers show a scan that ends early as far as it goes.
func (d *rareJPEG) units(of []*component, p pass) error {
	wide, high := of[0].wide, of[0].high
	if len(of) > 1 {
		wide, high = upTo(d.size.X, 8*d.across), upTo(d.size.Y, 8*d.down)
	}
	d.resetScan(of)
	for unit := range wide * high {
		if d.restart > 0 && unit > 0 && unit%d.restart == 0 {
			d.left = 0
			if d.marker == 0 {
				d.marker, _ = d.nextMarker()
			}
			if d.marker < 0xd0 || d.marker > 0xd7 {
				return nil
			}
			d.marker, d.short = 0, false
			d.resetScan(of)
		}
		if d.short && d.restart == 0 {
			return nil
		}
		if d.short {
			continue
		}
		x, y := unit%wide, unit/wide
		for _, c := range of {
			across, down := c.h, c.v
			if len(of) == 1 {
				across, down = 1, 1
			}
			for i := range across * down {
				at := (y*down+i/across)*c.stride + x*across + i%across
				if err := d.block(c, c.coefficients[64*at:][:64], p); err != nil && !d.short {
					return err
				}
			}
		}
		if x == wide-1 && !d.short && p.from == 0 {
			reached(of, y+1)
		}
	}
	return nil
}

// reached notes that a scan has read so many rows of units.
func reached(of []*component, rows int) {
	for _, c := range of {
		if len(of) > 1 {
			c.known = max(c.known, rows*c.v)
		} else {
			c.known = max(c.known, rows)
		}
	}
}

func (d *rareJPEG) resetScan(of []*component) {
	d.run = 0
	for _, c := range of {
		c.dc = 0
	}
}

func (d *rareJPEG) block(c *component, block []int16, p pass) error {
	if p.from == 0 {
		if p.high > 0 {
			block[0] |= int16(d.bit() << p.low)
		} else {
			size, err := d.value(&d.codes[0][c.table[0]])
			if err != nil || size > 16 {
				return errJPEG
			}
			c.dc += d.signed(int(size))
			block[0] = int16(c.dc << p.low)
		}
		p.from = 1
	}
	switch {
	case p.to == 0:
		return nil
	case p.high > 0:
		return d.refine(c, block, p)
	}
	return d.first(c, block, p)
}

// first reads coefficients for the first time.
func (d *rareJPEG) first(c *component, block []int16, p pass) error {
	if d.run > 0 {
		d.run--
		return nil
	}
	for k := p.from; k <= p.to; k++ {
		v, err := d.value(&d.codes[1][c.table[1]])
		if err != nil {
			return err
		}
		skip, size := int(v>>4), int(v&15)
		if size == 0 {
			if skip < 15 {
				d.run = 1<<skip - 1 + int(d.number(skip))
				return nil
			}
			k += 15
			continue
		}
		if k += skip; k > 63 {
			return errJPEG
		}
		block[zigzag[k]] = int16(d.signed(size) << p.low)
	}
	return nil
}

// refine adds a bit to coefficients that are known, and reads those that begin with it.
func (d *rareJPEG) refine(c *component, block []int16, p pass) error {
	k := p.from
	for d.run == 0 && k <= p.to {
		v, err := d.value(&d.codes[1][c.table[1]])
		if err != nil {
			return err
		}
		skip, fresh := int(v>>4), int16(0)
		switch {
		case v&15 != 0:
			fresh = int16(-1) << p.low
			if d.bit() == 1 {
				fresh = 1 << p.low
			}
		case skip < 15:
			d.run = 1<<skip + int(d.number(skip))
		}
		if d.run > 0 {
			break
		}
		for ; k <= p.to; k++ {
			at := &block[zigzag[k]]
			if *at != 0 {
				d.addBit(at, p.low)
				continue
			}
			if skip == 0 {
				*at = fresh
				k++
				break
			}
			skip--
		}
	}
	if d.run > 0 {
		for ; k <= p.to; k++ {
			if at := &block[zigzag[k]]; *at != 0 {
				d.addBit(at, p.low)
			}
		}
		d.run--
	}
	return nil
}

func (d *rareJPEG) addBit(at *int16, low uint) {
	if d.bit() == 0 || *at&(1<<low) != 0 {
		return
	}
	if *at > 0 {
		*at += 1 << low
	} else {
		*at -= 1 << low
	}
}

// waves are the values of the cosines of an 8-point transform.
var waves = func() (w [8][8]float32) {
	for x := range 8 {
		for u := range 8 {
			w[x][u] = float32(math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) / 2)
			if u == 0 {
				w[x][u] = float32(1 / (2 * math.Sqrt2))
			}
		}
	}
	return w
}()

// inverse writes the pixels of a block.
func inverse(block []int16, quant *[64]int32, to []byte, stride int) {
	var values, rows [64]float32
	for i, at := range zigzag {
		values[at] = float32(int32(block[at]) * quant[i])
	}
	for y := range 8 {
		for x := range 8 {
			var sum float32
			for u := range 8 {
				sum += values[8*y+u] * waves[x][u]
			}
			rows[8*y+x] = sum
		}
	}
	for y := range 8 {
		for x := range 8 {
			var sum float32
			for v := range 8 {
				sum += rows[8*v+x] * waves[y][v]
			}
			to[y*stride+x] = clamp(float64(sum) + 128)
		}
	}
}
