package trail

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const proofTitle = "c2sp.org/tlog-proof@v1"

// Prove writes the proof that a row is in the tree of a checkpoint, in C2SP's format
// tlog-proof. Its extra data is the row, as in an archive.
func Prove(r Row, signed string, hashes tlog.HashReader) ([]byte, error) {
	c, err := OpenCheckpoint(signed, nil)
	if err != nil && !errors.Is(err, ErrUnsigned) {
		return nil, err
	}
	if r.Position == nil || r.Event == nil || *r.Position >= c.Size {
		return nil, errors.New("trail: the row is not in the checkpoint")
	}
	path, err := tlog.ProveRecord(c.Size, *r.Position, hashes)
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckRecord(path, c.Size, c.Root, *r.Position, r.Event.Leaf()); err != nil {
		return nil, fmt.Errorf("trail: the row at %d is not the one that was sealed: %w", *r.Position, err)
	}
	extra, err := encode(r)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofTitle, base64.StdEncoding.EncodeToString(extra), *r.Position)
	for _, h := range path {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n" + signed)
	return []byte(b.String()), nil
}

// IsProof says that a file is the proof of one event.
func IsProof(b []byte) bool { return strings.HasPrefix(string(b), proofTitle+"\n") }

// ErrProof means that a proof doesn't prove what it says.
var ErrProof = errors.New("the event is not the one that was sealed")

// CheckProof verifies what [Prove] wrote: the signature of the checkpoint, that the event was
// sealed, and that its detail is the one that was sealed, unless it was erased.
func CheckProof(proof []byte, keys []ed25519.PublicKey) (Row, Checkpoint, error) {
	head, signed, found := strings.Cut(string(proof), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != proofTitle {
		return Row{}, Checkpoint{}, errors.New("this is no proof of an event")
	}
	c, err := OpenCheckpoint(signed, keys)
	if err != nil {
		return Row{}, c, err
	}
	var r Row
	extra, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err == nil {
		err = json.Unmarshal(extra, &r)
	}
	index, err2 := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err = errors.Join(err, err2); err != nil || r.Event == nil || r.Position == nil {
		return r, c, errors.New("this is no proof of an event")
	}
	var path tlog.RecordProof
	for _, line := range lines[3:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return r, c, errors.New("this is no proof of an event")
		}
		path = append(path, h)
	}
	if *r.Position != index || r.Event.Position != index || tlog.CheckRecord(path, c.Size, c.Root, index, r.Event.Leaf()) != nil {
		return r, c, ErrProof
	}
	return r, c, r.check()
}
