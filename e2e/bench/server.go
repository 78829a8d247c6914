package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"portico/e2e/stack"
)

// server is a measured server process, separate from the client.
type server struct {
	addr      string // where it listens
	cmd       *exec.Cmd
	startTime time.Duration // from start to ready
}

// start runs a program and waits until path answers 200.
func start(ctx context.Context, log, addr, path string, env stack.Env, name string, args ...string) (*server, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	s := &server{addr: addr, cmd: exec.Command(name, args...)}
	s.cmd.Env = env.List()
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for ctx.Err() == nil && time.Since(began) < 20*time.Second {
		if ready(ctx, addr, path) {
			s.startTime = time.Since(began)
			return s, nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("%s is not ready; see %s", filepath.Base(name), log)
}

func ready(ctx context.Context, addr, path string) bool {
	// Dial first: HTTP requests before it listens would slow the start down.
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	_ = c.Close()
	_, err = fetch(ctx, "http://"+addr+path)
	return err == nil
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	asker := http.Client{Timeout: time.Minute}
	res, err := asker.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	return io.ReadAll(res.Body)
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		<-done
	}
}

// cpu is the processor time the server has used.
func (s *server) cpu() time.Duration { return cpuOf(s.cmd.Process.Pid) }

// memory is the server's memory in bytes: "VmRSS" is the current, "VmHWM" the peak.
func (s *server) memory(which string) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, which+":"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// stat returns the fields of /proc/<pid>/stat after the name, or nil for no process.
func stat(pid int) []string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.Fields(rest)
}

const tick = 10 * time.Millisecond // of the kernel's clock of processor time

func cpuOf(pid int) time.Duration {
	f := stat(pid)
	if len(f) < 15 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * tick
}

// childrenCPU is the processor time of the children of a process. PostgreSQL's backends
// are children of the postmaster.
func childrenCPU(parent int) (sum time.Duration) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if f := stat(pid); len(f) > 1 && f[1] == strconv.Itoa(parent) {
			sum += cpuOf(pid)
		}
	}
	return sum
}
