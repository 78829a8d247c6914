// Package difference finds where two pictures differ. A process of its own decodes them,
// without files, network or secrets, and with bounds of memory and time: a hostile picture
// costs one job. See docs/decisions/0039-comparing-versions.md.
package difference

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Unfit says why the places where two pictures differ can't be found. The database has the
// same words.
type Unfit string

// Why differences can't be found.
const (
	Shape  Unfit = "shape"  // the pictures have different shapes
	Broken Unfit = "broken" // one of them can't be read
	Slow   Unfit = "slow"   // they take more time or memory than one job may have
)

// Box is a place where pictures differ, in 1/10,000 of their sides.
type Box struct{ X, Y, W, H int }

// MaxBoxes is how many places are found. Where there are more, neighbours become one.
const MaxBoxes = 50

// Timeout bounds one call of [Finder.Find].
const Timeout = time.Minute

// Picture is one of two pictures.
type Picture struct {
	Content     *os.File
	ContentType string
}

// Finder finds differences in a child process. Make one with [New].
type Finder struct {
	program string
	timeout time.Duration
}

// New returns a finder whose child processes run this program: it must call [RunChild] if
// its first argument is [Child].
func New(program string) *Finder { return &Finder{program: program, timeout: Timeout} }

// answer is what the child writes.
type answer struct {
	Boxes []Box `json:"boxes"`
	Unfit Unfit `json:"unfit"`
}

// maxAnswer is more than the answer with the most boxes takes, in bytes.
const maxAnswer = 16 << 10

// Find returns where picture b differs from a, from top to bottom, or why that can't be
// found.
func (f *Finder) Find(ctx context.Context, a, b Picture) ([]Box, Unfit, error) {
	bounded, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	cmd := exec.CommandContext(bounded, f.program, Child, a.ContentType, b.ContentType)
	cmd.Env = []string{"GOMEMLIMIT=768MiB", "GOMAXPROCS=1"} // and no secret
	cmd.ExtraFiles = []*os.File{a.Content, b.Content}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said, complaint bytes.Buffer
	cmd.Stdout = &limited{&said, maxAnswer}
	cmd.Stderr = &limited{&complaint, 4 << 10}
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	case err != nil && wasKilled(err, complaint.String()):
		return nil, Slow, nil
	case err != nil:
		return nil, "", fmt.Errorf("difference: %w: %.300s", err, complaint.String())
	}
	return read(&said)
}

// wasKilled says whether a child died of its bounds.
func wasKilled(err error, complaint string) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, _ := exit.Sys().(syscall.WaitStatus)
	return status.Signaled() || strings.Contains(complaint, "out of memory") || strings.Contains(complaint, "cannot allocate memory")
}

var errNonsense = errors.New("difference: the child wrote nonsense")

// read reads what the child wrote. Whatever took over the child could write anything.
func read(said io.Reader) ([]Box, Unfit, error) {
	var a answer
	if err := json.NewDecoder(said).Decode(&a); err != nil || len(a.Boxes) > MaxBoxes {
		return nil, "", errNonsense
	}
	switch a.Unfit {
	case "":
	case Shape, Broken:
		return nil, a.Unfit, nil
	default:
		return nil, "", errNonsense
	}
	for _, b := range a.Boxes {
		if b.X < 0 || b.Y < 0 || b.W < 1 || b.H < 1 || b.W > whole || b.H > whole || b.X > whole-b.W || b.Y > whole-b.H {
			return nil, "", errNonsense
		}
	}
	return a.Boxes, "", nil
}

// limited keeps the first bytes that are written to it.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	kept := p[:min(len(p), l.left)]
	l.left -= len(kept)
	_, _ = l.to.Write(kept) // a buffer takes everything
	return len(p), nil
}
