package main

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/certificate"
	"portico/trail"
)

// writeTrail writes the archive of a log of three events, of which the second says what was
// done, and returns its newest checkpoint.
func writeTrail(t *testing.T, path, done string, key ed25519.PrivateKey, keys []byte) (checkpoint string) {
	t.Helper()
	tenant, salt := uuid.UUID{1}, bytes.Repeat([]byte("s"), trail.SaltSize)
	var tree trail.Tree
	var rows []trail.Row
	for p := range int64(3) {
		e := trail.Event{ID: uuid.UUID{byte(p), 2}, At: trail.Time{Time: time.Now().UTC().Truncate(time.Microsecond)}, Detail: trail.DetailHash(salt, "{}"), Party: "agency", Position: p, Result: "ok", Verb: "project.created"}
		leaf := e.Leaf()
		tree.Append(leaf)
		if p == 1 {
			e.Verb = done
		}
		rows = append(rows, trail.Row{Position: &p, Leaf: leaf[:], Event: &e, Salt: salt, Detail: "{}"})
	}
	signed, err := trail.Sign(trail.Checkpoint{Origin: trail.Origin("portico.test", tenant, trail.Agency), Size: tree.Size(), Root: tree.Root(), At: time.Now()}, []ed25519.PrivateKey{key}, "")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	err = trail.Archive(z, trail.Manifest{Tenant: tenant, Name: "Acme", ExportedAt: time.Now()}, keys, map[trail.Side]trail.SideFiles{trail.Agency: {
		Rows: func(yield func(trail.Row, error) bool) {
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
		},
		Checkpoints: func(yield func(string, error) bool) { yield(signed, nil) },
	}})
	if err != nil || z.Close() != nil || f.Close() != nil {
		t.Fatal(err)
	}
	return signed
}

// A trail is verified without a server and without any setting: the command names what was
// changed, says what it can't prove, and exits with an error.
func TestAuditVerify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	key, other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte("k"), 32)), ed25519.NewKeyFromSeed(bytes.Repeat([]byte("o"), 32))
	keys := certificate.PublicKeys([]ed25519.PrivateKey{key})
	kept := writeTrail(t, in("good.zip"), "project.created", key, keys)
	writeTrail(t, in("changed.zip"), "project.purged", key, keys)
	fork := writeTrail(t, in("forged.zip"), "project.created", other, certificate.PublicKeys([]ed25519.PrivateKey{other}))
	for name, content := range map[string]string{"keys.pem": string(keys), "kept.txt": kept, "fork.txt": fork, "note.txt": "x"} {
		if err := os.WriteFile(in(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for what, c := range map[string]struct {
		args []string
		says string // in the output
		err  string // in the error, or "" for none
	}{
		"untouched":               {[]string{in("good.zip")}, "The keys came with the archive", ""},
		"with known keys":         {[]string{in("good.zip"), "--keys", in("keys.pem"), "--old", in("kept.txt")}, "Every row is as it was sealed", ""},
		"with a known id":         {[]string{in("good.zip"), "--key", certificate.KeyID(key.Public().(ed25519.PublicKey))}, "What this can't prove", ""},
		"changed":                 {[]string{in("changed.zip"), "--keys", in("keys.pem")}, "CHANGED   agency log: row 1 was changed", "1 findings"},
		"signed by somebody else": {[]string{in("forged.zip"), "--keys", in("keys.pem")}, "UNSIGNED", "findings"},
		"another id":              {[]string{in("forged.zip"), "--key", certificate.KeyID(key.Public().(ed25519.PublicKey))}, "", "no key"},
		"an old one of others":    {[]string{in("good.zip"), "--keys", in("keys.pem"), "--old", in("fork.txt")}, "", "no known key signed"},
		"an old one that is none": {[]string{in("good.zip"), "--old", in("note.txt")}, "", "no checkpoint"},
		"no archive":              {[]string{in("keys.pem")}, "", "no archive"},
		"not there":               {[]string{in("none")}, "", "none"},
		"a directory without one": {[]string{dir}, "", "no archive"},
	} {
		out, _, err := call(t, nil, append([]string{"audit", "verify"}, c.args...)...)
		switch {
		case !strings.Contains(out, c.says):
			t.Errorf("%s: says %s", what, out)
		case c.err == "" && err != nil, c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v, want %q", what, err, c.err)
		}
	}
}
