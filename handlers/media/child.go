package media

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Child is the first argument with which a program calls [RunChild] instead of doing its
// own work.
const Child = "run-media"

const (
	// maxMemory is the address space of a child, in bytes. A frame of 8K takes 50 MB, and
	// decoders keep some dozens.
	maxMemory = 3 << 30
	// niceness lets everything else on the machine go first.
	niceness = 10
)

// RunChild bounds this process, takes its rights away, and becomes ffmpeg or ffprobe. args
// are the seconds of processor time, the most bytes of a file that it writes, the port from
// which it reads, the directory for what it writes, the program and its arguments.
func RunChild(args []string) error {
	if len(args) < 5 {
		return errors.New("for internal use: it runs ffmpeg")
	}
	var bounds [3]uint64
	for i := range bounds {
		n, err := strconv.ParseUint(args[i], 10, 63)
		if err != nil {
			return err
		}
		bounds[i] = n
	}
	dir, program := args[3], args[4]
	// The rights of a thread pass to the program that it becomes.
	runtime.LockOSThread()
	for resource, limit := range map[int]uint64{syscall.RLIMIT_AS: maxMemory, syscall.RLIMIT_CPU: bounds[0], syscall.RLIMIT_FSIZE: bounds[1], syscall.RLIMIT_CORE: 0} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("limit the process: %w", err)
		}
	}
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness); err != nil {
		return fmt.Errorf("lower the priority: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new rights: %w", err)
	}
	if err := confine(dir, program, bounds[2]); err != nil {
		return fmt.Errorf("confine the process: %w", err)
	}
	return syscall.Exec(program, args[4:], []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + dir, "TMPDIR=" + dir})
}

// What Landlock calls the rights to files, by the version of its interface.
const (
	readAndRun = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	ofFiles    = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE
)

// ruleForPort is the kind of a Landlock rule for a port.
const ruleForPort = 2

// programs are where programs and their libraries lie.
var programs = []string{"/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives"}

// confine lets this thread, and what it becomes, read programs and libraries, write into one
// directory, and connect to one port: Linux's Landlock refuses everything else, such as the
// files of the service and what runs on the machine. A kernel without it confines nothing,
// see docs/operate.md.
func confine(dir, program string, port uint64) error {
	abi, _, missing := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if missing != 0 {
		return nil
	}
	rules := unix.LandlockRulesetAttr{Handled_access_fs: 1<<13 - 1}
	if abi >= 2 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		rules.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	fd, _, err := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules), 0)
	if err != 0 {
		return err
	}
	defer func() { _ = syscall.Close(int(fd)) }() // it is in force by then
	for _, path := range append(programs, filepath.Dir(program)) {
		if err := allow(int(fd), path, readAndRun); err != nil {
			return err
		}
	}
	for _, path := range []string{"/dev/null", "/dev/urandom"} {
		if err := allow(int(fd), path, unix.LANDLOCK_ACCESS_FS_READ_FILE|unix.LANDLOCK_ACCESS_FS_WRITE_FILE); err != nil {
			return err
		}
	}
	if err := allow(int(fd), dir, rules.Handled_access_fs); err != nil {
		return err
	}
	if abi >= 4 {
		// The attributes of a rule for a port.
		to := struct{ access, port uint64 }{unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, port}
		if _, _, err := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, fd, ruleForPort, uintptr(unsafe.Pointer(&to)), 0, 0, 0); err != 0 {
			return err
		}
	}
	if _, _, err := syscall.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); err != 0 {
		return err
	}
	return nil
}

// allow adds a rule for a path and what is below it. A path that doesn't exist needs none.
func allow(rules int, path string, access uint64) error {
	f, err := os.OpenFile(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only named
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.IsDir() {
		access &= ofFiles
	}
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(f.Fd())}
	if _, _, err := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0); err != 0 {
		return err
	}
	return nil
}
