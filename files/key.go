package files

import (
	"fmt"
	"regexp"

	"github.com/google/uuid"
)

// Kind is what an object is for; it is one segment of its key.
type Kind struct{ name string }

// The kinds of objects. A new kind needs a line in kinds as well, and in the CHECK of its table.
var (
	KindFile    = Kind{"files"}    // a file of a deliverable
	KindPreview = Kind{"previews"} // the small picture of a file, under the file's own id
	KindBrand   = Kind{"brand"}    // a tenant's logo
	KindExport  = Kind{"exports"}  // an archive made for download
)

var kinds = map[string]Kind{
	KindFile.name:    KindFile,
	KindPreview.name: KindPreview,
	KindBrand.name:   KindBrand,
	KindExport.name:  KindExport,
}

// String is the kind's segment in a key.
func (k Kind) String() string { return k.name }

// Key names one object: tenants/<tenant id>/<kind>/<object id>. It can only be made by [NewKey] and [ParseKey]. The
// zero Key names nothing and is refused everywhere.
type Key struct {
	tenant, id uuid.UUID
	kind       Kind
}

// NewKey is the only place where a key is put together. With a nil id or the zero kind the zero Key comes out.
func NewKey(tenant uuid.UUID, kind Kind, id uuid.UUID) Key {
	if tenant == uuid.Nil || id == uuid.Nil || kind.name == "" {
		return Key{}
	}
	return Key{tenant: tenant, kind: kind, id: id}
}

// newProbeKey names an object that [Storage.Probe] writes and removes. It is nobody's, and beside all tenants.
func newProbeKey() string { return "probe/" + uuid.NewString() }

// KeysOf are the keys of everything that may be kept of a file: its bytes and its preview. Whoever deletes a file deletes
// them all, for a preview may lie there that no row knows of yet.
func KeysOf(tenant, file uuid.UUID) []Key {
	return []Key{NewKey(tenant, KindFile, file), NewKey(tenant, KindPreview, file)}
}

// The pattern is anchored with \A and \z, since $ would let a line break through, and takes only the canonical
// lower-case form of a UUID: two spellings of one object would be two objects.
var keyPattern = regexp.MustCompile(`\Atenants/` + uuidPattern + `/([a-z]+)/` + uuidPattern + `\z`)

const uuidPattern = `([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})`

// ParseKey reads a key back from where String put it. Anything not written by String is an error.
func ParseKey(s string) (Key, error) {
	m := keyPattern.FindStringSubmatch(s)
	if m == nil {
		return Key{}, fmt.Errorf("files: no object key: %.100q", s)
	}
	kind, ok := kinds[m[2]]
	if !ok {
		return Key{}, fmt.Errorf("files: unknown kind of object: %.20q", m[2])
	}
	key := NewKey(uuid.MustParse(m[1]), kind, uuid.MustParse(m[3]))
	if key.IsZero() {
		return Key{}, fmt.Errorf("files: no object key: %.100q", s)
	}
	return key, nil
}

// String is the key as S3 and the database know it, "" for the zero Key.
func (k Key) String() string {
	if k.IsZero() {
		return ""
	}
	return prefixOf(k.tenant) + k.kind.name + "/" + k.id.String()
}

// Tenant is the tenant the object belongs to.
func (k Key) Tenant() uuid.UUID { return k.tenant }

// Kind is what the object is for.
func (k Key) Kind() Kind { return k.kind }

// ID is the object's own id.
func (k Key) ID() uuid.UUID { return k.id }

// IsZero reports whether the key names nothing.
func (k Key) IsZero() bool { return k == Key{} }

// prefixOf ends with a slash: S3 compares prefixes as bytes, and tenants/a would also be the beginning of tenants/ab.
func prefixOf(tenant uuid.UUID) string {
	return "tenants/" + tenant.String() + "/"
}
