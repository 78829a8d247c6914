package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"portico/e2e/stack"
)

// running is a demo that a test started.
type running struct {
	dir    string
	addr   string
	cancel context.CancelFunc
	ended  chan error
}

// start runs a demo on its own directory and port until the test ends.
func start(t *testing.T, dir string, port int) *running {
	t.Helper()
	r := &running{dir: dir, addr: "localhost:" + strconv.Itoa(port), ended: make(chan error, 1)}
	d, err := configure([]string{"-data", dir}, func(string) string { return r.addr })
	if err != nil {
		t.Fatal(err)
	}
	d.binary = filepath.Join(t.TempDir(), "portico")
	d.say = t.Logf
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	go func() { r.ended <- d.run(ctx) }()
	t.Cleanup(cancel)
	return r
}

// ready waits until the demo has written its file, or has ended.
func (r *running) ready(t *testing.T) string {
	t.Helper()
	file := filepath.Join(r.dir, "demo.env")
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(file); err == nil {
			return file
		}
		select {
		case err := <-r.ended:
			t.Fatalf("the demo ended: %v", err)
		case <-tick.C:
		}
	}
}

// A demo serves, writes demo.env for scripts, and leaves nothing running when it is
// stopped. The next run on the same directory has the data of the first.
func TestDemo(t *testing.T) {
	t.Parallel()
	port, err := stack.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var before string
	for range 2 {
		r := start(t, dir, port)
		env := source(t, r.ready(t))
		if before != "" && env["DATABASE_URL"] != before {
			t.Errorf("DATABASE_URL changed to %s", env["DATABASE_URL"])
		}
		before = env["DATABASE_URL"]
		res, err := http.Get(env["PORTICO_URL"] + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("readyz: %s", res.Status)
		}
		r.cancel()
		if err := <-r.ended; err != nil {
			t.Errorf("stopped with %v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, "demo.env")); err == nil {
			t.Error("demo.env outlived the demo")
		}
		for name, value := range map[string]string{"database": env["DATABASE_URL"], "store": env["S3_ENDPOINT"]} {
			if host := strings.Split(value[strings.LastIndex(value, "127.0.0.1"):], "/")[0]; dials(host) {
				t.Errorf("the %s at %s still answers", name, host)
			}
		}
	}
}

func dials(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// source reads the file as a shell script does.
func source(t *testing.T, file string) map[string]string {
	t.Helper()
	names := []string{
		"PORTICO_URL", "DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_ADMIN_URL", "S3_ENDPOINT", "S3_REGION",
		"S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "MAIL_DIR",
	}
	script := `. "$0"; for n in "$@"; do eval "printf '%s\n' \"\$$n\""; done`
	out, err := exec.CommandContext(t.Context(), "sh", append([]string{"-euc", script, file}, names...)...).Output()
	if err != nil {
		t.Fatalf("source %s: %v", file, err)
	}
	env := map[string]string{}
	for i, value := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		if value == "" {
			t.Errorf("%s is empty", names[i])
		}
		env[names[i]] = value
	}
	return env
}

// If the port is taken, the demo fails before it starts anything.
func TestDemoRefusesTakenPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := filepath.Join(t.TempDir(), "untouched")
	err = run(t.Context(), []string{"-data", dir}, func(string) string { return l.Addr().String() }, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "PORTICO_ADDR") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("something was started all the same")
	}
}

// A shell reads back every quoted string unchanged.
func TestQuote(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "plain-1.0", "a b", "it's", `$HOME "x" \ *`, "postgres://u:p@127.0.0.1:5/d?sslmode=disable"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quote(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q came back as %q, %v", s, out, err)
		}
	}
}

// newest considers source files and ignores files that the build writes.
func TestNewestIgnoresGeneratedFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	touch := func(name string, at time.Time) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	touch("views/page.templ", at)
	for _, name := range []string{"views/page_templ.go", "bin/portico", ".data/x.go", "store/a_test.go", "notes.txt"} {
		touch(name, at.Add(time.Hour))
	}
	if got := newest(dir); !got.Equal(at) {
		t.Errorf("newest is %s", got)
	}
	touch("store/a.go", at.Add(time.Minute))
	if got := newest(dir); !got.Equal(at.Add(time.Minute)) {
		t.Errorf("newest is %s", got)
	}
}
