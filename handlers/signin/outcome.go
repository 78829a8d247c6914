package signin

import (
	"errors"
	"net/http"

	"portico/handlers/web"
	"portico/store"
)

// Labels of sign-in methods in the metrics, except providers, which have their names.
const (
	byCode          = "code"
	byLink          = "link"
	byStepUp        = "step_up"
	byPasskey       = "passkey"
	byPasskeyStepUp = "passkey_step_up"
	// One label for step-ups at all providers.
	byProviderStepUp = "provider_step_up"
)

// outcome returns the label of a proof's result in the metrics.
func outcome(err error) string {
	var wrong store.WrongCodeError
	var over store.EndedError
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &wrong):
		return "wrong"
	case errors.As(err, &over), errors.Is(err, store.ErrNotFound):
		return "expired"
	case web.HasStatus(err, http.StatusTooManyRequests):
		return "too_many"
	case errors.Is(err, ErrProviderUnavailable), errors.Is(err, store.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, ErrProviderRefused), errors.Is(err, store.ErrCloned), errors.Is(err, store.ErrForbidden):
		return "refused"
	}
	return "failed"
}
