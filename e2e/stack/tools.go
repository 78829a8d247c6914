package stack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ModuleRoot returns the directory of the go.mod above the working directory.
// What `make setup` fetched lies below it, in .tools.
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

// Tool returns the path of something below .tools, or for a program that is
// not there, what the search path finds.
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
