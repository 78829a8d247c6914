package web

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Pace is how slowly a body may arrive. Each read waits at most Idle, and after Grace
// the average must be at least Rate. That allows slow connections, but not clients
// that send a byte a second to keep a connection busy.
type Pace struct {
	Grace time.Duration
	Idle  time.Duration
	Rate  int64 // bytes a second
}

// UploadPace is the pace for uploads.
var UploadPace = Pace{Grace: 30 * time.Second, Idle: 30 * time.Second, Rate: 4 << 10}

// SlowBodyGuard reads a request's body and fails with [os.ErrDeadlineExceeded] if it
// arrives more slowly than its pace. Each read extends the deadline.
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

// Lift clears the deadline. Otherwise the deadline could end the request while storage
// still processes the body.
func (b *SlowBodyGuard) Lift() { _ = b.control.SetReadDeadline(time.Time{}) }

// Close closes the body underneath.
func (b *SlowBodyGuard) Close() error { return b.body.Close() }

// Drain reads at most that many bytes of a refused body, because a browser reads the
// answer only after it has sent everything.
func Drain(body io.Reader, most int64) { _, _ = io.CopyN(io.Discard, body, most) }
