package storetest

import (
	"encoding/hex"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Traces lists the tables with a row that contains the text in any column, as text or
// as bytes. It searches every table, the queue's too, so that it covers new ones.
func Traces(t testing.TB, text string) (found []string) {
	t.Helper()
	conn := Admin(t)
	rows, err := conn.Query(t.Context(), `
select table_schema, table_name
from information_schema.tables
where table_schema not in ('pg_catalog', 'information_schema')
  and table_type = 'BASE TABLE'
order by 1, 2`)
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Schema, Name string }])
	check(t, err)
	for _, table := range tables {
		name := pgx.Identifier{table.Schema, table.Name}.Sanitize()
		var has bool
		check(t, conn.QueryRow(t.Context(), `
select exists (select from `+name+` x where position(lower($1) in lower((x.*)::text)) > 0 or position($2 in (x.*)::text) > 0)`,
			text, hex.EncodeToString([]byte(text))).Scan(&has))
		if has {
			found = append(found, table.Name)
		}
	}
	return found
}
