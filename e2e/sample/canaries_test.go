package sample_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"portico/e2e/sample"
)

// A tenant's words occur in its rows, and not in rows of other tenants or of none.
func TestRowsHoldOnlyTheirTenantsWords(t *testing.T) {
	t.Parallel()
	tables := text(t, `
select format('%I.%I', table_schema, table_name)
from information_schema.columns
where column_name = 'tenant_id' and table_schema in ('public', 'river')
order by 1`)
	for slug := range sample.Canaries {
		id := text(t, `select id::text from tenants where slug = $1`, slug)[0]
		rows := text(t, `select t::text from tenants t where id::text = $1`, id)
		for _, table := range tables {
			rows = append(rows, text(t, fmt.Sprintf(`select (x.*)::text from %s x where tenant_id::text = $1`, table), id)...)
		}
		checkWords(t, slug, slug+"'s rows", []byte(strings.Join(rows, "\n")))
	}
	var nobodys []string
	for _, table := range text(t, `
select format('%I.%I', table_schema, table_name)
from information_schema.tables
where table_schema in ('public', 'river') and table_type = 'BASE TABLE' and table_name <> 'tenants'`) {
		if !strings.Contains(" "+strings.Join(tables, " ")+" ", " "+table+" ") {
			nobodys = append(nobodys, text(t, fmt.Sprintf(`select (x.*)::text from %s x`, table))...)
		}
	}
	checkWords(t, "", "rows without a tenant", []byte(strings.Join(nobodys, "\n")))
}

// Each object contains a word of its tenant and none of another's.
func TestObjectsHoldOnlyTheirTenantsWords(t *testing.T) {
	t.Parallel()
	slugs := map[string]string{}
	for _, line := range text(t, `select id || ' ' || slug from tenants`) {
		id, slug, _ := strings.Cut(line, " ")
		slugs[id] = slug
	}
	for key, content := range stored(t) {
		checkWords(t, slugs[strings.Split(key, "/")[1]], key, content)
	}
}

// checkWords checks that content has the tenant's words and none of another's.
func checkWords(t *testing.T, slug, where string, content []byte) {
	t.Helper()
	lower := bytes.ToLower(content)
	for owner, words := range sample.Canaries {
		for _, word := range words {
			if got, want := bytes.Contains(lower, []byte(word)), owner == slug; got != want {
				t.Errorf("%s: %q is there: %v", where, word, got)
			}
		}
	}
	for owner, words := range sample.TeamOnly {
		for _, word := range words {
			if owner != slug && bytes.Contains(lower, []byte(word)) {
				t.Errorf("%s: %q is there", where, word)
			}
		}
	}
}
