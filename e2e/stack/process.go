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

// process is one child program. It never outlives this process: the kernel
// signals it when its parent dies, whatever the parent died of.
type process struct {
	cmd  *exec.Cmd
	log  *logTail
	done chan struct{}
	err  error // valid once done is closed
}

// startProcess starts cmd in a process group of its own, so that Ctrl-C on a
// terminal reaches the parent alone and the parent decides the order of the
// end. death is what the kernel sends the child when the parent is gone.
func startProcess(cmd *exec.Cmd, death syscall.Signal, copyTo io.Writer) (*process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = death
	p := &process{cmd: cmd, log: &logTail{also: copyTo}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	// A grandchild that keeps the pipe open must not keep Wait from returning.
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

// stop asks the process to end with sig and kills its whole group when it has
// not done so within grace. It returns once the process is gone.
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

// await polls ready until it succeeds. It gives up when the process ends, when
// ctx ends, or after limit, and then says what the process last printed.
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

// awaitStopped returns once no thread of the process runs any more, which a
// signal that suspends it brings about a little after it was sent.
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

// threadState reads the one letter after the program's name in parentheses,
// or returns 'Z', for dead, when there is no such thread any more.
func threadState(stat string) byte {
	b, err := os.ReadFile(stat)
	if i := bytes.LastIndex(b, []byte(") ")); err == nil && i >= 0 && i+2 < len(b) {
		return b[i+2]
	}
	return 'Z'
}

// logTailSize is how much of a child's output is kept for error messages.
const logTailSize = 64 << 10

// logTail keeps the end of what a child printed and passes all of it on.
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
