package engine

import "github.com/jackc/pgx/v5"

// Scan reads all rows of one statement.
type Scan func(pgx.Rows) error

// One reads exactly one row into dst; no row is [ErrNotFound].
func One[T any](dst *T) Scan { return exactlyOne(dst, pgx.RowToStructByName[T]) }

// Value reads exactly one row of one column.
func Value[T any](dst *T) Scan { return exactlyOne(dst, pgx.RowTo[T]) }

// Many reads all rows into dst.
func Many[T any](dst *[]T) Scan { return all(dst, pgx.RowToAddrOfStructByName[T]) }

// Rows reads all rows and passes them on.
func Rows[T any](use func([]T)) Scan {
	return func(rows pgx.Rows) error {
		var found []T
		if err := Many(&found)(rows); err != nil {
			return err
		}
		use(found)
		return nil
	}
}

// Column reads all rows of one column into dst.
func Column[T any](dst *[]T) Scan { return all(dst, pgx.RowToAddrOf[T]) }

// Optional reads at most one row into dst; no row makes it nil.
func Optional[T any](dst **T) Scan {
	return func(rows pgx.Rows) error {
		v, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[T])
		if err == nil {
			*dst = nil
			if len(v) > 0 {
				*dst = v[0]
			}
		}
		return err
	}
}

// Row reads the columns of the first row into dst, in order; no row is [ErrNotFound].
func Row(dst ...any) Scan {
	return func(rows pgx.Rows) error {
		_, err := pgx.CollectOneRow(rows, func(row pgx.CollectableRow) (struct{}, error) {
			return struct{}{}, row.Scan(dst...)
		})
		return err
	}
}

// Nothing ignores the result of a statement.
func Nothing(rows pgx.Rows) error {
	rows.Close()
	return rows.Err()
}

func exactlyOne[T any](dst *T, to pgx.RowToFunc[T]) Scan {
	return func(rows pgx.Rows) error {
		v, err := pgx.CollectExactlyOneRow(rows, to)
		if err == nil {
			*dst = v
		}
		return err
	}
}

// all finds once where the columns of a row go, and not anew for each row: that was
// most of the price of reading a list.
func all[T any](dst *[]T, to pgx.RowToFunc[*T]) Scan {
	return func(rows pgx.Rows) error {
		defer rows.Close()
		var row *T
		t := targets{Rows: rows}
		list := []T{}
		for rows.Next() {
			if row == nil {
				var err error
				if row, err = to(&t); err != nil {
					return err
				}
			}
			*row = *new(T)
			if err := rows.Scan(t.columns...); err != nil {
				return err
			}
			list = append(list, *row)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		*dst = list
		return nil
	}
}

// targets is a row that reads nothing and remembers where its columns should go.
type targets struct {
	pgx.Rows
	columns []any
}

// Scan implements [pgx.CollectableRow].
func (t *targets) Scan(dst ...any) error {
	if of, ok := dst[0].(pgx.RowScanner); ok {
		return of.ScanRow(t)
	}
	t.columns = dst
	return nil
}
