package signin

import (
	"context"
	"sync"
	"time"
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

// Ping returns [ErrProviderUnavailable] unless the provider answers and has keys to sign
// with, for readiness: without them everybody who comes back from it is refused. It asks at
// most once a second and returns the last result in between.
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
	_, err := p.probeKeys(within)
	if err != nil {
		err = providerError(p.name, unavailableError{err})
	}
	p.ping.at, p.ping.err = time.Now(), err
	return err
}
