package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// KeepCRC keeps the checksum of a ready file that has none, as files from before it was
// kept. The caller has read all bytes of the file and found this digest. Whoever
// downloads a file may not change it, so the checksum is kept as by a job.
func (db *DB) KeepCRC(ctx context.Context, me Member, file uuid.UUID, crc uint32, sha256 []byte) error {
	s := engine.Scope{Tenant: me.TenantID(), Party: string(PartySystem)}
	return db.write(ctx, s, "", me.RequestID, func(tx *Tx) error {
		_, err := tx.exec(ctx, "keep checksum", `
update files
set crc32 = @crc32
where tenant_id = @tenant_id
  and id = @file
  and state = 'ready'
  and sha256 = @sha256
  and crc32 is null`, pgx.StrictNamedArgs{"file": file, "crc32": int64(crc), "sha256": sha256})
		return err
	})
}
