package files

import (
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"strings"
)

// Digest is a SHA-256 checksum.
type Digest [sha256.Size]byte

// String is the digest in lower-case hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// base64 encodes the digest as S3's checksum headers do.
func (d Digest) base64() string { return base64.StdEncoding.EncodeToString(d[:]) }

// ParseContentDigest reads the SHA-256 from a Content-Digest header (RFC 9530), as in sha-256=:base64:. It ignores other
// algorithms in the header.
func ParseContentDigest(header string) (Digest, error) {
	for member := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(member), "=")
		if !strings.EqualFold(name, "sha-256") {
			continue
		}
		inner, opened := strings.CutPrefix(value, ":")
		inner, closed := strings.CutSuffix(inner, ":")
		sum, err := base64.StdEncoding.DecodeString(inner)
		if !opened || !closed || err != nil || len(sum) != sha256.Size {
			return Digest{}, errors.New("files: malformed sha-256 in Content-Digest")
		}
		return Digest(sum), nil
	}
	return Digest{}, errors.New("files: no sha-256 in Content-Digest")
}

// ContentDigest formats the header that ParseContentDigest reads.
func (d Digest) ContentDigest() string { return "sha-256=:" + d.base64() + ":" }

// Hash computes the SHA-256 and the CRC-32 of a whole file while its parts arrive. Its state can be saved between requests, so a file
// sent in order is hashed as it streams and never read again. It is not safe for concurrent use.
type Hash struct {
	sum    hash.Hash
	crc    uint32
	offset int64
}

// NewHash returns a hash that expects the file's first byte.
func NewHash() *Hash { return &Hash{sum: sha256.New()} }

// ResumeHash continues from a saved State, or from the first byte if the state is empty. It returns an error for an
// unreadable state. The caller can then use NewHash and let [Vault.HashRest] read the file back.
func ResumeHash(state []byte) (*Hash, error) {
	h := NewHash()
	if len(state) == 0 {
		return h, nil
	}
	if len(state) < headSize {
		return nil, fmt.Errorf("files: hash state of %d bytes", len(state))
	}
	h.offset = int64(binary.BigEndian.Uint64(state))
	h.crc = binary.BigEndian.Uint32(state[offsetSize:])
	if err := h.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(state[headSize:]); err != nil || h.offset < 0 {
		return nil, errors.New("files: unreadable hash state")
	}
	return h, nil
}

// A state is the offset, the CRC-32 and the state of the SHA-256.
const (
	offsetSize = 8
	headSize   = offsetSize + crc32.Size
)

// Write adds the next bytes of the file. It never fails.
func (h *Hash) Write(p []byte) (int, error) {
	h.offset += int64(len(p))
	h.crc = crc32.Update(h.crc, crc32.IEEETable, p)
	return h.sum.Write(p)
}

// Offset is the number of bytes hashed so far, and so the offset of the next byte.
func (h *Hash) Offset() int64 { return h.offset }

// State returns what ResumeHash needs, about 120 bytes. It can reveal up to 64 bytes of the file, so protect it like the
// file itself.
func (h *Hash) State() ([]byte, error) {
	state, err := h.sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("files: hash state: %w", err)
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, uint64(h.offset)), h.crc)
	return append(head, state...), nil
}

// CRC32 is the CRC-32 of the bytes so far, as ZIP archives have it.
func (h *Hash) CRC32() uint32 { return h.crc }

// Digest is the SHA-256 of the bytes so far.
func (h *Hash) Digest() Digest { return Digest(h.sum.Sum(nil)) }
