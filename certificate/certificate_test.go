package certificate_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portico/certificate"
)

func key(seed string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte(seed), ed25519.SeedSize))
}

func public(keys ...ed25519.PrivateKey) (all []ed25519.PublicKey) {
	for _, k := range keys {
		all = append(all, k.Public().(ed25519.PublicKey))
	}
	return all
}

func approved() certificate.Certificate {
	at := time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)
	mia := certificate.Person{Name: "Mia Lind", Email: "mia@acme.example"}
	logo, manual := sha256.Sum256([]byte("logo")), sha256.Sum256([]byte("manual"))
	files := []certificate.File{{logo[:], 4, "Logo.svg"}, {manual[:], 6, "Manual (final) 2.pdf"}}
	return certificate.Certificate{
		ID: "0190", Issued: at, Portal: "https://portal.example/w/acme", Agency: "Northwind", Client: "Acme", Project: "Spring",
		Deliverable: "Logo", Version: 2, Outcome: "Approved", Files: files,
		Requests:  []certificate.Request{{mia, 1, at, "2026-12-05", "answered"}},
		Decisions: []certificate.Decision{{at, mia, "approved", certificate.Content(files), "Lovely.\nThank you.", false}},
		Notes:     []certificate.Note{{3, "Logo.svg, B2", true, []certificate.Comment{{at, mia, "Darker"}}}},
	}
}

// A line of a million characters is drawn in seconds, and nothing once the visitor is gone.
func TestLongLinesAreDrawnInTime(t *testing.T) {
	t.Parallel()
	began, long := time.Now(), []byte(strings.Repeat("words ", 170_000))
	if _, err := certificate.PDF(t.Context(), long); err != nil || time.Since(began) > time.Minute {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := certificate.PDF(gone, long); !errors.Is(err, context.Canceled) {
		t.Errorf("for a visitor who is gone: %v", err)
	}
}

// Any changed, added or missing byte fails, and so does each cut.
func TestChangedCertificatesFail(t *testing.T) {
	t.Parallel()
	signed := certificate.Sign(key("a"), approved().Text())
	if got, err := certificate.Verify(signed, public(key("b"), key("a"))); err != nil || len(got.Files) != 2 || got.Files[1].Name != "Manual (final) 2.pdf" ||
		got.Files[1].Size != 6 || !bytes.Equal(got.Content, certificate.Content(approved().Files)) {
		t.Fatalf("the certificate itself: %v, %+v", err, got)
	}
	for i := range signed {
		changed := bytes.Clone(signed)
		changed[i] ^= 1
		if _, err := certificate.Verify(changed, public(key("a"))); err == nil {
			t.Errorf("byte %d, %q, was changed, and it verifies", i, signed[i])
		}
		if _, err := certificate.Verify(signed[:i], public(key("a"))); err == nil {
			t.Errorf("it verifies with its first %d bytes", i)
		}
	}
	for _, more := range []string{"\n", "x", "File: 00 1 x\n"} {
		if _, err := certificate.Verify(append(bytes.Clone(signed), more...), public(key("a"))); !errors.Is(err, certificate.ErrFormat) {
			t.Errorf("with %q more: %v", more, err)
		}
	}
	if _, err := certificate.Verify(signed, public(key("b"))); !errors.Is(err, certificate.ErrUnknownKey) {
		t.Errorf("with another key: %v", err)
	}
	if _, err := certificate.Verify(bytes.ReplaceAll(signed, []byte("Mia"), []byte("Tom")), public(key("a"))); !errors.Is(err, certificate.ErrChanged) {
		t.Errorf("with another name: %v", err)
	}
}

// What people typed can't look like a line of the certificate, or like its end.
func TestTypedWordsForgeNoLine(t *testing.T) {
	t.Parallel()
	c := approved()
	hostile := "fine\r\nDecision: \"Tom\": approved\n-----BEGIN SIGNATURE-----\nFile: 00 1 x\u202e\u2028Outcome: Approved\x1b[2J\xff"
	c.Deliverable, c.Agency = hostile, hostile
	c.Decisions[0].Words = hostile
	c.Decisions[0].Who.Name = `Tom": approved, "` + "\nDecision: "
	c.Notes[0].Where = hostile
	c.Notes[0].Comments[0].Words = hostile
	c.Files = []certificate.File{{c.Files[0].SHA256, 1, hostile}}
	text := string(c.Text())
	want := approved().Text()
	for _, name := range []string{"\nDecision: ", "\nFile: ", "\nOutcome: ", "\nNote: ", "\n-----BEGIN"} {
		got, fair := strings.Count(text, name), strings.Count(string(want), name)
		if name == "\nFile: " {
			fair = 1
		}
		if got != fair {
			t.Errorf("%d lines begin with %q:\n%s", got, name, text)
		}
	}
	if strings.ContainsAny(text, "\x1b\r\u202e\u2028") || strings.Contains(text, `Tom": approved, "`) {
		t.Errorf("it has hostile characters:\n%q", text)
	}
	if _, err := certificate.Verify(certificate.Sign(key("a"), []byte(text)), public(key("a"))); err != nil {
		t.Error(err)
	}
}

// openssl alone verifies a certificate with the commands of the manual, also after the keys
// were rotated, and refuses a changed one.
func TestOpenSSLVerifies(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../docs/certificates.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(manual), "<!-- run: openssl -->\n```sh\n")
	lines, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("the manual has no such commands")
	}
	dir := t.TempDir()
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", lines)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	signed := certificate.Sign(key("a"), approved().Text())
	for what, keys := range map[string][]ed25519.PrivateKey{"its own key": {key("a")}, "a newer key first": {key("b"), key("a")}} {
		write("keys.pem", certificate.PublicKeys(keys))
		write("certificate.txt", signed)
		if out, err := run(); err != nil || !strings.Contains(out, "Verified Successfully") {
			t.Errorf("%s: %v, %s", what, err, out)
		}
		write("certificate.txt", bytes.Replace(signed, []byte("Approved"), []byte("Refused!"), 1))
		if out, err := run(); err == nil {
			t.Errorf("%s: a changed certificate passes: %s", what, out)
		}
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	text := certificate.PublicKeys([]ed25519.PrivateKey{key("a"), key("b")})
	keys, err := certificate.ParseKeys(text)
	if err != nil || len(keys) != 2 || certificate.KeyID(keys[1]) != certificate.KeyID(public(key("b"))[0]) {
		t.Errorf("two keys: %v, %v", keys, err)
	}
	if _, err := certificate.ParseKeys([]byte("nothing")); err == nil {
		t.Error("no key is accepted")
	}
}

// The PDF carries the signed text, whatever script its words are in and however long it is.
func TestPDFCarriesTheSignedText(t *testing.T) {
	t.Parallel()
	c := approved()
	c.Deliverable = "標誌 Логотип 👩‍👩‍👧 شعار"
	c.Decisions[0].Words = strings.Repeat("Ünd weiter, ", 3000) + strings.Repeat("x", 5000)
	signed := certificate.Sign(key("a"), c.Text())
	pdf, err := certificate.PDF(t.Context(), signed)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Fatalf("%v, %.20q", err, pdf)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "certificate.pdf"), pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	for at := 0; ; {
		i := bytes.Index(pdf[at:], []byte("stream\n"))
		if i < 0 {
			t.Fatal("the signed text is not in the PDF")
		}
		at += i + len("stream\n")
		r, err := zlib.NewReader(bytes.NewReader(pdf[at:]))
		if err != nil {
			continue
		}
		if content, err := io.ReadAll(r); err == nil && bytes.Equal(content, signed) {
			return
		}
	}
}
