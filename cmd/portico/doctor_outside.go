package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"time"
)

const (
	// partSize is the size of a part of an upload.
	partSize = 8 << 20
	// outsidePatience is the time limit of each request to PORTICO_URL.
	outsidePatience = 10 * time.Second
)

// checkOutside asks for PORTICO_URL as a browser does, so through any proxy in front.
func checkOutside(ctx context.Context, at *url.URL) finding {
	const check = "outside"
	page, err := outside(ctx, http.MethodGet, at.String()+"/login", nil)
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return finding{check, ill, "The certificate at PORTICO_URL is not one that this machine trusts for its name.",
			"Give the proxy a certificate for the host in PORTICO_URL, or install its authority on this machine."}
	case err != nil:
		return finding{check, skipped, "Nobody answers at PORTICO_URL. Checked once portico serve runs and its proxy passes requests on.", ""}
	}
	return judgeOutside(ctx, at, page)
}

// judgeOutside reads the answer of the sign-in page. Only Portico sends X-Request-Id.
func judgeOutside(ctx context.Context, at *url.URL, page *http.Response) finding {
	const check = "outside"
	const host = "Let the proxy pass on the Host header of the request. docs/operate.md shows it for nginx, Caddy, Traefik and HAProxy."
	ours := page.Header.Get("X-Request-Id") != ""
	switch {
	case !ours && page.StatusCode >= http.StatusInternalServerError:
		return finding{check, skipped, "A proxy answers at PORTICO_URL, and Portico behind it does not. Checked once portico serve runs.", ""}
	case !ours && page.StatusCode >= 300 && page.StatusCode < 400:
		return finding{check, ill, "Something in front of Portico redirects PORTICO_URL elsewhere.", "Let it serve " + at.String() + " itself, or change PORTICO_URL."}
	case !ours:
		return finding{check, ill, "Something else than Portico answers at PORTICO_URL.", "Correct PORTICO_URL, or what the proxy passes its requests to."}
	case page.StatusCode != http.StatusOK:
		return finding{check, ill, "Requests for PORTICO_URL reach Portico under another host name.", host}
	}
	// A part of an upload, to nowhere: Portico refuses it before it reads it.
	part, err := outside(ctx, http.MethodPut, at.String()+"/doctor", make([]byte, partSize))
	if err == nil && part.StatusCode == http.StatusRequestEntityTooLarge && part.Header.Get("X-Request-Id") == "" {
		return finding{check, ill, "The proxy at PORTICO_URL refuses bodies of 8 MiB, the size of a part of an upload.",
			"Let it accept at least 9 MiB, in nginx with client_max_body_size."}
	}
	return finding{check, well, "PORTICO_URL leads here, under its own host name, and takes parts of uploads.", ""}
}

// outside sends one request and follows no redirect. The body of the answer is closed.
func outside(ctx context.Context, method, address string, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, outsidePatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		// The answer may come before the body is sent.
		r.Header.Set("Expect", "100-continue")
	}
	client := http.Client{Timeout: outsidePatience, Transport: http.DefaultTransport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	return res, res.Body.Close()
}
