package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portico/certificate"
)

// A certificate is verified offline, with the files, and a change of one byte in either is
// found.
func TestCertificateVerify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte("k"), ed25519.SeedSize))
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte("o"), ed25519.SeedSize))
	sum := sha256.Sum256([]byte("the logo"))
	signed := string(certificate.Sign(key, certificate.Certificate{
		Deliverable: "Logo", Version: 1, Outcome: "Approved", Issued: time.Now(),
		Files: []certificate.File{{SHA256: sum[:], Size: 8, Name: "Logo.svg"}},
	}.Text()))
	good := write("certificate.txt", signed)
	changed := write("changed.txt", strings.Replace(signed, "Approved", "Refused!", 1))
	keys := write("keys.pem", string(certificate.PublicKeys([]ed25519.PrivateKey{other, key})))
	others := write("others.pem", string(certificate.PublicKeys([]ed25519.PrivateKey{other})))
	write("here/deep/renamed.svg", "the logo")
	write("changed/Logo.svg", "the logO")

	for what, c := range map[string]struct {
		args []string
		says string // in the error, or "" for none
	}{
		"alone":              {[]string{good, "--keys", keys}, ""},
		"with its file":      {[]string{good, "--keys", keys, "--files", filepath.Join(dir, "here")}, ""},
		"with another file":  {[]string{good, "--keys", keys, "--files", filepath.Join(dir, "changed")}, "1 of 1 files are missing or changed"},
		"no such directory":  {[]string{good, "--keys", keys, "--files", filepath.Join(dir, "none")}, "none"},
		"changed":            {[]string{changed, "--keys", keys}, "was changed after it was signed"},
		"keys of others":     {[]string{good, "--keys", others}, "not among the keys"},
		"keys that are none": {[]string{good, "--keys", good}, "no public key"},
		"not a certificate":  {[]string{keys, "--keys", keys}, "no certificate"},
		"no keys":            {[]string{good}, "--keys KEYS"},
		"no certificate":     {[]string{"--keys", keys}, "verify FILE"},
		"no such file":       {[]string{filepath.Join(dir, "none"), "--keys", keys}, "none"},
		"two certificates":   {[]string{good, good, "--keys", keys}, "usage"},
	} {
		out, _, err := call(t, nil, append([]string{"certificate", "verify"}, c.args...)...)
		switch {
		case c.says == "" && (err != nil || !strings.Contains(out, "The signature is right.") || !strings.Contains(out, "Deliverable: Logo\n")):
			t.Errorf("%s: %v, %s", what, err, out)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", what, err, c.says)
		}
	}
}
