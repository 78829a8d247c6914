package storetest

import (
	"context"
	"testing"

	"portico/e2e/stack"
	"portico/store"
)

// operators are open connections of operators: nearly every test needs one for a moment,
// and connecting takes longer than what they do.
var operators = make(chan *store.Operator, 4)

// Operate runs a deed of the operator, who uses the command line. It returns the deed's
// error.
func Operate(t testing.TB, deed func(context.Context, *store.Operator) error) error {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // the end of one test must not close the connection of the next
	var op *store.Operator
	select {
	case op = <-operators:
	default:
		var err error
		op, err = store.OpenOperator(ctx, server.OwnerURL(stack.DatabaseName))
		check(t, err)
	}
	if err := deed(ctx, op); err != nil {
		op.Close(ctx) // perhaps it is closed already
		return err
	}
	select {
	case operators <- op:
	default:
		op.Close(ctx)
	}
	return nil
}
