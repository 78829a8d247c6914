package store_test

import (
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// A checksum is kept once, for the bytes that it was computed of, in its own tenant. Those
// who may only download can cause that.
func TestChecksumIsKeptOnce(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	id := storetest.File(t, b.ravi, b.draft, "old.txt")
	var digest []byte
	if err := storetest.Superuser(t).QueryRow(t.Context(), `update files set crc32 = null where id = $1 returning sha256`, id).Scan(&digest); err != nil {
		t.Fatal(err)
	}
	other := make([]byte, len(digest))
	copy(other, "other bytes")
	one, two := int64(1), int64(2)
	for _, c := range []struct {
		what   string
		me     store.Member
		crc    int64
		sha256 []byte
		kept   *int64
	}{
		{"by another tenant", b.Member(t, b.Gus, b.Globex), 2, digest, nil},
		{"of other bytes", b.mia, 2, other, nil},
		{"by a client user", b.mia, one, digest, &one},
		{"another one", b.ravi, two, digest, &one},
	} {
		if err := storetest.DB().KeepCRC(t.Context(), c.me, id, uint32(c.crc), c.sha256); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		var kept *int64
		if err := storetest.Superuser(t).QueryRow(t.Context(), `select crc32 from files where id = $1`, id).Scan(&kept); err != nil {
			t.Fatal(err)
		}
		if (kept == nil) != (c.kept == nil) || kept != nil && *kept != *c.kept {
			t.Errorf("%s: kept %v, want %v", c.what, kept, c.kept)
		}
	}
}
