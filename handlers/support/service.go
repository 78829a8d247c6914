// Package support answers the routes of the platform's own support: the agents'
// console, the access requests, each tenant's consent and ledger, and view as, with
// which staff see a workspace as one of their client's people.
//
// The store decides what a session may do. This room asks for it, shows it, and keeps
// every deed of an agent behind what the installation allows.
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

// Mode is what an installation lets its own support do.
type Mode string

// On is the zero value. With FourEyes a second agent confirms before a session may
// change anything. With Off there are no sessions at all, except view as.
const (
	On       Mode = ""
	FourEyes Mode = "four-eyes"
	Off      Mode = "off"
)

// ErrOff refuses what an installation has switched off.
var ErrOff = &web.Problem{Status: http.StatusForbidden, Sentence: "Support is turned off on this installation."}

var errNoPasskey = &web.Problem{Status: http.StatusForbidden, Sentence: "Add a passkey to your account first. This installation requires one for support agents."}

// Passkeys reports whether an agent must add a passkey before they may start
// anything.
type Passkeys interface {
	MustAddPasskey(context.Context, store.Person) (bool, error)
}

// Config is what a [Service] is made of. All but Mode and Metrics is needed.
type Config struct {
	DB       *store.DB
	Mode     Mode
	Passkeys Passkeys
	Attempts frame.Attempts
	Metrics  *metrics.Recorder // nil counts nothing
}

// Service answers every route of support. Make one with [New].
type Service struct {
	db       *store.DB
	mode     Mode
	passkeys Passkeys
	attempts frame.Attempts
	metrics  *metrics.Recorder
}

// New returns the support of an installation. It fails for an unknown mode.
func New(cfg Config) (*Service, error) {
	switch cfg.Mode {
	case On, FourEyes, Off:
	default:
		return nil, errors.New("support: unknown mode " + string(cfg.Mode))
	}
	return &Service{db: cfg.DB, mode: cfg.Mode, passkeys: cfg.Passkeys, attempts: cfg.Attempts, metrics: cfg.Metrics}, nil
}

// agentHandler answers a request of a support agent.
type agentHandler = func(http.ResponseWriter, *http.Request, store.Person) error

// IfAllowed refuses what an agent does where support is switched off, and of an
// agent who has to add a passkey first.
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
