package stack

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// Front is the TLS proxy in front of Portico, as in production. It terminates TLS
// for any host name, with certificates of its own test authority, and forwards
// requests with correct X-Forwarded headers.
type Front struct {
	port      int
	server    *http.Server
	authority *x509.Certificate
	key       *ecdsa.PrivateKey

	mu     sync.Mutex
	target *url.URL
	leaves map[string]*tls.Certificate // by host name
}

// StartFront starts a TLS front for the application at target, which is
// "host:port". It runs until Stop or the end of ctx.
func StartFront(ctx context.Context, target string) (*Front, error) {
	f := &Front{leaves: map[string]*tls.Certificate{}}
	f.Forward(target)
	if err := f.makeAuthority(); err != nil {
		return nil, fmt.Errorf("front: %w", err)
	}
	listener, err := net.Listen("tcp4", loopback(0))
	if err != nil {
		return nil, fmt.Errorf("front: %w", err)
	}
	f.port = listener.Addr().(*net.TCPAddr).Port
	silence := log.New(io.Discard, "", 0)
	f.server = &http.Server{
		Handler: &httputil.ReverseProxy{
			Rewrite:       f.rewrite,
			FlushInterval: -1, // pass streamed responses on at once
			ErrorLog:      silence,
		},
		TLSConfig:         &tls.Config{GetCertificate: f.certificate, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          silence,
	}
	go func() { _ = f.server.ServeTLS(listener, "", "") }()
	context.AfterFunc(ctx, func() { _ = f.Stop() })
	return f, nil
}

// Stop closes every connection and frees the port.
func (f *Front) Stop() error { return f.server.Close() }

// Forward sends all later requests to target, a "host:port".
func (f *Front) Forward(target string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target = &url.URL{Scheme: "http", Host: target}
}

// Addr returns the address on which the front listens, for every host name.
func (f *Front) Addr() string { return loopback(f.port) }

// Authority returns the certificate, in PEM, of the front's test authority.
func (f *Front) Authority() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.authority.Raw})
}

// Transport returns a transport that reaches the front under every https host name
// and port, and trusts only its authority.
func (f *Front) Transport() *http.Transport {
	roots := x509.NewCertPool()
	roots.AddCert(f.authority)
	return &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, f.Addr())
		},
	}
}

func (f *Front) rewrite(r *httputil.ProxyRequest) {
	f.mu.Lock()
	target := f.target
	f.mu.Unlock()
	r.SetURL(target)
	// The application routes by the host name of the request. ReverseProxy has
	// removed the visitor's own X-Forwarded headers; this sets the correct ones.
	r.Out.Host = r.In.Host
	r.SetXForwarded()
}

func (f *Front) makeAuthority() error {
	var err error
	if f.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber:          serialNumber(),
		Subject:               pkix.Name{CommonName: "Portico test authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &f.key.PublicKey, f.key)
	if err != nil {
		return err
	}
	f.authority, err = x509.ParseCertificate(der)
	return err
}

// certificate signs a certificate for the name that the client asks for.
func (f *Front) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := hello.ServerName
	f.mu.Lock()
	defer f.mu.Unlock()
	if leaf := f.leaves[name]; leaf != nil {
		return leaf, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serialNumber(),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 3, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if name != "" {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, f.authority, &key.PublicKey, f.key)
	if err != nil {
		return nil, err
	}
	// Include the authority, so that a browser can be told to trust its key.
	leaf := &tls.Certificate{Certificate: [][]byte{der, f.authority.Raw}, PrivateKey: key}
	f.leaves[name] = leaf
	return leaf, nil
}

func serialNumber() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] &= 0x7f // a serial number is positive
	return new(big.Int).SetBytes(b)
}

// KeyHash returns the authority's key as Chromium's list of trusted keys names it:
// base64 of the SHA-256 of its public key information.
func (f *Front) KeyHash() string {
	sum := sha256.Sum256(f.authority.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
