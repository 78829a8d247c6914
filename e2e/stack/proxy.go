package stack

import (
	"context"
	"fmt"
	"strings"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Proxy stands between Portico and one service and can break the connection, like a
// broken network. The service itself stays healthy.
type Proxy struct {
	proxy *toxiproxy.Proxy
}

// StartProxy starts a proxy in front of the host:port of a service. It runs until
// Stop or the end of ctx.
func StartProxy(ctx context.Context, upstream string) (*Proxy, error) {
	p := &Proxy{}
	err := onFreePort(0, func(port int) error {
		server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
		p.proxy = toxiproxy.NewProxy(server, upstream, loopback(port), upstream)
		return p.proxy.Start()
	})
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	context.AfterFunc(ctx, p.Stop)
	return p, nil
}

// Addr returns the proxy's host:port, to use instead of the service's.
func (p *Proxy) Addr() string { return p.proxy.Listen }

// Refuse closes every connection and refuses new ones until Heal.
func (p *Proxy) Refuse() { p.proxy.Stop() }

// Hang accepts connections and data, and passes nothing on in either direction
// until Heal, which closes them.
func (p *Proxy) Hang() error {
	for _, stream := range []string{"upstream", "downstream"} {
		if err := p.toxic("timeout", stream, `"timeout": 0`); err != nil {
			return err
		}
	}
	return nil
}

// Hold keeps the service's responses until Heal, which passes them on. Portico's
// requests get through.
func (p *Proxy) Hold() error { return p.toxic("latency", "downstream", `"latency": 86400000`) }

func (p *Proxy) toxic(kind, stream, attributes string) error {
	_, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
		`{"name": %q, "type": %q, "stream": %q, "attributes": {%s}}`, kind+" "+stream, kind, stream, attributes)))
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	return nil
}

// Heal ends every fault.
func (p *Proxy) Heal() error {
	p.proxy.Toxics.ResetToxics(context.Background())
	if err := p.proxy.Start(); err != nil && err != toxiproxy.ErrProxyAlreadyStarted {
		return fmt.Errorf("proxy: %w", err)
	}
	return nil
}

// Stop stops the proxy.
func (p *Proxy) Stop() {
	p.proxy.Toxics.ResetToxics(context.Background())
	p.proxy.Stop()
}

// proxyOIDC starts before its provider, because the provider's issuer is the
// proxy's address.
func (s *Stack) proxyOIDC(ctx context.Context) (err error) {
	if s.state.OIDCPort == 0 {
		if s.state.OIDCPort, err = FreePort(); err != nil {
			return err
		}
	}
	s.OIDCProxy, err = StartProxy(ctx, loopback(s.state.OIDCPort))
	return err
}

func (s *Stack) proxyOthers(ctx context.Context) error {
	for at, port := range map[**Proxy]int{&s.PostgresProxy: s.Postgres.port, &s.S3Proxy: s.S3.port, &s.MailProxy: s.Mail.port} {
		var err error
		if *at, err = StartProxy(ctx, loopback(port)); err != nil {
			return err
		}
	}
	return nil
}
