package faults

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"syscall"
	"testing"
	"time"
)

// balancer sends requests to the ready replicas in turn. If a connection is refused, it
// tries another replica, because no request was sent. It retries nothing else.
type balancer struct {
	addr     string
	replicas []string

	mu    sync.Mutex
	ready map[string]bool
	next  int
}

// checkEvery is the interval between readiness checks.
const checkEvery = 50 * time.Millisecond

func startBalancer(t *testing.T, replicas ...string) *balancer {
	t.Helper()
	b := &balancer{replicas: replicas, ready: map[string]bool{}}
	dialer := &net.Dialer{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "replica"
			r.Out.Host = r.In.Host
		},
		// No connection is reused, so that a replica is chosen for each request.
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			for {
				conn, err := dialer.DialContext(ctx, network, b.choose())
				if !errors.Is(err, syscall.ECONNREFUSED) {
					return conn, err
				}
				time.Sleep(checkEvery)
			}
		}},
	}
	listener := must(net.Listen("tcp4", "127.0.0.1:0"))(t)
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	b.addr = listener.Addr().String()
	for _, at := range replicas {
		go b.poll(t.Context(), at)
	}
	return b
}

func (b *balancer) poll(ctx context.Context, at string) {
	asks := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for ctx.Err() == nil {
		res, err := asks.Get("http://" + at + "/readyz?of=postgresql")
		if err == nil {
			_ = res.Body.Close()
		}
		b.mu.Lock()
		b.ready[at] = err == nil && res.StatusCode == http.StatusOK
		b.mu.Unlock()
		time.Sleep(checkEvery)
	}
}

// isReady reports whether the balancer considers a replica ready.
func (b *balancer) isReady(at string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ready[at]
}

func (b *balancer) choose() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.replicas {
		b.next = (b.next + 1) % len(b.replicas)
		if b.ready[b.replicas[b.next]] {
			break
		}
	}
	return b.replicas[b.next]
}
