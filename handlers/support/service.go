// Package support handles the routes of the platform's own support: the agents'
// console, access requests, each tenant's support access and ledger, and view as,
// with which staff see a workspace as one of the client's people.
//
// The store decides what a session may do. This package asks the store, shows the
// result, and checks every action of an agent against the installation's [Mode].
package support

import (
	"context"
	"errors"
	"net/http"

	"portico/handlers/frame"
	"portico/handlers/metrics"
	"portico/handlers/web"
	"portico/store"
)

// Mode is what an installation allows its support agents to do.
type Mode string

// On is the zero value. With FourEyes, a second agent must confirm before a session
// may make changes. With Off, there are no sessions except view as.
const (
	On       Mode = ""
	FourEyes Mode = "four-eyes"
	Off      Mode = "off"
)

// ErrOff is returned for an action that the installation has switched off.
var ErrOff = &web.Problem{Status: http.StatusForbidden, Cause: store.ErrForbidden, Sentence: "Support is turned off on this installation."}

var errNoPasskey = &web.Problem{Status: http.StatusForbidden, Sentence: "Add a passkey to your account first. This installation requires one for support agents."}

// Passkeys reports whether an agent must add a passkey before they may start
// anything.
type Passkeys interface {
	MustAddPasskey(context.Context, store.Person) (bool, error)
}

// Config holds what a [Service] uses. Only Mode and Metrics are optional.
type Config struct {
	DB       *store.DB
	Mode     Mode
	Passkeys Passkeys
	Attempts frame.Attempts
	Metrics  *metrics.Recorder // nil records no metrics
}

// Service handles the routes of support. Make one with [New].
type Service struct {
	db       *store.DB
	mode     Mode
	passkeys Passkeys
	attempts frame.Attempts
	metrics  *metrics.Recorder
	exports  *web.KeyedSemaphore // of ledgers, by tenant
}

// New returns a Service. It fails for an unknown mode.
func New(cfg Config) (*Service, error) {
	switch cfg.Mode {
	case On, FourEyes, Off:
	default:
		return nil, errors.New("support: unknown mode " + string(cfg.Mode))
	}
	return &Service{db: cfg.DB, mode: cfg.Mode, passkeys: cfg.Passkeys, attempts: cfg.Attempts, metrics: cfg.Metrics,
		exports: web.NewKeyedSemaphore(1)}, nil
}

// agentHandler handles a request of a support agent.
type agentHandler = func(http.ResponseWriter, *http.Request, store.Person) error

// IfAllowed wraps an agent's handler. It refuses requests while support is off, and
// requests of agents who must add a passkey first.
func (s *Service) IfAllowed(h agentHandler) agentHandler {
	return func(w http.ResponseWriter, r *http.Request, me store.Person) error {
		if s.mode == Off {
			return ErrOff
		}
		mustAdd, err := s.passkeys.MustAddPasskey(r.Context(), me)
		if err != nil {
			return err
		}
		if mustAdd {
			return errNoPasskey
		}
		return h(w, r, me)
	}
}
