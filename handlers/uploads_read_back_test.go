package handlers_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers"
)

// readCounter counts what is read from object storage.
type readCounter struct {
	bytes         atomic.Int64
	running, most atomic.Int64 // reads at once, without those of a few bytes
	first         sync.Once
}

func (c *readCounter) wrap(storage http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			storage.ServeHTTP(w, r)
			return
		}
		// The first read is slow, so that whoever asks for the same reads meets it.
		c.first.Do(func() { time.Sleep(time.Second) })
		counting := &countingWriter{ResponseWriter: w, c: c}
		storage.ServeHTTP(counting, r)
		if counting.large {
			c.running.Add(-1)
		}
	})
}

type countingWriter struct {
	http.ResponseWriter
	c       *readCounter
	written int64
	large   bool
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.written += int64(len(p))
	w.c.bytes.Add(int64(len(p)))
	if !w.large && w.written > files.SniffSize {
		w.large = true
		now := w.c.running.Add(1)
		for most := w.c.most.Load(); now > most && !w.c.most.CompareAndSwap(most, now); most = w.c.most.Load() {
		}
	}
	return w.ResponseWriter.Write(p)
}

// The parts of an upload are read back once, however often it is finished, and the files of
// a tenant one at a time. Everybody who finished it gets the same answer.
func TestRepeatedFinishReadsBackOnce(t *testing.T) {
	t.Parallel()
	var read readCounter
	d := newStudioAt(t, newSiteWith(t, storetest.DB(), storageBehind(t, read.wrap), func(*handlers.Config) {}))
	content := noise(8, 2*files.PartSize+1000)
	parts := split(content)
	const uploads, many = 2, 8 // together as many as a visitor may have
	var plans []plan
	for range uploads {
		p := d.begin(t, "film.bin", len(content))
		for _, n := range []int{2, 3, 1} { // the running hash ends at the first part
			want(t, "part", d.ravi.putPart(t, p.part(n), parts[n-1]), http.StatusNoContent)
		}
		plans = append(plans, p)
	}
	answers := make(chan answer, uploads*many)
	for i := range uploads * many {
		go func() { answers <- d.ravi.do(t, http.MethodPost, plans[i%uploads].Finish, nil, "") }()
	}
	for range uploads * many {
		want(t, "finish", <-answers, http.StatusOK)
	}
	if got, most := read.bytes.Load(), int64(uploads*(len(content)+files.SniffSize)); got > most {
		t.Errorf("storage sent %d bytes, want at most %d", got, most)
	}
	if most := read.most.Load(); most != 1 {
		t.Errorf("%d reads at once, want 1", most)
	}
	if got := d.ravi.get(t, d.at("/files/%s", plans[0].ID)); got.body != string(content) {
		t.Errorf("download: %d, %d bytes", got.status, len(got.body))
	}
}
