package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// process is one child program. It never outlives this process: the kernel signals
// it when its parent dies, for whatever reason.
type process struct {
	cmd  *exec.Cmd
	log  *logTail
	done chan struct{}
	err  error // valid once done is closed
}

// startProcess starts cmd in its own process group, so that Ctrl-C on a terminal
// reaches only the parent, which decides the order of the shutdown. death is the
// signal that the kernel sends the child when the parent dies.
func startProcess(cmd *exec.Cmd, death syscall.Signal, copyTo io.Writer) (*process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = death
	p := &process{cmd: cmd, log: &logTail{also: copyTo}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	// A grandchild that keeps the pipe open must not block Wait.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop sends sig to the process, and kills its whole group if it hasn't ended
// within grace. It returns once the process has ended.
func (p *process) stop(sig syscall.Signal, grace time.Duration) error {
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.done:
		return nil
	case <-time.After(grace):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
	return fmt.Errorf("%s did not stop within %s and was killed", p.cmd.Path, grace)
}

// await polls ready until it succeeds. It gives up when the process ends, when ctx
// ends, or after limit. Its error then contains the process's last output.
func (p *process) await(ctx context.Context, limit time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last error
	for {
		if last = ready(ctx); last == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended at once (%v):\n%s", p.cmd.Path, p.err, p.log)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w:\n%s", p.cmd.Path, errors.Join(ctx.Err(), last), p.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// awaitStopped returns once every thread of the process is suspended, which happens
// a little after the signal was sent.
func (p *process) awaitStopped() error {
	pattern := fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid)
	for range 2000 {
		threads, err := filepath.Glob(pattern)
		if err != nil || len(threads) == 0 {
			return fmt.Errorf("%s is gone", p.cmd.Path)
		}
		if !slices.ContainsFunc(threads, threadRuns) {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("%s does not stop", p.cmd.Path)
}

func threadRuns(stat string) bool {
	state := threadState(stat)
	return state != 'T' && state != 'Z'
}

// threadState returns the state letter, which follows the program's name in
// parentheses, or 'Z', for dead, if the thread no longer exists.
func threadState(stat string) byte {
	b, err := os.ReadFile(stat)
	if i := bytes.LastIndex(b, []byte(") ")); err == nil && i >= 0 && i+2 < len(b) {
		return b[i+2]
	}
	return 'Z'
}

// logTailSize is how much of a child's output is kept for error messages.
const logTailSize = 64 << 10

// logTail keeps the end of a child's output and passes all of it on.
type logTail struct {
	mu   sync.Mutex
	tail []byte
	also io.Writer
}

// Write implements io.Writer.
func (l *logTail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, b...)
	if over := len(l.tail) - logTailSize; over > 0 {
		l.tail = append(l.tail[:0], l.tail[over:]...)
	}
	if l.also != nil {
		return l.also.Write(b)
	}
	return len(b), nil
}

// String returns the kept end of the output.
func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.tail)
}
