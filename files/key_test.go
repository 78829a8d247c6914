package files

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"
)

// ParseKey reads back every kind of key that String writes.
func TestKeyRoundTrip(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds {
		key := NewKey(uuid.Must(uuid.NewV7()), kind, uuid.Must(uuid.NewV7()))
		got, err := ParseKey(key.String())
		if err != nil || got != key {
			t.Errorf("%s: %v, %v", key, got, err)
		}
		if want := "tenants/" + key.Tenant().String() + "/" + name + "/" + key.ID().String(); key.String() != want {
			t.Errorf("key is %s, want %s", key, want)
		}
	}
}

// ParseKey refuses other spellings of a key: a gateway may normalise dots, and S3 is case-sensitive.
func TestParseKeyRefusesOtherSpellings(t *testing.T) {
	t.Parallel()
	const tenant, id = "0197d6a0-0000-7000-8000-00000000000a", "0197d6a0-0000-7000-8000-00000000000b"
	if _, err := ParseKey("tenants/" + tenant + "/files/" + id); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"",
		"tenants/" + tenant + "/files/",
		"tenants/" + tenant + "/files/../files/" + id,
		"tenants/" + tenant + "/../" + tenant + "/files/" + id,
		"tenants/" + tenant + "//files/" + id,
		"tenants/" + tenant + "/files/" + id + "/",
		"tenants/" + tenant + "/files/" + id + "/x",
		"tenants/" + tenant + "/files/" + id + "\n",
		"tenants/" + tenant + "/files/" + id + "\x00",
		"/tenants/" + tenant + "/files/" + id,
		"x/tenants/" + tenant + "/files/" + id,
		"tenants/" + strings.ToUpper(tenant) + "/files/" + id,
		"tenants/" + tenant + "/files/" + strings.ToUpper(id),
		"tenants/{" + tenant + "}/files/" + id,
		"tenants/" + strings.ReplaceAll(tenant, "-", "") + "/files/" + id,
		"tenants/" + tenant + "/other/" + id,
		"tenants/" + tenant + "/Files/" + id,
		"tenants/" + tenant + "/files/" + id[:35],
		"tenants/" + uuid.Nil.String() + "/files/" + id,
		"tenants/" + tenant + "/files/" + uuid.Nil.String(),
		"tenants/" + tenant + "/files%2f" + id,
		"tenants\\" + tenant + "\\files\\" + id,
	} {
		if key, err := ParseKey(s); err == nil || !key.IsZero() {
			t.Errorf("parsed %q as %v", s, key)
		}
	}
}

// A missing tenant, id or kind gives the zero key.
func TestNewKeyRefusesMissingParts(t *testing.T) {
	t.Parallel()
	id := uuid.Must(uuid.NewV7())
	for _, key := range []Key{{}, NewKey(uuid.Nil, KindFile, id), NewKey(id, KindFile, uuid.Nil), NewKey(id, Kind{}, id)} {
		if !key.IsZero() || key.String() != "" {
			t.Errorf("made %q", key)
		}
	}
}

// Every method refuses another tenant's key, the zero key and a vault without a tenant before it sends a request. The
// bucket's address is closed, so a request would fail with ErrUnavailable, as it does for the tenant's own key.
func TestForeignKeyRefusedBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	storage := closedStorage(t)
	mine, theirs, id := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	for name, call := range everyCall(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for what, c := range map[string]struct {
				vault Vault
				key   Key
			}{
				"another tenant's key": {storage.For(mine), NewKey(theirs, KindFile, id)},
				"the zero key":         {storage.For(mine), Key{}},
				"no tenant":            {storage.For(uuid.Nil), NewKey(theirs, KindFile, id)},
				"the zero vault":       {Vault{}, NewKey(theirs, KindFile, id)},
			} {
				if err := call(c.vault, c.key); !errors.Is(err, ErrWrongTenant) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if err := call(storage.For(mine), NewKey(mine, KindFile, id)); !errors.Is(err, ErrUnavailable) {
				t.Errorf("the right key: %v", err)
			}
		})
	}
}

// List doesn't return an object whose name merely begins like the tenant's prefix. It reports an object inside the prefix
// whose name is not a key.
func TestListReturnsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine := b.put(t, randomBytes(20, 10))
	prefix := strings.TrimSuffix(prefixOf(b.tenant), "/")
	stray := prefix + "/files/not-a-key"
	for _, name := range []string{prefix + "b/files/" + mine.ID().String(), stray} {
		_, err := b.storage.client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &b.storage.bucket, Key: aws.String(name), Body: bytes.NewReader([]byte("planted")),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var found []Key
	strays := 0
	for info, err := range b.vault.List(t.Context()) {
		switch {
		case errors.Is(err, ErrMalformedKey):
			strays++
		case err != nil:
			t.Fatal(err)
		default:
			found = append(found, info.Key)
		}
	}
	if len(found) != 1 || found[0] != mine || strays != 1 {
		t.Errorf("listed %v and %d strays", found, strays)
	}
}

// A tenant without files lists nothing, even if another tenant has files.
func TestListEmpty(t *testing.T) {
	t.Parallel()
	neighbour := setup(t)
	neighbour.put(t, randomBytes(21, 10))
	for info, err := range setup(t).vault.List(t.Context()) {
		t.Errorf("listed %v, %v", info, err)
	}
}
