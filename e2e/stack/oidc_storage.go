package stack

import (
	"context"
	"crypto/rsa"
	"crypto/subtle"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// oidcStorage is the provider's memory: pending sign-ins, codes and access tokens.
type oidcStorage struct {
	owner *OIDC
	key   oidcKey

	mu       sync.Mutex
	requests map[string]*oidcRequest // by id
	codes    map[string]string       // request id by code
	tokens   map[string]string       // subject by access token id
}

func newOIDCStorage(owner *OIDC, key *rsa.PrivateKey) *oidcStorage {
	return &oidcStorage{
		owner:    owner,
		key:      oidcKey{id: randomText()[:8], private: key},
		requests: map[string]*oidcRequest{},
		codes:    map[string]string{},
		tokens:   map[string]string{},
	}
}

var errNoSuch = errors.New("unknown, used or expired")

// oidcRequest is one pending sign-in.
type oidcRequest struct {
	oidc.AuthRequest
	id      string
	subject string
	at      time.Time // when the person signed in
}

// copy returns a copy that may be used without the lock.
func (r *oidcRequest) copy() *oidcRequest {
	c := *r
	return &c
}

func (r *oidcRequest) GetID() string          { return r.id }
func (r *oidcRequest) GetACR() string         { return "" }
func (r *oidcRequest) GetAMR() []string       { return nil }
func (r *oidcRequest) GetAudience() []string  { return []string{r.ClientID} }
func (r *oidcRequest) GetAuthTime() time.Time { return r.at }
func (r *oidcRequest) GetClientID() string    { return r.ClientID }
func (r *oidcRequest) GetNonce() string       { return r.Nonce }
func (r *oidcRequest) GetScopes() []string    { return r.Scopes }
func (r *oidcRequest) GetSubject() string     { return r.subject }
func (r *oidcRequest) Done() bool             { return !r.at.IsZero() }
func (r *oidcRequest) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

// CreateAuthRequest implements op.Storage. It refuses everything that a strict
// provider refuses, so that a client with such a mistake can never sign anybody in.
func (s *oidcStorage) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	switch {
	case r.CodeChallenge == "" || r.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with S256 is required")
	case r.Nonce == "":
		return nil, oidc.ErrInvalidRequest().WithDescription("a nonce is required")
	case slices.Contains(r.Prompt, oidc.PromptNone):
		// The provider keeps no sign-in sessions, so every sign-in needs the page.
		return nil, oidc.ErrLoginRequired()
	}
	request := &oidcRequest{AuthRequest: *r, id: randomText()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[request.id] = request
	return request.copy(), nil
}

// finish records that subject signed in.
func (s *oidcStorage) finish(id, subject string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	request, ok := s.requests[id]
	if !ok {
		return errNoSuch
	}
	request.subject, request.at = subject, time.Now()
	return nil
}

// AuthRequestByID implements op.Storage.
func (s *oidcStorage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request, ok := s.requests[id]
	if !ok {
		return nil, errNoSuch
	}
	return request.copy(), nil
}

// AuthRequestByCode implements op.Storage.
func (s *oidcStorage) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	id, ok := s.codes[code]
	s.mu.Unlock()
	if !ok {
		return nil, errNoSuch
	}
	return s.AuthRequestByID(ctx, id)
}

// SaveAuthCode implements op.Storage.
func (s *oidcStorage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

// DeleteAuthRequest implements op.Storage. It deletes the request's code, too.
func (s *oidcStorage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	for code, request := range s.codes {
		if request == id {
			delete(s.codes, code)
		}
	}
	return nil
}

// CreateAccessToken implements op.Storage.
func (s *oidcStorage) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := randomText()
	s.tokens[id] = r.GetSubject()
	return id, time.Now().Add(5 * time.Minute), nil
}

// SetUserinfoFromScopes implements op.Storage; SetUserinfoFromRequest does the
// work.
func (s *oidcStorage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest fills the claims of an ID token.
func (s *oidcStorage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	return s.describe(info, r.GetSubject(), scopes)
}

// SetUserinfoFromToken implements op.Storage: it fills the userinfo response.
func (s *oidcStorage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, token, subject, _ string) error {
	s.mu.Lock()
	_, ok := s.tokens[token]
	s.mu.Unlock()
	if !ok {
		return errNoSuch
	}
	return s.describe(info, subject, []string{oidc.ScopeProfile, oidc.ScopeEmail})
}

func (s *oidcStorage) describe(info *oidc.UserInfo, subject string, scopes []string) error {
	p, ok := s.owner.persona(func(p Persona) bool { return p.Subject == subject })
	if !ok {
		return errNoSuch
	}
	info.Subject = subject
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name = p.Name
	}
	if slices.Contains(scopes, oidc.ScopeEmail) {
		info.Email, info.EmailVerified = p.Email, oidc.Bool(p.EmailVerified)
	}
	return nil
}

// GetClientByClientID implements op.Storage.
func (s *oidcStorage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != s.owner.opts.ClientID {
		return nil, errNoSuch
	}
	return oidcClient{s.owner.opts}, nil
}

// AuthorizeClientIDSecret implements op.Storage.
func (s *oidcStorage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	right := subtle.ConstantTimeCompare([]byte(secret), []byte(s.owner.opts.ClientSecret)) == 1
	if id != s.owner.opts.ClientID || !right {
		return errors.New("unknown client or wrong secret")
	}
	return nil
}

// SigningKey implements op.Storage.
func (s *oidcStorage) SigningKey(context.Context) (op.SigningKey, error) { return s.key, nil }

// SignatureAlgorithms implements op.Storage.
func (s *oidcStorage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

// KeySet implements op.Storage.
func (s *oidcStorage) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{oidcPublicKey{s.key}}, nil
}

// Health implements op.Storage.
func (s *oidcStorage) Health(context.Context) error { return nil }

// oidcKey signs ID tokens.
type oidcKey struct {
	id      string
	private *rsa.PrivateKey
}

func (k oidcKey) ID() string                                  { return k.id }
func (k oidcKey) Key() any                                    { return k.private }
func (k oidcKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

// oidcPublicKey is the published half of a key.
type oidcPublicKey struct{ key oidcKey }

func (k oidcPublicKey) ID() string                         { return k.key.id }
func (k oidcPublicKey) Key() any                           { return &k.key.private.PublicKey }
func (k oidcPublicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k oidcPublicKey) Use() string                        { return "sig" }
