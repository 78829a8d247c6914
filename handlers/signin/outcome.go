package signin

import (
	"errors"
	"net/http"

	"portico/handlers/web"
	"portico/store"
)

// Ways to sign in that are no provider, as they are counted.
const (
	byCode          = "code"
	byLink          = "link"
	byStepUp        = "step_up"
	byPasskey       = "passkey"
	byPasskeyStepUp = "passkey_step_up"
	// One for all providers, which are told apart by how they sign people in.
	byProviderStepUp = "provider_step_up"
)

// outcome is what the operator's numbers say of a proof.
func outcome(err error) string {
	var wrong store.WrongCodeError
	var over store.EndedError
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &wrong):
		return "wrong"
	case errors.As(err, &over), errors.Is(err, store.ErrNotFound):
		return "over"
	case web.HasStatus(err, http.StatusTooManyRequests):
		return "too_many"
	case errors.Is(err, ErrProviderUnavailable), errors.Is(err, store.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, ErrProviderRefused), errors.Is(err, store.ErrCloned), errors.Is(err, store.ErrForbidden):
		return "refused"
	}
	return "failed"
}
