package main

import (
	"context"

	"portico/e2e/stack"
)

// loadSample fills a new database. An empty one is all there is until a
// package of sample data exists; this is the place that calls it.
func loadSample(context.Context, *stack.Stack) error { return nil }
