package stack

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// oldestPostgres is the oldest major version Portico supports.
const oldestPostgres = 15

// capDACOverride lets a non-root process enter directories that only root may
// enter, such as root's home.
const capDACOverride = 1

// pgPrograms holds the paths of PostgreSQL's server programs and the account that
// runs them.
type pgPrograms struct {
	bin string
	// as is nil for an ordinary user, who runs the server as itself. PostgreSQL
	// refuses to run as root, so root uses the account of Debian's package.
	as *syscall.Credential
}

// findPrograms returns the programs that can run the cluster in data, or the newest
// ones if there is no cluster yet.
func findPrograms(data string) (pgPrograms, error) {
	var p pgPrograms
	want := 0
	if b, err := os.ReadFile(filepath.Join(data, "PG_VERSION")); err == nil {
		want, _ = strconv.Atoi(strings.TrimSpace(string(b)))
	}
	for major, bin := range installedPostgres() {
		if major >= oldestPostgres && (want == 0 || major == want) {
			p.bin = bin
			want = cmp.Or(want, major)
		}
	}
	if p.bin == "" && want != 0 {
		return p, fmt.Errorf("%s was made by PostgreSQL %d, whose programs are not installed", data, want)
	}
	if p.bin == "" {
		return p, fmt.Errorf("PostgreSQL %d or newer is not installed; scripts/setup installs it", oldestPostgres)
	}
	if os.Geteuid() != 0 {
		return p, nil
	}
	var err error
	p.as, err = unprivileged()
	return p, err
}

// installedPostgres yields the installed major versions, newest first.
func installedPostgres() func(yield func(int, string) bool) {
	found := map[int]string{}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, dir := range dirs {
		out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
		if err != nil {
			continue
		}
		// "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
		fields := strings.Fields(string(out))
		if len(fields) < 3 {
			continue
		}
		major, _, _ := strings.Cut(fields[2], ".")
		if n, err := strconv.Atoi(major); err == nil {
			found[n] = dir
		}
	}
	return func(yield func(int, string) bool) {
		majors := make([]int, 0, len(found))
		for major := range found {
			majors = append(majors, major)
		}
		slices.SortFunc(majors, func(a, b int) int { return b - a })
		for _, major := range majors {
			if !yield(major, found[major]) {
				return
			}
		}
	}
}

func unprivileged() (*syscall.Credential, error) {
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no other account for it: %w", err)
	}
	uid, err1 := strconv.ParseUint(account.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// own changes the owner of path to the server's account.
func (p pgPrograms) own(path string) error {
	if p.as == nil {
		return nil
	}
	return os.Chown(path, int(p.as.Uid), int(p.as.Gid))
}

// command returns a command for one of PostgreSQL's programs that works on data.
func (p pgPrograms) command(ctx context.Context, name, data string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...)
	cmd.Dir = "/" // the server's account may not be able to enter the caller's directory
	// Remove the caller's PG* variables, so that they can't affect a private
	// server.
	cmd.Env = []string{"PATH=" + p.bin + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
	if p.as != nil && !everybodyMayReach(data) {
		cmd.SysProcAttr.AmbientCaps = []uintptr{capDACOverride}
	}
	return cmd
}

// everybodyMayReach reports whether every user may enter all directories above
// path.
func everybodyMayReach(path string) bool {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

func firstLineNumber(path string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return strconv.Atoi(string(bytes.TrimSpace(line)))
}

// runsCluster reports whether process pid is a PostgreSQL server on data.
func runsCluster(pid int, data string) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	args := strings.Split(string(b), "\x00")
	return filepath.Base(args[0]) == "postgres" && slices.Contains(args, data)
}

// waitForEnd stops the server pid cleanly and waits until it has ended.
func waitForEnd(pid int, limit time.Duration) error {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err := syscall.Kill(pid, syscall.SIGINT); errors.Is(err, syscall.ESRCH) {
			return nil
		}
	}
	return fmt.Errorf("the server of an earlier run (process %d) does not end", pid)
}

// net4 dials a loopback port.
func net4(ctx context.Context, port int) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp4", loopback(port))
}
