package stack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ModuleRoot returns the directory of the go.mod above the working directory. `make
// setup` puts its downloads in .tools below it.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// Tool returns the path of a program below .tools, or, if it isn't there, on the
// search path.
func Tool(elem ...string) (string, error) {
	name := filepath.Join(elem...)
	if root, err := ModuleRoot(); err == nil {
		path := filepath.Join(root, ".tools", name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", fmt.Errorf(".tools/%s is missing; `make setup` fetches it", name)
}
