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

// linkBytes is how many random bytes a mailed link carries.
const linkBytes = 32

// Proof is what the mail of a flow carries. It exists in the mail alone: the
// database keeps hashes, the queue nothing.
type Proof struct {
	// LinkToken goes into views.LoginLink; "" is never one.
	LinkToken string
	// Code is six digits.
	Code string
	// Link and CodeSecret are what store.DB.MintFlow takes.
	Link       store.Secret
	CodeSecret store.Secret
}

// NewProof mints the link and the code for the mail of a flow. The mail job
// calls it once for each attempt to send.
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

// codeSecrets keys a code with the flow it belongs to, under each key, newest
// first. A million codes are tried in a second; without the key that is no use
// to somebody who has read the table, and a code fits its own flow only.
func codeSecrets(keys Keys, flow uuid.UUID, code string) []store.Secret {
	var secrets []store.Secret
	for _, key := range keys.For(PurposeMailedCode) {
		secrets = append(secrets, mac(key, flow[:], []byte(code)))
	}
	return secrets
}

// readCode takes a code as people type and paste it. False is no code at all.
func readCode(typed string) (string, bool) {
	code := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(typed)
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return "", false
	}
	return code, true
}

// readLink turns the token of a mailed link back into its secret.
func readLink(token string) (store.Secret, bool) {
	link, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return link, err == nil && len(link) == linkBytes
}
