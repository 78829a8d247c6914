// Package media measures video and sound, and makes pictures and playable copies of them.
// ffmpeg does it, in a process of its own without secrets, and with bounds of memory, time,
// pixels and disk: a hostile file costs one job. It reads the file piece by piece from us,
// so that the size of a file doesn't matter. See docs/decisions/0038-recordings.md.
package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Unfit says why nothing can be made of a recording. The database has the same words.
type Unfit string

// Why nothing can be made.
const (
	Broken    Unfit = "broken"     // it can't be read
	Slow      Unfit = "slow"       // it takes more time or memory than one job may have
	Large     Unfit = "large"      // its picture or its length is beyond our bounds
	NoPicture Unfit = "no_picture" // a video that has only sound
)

// The bounds.
const (
	// LookTimeout bounds measuring a recording and making its picture.
	LookTimeout = 5 * time.Minute
	// PlayTimeout bounds making a playable copy.
	PlayTimeout = 3 * time.Hour
	// MaxPlayable is the most that a playable copy takes, in bytes.
	MaxPlayable = 2 << 30

	maxPixels   = 8192 * 4608
	maxDuration = 24 * time.Hour
	maxPicture  = 16 << 20 // bytes of a poster as ffmpeg writes it
	maxReport   = 1 << 20  // bytes of what ffprobe says
)

// ErrMissing means that ffmpeg isn't installed.
var ErrMissing = errors.New("ffmpeg and ffprobe are not installed")

// Tool runs ffmpeg. Make one with [New].
type Tool struct {
	program         string // of ours, which becomes ffmpeg
	ffmpeg, ffprobe string
	look, play      time.Duration
}

// New returns a tool whose child processes run this program: it must call [RunChild] if its
// first argument is [Child]. Without ffmpeg it returns [ErrMissing].
func New(program string) (*Tool, error) {
	t := &Tool{program: program, look: LookTimeout, play: PlayTimeout}
	for name, to := range map[string]*string{"ffmpeg": &t.ffmpeg, "ffprobe": &t.ffprobe} {
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, ErrMissing
		}
		*to = path
	}
	return t, nil
}

// demuxers are the readers that ffmpeg may use for each content type. It never guesses: a
// file that claims to be a video could be a playlist that names other files.
var demuxers = map[string]string{
	"video/mp4": "mov", "video/x-m4v": "mov", "video/quicktime": "mov", "video/3gpp": "mov", "video/3gpp2": "mov",
	"video/webm": "matroska", "video/matroska": "matroska", "video/x-matroska": "matroska",
	"video/ogg": "ogg", "video/x-msvideo": "avi", "video/x-ms-asf": "asf", "video/x-flv": "flv", "video/mpeg": "mpeg", "video/mp2t": "mpegts",
	"audio/mpeg": "mp3", "audio/mp4": "mov", "audio/x-m4a": "mov", "audio/aac": "aac", "audio/wav": "wav",
	"audio/ogg": "ogg", "application/ogg": "ogg", "audio/flac": "flac", "audio/webm": "matroska", "audio/aiff": "aiff", "audio/amr": "amr",
}

// Reads reports whether recordings of a content type can be read.
func Reads(contentType string) bool { return demuxers[contentType] != "" }

// Source is a recording to read.
type Source interface {
	// Open returns the bytes from an offset to the end.
	Open(ctx context.Context, offset int64) (io.ReadCloser, error)
	Size() int64
}

// Recording is a recording and what it claims to be.
type Recording struct {
	Source      Source
	ContentType string
}

// run is one run of a program on a recording.
type run struct {
	program string
	before  []string // arguments before the input
	after   []string
	dir     string
	timeout time.Duration
	stdout  io.Writer
}

// input are the arguments that read a recording from us and nothing else from anywhere.
func (t *Tool) run(ctx context.Context, r Recording, x run) (Unfit, error) {
	server, err := serve(r.Source)
	if err != nil {
		return "", fmt.Errorf("media: %w", err)
	}
	defer server.close()
	bounded, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	args := []string{Child, strconv.Itoa(int(x.timeout.Seconds())), strconv.Itoa(MaxPlayable), strconv.Itoa(server.port), x.dir, x.program}
	args = append(args, x.before...)
	args = append(args, "-protocol_whitelist", "http,tcp", "-seekable", "1", "-f", demuxers[r.ContentType], "-i", server.url)
	cmd := exec.CommandContext(bounded, t.program, append(args, x.after...)...)
	cmd.Env = []string{"GOMAXPROCS=1"} // and no secret
	cmd.Dir = x.dir
	// With the parent ends the child.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	var complaint bytes.Buffer
	cmd.Stderr, cmd.Stdout = &limited{&complaint, 4 << 10}, x.stdout
	err = cmd.Run()
	if lost := server.failed(); lost != nil && ctx.Err() == nil {
		return "", fmt.Errorf("media: read the recording: %w", lost)
	}
	return diagnose(ctx, bounded, err, complaint.String())
}

// diagnose says what an ended child means for its recording. One that was killed took too
// much time or memory, unless whoever started the job ended it.
func diagnose(ctx, bounded context.Context, died error, complaint string) (Unfit, error) {
	if died == nil {
		return "", nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	var exit *exec.ExitError
	switch {
	case bounded.Err() != nil, errors.Is(died, errFull):
		return Slow, nil
	case !errors.As(died, &exit):
		return "", fmt.Errorf("media: %w", died)
	case strings.Contains(complaint, "confine the process"), strings.Contains(complaint, "limit the process"), strings.Contains(complaint, "error while loading shared libraries"):
		return "", fmt.Errorf("media: %w: %.300s", died, complaint)
	}
	status, _ := exit.Sys().(syscall.WaitStatus)
	if status.Signaled() && status.Signal() == syscall.SIGSYS {
		return "", fmt.Errorf("media: the service may not confine its child: %w", died)
	}
	if status.Signaled() && status.Signal() != syscall.SIGSEGV && status.Signal() != syscall.SIGABRT ||
		strings.Contains(complaint, "Cannot allocate memory") || strings.Contains(complaint, "File too large") {
		return Slow, nil
	}
	return Broken, nil
}

// scratch is a directory for what a child writes.
func scratch() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "portico-media-")
	if err != nil {
		return "", nil, fmt.Errorf("media: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // the next start of the machine removes the rest
}

var errFull = errors.New("media: the child wrote more than it may")

// capped keeps what is written to it, up to a size.
type capped struct {
	bytes.Buffer
	most int
}

func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > c.most {
		return 0, errFull
	}
	return c.Buffer.Write(p)
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
