package files

import (
	"context"
	"net"
	"net/http"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// newHTTPClient limits the time to connect, to wait for an answer, and between reads or writes; see timeouts.
func newHTTPClient(l timeouts, header time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: l.dial}
	idle := max(l.idle, header)
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := dialer.DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return &idleConn{Conn: conn, idle: idle}, nil
			},
			TLSHandshakeTimeout:   l.dial,
			ResponseHeaderTimeout: header,
			ExpectContinueTimeout: time.Second,
			MaxIdleConnsPerHost:   16,
			IdleConnTimeout:       l.idle,
			DisableCompression:    true, // bytes must come back as they were stored
		},
		// S3 redirects to other regions. Following a redirect would send our signature to the host it names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// observed calls observe for every request that the client sends.
func observed(client *http.Client, watch func(context.Context, string) (context.Context, func(error))) *http.Client {
	if watch != nil {
		client.Transport = observedTransport{client.Transport, watch}
	}
	return client
}

type observedTransport struct {
	http.RoundTripper
	observe func(context.Context, string) (context.Context, func(error))
}

func (t observedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, end := t.observe(r.Context(), awsmiddleware.GetOperationName(r.Context()))
	response, err := t.RoundTripper.RoundTrip(r.WithContext(ctx))
	end(err)
	return response, err
}

// idleConn sets a deadline for every read and write. A read is pending only while we wait for the store, so a store that
// stops sending is cut off and a visitor who downloads slowly is not.
type idleConn struct {
	net.Conn
	idle time.Duration
}

func (c *idleConn) Read(p []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write also extends the read deadline: during an upload the transport already reads, but the answer can't arrive before
// the last byte is sent.
func (c *idleConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
