package web

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Pace is how slow a body may come in. Every read waits at most Idle, and all of
// them must average at least Rate once Grace is over: a slow line is fine, a byte a
// second is somebody holding a connection.
type Pace struct {
	Grace time.Duration
	Idle  time.Duration
	Rate  int64 // bytes a second
}

// UploadPace is the pace of an upload.
var UploadPace = Pace{Grace: 30 * time.Second, Idle: 30 * time.Second, Rate: 4 << 10}

// SlowBodyGuard reads a request's body and fails with [os.ErrDeadlineExceeded] when
// it comes more slowly than its pace. Its deadlines move along with what was read.
type SlowBodyGuard struct {
	body    io.ReadCloser
	control *http.ResponseController
	pace    Pace
	start   time.Time
	read    int64
}

// NewSlowBodyGuard guards the body of the request that w answers.
func NewSlowBodyGuard(w http.ResponseWriter, body io.ReadCloser, p Pace) *SlowBodyGuard {
	return &SlowBodyGuard{body: body, control: http.NewResponseController(w), pace: p, start: time.Now()}
}

func (b *SlowBodyGuard) Read(p []byte) (int, error) {
	idle := time.Now().Add(b.pace.Idle)
	average := b.start.Add(b.pace.Grace + time.Duration(b.read/b.pace.Rate)*time.Second)
	if average.Before(idle) {
		idle = average
	}
	if err := b.control.SetReadDeadline(idle); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := b.body.Read(p)
	b.read += int64(n)
	if err != nil {
		b.Lift()
	}
	return n, err
}

// Lift ends the deadline. Left in place it would end the request while storage
// still works on what came in.
func (b *SlowBodyGuard) Lift() { _ = b.control.SetReadDeadline(time.Time{}) }

// Close closes the body underneath.
func (b *SlowBodyGuard) Close() error { return b.body.Close() }

// Drain reads at most so many bytes of a refused body: a browser that is still
// sending reads the answer only once it has sent everything.
func Drain(body io.Reader, most int64) { _, _ = io.CopyN(io.Discard, body, most) }
