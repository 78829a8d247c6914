package stack

import (
	"os"
	"strings"
	"testing"
)

// freeAddr returns a free address for a test's server.
func freeAddr(t *testing.T) string {
	t.Helper()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return loopback(port)
}

// A server is ready when it reports so, gets only the PORTICO variables it was
// given, and is asked to shut down before it is killed.
func TestPorticoServes(t *testing.T) {
	t.Parallel()
	if err := os.Setenv("STACK_TEST_SECRET", "canary"); err != nil {
		t.Fatal(err)
	}
	p, err := StartPortico(t.Context(), PorticoOptions{
		Binary:  os.Args[0],
		Env:     Env{roleVariable: rolePortico, "PORTICO_ADDR": freeAddr(t)},
		LogFile: t.TempDir() + "/portico.log",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	log, err := p.Log()
	if err != nil || !strings.Contains(log, "stopped cleanly") || strings.Contains(log, "canary") {
		t.Errorf("log %q, %v", log, err)
	}
	if log != p.Tail() {
		t.Errorf("the tail %q is not the end of the log", p.Tail())
	}
}

// A server that ends instead of serving gives an error that quotes its output.
func TestPorticoBreaks(t *testing.T) {
	t.Parallel()
	_, err := StartPortico(t.Context(), PorticoOptions{
		Binary: os.Args[0],
		Env:    Env{roleVariable: rolePortico, "PORTICO_ADDR": freeAddr(t)},
		Args:   []string{"broken"},
	})
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL is not a URL") {
		t.Errorf("got %v", err)
	}
}

// A command's output is returned, and its failure is an error.
func TestRunPortico(t *testing.T) {
	t.Parallel()
	out, err := RunPortico(t.Context(), os.Args[0], Env{roleVariable: rolePortico}, "broken")
	if err == nil || !strings.Contains(out, "DATABASE_URL") || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("got %q, %v", out, err)
	}
}
