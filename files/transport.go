package files

import (
	"context"
	"net"
	"net/http"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// newHTTPClient bounds connecting, waiting for an answer, and silence in the middle of a body; see limits.
func newHTTPClient(l limits, header time.Duration) *http.Client {
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
		// S3 redirects to other regions; following one would hand our signature to whoever it names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// watched tells watch of every call that leaves the process.
func watched(client *http.Client, watch func(context.Context, string) (context.Context, func(error))) *http.Client {
	if watch != nil {
		client.Transport = watchedTransport{client.Transport, watch}
	}
	return client
}

type watchedTransport struct {
	http.RoundTripper
	watch func(context.Context, string) (context.Context, func(error))
}

func (t watchedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, end := t.watch(r.Context(), awsmiddleware.GetOperationName(r.Context()))
	response, err := t.RoundTripper.RoundTrip(r.WithContext(ctx))
	end(err)
	return response, err
}

// idleConn gives every read and write its own deadline. A read is only pending while somebody waits for bytes, so a
// visitor who downloads slowly is not cut off, while a store that falls silent is.
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

// Write also pushes the read deadline: during an upload the transport's reader waits all along for an answer that
// cannot come before the last byte has gone out.
func (c *idleConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
