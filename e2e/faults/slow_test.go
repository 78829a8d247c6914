package faults

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// slowVisitors are connections that send one byte a second and never finish. A closed
// connection is reopened, so their number stays the same.
type slowVisitors struct {
	w       *world
	prefix  string // what a connection sends at once
	cut     atomic.Int64
	reading atomic.Int64
	stop    chan struct{}
	wg      sync.WaitGroup
}

func (s *slowVisitors) open(n int) {
	for range n {
		s.wg.Go(func() {
			for mine := 0; ; mine++ {
				select {
				case <-s.stop:
					return
				default:
				}
				if s.visit() && mine == 0 {
					s.cut.Add(1) // each counts once
				}
			}
		})
	}
}

// visit keeps one connection open until the server closes it, and reports whether it did.
func (s *slowVisitors) visit() (cut bool) {
	c, err := net.Dial("tcp", s.w.addr())
	if err != nil {
		return false
	}
	defer c.Close()
	if _, err := io.WriteString(c, s.prefix); err != nil {
		return true
	}
	s.reading.Add(1)
	defer s.reading.Add(-1)
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, bufio.NewReader(c)) // an answer, or none
		close(ended)
	}()
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-ended:
			tick.Stop()
			return true
		case <-s.stop:
			tick.Stop()
			return false
		case <-tick.C:
			_, _ = io.WriteString(c, "a")
		}
	}
}

// Case 69: two thousand connections with endless headers or bodies don't block others,
// and the server closes each of them, however often it sends another byte.
func TestSlowConnectionsDontBlockOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(w.env.With("PORTICO_TENANT_RATE", "0"))
	w.get(projectsPath).check(t, "before", http.StatusOK)
	host := strings.TrimPrefix(w.env["PORTICO_URL"], "http://")
	form := fmt.Sprintf(" HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n", host)
	stop := make(chan struct{})
	kinds := map[string]*slowVisitors{
		"headers":      {prefix: "GET /login HTTP/1.1\r\nHost: " + host + "\r\nX-Slow: a"},
		"bodies":       {prefix: "POST /login" + form + "\r\nemail=a"},
		"member's":     {prefix: "POST " + projectsPath + form + "Cookie: " + w.cookie + "\r\n\r\nname=a"},
		"second lines": {prefix: "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\nGET /login HT"},
	}
	for _, s := range kinds {
		s.w, s.stop = w, stop
		s.open(500)
	}
	leave := sync.OnceFunc(func() {
		close(stop)
		for _, s := range kinds {
			s.wg.Wait()
		}
	})
	t.Cleanup(leave)
	for kind, s := range kinds {
		until(t, kind+" are there", func() bool { return s.reading.Load() > 450 })
	}
	var others sync.WaitGroup
	for range 8 {
		others.Go(func() {
			for range 40 {
				a, err := w.request(w.addr(), http.MethodGet, projectsPath, nil)
				if err != nil {
					t.Errorf("somebody else gets no answer: %v", err)
					return
				}
				a.check(t, "somebody else's page", http.StatusOK)
			}
		})
	}
	others.Wait()
	w.get("/healthz").check(t, "alive", http.StatusOK)
	for kind, s := range kinds {
		until(t, "each with slow "+kind+" is cut", func() bool { return s.cut.Load() == 500 })
	}
	leave()
	w.get(projectsPath).check(t, "afterwards", http.StatusOK)
}
