// Package sound makes small silent sounds for tests, each a second of the same samples in
// another container.
package sound

import (
	"bytes"
	"encoding/binary"
	"slices"
)

const (
	rate      = 8000 // samples a second
	perFrame  = 4096
	frames    = 2
	samples   = perFrame * frames
	infoBytes = 34
)

// WAV is uncompressed.
func WAV() []byte {
	pcm := make([]byte, 2*samples)
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			if text, ok := v.(string); ok {
				b.WriteString(text)
				continue
			}
			_ = binary.Write(&b, binary.LittleEndian, v) // a buffer returns no errors
		}
	}
	put("RIFF", uint32(36+len(pcm)), "WAVEfmt ", uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2*rate), uint16(2), uint16(16))
	put("data", uint32(len(pcm)), pcm)
	return b.Bytes()
}

// FLAC is losslessly compressed.
func FLAC() []byte {
	b := append([]byte("fLaC\x00\x00\x00"), infoBytes)
	// The last block before the sound holds no comment.
	b = append(append(b, streamInfo()...), 0x84, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0)
	for i := range frames {
		b = append(b, frame(i)...)
	}
	return b
}

// streamInfo is the block that begins a FLAC: sizes, rate, one channel of 16 bits, length.
func streamInfo() []byte {
	b := make([]byte, infoBytes)
	binary.BigEndian.PutUint16(b, perFrame)
	binary.BigEndian.PutUint16(b[2:], perFrame)
	binary.BigEndian.PutUint64(b[10:], rate<<44|0<<41|15<<36|samples)
	return b
}

// frame is a FLAC frame whose samples are all zero.
func frame(number int) []byte {
	b := []byte{0xff, 0xf8, 0xc0, 0x08, byte(number)}
	b = append(b, byte(checksum(b, 8, 0x07)))
	b = append(b, 0, 0, 0) // a constant
	return binary.BigEndian.AppendUint16(b, uint16(checksum(b, 16, 0x8005)))
}

// checksum is a CRC of so many bits, as FLAC counts it.
func checksum(b []byte, bits uint, poly uint32) (sum uint32) {
	top, mask := uint32(1)<<(bits-1), uint32(1<<bits-1)
	for _, v := range b {
		sum ^= uint32(v) << (bits - 8)
		for range 8 {
			carry := sum & top
			if sum <<= 1; carry != 0 {
				sum ^= poly
			}
		}
		sum &= mask
	}
	return sum
}

// M4A is a FLAC in an MP4.
func M4A() []byte {
	head := box("ftyp", []byte("M4A \x00\x00\x00\x00M4A isommp42"))
	movie := func(at uint32) []byte {
		return box("moov", full("mvhd", words(0, 0, rate, samples, 0x10000), []byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, unity, make([]byte, 24), words(2)),
			box("trak", box("tkhd", words(3, 0, 0, 1, 0, samples, 0, 0, 0), []byte{1, 0, 0, 0}, unity, words(0, 0)),
				box("mdia", full("mdhd", words(0, 0, rate, samples), []byte{0x55, 0xc4, 0, 0}),
					full("hdlr", words(0), []byte("soun"), words(0, 0, 0), []byte{0}),
					box("minf", full("smhd", words(0)),
						box("dinf", full("dref", words(1), []byte("\x00\x00\x00\x0curl \x00\x00\x00\x01"))),
						box("stbl", full("stsd", words(1), entry()),
							full("stts", words(1, frames, perFrame)),
							full("stsc", words(1, 1, frames, 1)),
							full("stsz", words(uint32(len(frame(0))), frames)),
							full("stco", words(1, at)))))))
	}
	at := uint32(len(head) + len(movie(0)) + 8)
	return slices.Concat(head, movie(at), box("mdat", frame(0), frame(1)))
}

// unity is the matrix that changes nothing.
var unity = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

// entry says that the samples are FLAC.
func entry() []byte {
	info := append([]byte{0x80, 0, 0, infoBytes}, streamInfo()...)
	return box("fLaC", []byte{0, 0, 0, 0, 0, 0, 0, 1}, words(0, 0), []byte{0, 1, 0, 16, 0, 0, 0, 0}, words(rate<<16), full("dfLa", info))
}

func box(kind string, content ...[]byte) []byte {
	inner := slices.Concat(content...)
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(inner)))
	return append(append(b, kind...), inner...)
}

// full is a box with a version and flags.
func full(kind string, content ...[]byte) []byte {
	return box(kind, slices.Insert(content, 0, words(0))...)
}

func words(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}
