package handlers

import (
	"errors"
	"io"
	"net/http"
	"time"

	"portico/store"
)

// pace is how slow a body may come in. Every read waits at most idle, and all of
// it must average at least rate bytes a second once grace is over: a thin line
// is fine, a byte a second is somebody holding a connection.
type pace struct {
	grace time.Duration
	idle  time.Duration
	rate  int64
}

var steadyPace = pace{grace: 30 * time.Second, idle: 30 * time.Second, rate: 4 << 10}

// steadyBody reads a request's body at its own pace, with deadlines that move
// along instead of one for all.
type steadyBody struct {
	body    io.ReadCloser
	control *http.ResponseController
	pace    pace
	start   time.Time
	read    int64
}

func newSteadyBody(w http.ResponseWriter, body io.ReadCloser, p pace) *steadyBody {
	return &steadyBody{body: body, control: http.NewResponseController(w), pace: p, start: time.Now()}
}

func (b *steadyBody) Read(p []byte) (int, error) {
	idle := time.Now().Add(b.pace.idle)
	average := b.start.Add(b.pace.grace + time.Duration(b.read/b.pace.rate)*time.Second)
	if average.Before(idle) {
		idle = average
	}
	if err := b.control.SetReadDeadline(idle); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := b.body.Read(p)
	b.read += int64(n)
	if err != nil {
		b.done()
	}
	return n, err
}

// done lifts the deadline. Left in place it would end the request by itself
// while storage still works on what came in.
func (b *steadyBody) done() { _ = b.control.SetReadDeadline(time.Time{}) }

// Close closes the body underneath.
func (b *steadyBody) Close() error { return b.body.Close() }

// drain reads what is left of a refused body, as far as a part goes: a browser
// that is still sending sees the answer only once it is through.
func drain(body io.Reader) { _, _ = io.CopyN(io.Discard, body, store.PartSize) }

// untimed lifts the limits that an earlier request on the connection, or the
// server, has set: what streams sets its own as it goes. A body that nobody will
// read, of a request to look, keeps its limit, for the server waits for its end.
func untimed(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	if !safe(r.Method) || r.ContentLength == 0 {
		_ = c.SetReadDeadline(time.Time{})
	}
	_ = c.SetWriteDeadline(time.Time{})
}
