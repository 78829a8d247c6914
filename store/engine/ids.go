package engine

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

// registerIDs makes ids go to and from PostgreSQL as sixteen bytes. Without it pgx
// converts each to text and back.
func registerIDs(types *pgtype.Map) {
	pgxuuid.Register(types) // what is sent, and arrays
	types.RegisterType(&pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: idCodec{}})
}

// idCodec reads an id without the detour over [uuid.UUID.Scan], which pgx prefers.
type idCodec struct{ pgxuuid.UUIDCodec }

// PlanScan implements [pgtype.Codec].
func (c idCodec) PlanScan(types *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if _, ok := target.(*uuid.UUID); ok && format == pgtype.BinaryFormatCode {
		return idPlan{}
	}
	return c.UUIDCodec.PlanScan(types, oid, format, target)
}

type idPlan struct{}

// Scan implements [pgtype.ScanPlan].
func (idPlan) Scan(src []byte, dst any) error {
	id, ok := dst.(*uuid.UUID)
	if !ok || len(src) != len(id) {
		return fmt.Errorf("cannot scan %d bytes into %T", len(src), dst) // 0 bytes are a NULL
	}
	copy(id[:], src)
	return nil
}
