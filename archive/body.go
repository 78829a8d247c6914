package archive

import (
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// checkedBody reads the bytes of an object, and fails instead of ending if they are not those
// that its name says.
type checkedBody struct {
	body io.ReadCloser
	want string
	left int64
	sum  hash.Hash
}

// Read implements io.Reader.
func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.sum.Write(p[:n])
	b.left -= int64(n)
	switch {
	case b.left < 0,
		err != nil && err != io.EOF,
		err == io.EOF && (b.left != 0 || hex.EncodeToString(b.sum.Sum(nil)) != b.want):
		return 0, fmt.Errorf("%w: object %s", ErrChanged, b.want)
	}
	return n, err
}

// Close implements io.Closer.
func (b *checkedBody) Close() error { return b.body.Close() }
