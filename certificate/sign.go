package certificate

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const (
	begin = "-----BEGIN SIGNATURE-----\n"
	end   = "-----END SIGNATURE-----\n"
	// MaxSize is the size of the largest certificate that is read, in bytes.
	MaxSize = 32 << 20
)

// The ways in which a certificate fails.
var (
	// ErrFormat means that the file is no certificate, or was cut or changed in its form.
	ErrFormat = errors.New("this is no certificate, or not a whole one")
	// ErrUnknownKey means that none of the keys signed it.
	ErrUnknownKey = errors.New("it was signed with a key that is not among the keys")
	// ErrChanged means that the text was changed after it was signed.
	ErrChanged = errors.New("the signature doesn't match: the certificate was changed after it was signed")
)

// KeyID names a public key: the first 16 hexadecimal digits of the SHA-256 of its DER form.
func KeyID(key ed25519.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err) // an Ed25519 key always has a DER form
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8])
}

// Sign returns the text with its signature below it.
func Sign(key ed25519.PrivateKey, text []byte) []byte {
	var out bytes.Buffer
	out.Write(text)
	out.WriteString(begin)
	fmt.Fprintf(&out, "Key: %s\n", KeyID(key.Public().(ed25519.PublicKey)))
	out.WriteString(base64.StdEncoding.EncodeToString(ed25519.Sign(key, text)) + "\n")
	out.WriteString(end)
	return out.Bytes()
}

// Signed is a certificate whose signature was verified.
type Signed struct {
	Text    []byte
	KeyID   string
	Content []byte // the hash of the files; see [Content]
	Files   []File
}

// ReceiptTitle is the first line of the receipt of a deletion, which is signed like a certificate.
const ReceiptTitle = "Receipt of deletion\n\n"

// Verify reads a signed certificate, or the receipt of a deletion, and checks it against the keys.
// It returns [ErrFormat], [ErrUnknownKey] or [ErrChanged].
func Verify(signed []byte, keys []ed25519.PublicKey) (Signed, error) {
	text, rest, found := bytes.Cut(signed, []byte("\n"+begin))
	ours := bytes.HasPrefix(signed, []byte(title)) || bytes.HasPrefix(signed, []byte(ReceiptTitle))
	if !found || len(signed) > MaxSize || !ours {
		return Signed{}, ErrFormat
	}
	text = signed[:len(text)+1]
	lines := strings.SplitAfter(string(rest), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "Key: ") || lines[2] != end || lines[3] != "" {
		return Signed{}, ErrFormat
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(lines[1], "\n"))
	if err != nil {
		return Signed{}, ErrFormat
	}
	id := strings.TrimSuffix(strings.TrimPrefix(lines[0], "Key: "), "\n")
	for _, key := range keys {
		if KeyID(key) != id {
			continue
		}
		if !ed25519.Verify(key, text, signature) {
			return Signed{}, ErrChanged
		}
		return read(text, id)
	}
	return Signed{}, fmt.Errorf("%w: %s", ErrUnknownKey, id)
}

// read finds the files in a text that is known to be ours.
func read(text []byte, keyID string) (Signed, error) {
	s := Signed{Text: text, KeyID: keyID}
	for line := range strings.SplitSeq(string(text), "\n") {
		if sum, ok := strings.CutPrefix(line, "Content: SHA-256 "); ok {
			s.Content, _ = hex.DecodeString(sum)
		}
		if file, ok := strings.CutPrefix(line, "File: "); ok {
			var f File
			if _, err := fmt.Sscanf(file, "%x %d", &f.SHA256, &f.Size); err != nil {
				return Signed{}, ErrFormat
			}
			_, f.Name, _ = strings.Cut(file[2*sha256.Size+1:], " ")
			s.Files = append(s.Files, f)
		}
	}
	return s, nil
}

// PublicKeys writes the public halves of the keys in PEM, each below a line with its id.
func PublicKeys(keys []ed25519.PrivateKey) []byte {
	var out bytes.Buffer
	for _, k := range keys {
		public := k.Public().(ed25519.PublicKey)
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			panic(err) // an Ed25519 key always has a DER form
		}
		fmt.Fprintf(&out, "Key: %s\n", KeyID(public))
		_ = pem.Encode(&out, &pem.Block{Type: "PUBLIC KEY", Bytes: der}) // a buffer takes everything
	}
	return out.Bytes()
}

// ParseKeys reads what [PublicKeys] wrote. Text between the keys is ignored.
func ParseKeys(text []byte) (keys []ed25519.PublicKey, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "PUBLIC KEY" {
			continue
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a key can't be read: %w", err)
		}
		public, ok := key.(ed25519.PublicKey)
		if !ok {
			return nil, errors.New("a key is not of Ed25519")
		}
		keys = append(keys, public)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no public key in it")
	}
	return keys, nil
}
