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

// maxAnswer is the largest answer of a provider, in bytes. Key sets and profiles are a
// few kB.
const maxAnswer = 1 << 20

// newProviderClient returns the HTTP client for all requests to a provider. No request
// takes longer than limit. It follows no redirects, which could carry a code or a token
// to another host.
func newProviderClient(limit time.Duration) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{
		Transport:     boundedTransport{transport},
		Timeout:       limit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// boundedTransport reads whole answers up to maxAnswer and turns failures into
// unavailableError. It does so here because the libraries above drop that information.
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

// isUnavailable reports whether a status means that the provider is unavailable. For
// metadata, keys and profiles that is any error; the token endpoint, the only one we
// POST to, also answers errors when it refuses a code.
func isUnavailable(method string, status int) bool {
	if method == http.MethodPost {
		return status >= 500 || status == http.StatusTooManyRequests || status/100 == 3
	}
	return status != http.StatusOK
}

// unavailableError is the error of a provider that did not answer.
type unavailableError struct{ cause error }

func (e unavailableError) Error() string { return e.cause.Error() }
func (e unavailableError) Unwrap() error { return e.cause }

// clientFaults are errors of the token endpoint that concern our configuration and not
// the person. Nobody can sign in until the operator fixes it.
var clientFaults = []string{
	"invalid_client", "unauthorized_client", "incorrect_client_credentials", "redirect_uri_mismatch",
}

// clientError is one of the clientFaults.
type clientError string

func (e clientError) Error() string { return "it refuses our client: " + string(e) }

// exchangeError classifies an error of the token endpoint by its code. It drops the
// text, which may quote secrets.
func exchangeError(err error) error {
	var refused *oauth2.RetrieveError
	switch {
	case isUnreachable(err):
		return err
	case errors.As(err, &refused) && slices.Contains(clientFaults, refused.ErrorCode):
		return unavailableError{clientError(refused.ErrorCode)}
	case errors.As(err, &refused):
		return refusal("the token endpoint refused the code")
	default:
		return refusal("unreadable answer from the token endpoint")
	}
}

func isUnreachable(err error) bool {
	var unavailable unavailableError
	return errors.As(err, &unavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// providerError turns any error into [ErrProviderRefused] or [ErrProviderUnavailable],
// with the provider's name and a cause without URLs, which can hold codes.
func providerError(name string, err error) error {
	var unavailable unavailableError
	switch {
	case errors.Is(err, ErrProviderRefused):
		return fmt.Errorf("%s: %w", name, err)
	case errors.As(err, &unavailable):
		return fmt.Errorf("%s: %w: %w", name, ErrProviderUnavailable, stripURL(unavailable.cause))
	case isUnreachable(err):
		return fmt.Errorf("%s: %w: timeout", name, ErrProviderUnavailable)
	default:
		return fmt.Errorf("%s: %w: %w", name, ErrProviderRefused, stripURL(err))
	}
}

// stripURL removes the URL from an error of the HTTP client.
func stripURL(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
