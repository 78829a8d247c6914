package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/markbates/goth"
	"github.com/markbates/goth/providers/github"
	"golang.org/x/oauth2"
)

const gitHubIssuer = "https://github.com"

// gitHubIdentifier uses goth's GitHub provider to read the profile. State, PKCE and the
// person's address are our own code: goth's flow has no verifier and trusts the address
// in the public profile, which is not verified.
type gitHubIdentifier struct {
	profile *github.Provider
	config  oauth2.Config
	emails  string
}

func newGitHubIdentifier(c ProviderConfig) *gitHubIdentifier {
	host := strings.TrimSuffix(cmp.Or(c.Issuer, gitHubIssuer), "/")
	api := "https://api.github.com"
	if host != gitHubIssuer {
		api = host + "/api/v3" // GitHub Enterprise Server
	}
	g := &gitHubIdentifier{emails: api + "/user/emails", config: oauth2.Config{
		ClientID:     c.ClientID,
		ClientSecret: c.ClientSecret,
		RedirectURL:  c.RedirectURL,
		Scopes:       []string{"user:email"},
		Endpoint: oauth2.Endpoint{
			AuthURL:   host + "/login/oauth/authorize",
			TokenURL:  host + "/login/oauth/access_token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}}
	// Without a scope: with one, goth would fetch the address itself.
	g.profile = github.NewCustomisedURL(c.ClientID, c.ClientSecret, c.RedirectURL,
		g.config.Endpoint.AuthURL, g.config.Endpoint.TokenURL, api+"/user", g.emails)
	return g
}

func (g *gitHubIdentifier) prepare(_ context.Context, c Challenge) (oauth2.Config, []oauth2.AuthCodeOption, error) {
	if !c.SignedInSince.IsZero() {
		return oauth2.Config{}, nil, errNoAuthTime
	}
	if c.SelectAccount {
		return g.config, []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("prompt", "select_account")}, nil
	}
	return g.config, nil, nil
}

func (g *gitHubIdentifier) stepsUp() bool { return false }

func (g *gitHubIdentifier) identify(
	ctx context.Context, token *oauth2.Token, _ Challenge, _ goth.Params,
) (goth.User, error) {
	client := ctx.Value(oauth2.HTTPClient).(*http.Client)
	profile := *g.profile
	profile.HTTPClient = &http.Client{
		Transport:     contextTransport{client.Transport, ctx},
		CheckRedirect: client.CheckRedirect,
	}
	user, err := profile.FetchUser(&github.Session{AccessToken: token.AccessToken})
	if err != nil {
		return goth.User{}, err
	}
	if n, err := strconv.ParseInt(user.UserID, 10, 64); err != nil || n <= 0 {
		return goth.User{}, refusal("no numeric id") // a name can pass to another person, an id can't
	}
	email, err := g.primaryEmail(ctx, client, token)
	if err != nil {
		return goth.User{}, err
	}
	return goth.User{UserID: user.UserID, Email: email, Name: cmp.Or(user.Name, user.NickName), NickName: user.NickName}, nil
}

// primaryEmail returns the primary address if it is verified, else "".
func (g *gitHubIdentifier) primaryEmail(ctx context.Context, client *http.Client, token *oauth2.Token) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.emails, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("Authorization", "Bearer "+token.AccessToken)
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var addresses []struct {
		Email             string
		Primary, Verified bool
	}
	if err := json.NewDecoder(response.Body).Decode(&addresses); err != nil {
		return "", unavailableError{errors.New("unreadable list of addresses")}
	}
	for _, a := range addresses {
		if a.Primary && a.Verified {
			return a.Email, nil
		}
	}
	return "", nil
}

// contextTransport adds a context to requests, because goth's have none.
type contextTransport struct {
	http.RoundTripper
	ctx context.Context
}

func (t contextTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.RoundTripper.RoundTrip(r.WithContext(t.ctx))
}
