package engine

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// An id is read from sixteen bytes. A NULL is no id: only a pointer can hold it.
func TestIDsAreSixteenBytes(t *testing.T) {
	t.Parallel()
	types := pgtype.NewMap()
	registerIDs(types)
	want := uuid.MustParse("0197b6c0-0000-7000-8000-0000000000ab")
	var got uuid.UUID
	if err := types.Scan(pgtype.UUIDOID, pgtype.BinaryFormatCode, want[:], &got); err != nil || got != want {
		t.Errorf("read %s, %v; want %s", got, err, want)
	}
	for name, src := range map[string][]byte{"a NULL": nil, "nothing": {}, "fifteen bytes": want[:15], "seventeen bytes": append(want[:], 1)} {
		if err := types.Scan(pgtype.UUIDOID, pgtype.BinaryFormatCode, src, &got); err == nil {
			t.Errorf("%s is read as %s", name, got)
		}
	}
	held := &want
	if err := types.Scan(pgtype.UUIDOID, pgtype.BinaryFormatCode, nil, &held); err != nil || held != nil {
		t.Errorf("a NULL is read as %v, %v", held, err)
	}
	if err := types.Scan(pgtype.UUIDOID, pgtype.BinaryFormatCode, want[:], &held); err != nil || held == nil || *held != want {
		t.Errorf("read %v, %v; want %s", held, err, want)
	}
	if err := types.Scan(pgtype.UUIDOID, pgtype.TextFormatCode, []byte(want.String()), &got); err != nil || got != want {
		t.Errorf("read %s from text, %v; want %s", got, err, want)
	}
}
