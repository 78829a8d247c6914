package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"portico/store"
	"portico/store/queue"
)

// hourlyProofs tries each claim that the installation proves of itself and records whether
// it held. What contradicts one goes to the log, for the operators: it names tables, roles
// and functions, and never a tenant.
func (r *Runner) hourlyProofs(ctx context.Context, _ queue.HourlyProofs) error {
	isolation, err := r.db.ProveIsolation(ctx)
	if err == nil {
		err = r.recordProof(ctx, store.ClaimIsolation, isolation)
	}
	sessions, tried := r.db.ProveSupport(ctx)
	if tried == nil {
		var wrong []string
		if sessions > 0 {
			wrong = append(wrong, fmt.Sprintf("%d support sessions began without consent in force", sessions))
		}
		tried = r.recordProof(ctx, store.ClaimSupport, wrong)
	}
	return errors.Join(err, tried)
}

func (r *Runner) recordProof(ctx context.Context, c store.Claim, wrong []string) error {
	for _, w := range wrong {
		r.log.LogAttrs(ctx, slog.LevelError, "a claim of the trust page doesn't hold", slog.String("claim", string(c)), slog.String("why", w), slog.Bool("alert", true))
	}
	return r.db.RecordProof(ctx, c, len(wrong) == 0)
}
