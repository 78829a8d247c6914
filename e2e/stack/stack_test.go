package stack

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// All services of a stack answer at the addresses in its environment.
func TestStackStarts(t *testing.T) {
	t.Parallel()
	began := time.Now()
	s, err := Start(t.Context(), Options{Front: true, Personas: []Persona{mia}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(began).Round(time.Millisecond))
	env := s.Env()
	if env["PORTICO_URL"] != "https://portico.test" || env["PORTICO_TRUSTED_PROXIES"] == "" {
		t.Errorf("behind a front: %v", env["PORTICO_URL"])
	}
	if err := expectOK(t.Context(), http.DefaultClient, env["AUTH_DEMO_ISSUER"]+"/.well-known/openid-configuration"); err != nil {
		t.Error(err)
	}
	putObject(t, s.S3, "k", "v")
	if err := sendMail(t.Context(), s.Mail, "mia@acme.test", "s", "t"); err != nil {
		t.Error(err)
	}
	// Portico creates the roles, so the app can't connect yet.
	if _, err := pgx.Connect(t.Context(), env["DATABASE_URL"]); err == nil {
		t.Error("the app role exists before bootstrap")
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// A stack in a directory restarts with the same addresses, secrets and data. Nobody
// else can use the directory meanwhile.
func TestStackComesBack(t *testing.T) {
	t.Parallel()
	opts := Options{Dir: t.TempDir(), Durable: true, Addr: "localhost:8080", Transient: []string{"run"}}
	run := opts.Dir + "/run"
	touch(t, run) // left by a run that was killed
	first, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(run); err == nil {
		t.Error("the file of an earlier run is still there")
	}
	touch(t, run)
	env := first.Env()
	putObject(t, first.S3, "kept", "yes")
	if _, err := Start(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second stack on the same directory: %v", err)
	}
	if _, err := os.Stat(run); err != nil {
		t.Errorf("the second stack took the file of the first: %v", err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(run); err == nil {
		t.Error("the file of the run outlived it")
	}
	second, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Stop()
	for name, value := range second.Env() {
		if env[name] != value {
			t.Errorf("%s changed from %q to %q", name, env[name], value)
		}
	}
	if env["PORTICO_URL"] != "http://localhost:8080" {
		t.Errorf("PORTICO_URL: %s", env["PORTICO_URL"])
	}
	if got := getObject(t, second.S3, "kept"); got != "yes" {
		t.Errorf("got %q", got)
	}
}

// The end of the context stops the child programs.
func TestStackEndsWithContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	children := []*process{s.Postgres.proc, s.S3.proc}
	cancel()
	for _, child := range children {
		<-child.done
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// When the parent is killed, its child programs end.
func TestStackDiesWithParent(t *testing.T) {
	t.Parallel()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), roleVariable+"="+roleParent)
	parent.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	_ = parent.Process.Kill()
	_ = parent.Wait()
	fields := strings.Fields(line)
	if len(fields) != 5 || fields[0] == "error:" {
		t.Fatalf("the parent printed %q", line)
	}
	for _, field := range fields[:2] {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		waitUntilGone(t, pid)
	}
	for _, dir := range fields[2:] {
		_ = os.RemoveAll(dir)
	}
}

// waitUntilGone waits for the end of a process that is not a child of the test.
func waitUntilGone(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || threadState("/proc/"+strconv.Itoa(pid)+"/stat") == 'Z' {
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("process %d is still there", pid)
		}
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
