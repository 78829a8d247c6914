package signin

import (
	"context"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// lastPing caches the result of a ping, so that frequent readiness checks do not cause as
// many requests to the provider.
type lastPing struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

const pingEvery = time.Second

// CanPing reports whether the provider can be pinged: OpenID Connect has public metadata,
// GitHub has nothing comparable.
func (p *OAuthProvider) CanPing() bool { return p.config.Kind == KindOIDC }

// Ping returns [ErrProviderUnavailable] unless the provider answers, for readiness. It
// sends at most one request a second and returns the last result in between.
func (p *OAuthProvider) Ping(ctx context.Context) error {
	if !p.CanPing() {
		return nil
	}
	p.ping.mu.Lock()
	defer p.ping.mu.Unlock()
	if time.Since(p.ping.at) < pingEvery {
		return p.ping.err
	}
	within, cancel := p.requestContext(ctx)
	defer cancel()
	_, err := oidc.NewProvider(within, p.config.Issuer)
	if err != nil {
		err = providerError(p.name, unavailableError{err})
	}
	p.ping.at, p.ping.err = time.Now(), err
	return err
}
