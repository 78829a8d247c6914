package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// httpClient is a minimal HTTP client on one connection. It does little work itself,
// because it shares the machine with the server that it measures.
type httpClient struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(addr string) (*httpClient, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &httpClient{c, bufio.NewReaderSize(c, 64<<10)}, nil
}

// do sends a complete request and reads the answer. It writes the body to keep unless
// that is nil.
func (c *httpClient) do(request []byte, keep io.Writer) (status, size int, err error) {
	_ = c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.conn.Write(request); err != nil {
		return 0, 0, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return 0, 0, errors.Join(errors.New("no answer"), err)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	size = -1
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return status, 0, err
		}
		if len(line) <= 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			size, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	if size < 0 {
		return status, 0, errors.New("an answer without a length")
	}
	if keep == nil {
		_, err = c.in.Discard(size)
	} else {
		_, err = io.CopyN(keep, c.in, int64(size))
	}
	return status, size, err
}

// load is a sequence of requests and the expected status.
type load struct {
	addr   string
	status int
	// request is the n-th request.
	request func(n int) []byte
}

// result is the measurement of a load.
type result struct {
	requests  int
	bytes     int64
	elapsed   time.Duration
	latencies []time.Duration // sorted
}

func (r result) perSecond() float64 { return float64(r.requests) / r.elapsed.Seconds() }

// quantile returns the quantile q of the latencies.
func (r result) quantile(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(len(r.latencies)-1, int(q*float64(len(r.latencies))))]
}

// closedLoop measures throughput: each connection sends its next request as soon as it
// has an answer.
func (l load) closedLoop(ctx context.Context, connections int, d time.Duration) (result, error) {
	end := time.Now().Add(d)
	return l.run(connections, func(worker, i int) (time.Time, int, bool) {
		now := time.Now()
		return now, i*connections + worker, now.Before(end) && ctx.Err() == nil
	})
}

// openLoop measures latency at a fixed rate, independent of answers. Latency counts
// from the time the request was due.
func (l load) openLoop(ctx context.Context, perSecond, connections int, d time.Duration) (result, error) {
	begin := time.Now()
	var mu sync.Mutex
	next := 0
	return l.run(connections, func(int, int) (time.Time, int, bool) {
		mu.Lock()
		n := next
		next++
		mu.Unlock()
		due := begin.Add(time.Duration(float64(n) / float64(perSecond) * float64(time.Second)))
		if due.Sub(begin) >= d || ctx.Err() != nil {
			return due, n, false
		}
		time.Sleep(time.Until(due))
		return due, n, true
	})
}

func (l load) run(connections int, next func(worker, i int) (time.Time, int, bool)) (result, error) {
	each := make([]result, connections)
	errs := make([]error, connections)
	begin := time.Now()
	var all sync.WaitGroup
	for w := range connections {
		all.Go(func() { each[w], errs[w] = l.worker(w, next) })
	}
	all.Wait()
	sum := result{elapsed: time.Since(begin)}
	for _, r := range each {
		sum.requests += r.requests
		sum.bytes += r.bytes
		sum.latencies = append(sum.latencies, r.latencies...)
	}
	slices.Sort(sum.latencies)
	return sum, errors.Join(errs...)
}

func (l load) worker(w int, next func(worker, i int) (time.Time, int, bool)) (r result, err error) {
	c, err := dial(l.addr)
	if err != nil {
		return r, err
	}
	defer c.conn.Close()
	for i := 0; ; i++ {
		due, n, more := next(w, i)
		if !more {
			return r, nil
		}
		status, size, err := c.do(l.request(n), nil)
		if err != nil {
			return r, err
		}
		if status != l.status {
			return r, fmt.Errorf("request %d was answered %d", n, status)
		}
		r.requests++
		r.bytes += int64(size)
		r.latencies = append(r.latencies, time.Since(due))
	}
}

// median returns the median, or NaN for no numbers.
func median(of []float64) float64 {
	s := slices.Sorted(slices.Values(of))
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
