package signin

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/markbates/goth"
	"golang.org/x/oauth2"
)

// Session implements [goth.Session] for one sign-in. It holds the secrets of its
// challenge, so its marshalled form must be kept secret, from the browser too.
type Session struct {
	AuthURL   string
	Challenge Challenge

	ctx  context.Context // goth's methods have none
	user *goth.User      // after Authorize
}

// Name is the provider's name in goth and in /auth/{provider}.
func (p *OAuthProvider) Name() string { return p.name }

// SetName changes the name.
func (p *OAuthProvider) SetName(name string) { p.name = name }

// Debug does nothing: no part of a sign-in may be printed.
func (p *OAuthProvider) Debug(bool) {}

// BeginAuth begins a sign-in with that state, which must be random and our own. It makes
// the nonce and the verifier.
func (p *OAuthProvider) BeginAuth(state string) (goth.Session, error) {
	return p.begin(context.Background(), Challenge{State: state, Nonce: randomText(), Verifier: randomText()})
}

func (p *OAuthProvider) begin(ctx context.Context, c Challenge) (*Session, error) {
	if len(c.State) < minSecret || len(c.Nonce) < minSecret || len(c.Verifier) < minVerifier {
		return nil, errors.New("sign-in provider: challenge too short")
	}
	within, cancel := p.requestContext(ctx)
	defer cancel()
	config, options, err := p.prepare(within, c)
	if err != nil {
		return nil, providerError(p.name, err)
	}
	options = append(options, oauth2.S256ChallengeOption(c.Verifier))
	return &Session{AuthURL: config.AuthCodeURL(c.State, options...), Challenge: c, ctx: ctx}, nil
}

// Minimum lengths of secrets in a challenge, in characters: 128 bits in base64, and what
// RFC 7636 requires of a verifier.
const (
	minSecret   = 22
	minVerifier = 43
)

// UnmarshalSession reads what [Session.Marshal] wrote.
func (p *OAuthProvider) UnmarshalSession(text string) (goth.Session, error) {
	s := &Session{}
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, errors.New("sign-in provider: unreadable session")
	}
	return s, nil
}

// FetchUser returns the user whom the session's Authorize identified.
func (p *OAuthProvider) FetchUser(session goth.Session) (goth.User, error) {
	s, ok := session.(*Session)
	if !ok || s.user == nil {
		return goth.User{}, errors.New("sign-in provider: session is not authorized")
	}
	return *s.user, nil
}

// RefreshToken always fails: tokens are used once, to identify the person, and not
// stored.
func (p *OAuthProvider) RefreshToken(string) (*oauth2.Token, error) {
	return nil, errors.New("sign-in provider: no refresh tokens are kept")
}

// RefreshTokenAvailable returns false.
func (p *OAuthProvider) RefreshTokenAvailable() bool { return false }

// GetAuthURL returns the URL at the provider.
func (s *Session) GetAuthURL() (string, error) {
	if s.AuthURL == "" {
		return "", errors.New(goth.NoAuthUrlErrorMessage)
	}
	return s.AuthURL, nil
}

// Marshal returns the session as JSON, including its secrets.
func (s *Session) Marshal() string {
	text, _ := json.Marshal(s) // these types always marshal
	return string(text)
}

// Authorize verifies the provider's answer and identifies the user. Unlike goth's own
// providers it returns no access token, because nothing needs one afterwards.
func (s *Session) Authorize(provider goth.Provider, answer goth.Params) (string, error) {
	p, ok := provider.(*OAuthProvider)
	if !ok {
		return "", errors.New("sign-in provider: session of another provider")
	}
	within, cancel := p.requestContext(cmp.Or(s.ctx, context.Background()))
	defer cancel()
	user, err := p.authorize(within, answer, s.Challenge)
	if err != nil {
		return "", providerError(p.name, err)
	}
	user.Provider = p.name
	s.user = &user
	return "", nil
}

func (p *OAuthProvider) authorize(ctx context.Context, answer goth.Params, c Challenge) (goth.User, error) {
	code, err := codeFrom(answer, c)
	if err != nil {
		return goth.User{}, err
	}
	config, _, err := p.prepare(ctx, c)
	if err != nil {
		return goth.User{}, err
	}
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(c.Verifier))
	if err != nil {
		return goth.User{}, exchangeError(err)
	}
	user, err := p.identify(ctx, token, c, answer)
	if err != nil {
		return goth.User{}, err
	}
	if user.UserID == "" || len(user.UserID) > maxSubject {
		return goth.User{}, refusal("no usable subject")
	}
	return user, nil
}

// maxSubject is OpenID Connect's limit for a subject, in characters.
const maxSubject = 255

// codeFrom returns the code of an answer that matches the challenge. It refuses repeated
// parameters, which attackers use to find out which one is read.
func codeFrom(answer goth.Params, c Challenge) (string, error) {
	if values, ok := answer.(url.Values); ok {
		for _, name := range []string{"code", "state", "iss"} {
			if len(values[name]) > 1 {
				return "", refusal(name + " given twice")
			}
		}
	}
	if len(c.State) < minSecret || !equalSecrets(answer.Get("state"), c.State) {
		return "", refusal("wrong state")
	}
	if failure := answer.Get("error"); failure != "" {
		return "", refusal("the provider declined")
	}
	code := answer.Get("code")
	if code == "" || len(code) > 4096 {
		return "", refusal("no code")
	}
	return code, nil
}

func equalSecrets(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// refusal is the reason why a provider's answer is invalid. Its text holds nothing from
// the answer. It wraps [ErrProviderRefused].
type refusal string

func (e refusal) Error() string { return ErrProviderRefused.Error() + ": " + string(e) }
func (e refusal) Unwrap() error { return ErrProviderRefused }
