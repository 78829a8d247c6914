package signin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/oauth2"
)

// maxAnswer is how much a provider may say at once. Key sets and profiles are a
// few kB.
const maxAnswer = 1 << 20

// newProviderClient is the only way out to a provider. Nothing it does takes
// longer than limit, and it goes where it was told: a redirect would carry a code
// or a token somewhere else.
func newProviderClient(limit time.Duration) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{
		Transport:     boundedTransport{transport},
		Timeout:       limit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// boundedTransport reads answers whole, up to maxAnswer, and turns what is no
// answer into unavailableError here, where all libraries above pass by.
type boundedTransport struct{ http.RoundTripper }

func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, unavailableError{err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, unavailableError{err}
	}
	if len(body) > maxAnswer {
		return nil, unavailableError{errors.New("answer too large")}
	}
	if isUnavailable(r.Method, response.StatusCode) {
		return nil, unavailableError{fmt.Errorf("status %d", response.StatusCode)}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// isUnavailable tells answers from failures. Metadata, keys and profiles are there or
// not; only the token endpoint, which is posted to, has something to refuse.
func isUnavailable(method string, status int) bool {
	if method == http.MethodPost {
		return status >= 500 || status == http.StatusTooManyRequests || status/100 == 3
	}
	return status != http.StatusOK
}

// unavailableError is a provider that did not answer.
type unavailableError struct{ cause error }

func (e unavailableError) Error() string { return e.cause.Error() }
func (e unavailableError) Unwrap() error { return e.cause }

// clientFaults are refusals of the token endpoint that are about us and not about
// the person. Nobody can sign in until the operator acts.
var clientFaults = []string{
	"invalid_client", "unauthorized_client", "incorrect_client_credentials", "redirect_uri_mismatch",
}

// clientError is one of them.
type clientError string

func (e clientError) Error() string { return "it refuses our client: " + string(e) }

// exchangeError keeps the code of what the token endpoint said, and not its text,
// which may repeat what it was sent.
func exchangeError(err error) error {
	var refused *oauth2.RetrieveError
	switch {
	case isUnreachable(err):
		return err
	case errors.As(err, &refused) && slices.Contains(clientFaults, refused.ErrorCode):
		return unavailableError{clientError(refused.ErrorCode)}
	case errors.As(err, &refused):
		return refusal("the token endpoint says no")
	default:
		return refusal("unreadable answer of the token endpoint")
	}
}

func isUnreachable(err error) bool {
	var away unavailableError
	return errors.As(err, &away) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// providerError is what leaves this file group: ErrProviderRefused or ErrProviderUnavailable, with
// the provider's name and a cause free of addresses with codes in them.
func providerError(name string, err error) error {
	var away unavailableError
	switch {
	case errors.Is(err, ErrProviderRefused):
		return fmt.Errorf("%s: %w", name, err)
	case errors.As(err, &away):
		return fmt.Errorf("%s: %w: %w", name, ErrProviderUnavailable, plain(away.cause))
	case isUnreachable(err):
		return fmt.Errorf("%s: %w: timeout", name, ErrProviderUnavailable)
	default:
		return fmt.Errorf("%s: %w: %w", name, ErrProviderRefused, plain(err))
	}
}

// plain is an error of the HTTP client without the address it went to.
func plain(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
