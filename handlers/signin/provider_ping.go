package signin

import (
	"context"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// lastPing remembers what a provider answered, so that everybody who may ask
// whether we are ready cannot make us ask the provider as often.
type lastPing struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

const pingEvery = time.Second

// CanPing says whether the provider has anything to be asked: OpenID Connect
// has its metadata, GitHub nothing for strangers.
func (p *OAuthProvider) CanPing() bool { return p.config.Kind == KindOIDC }

// Ping says whether the provider is there, for readiness: [ErrProviderUnavailable] if not. It
// asks at most once a second.
func (p *OAuthProvider) Ping(ctx context.Context) error {
	if !p.CanPing() {
		return nil
	}
	p.ping.mu.Lock()
	defer p.ping.mu.Unlock()
	if time.Since(p.ping.at) < pingEvery {
		return p.ping.err
	}
	within, cancel := p.within(ctx)
	defer cancel()
	_, err := oidc.NewProvider(within, p.config.Issuer)
	if err != nil {
		err = providerError(p.name, unavailableError{err})
	}
	p.ping.at, p.ping.err = time.Now(), err
	return err
}
