package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// tempDir is a directory for one run. Its owner holds a lock while it lives. So the
// next run can tell the directories of killed owners from those in use, and removes
// them.
type tempDir struct {
	path string // in the same directory as its lock
	top  string
	lock *os.File
}

// TempDir creates a temporary directory for one run of the given kind. Other users
// may read it. remove removes it. If the run is killed, the next run of any kind
// removes it.
func TempDir(kind string) (path string, remove func(), err error) {
	t, err := newTempDir(kind)
	if err != nil {
		return "", nil, err
	}
	return t.path, t.remove, nil
}

// longestTemp leaves room for the name of a unix socket, because the kernel limits
// its whole path to 107 bytes.
const longestTemp = 60

// sweep removes the directories of killed runs, once for each process.
var sweep = sync.OnceFunc(sweepNow)

func sweepNow() {
	left, _ := filepath.Glob(filepath.Join(tempRoot(), "portico-*"))
	for _, top := range left {
		lock, err := os.OpenFile(filepath.Join(top, "lock"), os.O_RDWR, 0)
		if err != nil {
			continue // not ours, or still being created
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

// newTempDir creates a directory that another user may pass through, because
// PostgreSQL never runs as root.
func newTempDir(kind string) (*tempDir, error) {
	sweep()
	top, err := os.MkdirTemp(tempRoot(), "portico-"+kind+"-")
	if err != nil {
		return nil, err
	}
	t := &tempDir{top: top, path: filepath.Join(top, "d")}
	// The lock file gets its name only once it is locked, so that no sweep can take
	// it in between.
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

// remove removes the directory. It does nothing if there is none or if it was
// removed already.
func (t *tempDir) remove() {
	if t == nil {
		return
	}
	_ = os.RemoveAll(t.top)
	if t.lock != nil {
		_ = t.lock.Close()
	}
}
