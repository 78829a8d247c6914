package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/archive"
	"portico/certificate"
)

// publicKeys are those that an installation shows.
func publicKeys(t *testing.T, env map[string]string) []byte {
	t.Helper()
	return certificate.PublicKeys(signingKeysOf(t, env))
}

func signingKeysOf(t *testing.T, env map[string]string) []ed25519.PrivateKey {
	t.Helper()
	c, err := loadConfig(func(name string) string { return env[name] }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.signingKeys
}

// resigned makes the manifest fit the entries again and signs it with the installation's own key:
// what a thief of the key could do. So every check behind the signature is tried.
func resigned(t *testing.T, env map[string]string, entries map[string]string, edit func(*archive.Manifest)) map[string]string {
	t.Helper()
	var m archive.Manifest
	if err := json.Unmarshal([]byte(entries["manifest.json"]), &m); err != nil {
		t.Fatal(err)
	}
	list := func(name string) archive.List {
		sum := sha256.Sum256([]byte(entries[name]))
		return archive.List{Rows: int64(strings.Count(entries[name], "\n")), Bytes: int64(len(entries[name])), SHA256: hex.EncodeToString(sum[:])}
	}
	for i, table := range m.Tables {
		m.Tables[i].List = list("rows/" + table.Name + ".jsonl")
	}
	m.Objects, m.Missing = list("objects.jsonl"), list("missing.jsonl")
	edit(&m)
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	key := signingKeysOf(t, env)[0]
	sum := sha256.Sum256(text)
	signature := ed25519.Sign(key, append([]byte("Portico archive\n"), sum[:]...))
	entries["manifest.json"] = string(text)
	entries["manifest.json.sig"] = certificate.KeyID(key.Public().(ed25519.PublicKey)) + "\n" + base64.StdEncoding.EncodeToString(signature) + "\n"
	return entries
}

// Case 72: an archive that was doctored is refused before the first write, whichever way it is to
// be restored: by its signature, and where somebody signed it, by what it holds.
func TestDoctoredArchivesChangeNothing(t *testing.T) {
	t.Parallel()
	s := newInstallation(t, "doctored", true)
	file := s.export("acme")
	globex := s.id("globex").String()
	project := s.text(`select id from projects where tenant_id = $1 limit 1`, s.id("globex"))
	agent := s.text(`select id from users where kind = 'agent'`)
	state := func() string { return s.state("acme") + s.state("globex") + s.text(`select count(*) from tenants`) }
	before := state()
	doctored := map[string]func(e map[string]string) map[string]string{
		"a changed row": func(e map[string]string) map[string]string {
			e["rows/projects.jsonl"] = strings.Replace(e["rows/projects.jsonl"], `"name":"`, `"name":"X`, 1)
			return e
		},
		"another tenant's id": func(e map[string]string) map[string]string {
			e["manifest.json"] = strings.ReplaceAll(e["manifest.json"], s.id("acme").String(), globex)
			return e
		},
		"a name that leads outside": func(e map[string]string) map[string]string {
			e["objects/../../"+globex] = "x"
			return e
		},
	}
	signed := map[string]func(e map[string]string, m *archive.Manifest){
		"a newer schema":   func(_ map[string]string, m *archive.Manifest) { m.Schema = 99999 },
		"an old schema":    func(_ map[string]string, m *archive.Manifest) { m.Schema = 1 },
		"another format":   func(_ map[string]string, m *archive.Manifest) { m.Format = 2 },
		"an unknown table": func(_ map[string]string, m *archive.Manifest) { m.Tables[3].Name = "sessions" },
	}
	rows := map[string]struct{ table, old, text string }{
		"a row that names a tenant":       {"projects", `{`, `{"tenant_id":"` + globex + `",`},
		"a row with another column":       {"projects", `"name"`, `"object_key"`},
		"a parent of another tenant":      {"deliverables", `"project_id":"`, `"project_id":"` + project + `","x":"`},
		"an author that is an agent":      {"memberships", `"user_id":"`, `"user_id":"` + agent + `","x":"`},
		"an object that leads outside":    {"files", `"id":"`, `"id":"../../` + globex + `/files/`},
		"bytes that it doesn't have":      {"files", `"sha256":"\\x`, `"sha256":"\\x00`},
		"a value that is none":            {"projects", `"position":`, `"position":"much"`},
		"a state that no file has":        {"files", `"state":"ready"`, `"state":"failed"`},
		"a size that it doesn't have":     {"files", `"size":`, `"size":1`},
		"a time written otherwise":        {"projects", `+00:00"`, `Z"`},
		"a note by nobody":                {"threads", `"created_by":"`, `"created_by":"00000000-0000-0000-0000-000000000001","x":"`},
		"a row that the database refuses": {"versions", `"number":`, `"number":-`},
	}
	refused := func(name string, entries map[string]string) {
		t.Helper()
		doctored := pack(t, entries)
		for _, how := range []string{"--in-place", "--beside"} {
			_, _, err := call(t, s.env, "tenant", "restore", doctored, how)
			if err == nil || !strings.Contains(err.Error(), "nothing was restored") {
				t.Errorf("%s, %s: %v", name, how, err)
			}
		}
		if state() != before {
			t.Fatalf("%s: something changed", name)
		}
	}
	for name, doctor := range doctored {
		refused(name, doctor(entriesOf(t, file)))
	}
	for name, edit := range signed {
		e := entriesOf(t, file)
		refused(name, resigned(t, s.env, e, func(m *archive.Manifest) { edit(e, m) }))
	}
	for name, c := range rows {
		e := entriesOf(t, file)
		entry := "rows/" + c.table + ".jsonl"
		changed := strings.Replace(e[entry], c.old, c.text, 1)
		if changed == e[entry] {
			t.Fatalf("%s: nothing was doctored", name)
		}
		e[entry] = withoutOld(changed)
		refused(name, resigned(t, s.env, e, func(*archive.Manifest) {}))
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.zip")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := call(t, s.env, "tenant", "restore", cut, "--in-place"); err == nil || state() != before {
		t.Errorf("cut short: %v", err)
	}
	// The positive twin: packed and signed again without a change it is restored.
	if out := s.run("tenant", "restore", pack(t, resigned(t, s.env, entriesOf(t, file), func(*archive.Manifest) {})), "--in-place"); !strings.Contains(out, "restored acme") {
		t.Errorf("undoctored: %s", out)
	}
}

// withoutOld drops the old value behind ,"x":" if there is one.
func withoutOld(rows string) string {
	before, rest, marked := strings.Cut(rows, `,"x":"`)
	if !marked {
		return rows
	}
	_, after, _ := strings.Cut(rest, `"`)
	return before + after
}
