package archive

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// signedPurpose keeps the signature of a manifest from being that of anything else.
const signedPurpose = "Portico archive\n"

// sign returns the signature of a manifest as its entry has it: the id of the key and the
// signature of the SHA-256, one a line.
func sign(key ed25519.PrivateKey, keyID string, manifest []byte) []byte {
	return fmt.Appendf(nil, "%s\n%s\n", keyID, base64.StdEncoding.EncodeToString(ed25519.Sign(key, signedText(manifest))))
}

func signedText(manifest []byte) []byte {
	sum := sha256.Sum256(manifest)
	return append([]byte(signedPurpose), sum[:]...)
}

// Keys are public keys by their ids.
type Keys map[string]ed25519.PublicKey

// verify returns [ErrSignature] unless one of the keys signed the manifest.
func (k Keys) verify(manifest, signature []byte) error {
	id, rest, _ := strings.Cut(string(signature), "\n")
	key, known := k[id]
	if !known {
		return fmt.Errorf("%w: it was signed with the key %.16q, which is not among the known keys", ErrSignature, id)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(rest, "\n"))
	if err != nil || !ed25519.Verify(key, signedText(manifest), raw) {
		return fmt.Errorf("%w: the manifest was changed after it was signed", ErrSignature)
	}
	return nil
}
