package main

import (
	"context"

	"portico/e2e/sample"
	"portico/e2e/stack"
)

// loadSample fills a new database.
func loadSample(ctx context.Context, s *stack.Stack) error {
	config, err := sample.ConfigOf(s.Env())
	if err != nil {
		return err
	}
	return sample.Load(ctx, config)
}
