package archives

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"time"

	"portico/certificate"
	"portico/files"
	"portico/store"
)

// Wiper deletes tenants whose time in the bin is over.
type Wiper struct {
	Operator *store.Operator
	Storage  *files.Storage
	Key      ed25519.PrivateKey // signs receipts
	// Backups says, in the operator's words, which backups still have a deleted tenant, and until
	// when.
	Backups string
}

var errObjectsLeft = errors.New("not deleted: objects are left in storage")

// Wipe deletes everything of a tenant and returns the signed receipt. First its uploads and objects
// go, with all versions; then its rows, in one transaction. Rows and objects are counted again
// before it is called deleted. If it fails or is killed, run it again.
func (x Wiper) Wipe(ctx context.Context, d store.Deletion) (receipt []byte, err error) {
	vault := x.Storage.For(d.ID)
	removed, err := vault.Empty(ctx)
	if err != nil {
		return nil, err
	}
	err = x.Operator.Wipe(ctx, d, func(w store.Wiped) ([]byte, int64, error) {
		left, err := vault.Count(ctx)
		if err == nil && left != (files.Left{}) {
			err = fmt.Errorf("%w: %d, and %d uploads", errObjectsLeft, left.Objects, left.Uploads)
		}
		if err != nil {
			return nil, 0, err
		}
		receipt = certificate.Sign(x.Key, x.text(d, w, removed))
		return receipt, removed.Objects, nil
	})
	if err != nil {
		return nil, err
	}
	return receipt, nil
}

// text is the receipt of a deletion. It names nobody.
func (x Wiper) text(d store.Deletion, w store.Wiped, removed files.Left) []byte {
	var b bytes.Buffer
	b.WriteString(certificate.ReceiptTitle)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
	}
	line("Workspace", "%s, of kind %s", d.ID, d.Kind)
	line("Deleted", "%s", time.Now().UTC().Format(time.RFC3339))
	line("Rows", "%d in %d tables; counted again: 0", w.Rows, w.Tables)
	line("Objects", "%d with their versions, and %d unfinished uploads; counted again: 0", removed.Objects, removed.Uploads)
	line("Jobs", "%d; counted again: 0", w.Jobs)
	line("Hosts", "%d; counted again: 0", w.Hosts)
	if w.LastEvent != nil {
		line("Trail", "%d events; the last was %s at %s", w.Events, w.LastEvent, w.LastAt.UTC().Format(time.RFC3339Nano))
	}
	if w.Customer {
		line("Billing", "the customer at Stripe stays bound to the id of the workspace, so that it is nobody else's")
	}
	line("Backups", "%s", x.Backups)
	b.WriteString("\n")
	return b.Bytes()
}
