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
	"strings"
)

// Digest is a SHA-256.
type Digest [sha256.Size]byte

// String is the digest in lower-case hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// base64 is the spelling of S3's checksum headers.
func (d Digest) base64() string { return base64.StdEncoding.EncodeToString(d[:]) }

// ParseContentDigest reads the SHA-256 out of a Content-Digest header (RFC 9530), as in sha-256=:base64:. Other
// algorithms beside it are ignored.
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

// ContentDigest is the header that ParseContentDigest reads.
func (d Digest) ContentDigest() string { return "sha-256=:" + d.base64() + ":" }

// Hash is the SHA-256 of a whole file while its parts come in. Its state can be kept between two requests, so that a
// file sent in order is hashed as it passes and never read again. It is no use to several goroutines at once.
type Hash struct {
	sum  hash.Hash
	seen int64
}

// NewHash starts at the first byte.
func NewHash() *Hash { return &Hash{sum: sha256.New()} }

// ResumeHash goes on from a State kept earlier; from the first byte when the state is empty. A state that cannot be
// read is an error; start with NewHash then, and [Vault.CatchUp] reads the file back.
func ResumeHash(state []byte) (*Hash, error) {
	h := NewHash()
	if len(state) == 0 {
		return h, nil
	}
	if len(state) < seenSize {
		return nil, fmt.Errorf("files: hash state of %d bytes", len(state))
	}
	h.seen = int64(binary.BigEndian.Uint64(state))
	if err := h.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(state[seenSize:]); err != nil || h.seen < 0 {
		return nil, errors.New("files: unreadable hash state")
	}
	return h, nil
}

const seenSize = 8

// Write takes the next bytes of the file. It never fails.
func (h *Hash) Write(p []byte) (int, error) {
	h.seen += int64(len(p))
	return h.sum.Write(p)
}

// Seen is how many bytes have gone in: the offset of the byte it waits for.
func (h *Hash) Seen() int64 { return h.seen }

// State is what ResumeHash needs, some 120 bytes. It reveals up to 64 bytes of the file: keep it as close as the file.
func (h *Hash) State() ([]byte, error) {
	state, err := h.sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("files: hash state: %w", err)
	}
	return append(binary.BigEndian.AppendUint64(nil, uint64(h.seen)), state...), nil
}

// Digest is the SHA-256 of the bytes so far.
func (h *Hash) Digest() Digest { return Digest(h.sum.Sum(nil)) }
