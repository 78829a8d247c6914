package thumbnail

import "io"

// maxScans is how many scans a JPEG may have. Encoders write about ten. A scan of a few bytes
// can make a decoder walk through all blocks, so a small file could keep it busy for hours.
const maxScans = 300

// scanCounter hands out a JPEG and fails in the scan that is one too many. It reads markers
// as decoders do, so that bytes in comments and embedded pictures don't count.
type scanCounter struct {
	r      io.Reader
	marked bool // the last byte began a marker
	marker byte // whose length is being read; 0 for none
	length []byte
	left   int // bytes of a segment that are skipped
	scans  int
}

// Read implements io.Reader.
func (s *scanCounter) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		skip := min(s.left, len(rest))
		s.left -= skip
		if rest = rest[skip:]; len(rest) > 0 {
			s.pass(rest[0])
			rest = rest[1:]
		}
	}
	if s.scans > maxScans {
		return 0, UnfitError{"it has too many scans"}
	}
	return n, err
}

// pass reads a byte outside of segments.
func (s *scanCounter) pass(b byte) {
	switch {
	case s.marker != 0:
		if s.length = append(s.length, b); len(s.length) == 2 {
			s.left = max(int(s.length[0])<<8|int(s.length[1]), 2) - 2
			s.marker, s.length = 0, s.length[:0]
		}
	case b == 0xff:
		s.marked = true
	case s.marked:
		s.marked = false
		if b != 0 && b != 0x01 && (b < 0xd0 || b > 0xd9) { // those have no length
			s.marker = b
		}
		if b == 0xda {
			s.scans++
		}
	}
}
