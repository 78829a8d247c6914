package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/archive"
	"portico/e2e/sample"
	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// sampled is an installation with a database and a bucket of its own, and perhaps the sample data.
type sampled struct {
	t      *testing.T
	env    map[string]string
	admin  *pgx.Conn
	bucket *stack.S3
}

func newInstallation(t *testing.T, name string, load bool) *sampled {
	t.Helper()
	env := healthy(t)
	db, err := storetest.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	env["DATABASE_URL"] = storetest.Server().AppURL(name)
	env["DATABASE_OWNER_URL"] = storetest.Server().OwnerURL(name)
	s := &sampled{t: t, env: env, bucket: ownBucket(t, env)}
	t.Cleanup(func() { _ = s.bucket.Stop() })
	if s.admin, err = pgx.Connect(t.Context(), storetest.Server().AdminURL(name)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.admin.Close(context.Background()) })
	if load {
		config, err := sample.ConfigOf(stack.Env(env))
		if err == nil {
			err = sample.Load(t.Context(), config)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// run runs a command that must succeed and returns what it says.
func (s *sampled) run(args ...string) string {
	s.t.Helper()
	out, _, err := call(s.t, s.env, args...)
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return out
}

// export exports a tenant and returns the file.
func (s *sampled) export(slug string) string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), slug+".zip")
	s.run("tenant", "export", "--tenant", slug, "--to", file)
	return file
}

func (s *sampled) exec(sql string, args ...any) {
	s.t.Helper()
	mode := []any{pgx.QueryExecModeExec}
	if len(args) == 0 {
		mode[0] = pgx.QueryExecModeSimpleProtocol // several statements
	}
	if _, err := s.admin.Exec(s.t.Context(), sql, append(mode, args...)...); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// text reads one value as text, without policies.
func (s *sampled) text(sql string, args ...any) (v string) {
	s.t.Helper()
	if err := s.admin.QueryRow(s.t.Context(), `select coalesce((`+sql+`)::text, '')`, args...).Scan(&v); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func (s *sampled) id(slug string) uuid.UUID {
	s.t.Helper()
	return uuid.MustParse(s.text(`select id from tenants where slug = $1`, slug))
}

// state is everything of a tenant: a hash over the rows of every table, and each object with its
// ETag. except names tables that are left out.
func (s *sampled) state(slug string, except ...string) string {
	s.t.Helper()
	tenant := s.id(slug)
	var b strings.Builder
	for _, table := range store.Manifest.Tenant {
		if !strings.Contains(" "+strings.Join(except, " ")+" ", " "+table.Name+" ") {
			b.WriteString(table.Name + " " + s.text(`select md5(string_agg(x::text, '' order by x::text)) from `+table.Name+` x where tenant_id = $1`, tenant) + "\n")
		}
	}
	b.WriteString("tenants " + s.text(`select md5(x::text) from tenants x where id = $1`, tenant) + "\n")
	b.WriteString("domains " + s.text(`select md5(string_agg(x::text, '' order by x::text)) from domains x where tenant_id = $1`, tenant) + "\n")
	for _, o := range s.objects(slug) {
		b.WriteString(o + "\n")
	}
	return b.String()
}

// objects lists what a tenant has in object storage.
func (s *sampled) objects(slug string) (keys []string) {
	s.t.Helper()
	return s.objectsOf(s.id(slug))
}

func (s *sampled) objectsOf(tenant uuid.UUID) (keys []string) {
	s.t.Helper()
	list, err := s.bucket.Client().ListObjectsV2(s.t.Context(), &s3.ListObjectsV2Input{
		Bucket: new(s.bucket.Bucket()), Prefix: new("tenants/" + tenant.String() + "/")})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, o := range list.Contents {
		keys = append(keys, *o.Key+" "+*o.ETag)
	}
	return keys
}

func (s *sampled) removeObject(key string) {
	s.t.Helper()
	if _, err := s.bucket.Client().DeleteObject(s.t.Context(), &s3.DeleteObjectInput{Bucket: new(s.bucket.Bucket()), Key: &key}); err != nil {
		s.t.Fatal(err)
	}
}

// manifestOf reads the manifest of an archive without checking it.
func manifestOf(t *testing.T, file string) (m archive.Manifest) {
	t.Helper()
	if err := json.Unmarshal([]byte(entriesOf(t, file)["manifest.json"]), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func entriesOf(t *testing.T, file string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	entries := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		entries[f.Name] = string(text)
	}
	return entries
}

// pack writes entries as an archive.
func pack(t *testing.T, entries map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range entries {
		to, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = io.WriteString(to, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "doctored.zip")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
