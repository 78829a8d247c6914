package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// archiveColumn is a column as archives see it.
type archiveColumn struct {
	Name string
	Key  int32 // its place in the primary key, behind tenant_id; 0 for none
	Text bool
}

// listArchiveColumns reads the columns of a table that archives have. What PostgreSQL computes
// itself is not among them.
const listArchiveColumns = `
select a.attname::text as name,
       coalesce(array_position(i.indkey::int2[], a.attnum), 0)::int as key,
       a.atttypid = 'text'::regtype as text
from pg_attribute a
join pg_index i on i.indrelid = a.attrelid and i.indisprimary
where a.attrelid = to_regclass('public.' || quote_ident(@table))
  and a.attnum > 0
  and not a.attisdropped
  and a.attgenerated = ''
  and a.attname <> 'tenant_id'
  and a.attname <> all (@without::text[])
order by a.attnum`

// without are the columns of the table that no archive has, never nil: PostgreSQL compares with
// all of them.
func (t TenantTable) without() []string {
	return slices.Concat([]string{}, slices.Sorted(maps.Keys(t.Derived)), t.Secret, []string{"tenant_id"})
}

func (t TenantTable) columnArgs() pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"table": t.Name, "without": t.without()}
}

func columnNames(columns []archiveColumn) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// linesOf selects the rows of a table as the lines of its entry in an archive: one JSON object
// each, with those columns in that order, ordered by the primary key. The same rows are the same
// lines in every database whose session has the settings of lineSettings.
func linesOf(t TenantTable, columns []archiveColumn) string {
	where := ""
	if t.Where != "" {
		where = "\n  and (" + t.Where + ")"
	}
	return fmt.Sprintf(`
select row_to_json(r)::text as line
from (
    select %s
    from %s
    where tenant_id = @tenant_id%s%s
) r`, quoteAll(columnNames(columns)), quote(t.Name), where, orderOf(columns))
}

// lineSettings make a row's line the same in every session.
const lineSettings = `set local timezone = 'UTC'; set local bytea_output = 'hex'; set local extra_float_digits = 1`

func orderOf(columns []archiveColumn) string {
	key := slices.DeleteFunc(slices.Clone(columns), func(c archiveColumn) bool { return c.Key == 0 })
	slices.SortFunc(key, func(a, b archiveColumn) int { return int(a.Key - b.Key) })
	var order []string
	for _, c := range key {
		by := quote(c.Name)
		if c.Text {
			by += ` collate "C"`
		}
		order = append(order, by)
	}
	if len(order) == 0 {
		return ""
	}
	return "\n    order by " + strings.Join(order, ", ")
}

// objectLines selects what the rows of all tables have in object storage, the same bytes next
// to each other.
func objectLines() string {
	var of []string
	for _, t := range Manifest.Tenant {
		for _, o := range t.Objects {
			of = append(of, fmt.Sprintf(`
    select '%s' as kind, %s as id, %s::bigint as size, encode(%s, 'hex') as sha256
    from %s
    where tenant_id = @tenant_id
      and %s`, o.Kind, quote(o.ID), quote(o.Size), quote(o.SHA256), quote(t.Name), o.Where))
		}
	}
	return `
select row_to_json(o)::text as line
from (` + strings.Join(of, "\n    union all") + `
    order by sha256, kind, id
) o`
}

// quote returns a name as an identifier.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	return strings.Join(quoted, ", ")
}
