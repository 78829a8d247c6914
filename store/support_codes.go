package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// SupportCode is what a tenant's owner or admin reads out to a support agent, who needs it
// to request access. It works once, for 30 minutes.
type SupportCode struct {
	Code   string // eight digits
	EndsAt time.Time
}

// GetSupportCode reads the tenant's newest code that still works; nil if there is none. A
// support session sees none.
func GetSupportCode(dst **SupportCode) Read {
	return Read{optional("support code", dst, `
select code, ends_at
from support_codes
where tenant_id = @tenant_id
  and used_at is null
  and ends_at > now()
  and tries < 5
order by id desc
limit 1`, nil)}
}

// MakeSupportCode makes a code, in place of those before it. Only owners and admins make
// one, in person.
func (tx *Tx) MakeSupportCode(ctx context.Context) error {
	if err := tx.requireConsentRight(); err != nil {
		return err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return fmt.Errorf("support code: %w", err)
	}
	_, err = tx.exec(ctx, "end support codes", `
update support_codes
set ends_at = now()
where tenant_id = @tenant_id
  and used_at is null
  and ends_at > now()`, nil)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "make support code", `
insert into support_codes (tenant_id, id, code)
values (@tenant_id, @id, @code)`, pgx.StrictNamedArgs{"id": NewID(), "code": fmt.Sprintf("%08d", n)})
	if err != nil {
		return err
	}
	return tx.audit(Event{Verb: "support.code_made"})
}

// maxTypedCode is how many characters people may type for a code, with spaces.
const maxTypedCode = 20

// supportCodeDigits removes what people type between the digits of a code.
func supportCodeDigits(typed string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(trimText(typed))
}
