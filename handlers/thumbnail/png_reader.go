package thumbnail

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"io"
	"strings"
)

// pngReader hands out a PNG as Go's strict decoder wants it and browsers see it: only the
// chunks that hold pixels, with right checksums, an end, and of an animation its first
// frame. It keeps one chunk header in memory.
type pngReader struct {
	r     *bufio.Reader
	ready bytes.Buffer // to be handed out before more is read
	left  int64        // bytes of the chunk that is passing
	sum   uint32       // its checksum so far
	ended bool

	header      []byte // the content of IHDR, until pixels begin
	palette     []byte // the chunks between it and the pixels
	orientation int
	canvas      image.Point     // of the whole picture
	frame       image.Rectangle // where the pixels lie on it; empty for all of it
	animated    bool
	inFrame     bool // a frame was announced before the pixels
	sawDefault  bool // a default picture was left out, because it is no part of the animation
	started     bool // pixels have begun
}

func newPNGReader(r io.Reader) *pngReader {
	return &pngReader{r: bufio.NewReader(r), orientation: 1}
}

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	maxPNGHead   = 1 << 20 // bytes of a chunk that is kept before the pixels
)

// Read implements io.Reader.
func (p *pngReader) Read(out []byte) (int, error) {
	for p.ready.Len() == 0 {
		if p.left > 0 {
			n, err := p.r.Read(out[:min(int64(len(out)), p.left)])
			p.sum = crc32.Update(p.sum, crc32.IEEETable, out[:n])
			if p.left -= int64(n); p.left == 0 {
				p.endChunk()
			}
			if err == io.EOF {
				err = nil
				p.left = 0
				p.finish()
			}
			if n > 0 || err != nil {
				return n, err
			}
			continue
		}
		if p.ended {
			return 0, io.EOF
		}
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	return p.ready.Read(out)
}

// endChunk writes the checksum of the chunk that passed and skips its own.
func (p *pngReader) endChunk() {
	p.ready.Write(binary.BigEndian.AppendUint32(nil, p.sum))
	_, _ = p.r.Discard(4) // a missing one ends the file, which the next chunk finds
}

func (p *pngReader) finish() {
	if !p.ended {
		p.write("IEND", nil)
		p.ended = true
	}
}

// write hands out a whole chunk.
func (p *pngReader) write(kind string, content []byte) {
	p.ready.Write(appendChunk(nil, kind, content))
}

func appendChunk(b []byte, kind string, content []byte) []byte {
	chunk := append([]byte(kind), content...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(content)))
	return binary.BigEndian.AppendUint32(append(b, chunk...), crc32.ChecksumIEEE(chunk))
}

// pass hands out the rest of the chunk that is being read, as an IDAT.
func (p *pngReader) pass(length int64) {
	if length <= 0 {
		_, _ = p.r.Discard(4)
		return
	}
	p.ready.Write(binary.BigEndian.AppendUint32(nil, uint32(length)))
	p.ready.WriteString("IDAT")
	p.left, p.sum = length, crc32.ChecksumIEEE([]byte("IDAT"))
}

// next reads the header of a chunk and decides what to do with it.
func (p *pngReader) next() error {
	if p.header == nil && !p.started {
		return p.begin()
	}
	length, kind, err := p.chunk()
	if err == io.EOF {
		p.finish()
		return nil
	}
	if err != nil {
		return err
	}
	if p.isPixels(kind) {
		if !p.started {
			p.start()
		}
		if kind == "fdAT" {
			if _, err := p.r.Discard(4); err != nil { // its number
				return skipped(err)
			}
			length -= 4
		}
		p.pass(length)
		return nil
	}
	switch {
	case kind == "IEND" || p.started && kind == "fcTL" && p.frame != (image.Rectangle{}):
		p.finish() // nothing of the first frame follows
		return nil
	case !p.started:
		return p.keep(kind, length)
	}
	return p.skip(length)
}

// begin reads the signature and IHDR.
func (p *pngReader) begin() error {
	head := make([]byte, len(pngSignature)+8+13+4)
	if _, err := io.ReadFull(p.r, head); err != nil {
		return skipped(err)
	}
	if !strings.HasPrefix(string(head), pngSignature) || string(head[12:16]) != "IHDR" {
		return UnfitError{unreadable}
	}
	p.header = head[16:29]
	p.canvas = image.Pt(int(binary.BigEndian.Uint32(p.header)), int(binary.BigEndian.Uint32(p.header[4:])))
	return nil
}

// start hands out what belongs before the pixels.
func (p *pngReader) start() {
	p.started = true
	p.ready.WriteString(pngSignature)
	p.write("IHDR", p.header)
	p.ready.Write(p.palette)
}

func (p *pngReader) chunk() (length int64, kind string, err error) {
	var head [8]byte
	if _, err := io.ReadFull(p.r, head[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		return 0, "", err
	}
	return int64(binary.BigEndian.Uint32(head[:])), string(head[4:]), nil
}

// isPixels reports whether a chunk holds pixels of the picture that browsers show first:
// the default picture, or the first frame of an animation that leaves the default out.
func (p *pngReader) isPixels(kind string) bool {
	if p.animated && !p.inFrame && !p.started {
		return false
	}
	if p.sawDefault {
		return kind == "fdAT"
	}
	return kind == "IDAT"
}

// keep reads a chunk before the pixels.
func (p *pngReader) keep(kind string, length int64) error {
	if length > maxPNGHead || kind != "PLTE" && kind != "tRNS" && kind != "eXIf" && kind != "acTL" && kind != "fcTL" {
		if kind == "IDAT" {
			p.sawDefault = true
		}
		return p.skip(length)
	}
	content := make([]byte, length)
	if _, err := io.ReadFull(p.r, content); err != nil {
		return skipped(err)
	}
	_, _ = p.r.Discard(4)
	switch kind {
	case "PLTE", "tRNS":
		p.palette = appendChunk(p.palette, kind, content)
	case "eXIf":
		if !p.sawDefault {
			p.orientation = exifOrientation(content)
		}
	case "acTL":
		p.animated = true
	case "fcTL":
		p.announce(content)
	}
	return nil
}

// announce reads the place of the first frame.
func (p *pngReader) announce(content []byte) {
	if p.inFrame || len(content) < 20 {
		return
	}
	p.inFrame = true
	at := func(i int) int { return int(binary.BigEndian.Uint32(content[i:])) }
	p.frame = image.Rect(0, 0, at(4), at(8)).Add(image.Pt(at(12), at(16)))
	copy(p.header[:8], content[4:12])
}

func (p *pngReader) skip(length int64) error {
	_, err := io.CopyN(io.Discard, p.r, length+4)
	return skipped(err)
}

// skipped is the error of a part that the file ends in. What follows decides.
func skipped(err error) error {
	if err == io.ErrUnexpectedEOF {
		return io.EOF
	}
	return err
}
