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

// Session is one sign-in under way, in goth's terms. It holds the secrets of its
// challenge: when marshalled it must stay secret, from the browser too.
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

// Debug does nothing: there is nothing of a sign-in that may be printed.
func (p *OAuthProvider) Debug(bool) {}

// BeginAuth begins a sign-in with that state, which must be random and ours. The
// nonce and the verifier are made here.
func (p *OAuthProvider) BeginAuth(state string) (goth.Session, error) {
	return p.begin(context.Background(), Challenge{State: state, Nonce: randomText(), Verifier: randomText()})
}

func (p *OAuthProvider) begin(ctx context.Context, c Challenge) (*Session, error) {
	if len(c.State) < minSecret || len(c.Nonce) < minSecret || len(c.Verifier) < minVerifier {
		return nil, errors.New("sign-in provider: challenge too short")
	}
	within, cancel := p.within(ctx)
	defer cancel()
	config, options, err := p.prepare(within, c)
	if err != nil {
		return nil, providerError(p.name, err)
	}
	options = append(options, oauth2.S256ChallengeOption(c.Verifier))
	return &Session{AuthURL: config.AuthCodeURL(c.State, options...), Challenge: c, ctx: ctx}, nil
}

// The least length of secrets in a challenge, in characters: 128 bits in base64,
// and what RFC 7636 asks of a verifier.
const (
	minSecret   = 22
	minVerifier = 43
)

// UnmarshalSession reads back what [Session.Marshal] wrote.
func (p *OAuthProvider) UnmarshalSession(text string) (goth.Session, error) {
	s := &Session{}
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, errors.New("sign-in provider: unreadable session")
	}
	return s, nil
}

// FetchUser returns who the session's Authorize found.
func (p *OAuthProvider) FetchUser(session goth.Session) (goth.User, error) {
	s, ok := session.(*Session)
	if !ok || s.user == nil {
		return goth.User{}, errors.New("sign-in provider: session is not authorized")
	}
	return *s.user, nil
}

// RefreshToken is refused: tokens are used once, to learn who somebody is, and
// not kept.
func (p *OAuthProvider) RefreshToken(string) (*oauth2.Token, error) {
	return nil, errors.New("sign-in provider: no refresh tokens are kept")
}

// RefreshTokenAvailable is false.
func (p *OAuthProvider) RefreshTokenAvailable() bool { return false }

// GetAuthURL is the provider's page.
func (s *Session) GetAuthURL() (string, error) {
	if s.AuthURL == "" {
		return "", errors.New(goth.NoAuthUrlErrorMessage)
	}
	return s.AuthURL, nil
}

// Marshal writes the session down, secrets included.
func (s *Session) Marshal() string {
	text, _ := json.Marshal(s) // strings and a number always can
	return string(text)
}

// Authorize checks the provider's answer and learns whose it is. It returns no
// access token, contrary to goth's custom: nobody needs one afterwards.
func (s *Session) Authorize(provider goth.Provider, answer goth.Params) (string, error) {
	p, ok := provider.(*OAuthProvider)
	if !ok {
		return "", errors.New("sign-in provider: session of another provider")
	}
	within, cancel := p.within(cmp.Or(s.ctx, context.Background()))
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
	code, err := codeOf(answer, c)
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

// maxSubject is OpenID Connect's own limit.
const maxSubject = 255

// codeOf takes the code out of an answer that fits the challenge. A parameter
// given twice is somebody trying which of them is read.
func codeOf(answer goth.Params, c Challenge) (string, error) {
	if values, ok := answer.(url.Values); ok {
		for _, name := range []string{"code", "state", "iss"} {
			if len(values[name]) > 1 {
				return "", refusal(name + " given twice")
			}
		}
	}
	if len(c.State) < minSecret || !same(answer.Get("state"), c.State) {
		return "", refusal("another state")
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

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// refusal is why an answer of a provider proves nothing, in words that hold nothing
// of the answer. It is an [ErrProviderRefused].
type refusal string

func (e refusal) Error() string { return ErrProviderRefused.Error() + ": " + string(e) }
func (e refusal) Unwrap() error { return ErrProviderRefused }
