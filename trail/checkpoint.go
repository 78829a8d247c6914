package trail

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says how many leaves a log had at a time, and the root of their tree.
type Checkpoint struct {
	Origin string // see [Origin]
	Size   int64
	Root   Hash
	At     time.Time // to the second
	// NewKey is the key that signs from now on, where the keys were changed; else nil. The key
	// before signs this too.
	NewKey ed25519.PublicKey
}

// Origin names a log: host/audit/<tenant>/<side>.
func Origin(host string, tenant uuid.UUID, side Side) string {
	return host + "/audit/" + tenant.String() + "/" + string(side)
}

// sideOf is the tenant and the side that an origin names.
func sideOf(origin string) (tenant string, side Side) {
	parts := strings.Split(origin, "/")
	if len(parts) < 4 || parts[len(parts)-3] != "audit" {
		return "", ""
	}
	return parts[len(parts)-2], Side(parts[len(parts)-1])
}

// IsOrigin says that an origin names a log of a tenant, on whatever host it began.
func IsOrigin(origin string, of uuid.UUID, side Side) bool {
	tenant, s := sideOf(origin)
	return tenant == of.String() && s == side
}

// Text is what is signed. After the three lines that C2SP asks for it says when, and names the
// new key where keys were changed.
func (c Checkpoint) Text() string {
	text := fmt.Sprintf("%s\n%d\n%s\ntime %s\n", c.Origin, c.Size, c.Root, c.At.UTC().Format(time.RFC3339))
	if c.NewKey != nil {
		text += "key " + base64.StdEncoding.EncodeToString(c.NewKey) + "\n"
	}
	return text
}

var errCheckpoint = errors.New("this is no checkpoint")

func parseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 4 {
		return c, errCheckpoint
	}
	c.Origin = lines[0]
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return c, errCheckpoint
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil {
		return c, errCheckpoint
	}
	for _, line := range lines[3:] {
		word, value, _ := strings.Cut(line, " ")
		switch word {
		case "time":
			c.At, err = time.Parse(time.RFC3339, value)
		case "key":
			c.NewKey, err = base64.StdEncoding.DecodeString(value)
		}
		if err != nil {
			return c, errCheckpoint
		}
	}
	if c.At.IsZero() || c.Text() != text || c.NewKey != nil && len(c.NewKey) != ed25519.PublicKeySize {
		return c, errCheckpoint
	}
	return c, nil
}

// algEd25519 is the first byte of an Ed25519 key in a signed note.
const algEd25519 = 1

// signerOf signs notes as an origin.
func signerOf(origin string, key ed25519.PrivateKey) (note.Signer, error) {
	v, err := verifierOf(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	secret := base64.StdEncoding.EncodeToString(append([]byte{algEd25519}, key.Seed()...))
	return note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, v.KeyHash(), secret))
}

func verifierOf(origin string, key ed25519.PublicKey) (note.Verifier, error) {
	text, err := VerifierKey(origin, key)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(text)
}

// VerifierKey is a public key as C2SP's tools want it, for one log.
func VerifierKey(origin string, key ed25519.PublicKey) (string, error) {
	return note.NewEd25519VerifierKey(origin, key)
}

// Sign signs a checkpoint with the newest of the keys. before is the checkpoint that was signed
// last, as a note; "" for none. Where an older of the keys signed that one, the checkpoint
// names the new key, and the old key signs it too.
func Sign(c Checkpoint, keys []ed25519.PrivateKey, before string) (string, error) {
	if len(keys) == 0 {
		return "", errors.New("trail: there is no key to sign with")
	}
	signing := keys[:1]
	if before != "" {
		last, err := signedBy(before, keys)
		if err != nil {
			return "", err
		}
		if last != 0 {
			c.NewKey = keys[0].Public().(ed25519.PublicKey)
		}
		if last > 0 {
			signing = []ed25519.PrivateKey{keys[0], keys[last]}
		}
	}
	var signers []note.Signer
	for _, key := range signing {
		s, err := signerOf(c.Origin, key)
		if err != nil {
			return "", fmt.Errorf("trail: %w", err)
		}
		signers = append(signers, s)
	}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, signers...)
	return string(signed), err
}

// signedBy is the first of the keys that signed a note; -1 if none did.
func signedBy(signed string, keys []ed25519.PrivateKey) (int, error) {
	for i, key := range keys {
		_, err := OpenCheckpoint(signed, []ed25519.PublicKey{key.Public().(ed25519.PublicKey)})
		if err == nil {
			return i, nil
		}
		if !errors.Is(err, ErrUnsigned) {
			return 0, err
		}
	}
	return -1, nil
}

// ErrUnsigned means that none of the known keys signed a checkpoint.
var ErrUnsigned = errors.New("no known key signed this checkpoint, or it was changed")

// OpenCheckpoint reads a signed checkpoint. If none of the keys signed it, the error is
// [ErrUnsigned], and what it says is returned all the same.
func OpenCheckpoint(signed string, keys []ed25519.PublicKey) (Checkpoint, error) {
	text, _, found := strings.Cut(signed, "\n\n")
	if !found {
		return Checkpoint{}, errCheckpoint
	}
	c, err := parseCheckpoint(text + "\n")
	if err != nil {
		return c, err
	}
	for _, key := range keys {
		v, err := verifierOf(c.Origin, key)
		if err != nil {
			return c, errCheckpoint
		}
		if _, err := note.Open([]byte(signed), note.VerifierList(v)); err == nil {
			return c, nil
		}
	}
	return c, ErrUnsigned
}

// trusted are the keys of which a verifier knows that they are the log's. A checkpoint that
// one of them signed can add the next.
type trusted struct{ keys []ed25519.PublicKey }

func (t *trusted) open(signed string) (Checkpoint, error) {
	c, err := OpenCheckpoint(signed, t.keys)
	if err == nil && c.NewKey != nil && !slices.ContainsFunc(t.keys, func(k ed25519.PublicKey) bool { return k.Equal(c.NewKey) }) {
		t.keys = append(t.keys, c.NewKey)
	}
	return c, err
}
