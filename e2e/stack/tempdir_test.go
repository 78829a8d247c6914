package stack

import (
	"os"
	"path/filepath"
	"testing"
)

// gone reports whether nothing exists at path.
func gone(path string) bool {
	_, err := os.Stat(path)
	return os.IsNotExist(err)
}

// A directory in use is kept. One whose owner has died, which the kernel then
// unlocks, is removed. A run's own directory is removed, too.
func TestTempDirs(t *testing.T) {
	t.Parallel()
	used, err := newTempDir("test")
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := newTempDir("test")
	if err != nil {
		t.Fatal(err)
	}
	if err := orphan.lock.Close(); err != nil {
		t.Fatal(err)
	}
	sweepNow()
	if gone(used.path) || !gone(orphan.top) {
		t.Errorf("in use is gone: %t; orphan is gone: %t", gone(used.path), gone(orphan.top))
	}
	used.remove()
	if !gone(used.top) {
		t.Errorf("%s is still there", used.top)
	}
	if left, _ := filepath.Glob(used.top + "*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
