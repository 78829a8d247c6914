package adopt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// source is their database, in one transaction that can't write: one state of it, however
// long it takes to read.
type source struct {
	conn *pgx.Conn
	tx   pgx.Tx
}

// openSource connects and begins a read-only transaction, which PostgreSQL doesn't make
// writable once it has read something. The mapping's expressions are the operator's own, but
// a mistake in them must not change anything.
func openSource(ctx context.Context, dsn string) (*source, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("--from is not a PostgreSQL connection string")
	}
	cfg.RuntimeParams["application_name"] = "portico adopt"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, errors.New("cannot connect to their database with --from")
	}
	s := &source{conn: conn}
	if err := s.begin(ctx); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

func (s *source) begin(ctx context.Context) error {
	// A database of encoding SQL_ASCII holds any bytes. They are read as they are, and
	// decoded here.
	if encoding := s.conn.PgConn().ParameterStatus("server_encoding"); encoding == "SQL_ASCII" {
		if _, err := s.conn.Exec(ctx, `set client_encoding = 'SQL_ASCII'`); err != nil {
			return err
		}
	}
	var err error
	if s.tx, err = s.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}); err != nil {
		return err
	}
	_, err = s.tx.Exec(ctx, `select from pg_class limit 1`) // from now on it stays read-only
	return err
}

func (s *source) close(ctx context.Context) { _ = s.conn.Close(context.WithoutCancel(ctx)) }

// sourceRow is one of their rows: its key, its client, and a value for each of our columns.
type sourceRow struct {
	key    *string
	client *string
	values []any // *string, *bool, *int64 or *time.Time
}

// reader reads their rows for one of our tables.
type reader struct {
	table  table
	zone   *time.Location
	rows   pgx.Rows
	zoned  []bool   // columns whose times name their zone
	noZone []string // names of columns whose times don't
}

// read begins to read their rows for one of our tables.
func (s *source) read(ctx context.Context, t table, m *mapped, zone *time.Location) (*reader, error) {
	r := &reader{table: t, zone: zone, zoned: make([]bool, len(t.columns))}
	description, err := s.tx.Prepare(ctx, "", m.sql(t, nil))
	if err != nil {
		return nil, fmt.Errorf("[%s]: %w", t.name, err)
	}
	for i, c := range t.columns {
		if c.kind != moment || m.Columns[c.name] == "" {
			continue
		}
		switch oid := description.Fields[i+2].DataTypeOID; oid {
		case pgtype.TimestamptzOID:
			r.zoned[i] = true
		case pgtype.TimestampOID, pgtype.DateOID:
			r.noZone = append(r.noZone, c.name)
		default:
			return nil, fmt.Errorf("[%s.columns] %s is no time: convert it, such as with to_timestamp(…, 'DD.MM.YYYY')", t.name, c.name)
		}
	}
	if r.rows, err = s.tx.Query(ctx, m.sql(t, r.zoned)); err != nil {
		return nil, fmt.Errorf("[%s]: %w", t.name, err)
	}
	return r, nil
}

// sql is the query for the rows of a table. With zoned nil it only finds the types of times.
func (m *mapped) sql(t table, zoned []bool) string {
	client := m.Client
	if client == "" {
		client = "null"
	}
	sql := "select (" + m.Key + ")::text, (" + client + ")::text"
	for i, c := range t.columns {
		sql += ",\n       " + m.expression(c, zoned, i) + " as " + c.name
	}
	sql += "\nfrom " + m.From
	if m.Where != "" {
		sql += "\nwhere " + m.Where
	}
	return sql
}

func (m *mapped) expression(c column, zoned []bool, i int) string {
	e := m.Columns[c.name]
	if e == "" {
		e = "null"
	}
	switch c.kind {
	case flag:
		return "(" + e + ")::boolean"
	case number:
		return "(" + e + ")::bigint"
	case day:
		return "(" + e + ")::date"
	case moment:
		switch {
		case m.Columns[c.name] == "":
			return "null::timestamptz"
		case zoned == nil:
			return "(" + e + ")"
		case zoned[i]:
			return "case when isfinite(" + e + ") then (" + e + ") end"
		}
		return "case when isfinite(" + e + ") then (" + e + ")::timestamp end"
	}
	return "(" + e + ")::text"
}

// next reads the next row; false is the end, or an error.
func (r *reader) next() (sourceRow, bool, error) {
	var row sourceRow
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return row, false, fmt.Errorf("[%s]: %w", r.table.name, err)
		}
		return row, false, nil
	}
	dst := []any{&row.key, &row.client}
	for _, c := range r.table.columns {
		switch c.kind {
		case flag:
			dst = append(dst, new(*bool))
		case number:
			dst = append(dst, new(*int64))
		case day, moment:
			dst = append(dst, new(*time.Time))
		default:
			dst = append(dst, new(*string))
		}
	}
	if err := r.rows.Scan(dst...); err != nil {
		return row, false, fmt.Errorf("[%s]: %w", r.table.name, err)
	}
	for i, d := range dst[2:] {
		row.values = append(row.values, r.value(i, d))
	}
	return row, true, nil
}

// value is what was scanned, or nil. A time without a zone is one in the mapping's.
func (r *reader) value(i int, scanned any) any {
	switch v := scanned.(type) {
	case **string:
		if *v != nil {
			return **v
		}
	case **bool:
		if *v != nil {
			return **v
		}
	case **int64:
		if *v != nil {
			return **v
		}
	case **time.Time:
		if *v == nil {
			return nil
		}
		at := **v
		if r.table.columns[i].kind == moment && !r.zoned[i] {
			at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), r.zone)
		}
		return at
	}
	return nil
}
