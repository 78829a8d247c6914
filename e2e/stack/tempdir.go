package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// tempDir is a directory for one run. Its owner holds a lock as long as it
// lives, so that the directories of owners that were killed can be told from
// those in use, and are removed by whoever comes next.
type tempDir struct {
	path string // inside top, beside the lock
	top  string
	lock *os.File
}

// TempDir makes a temporary directory for one run of something of that kind, which
// other users may read. remove removes it; after a run that was killed, the next
// run of anything does.
func TempDir(kind string) (path string, remove func(), err error) {
	t, err := newTempDir(kind)
	if err != nil {
		return "", nil, err
	}
	return t.path, t.remove, nil
}

// longestTemp leaves room for the name of a unix socket, whose whole path the
// kernel limits to 107 bytes.
const longestTemp = 60

// sweep removes what killed runs left behind, once for each process.
var sweep = sync.OnceFunc(sweepNow)

func sweepNow() {
	left, _ := filepath.Glob(filepath.Join(tempRoot(), "portico-*"))
	for _, top := range left {
		lock, err := os.OpenFile(filepath.Join(top, "lock"), os.O_RDWR, 0)
		if err != nil {
			continue // not ours, or only just being made
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(top)
		}
		_ = lock.Close()
	}
}

func tempRoot() string {
	if dir := os.TempDir(); len(dir) <= longestTemp {
		return dir
	}
	return "/tmp"
}

// newTempDir makes a directory that another user (PostgreSQL never runs as
// root) may pass through.
func newTempDir(kind string) (*tempDir, error) {
	sweep()
	top, err := os.MkdirTemp(tempRoot(), "portico-"+kind+"-")
	if err != nil {
		return nil, err
	}
	t := &tempDir{top: top, path: filepath.Join(top, "d")}
	// The lock gets its name only once it is held: no sweep comes between.
	unnamed := filepath.Join(top, "new")
	if t.lock, err = os.OpenFile(unnamed, os.O_CREATE|os.O_RDWR, 0o600); err == nil {
		err = errors.Join(
			syscall.Flock(int(t.lock.Fd()), syscall.LOCK_EX),
			os.Rename(unnamed, filepath.Join(top, "lock")),
			os.Mkdir(t.path, 0o755),
			os.Chmod(t.path, 0o755),
			os.Chmod(top, 0o755),
		)
	}
	if err != nil {
		t.remove()
		return nil, fmt.Errorf("temporary directory: %w", err)
	}
	return t, nil
}

// remove removes the directory. There may be none, and it may be gone.
func (t *tempDir) remove() {
	if t == nil {
		return
	}
	_ = os.RemoveAll(t.top)
	if t.lock != nil {
		_ = t.lock.Close()
	}
}
