package signin

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"github.com/google/uuid"

	"portico/store"
)

// linkBytes is the number of random bytes in a mailed link.
const linkBytes = 32

// Proof is the link and the code in the mail of a flow. Only the mail holds them: the
// database stores hashes, and the queue nothing.
type Proof struct {
	// LinkToken goes into views.LoginLink; it is never empty.
	LinkToken string
	// Code is six digits.
	Code string
	// Link and CodeSecret are the arguments of store.DB.MintFlow.
	Link       store.Secret
	CodeSecret store.Secret
}

// NewProof makes a new link and code for the mail of a flow. The mail job calls it once
// for each attempt to send.
func NewProof(keys Keys, flow uuid.UUID) Proof {
	link := make([]byte, linkBytes)
	_, _ = rand.Read(link)
	n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000)) // never fails since Go 1.24
	code := fmt.Sprintf("%06d", n)
	return Proof{
		LinkToken:  base64.RawURLEncoding.EncodeToString(link),
		Code:       code,
		Link:       link,
		CodeSecret: codeSecrets(keys, flow, code)[0],
	}
}

// codeSecrets returns the HMAC of the flow and the code under each key, newest first. A
// plain hash of six digits can be reversed in a second; without the key, somebody who
// reads the table cannot. The flow makes a code valid for its own flow only.
func codeSecrets(keys Keys, flow uuid.UUID, code string) []store.Secret {
	var secrets []store.Secret
	for _, key := range keys.For(PurposeMailedCode) {
		secrets = append(secrets, mac(key, flow[:], []byte(code)))
	}
	return secrets
}

// readCode parses a code as people type and paste it. It returns false for anything but
// six digits.
func readCode(typed string) (string, bool) {
	code := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(typed)
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return "", false
	}
	return code, true
}

// readLink decodes the token of a mailed link. It returns false for a malformed token.
func readLink(token string) (store.Secret, bool) {
	link, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return link, err == nil && len(link) == linkBytes
}
