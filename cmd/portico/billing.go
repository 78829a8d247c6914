package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"portico/store"
)

const billingDoes = "Compares what Stripe's meters counted and what it says of subscriptions with what Portico knows, for each\n" +
	"agency, and names each difference. It changes nothing at Stripe; the trail of the agency gets each difference once.\n" +
	"Exits with 0 if there is none. It reads the environment of serve."

func (p program) billing(ctx context.Context, args []string) error {
	verb, args, err := p.verb("billing", args, "check")
	if verb == "" {
		return err
	}
	if help, err := p.parse(p.flags("billing check", billingDoes), args); help || err != nil {
		return err
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer in.close(ctx)
	if in.stripe == nil {
		return errors.New("BILLING is off, so there is nothing to compare")
	}
	differences := 0
	agencies, err := in.runner.CheckBilling(ctx, func(agency uuid.UUID, d store.BillingDifference) {
		differences++
		fmt.Fprintf(p.stdout, "%s  %s\n", agency, d)
	})
	if err != nil {
		return fmt.Errorf("billing check: %w", err)
	}
	fmt.Fprintf(p.stdout, "%d agencies compared, %d differences\n", agencies, differences)
	if differences > 0 {
		return fmt.Errorf("%d differences", differences)
	}
	return nil
}
