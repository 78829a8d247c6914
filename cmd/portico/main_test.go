package main

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// good is a valid environment whose services don't exist.
func good() map[string]string {
	return map[string]string{
		"PORTICO_DRAIN": "0s", "PORTICO_URL": "http://localhost:8080", "DATABASE_URL": "postgres://portico_app:secret-word@127.0.0.1:1/portico",
		"DATABASE_OWNER_URL": "postgres://portico_owner:secret-word@127.0.0.1:1/portico",
		"S3_ENDPOINT":        "http://127.0.0.1:1", "S3_REGION": "local", "S3_BUCKET": "portico",
		"S3_ACCESS_KEY_ID": "id", "S3_SECRET_ACCESS_KEY": "secret-word", "SMTP_URL": "smtp://127.0.0.1:1",
		"MAIL_FROM":    "Portico <portico@portico.test>",
		"SESSION_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "SIGNING_KEYS": "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA",
	}
}

func call(t *testing.T, env map[string]string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	p := program{getenv: func(name string) string { return env[name] }, stdout: &out, stderr: &errs}
	for name, value := range env {
		p.environ = append(p.environ, name+"="+value)
	}
	err = p.run(t.Context(), args)
	return out.String(), errs.String(), err
}

// With an entirely wrong environment, the start fails and reports every error at
// once.
func TestAllMistakesTogether(t *testing.T) {
	t.Parallel()
	_, _, err := call(t, map[string]string{
		"PORTICO_URL": "http://portal.example", "PORTICO_ADDR": "nowhere", "PORTICO_ADMIN_ADDR": "0.0.0.0:9",
		"PORTICO_TRUSTED_PROXIES": "everybody", "PORTICO_DRAIN": "soon", "PORTICO_SUPPORT": "sometimes", "PORTICO_AGENT_CODES": "maybe", "SIGNUP": "yes", "SESSION_KEYS": "c2hvcnQ=", "DATABASE_URL": "mysql://x", "MAIL_FROM": "nobody",
	}, "serve")
	if err == nil {
		t.Fatal("it started")
	}
	for _, name := range []string{
		"PORTICO_URL", "PORTICO_ADDR", "PORTICO_ADMIN_ADDR", "PORTICO_TRUSTED_PROXIES", "PORTICO_DRAIN", "PORTICO_SUPPORT", "PORTICO_AGENT_CODES", "SIGNUP", "SESSION_KEYS", "SIGNING_KEYS",
		"DATABASE_URL", "S3_ENDPOINT", "S3_REGION", "S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "SMTP_URL", "MAIL_FROM",
	} {
		if !strings.Contains(err.Error(), name+" ") {
			t.Errorf("%s is not named", name)
		}
	}
	if strings.Contains(err.Error(), "c2hvcnQ") {
		t.Error("a key is quoted")
	}
}

// Without PostgreSQL, the start fails, and the reason contains no secret.
func TestNoDatabaseNoStart(t *testing.T) {
	t.Parallel()
	_, _, err := call(t, good(), "serve")
	if err == nil || strings.Contains(err.Error(), "secret-word") {
		t.Errorf("err = %v", err)
	}
}

// A secret may be in a file or in the variable, but not in both.
func TestSecretsInFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := good()
	delete(env, "S3_SECRET_ACCESS_KEY")
	env["S3_SECRET_ACCESS_KEY_FILE"] = path
	c, err := loadConfig(func(name string) string { return env[name] }, nil)
	if err != nil || c.files.SecretAccessKey != "from-file" {
		t.Errorf("key = %q, err = %v", c.files.SecretAccessKey, err)
	}
	both := maps.Clone(env)
	both["S3_SECRET_ACCESS_KEY"] = "too"
	if _, err := loadConfig(func(name string) string { return both[name] }, nil); err == nil {
		t.Error("both were accepted")
	}
}

// Every command prints its help and exits with success.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"help"}, {"doctor", "--help"}, {"bootstrap", "--help"}, {"migrate", "--help"}, {"serve", "--help"}, {"work", "--help"},
		{"agency", "--help"}, {"agency", "create", "--help"}, {"support", "--help"}, {"support", "add", "--help"},
		{"support", "disable", "--help"}, {"support", "list", "--help"}, {"support", "flags", "--help"}, {"tenant", "list", "--help"},
		{"signup", "--help"}, {"signup", "invite", "--help"}, {"signup", "withdraw", "nora@studio.test", "--help"}, {"signup", "list", "--help"},
		{"person", "--help"}, {"person", "forget", "--help"}, {"person", "forget", "mia@acme.test", "--help"},
		{"tenant", "export", "--help"}, {"tenant", "restore", "--help"}, {"tenant", "restore", "acme.zip", "--help"},
		{"tenant", "delete", "acme", "--help"}, {"tenant", "wipe", "--help"},
		{"files", "--help"}, {"files", "check", "--help"}, {"files", "repair", "--help"}, {"files", "forget", "--help"},
		{"adopt", "--help"}, {"adopt", "map", "--help"}, {"adopt", "policies", "--help"}, {"adopt", "finish", "--help"},
	} {
		out, _, err := call(t, nil, args...)
		if err != nil || !strings.Contains(out, "usage: portico") {
			t.Errorf("%v: err %v, %q", args, err, out)
		}
	}
	if _, _, err := call(t, nil, "nonsense"); err == nil {
		t.Error("an unknown command succeeds")
	}
	if err := (program{getenv: os.Getenv, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}).run(context.Background(), nil); err == nil {
		t.Error("no command succeeds")
	}
}
