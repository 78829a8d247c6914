package stack

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"syscall"
	"time"
)

// Stripe is stripe-mock on loopback: it checks requests against Stripe's own description
// of its API and answers with fixed examples. It remembers nothing and sends no webhooks.
type Stripe struct {
	port int
	proc *process
}

// StartStripe starts stripe-mock. It runs until Stop, the end of ctx, or the end of this
// process.
func StartStripe(ctx context.Context) (*Stripe, error) {
	program, err := Tool("stripe-mock")
	if err != nil {
		return nil, err
	}
	s := &Stripe{}
	err = onFreePort(0, func(port int) error {
		s.port = port
		// It always speaks HTTPS too, and of that port there would be one on a machine.
		cmd := exec.Command(program, "-http-addr", loopback(port), "-https-addr", "127.0.0.1:", "-strict-version-check=false")
		cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin"}
		if s.proc, err = startProcess(cmd, syscall.SIGTERM, nil); err != nil {
			return err
		}
		if err := s.proc.await(ctx, 30*time.Second, s.ping); err != nil {
			_ = s.proc.stop(syscall.SIGKILL, time.Second)
			return err
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("stripe-mock: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = s.Stop() })
	return s, nil
}

// ping returns an error unless the mock answers. Without a key it refuses, and that is an
// answer.
func (s *Stripe) ping(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/v1/prices/price_1", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// URL is the address of its API.
func (s *Stripe) URL() string { return "http://" + loopback(s.port) }

// Stop ends the mock.
func (s *Stripe) Stop() error { return s.proc.stop(syscall.SIGTERM, 5*time.Second) }
