package files

import (
	"fmt"
	"regexp"

	"github.com/google/uuid"
)

// Kind is the purpose of an object. It is one segment of its key.
type Kind struct{ name string }

// The kinds of objects. A new kind also needs a line in kinds and in the CHECK constraint of its table.
var (
	KindFile      = Kind{"files"}      // a file of a deliverable
	KindPreview   = Kind{"previews"}   // a file's thumbnail, stored under the file's own id
	KindRendition = Kind{"renditions"} // the picture of a page, under an id of its own
	KindBrand     = Kind{"brand"}      // a tenant's logo
	KindExport    = Kind{"exports"}    // an archive made for download
	// KindCheckpoint is a signed checkpoint of the audit trail, under the id of its row
	KindCheckpoint = Kind{"checkpoints"}
)

var kinds = map[string]Kind{
	KindFile.name:      KindFile,
	KindPreview.name:   KindPreview,
	KindRendition.name: KindRendition,
	KindBrand.name:     KindBrand,
	KindExport.name:    KindExport,

	KindCheckpoint.name: KindCheckpoint,
}

// String is the kind's segment in a key.
func (k Kind) String() string { return k.name }

// Key names one object: tenants/<tenant id>/<kind>/<object id>. Only [NewKey] and [ParseKey] create keys. Every method
// refuses the zero Key.
type Key struct {
	tenant, id uuid.UUID
	kind       Kind
}

// NewKey builds a key. It returns the zero Key for a nil id or the zero kind.
func NewKey(tenant uuid.UUID, kind Kind, id uuid.UUID) Key {
	if tenant == uuid.Nil || id == uuid.Nil || kind.name == "" {
		return Key{}
	}
	return Key{tenant: tenant, kind: kind, id: id}
}

// newProbeKey names an object that [Storage.Probe] writes and removes. It lies outside all tenants.
func newProbeKey() string { return "probe/" + uuid.NewString() }

// FileKeys returns the keys of all objects of a file: its content and its preview. Delete both, because a preview may be
// stored before the database knows of it.
func FileKeys(tenant, file uuid.UUID) []Key {
	return []Key{NewKey(tenant, KindFile, file), NewKey(tenant, KindPreview, file)}
}

// keyPattern is anchored with \A and \z because $ would accept a trailing line break. It accepts only the canonical
// lower-case form of a UUID, because S3 treats two spellings as two objects.
var keyPattern = regexp.MustCompile(`\Atenants/` + uuidPattern + `/([a-z]+)/` + uuidPattern + `\z`)

const uuidPattern = `([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})`

// ParseKey parses the result of String. Any other text is an error.
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

// String is the key as stored in S3 and the database, or "" for the zero Key.
func (k Key) String() string {
	if k.IsZero() {
		return ""
	}
	return prefixOf(k.tenant) + k.kind.name + "/" + k.id.String()
}

// Tenant is the tenant the object belongs to.
func (k Key) Tenant() uuid.UUID { return k.tenant }

// Kind is the purpose of the object.
func (k Key) Kind() Kind { return k.kind }

// ID is the object's own id.
func (k Key) ID() uuid.UUID { return k.id }

// IsZero reports whether the key names nothing.
func (k Key) IsZero() bool { return k == Key{} }

// prefixOf ends with a slash because S3 compares prefixes byte by byte: tenants/a would also match tenants/ab.
func prefixOf(tenant uuid.UUID) string {
	return "tenants/" + tenant.String() + "/"
}
