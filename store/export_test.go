package store

import "context"

// SlowForTest runs into the statement timeout of its own transaction.
func (tx *Tx) SlowForTest(ctx context.Context) error {
	_, err := tx.tx.Exec(ctx, `set local statement_timeout = '10ms'; select pg_sleep(5)`)
	return err
}
