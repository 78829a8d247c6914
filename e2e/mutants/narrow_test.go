package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each condition of a function is found whole, with what takes it away. A stricter
// refusal is none.
func TestConditionsAreFound(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		"select 1 from t where a = 1 and b = 'x and y' order by c":          {"a = 1 => true", "b = 'x and y' => true"},
		"select 1 from t where a between 1 and 2 and b":                     {"a between 1 and 2 => true", "b => true"},
		"select 1 where exists (select from t where x or y) and z":          {"exists (select from t where x or y) => true", "x => true", "z => true"},
		"if a or b then return; end if; update t set c = 1 where d;":        {"a => false", "b => false", "d => true"},
		"if a and b then return null; end if;":                              {"a and b => false"},
		"if a then x := 1; end if;":                                         nil,
		"-- where nothing\nselect case when a and b then 1 else 2 end":      {"a and b => false"},
		"select left(a, 2) from t left join u on u.x = t.x and u.y where z": {"u.x = t.x => true", "u.y => true", "z => true"},
		"delete from t where a returning 1":                                 {"a => true"},
		"select 1 from t where a for update":                                {"a => true", "for update => "},
		// A verdict is lost when its condition never holds, each alternative apart.
		"why := case when a or b then 'no_grant' when c and d then 'busy' end;": {"a => false", "b => false", "c and d => false"},
		"select case when not exists (select from t where a) then 'gone' end":   {"not exists (select from t where a) => false", "a => true"},
		// A condition that lets something through is lost when it always holds.
		"why := case when a between 1 and 2 and b then case when c then 'no' end else 'bad' end;": {"a between 1 and 2 => true", "b => true", "c => false"},
		"select case when a and b then t.kind end from t":                                         {"a => true", "b => true"},
		"select case when a then t.x when b then t.y end from t":                                  {"a => false", "b => false"},
		"select case k when 'a' then 'b' else 'c' end from t where d":                             {"d => true"},
		"return a is not null and b = 'x' and (c or d);":                                          {"a is not null => true", "b = 'x' => true", "(c or d) => true"},
		"return (select a = 1 and b from t left join u on u.id = t.id where c);":                  {"a = 1 => true", "b => true", "u.id = t.id => true", "c => true"},
		"select a, b from t cross join u where c is distinct from d and e":                        {"c is distinct from d => true", "e => true"},
		"perform 1 from t where a for no key update; select 1 from t for share of t skip locked;": {"a => true", "for no key update => ", "for share of t skip locked => "},
		"for o in select 1 from t where a loop continue when b; end loop;":                        {"a => true"},
		"if coalesce(f(a, b), '') not in ('x') then return; end if;":                              {"coalesce(f(a, b), '') not in ('x') => false", "coalesce(f(a, b), '') => (f(a, b))"},
		"return (select coalesce((select a from t), false));":                                     {"coalesce((select a from t), false) => ((select a from t))"},
		"select coalesce(a, 'none') from t where coalesce(b, now()) > c":                          {"coalesce(b, now()) > c => true"},
		"insert into t values (1) on conflict (a) do update set b = 1 where t.c":                  {"t.c => true"},
		"select 1 where a and case when b then c else d end and e":                                {"a => true", "case when b then c else d end => true", "b => false", "e => true"},
		"if a then x := 1; elsif b then return; end if;":                                          {"b => false"},
	} {
		var got []string
		for _, c := range conditions(body) {
			got = append(got, strings.TrimSpace(body[c.from:c.to])+" => "+c.instead)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// Every file of narrow functions has tests, and conditions are found in it.
func TestNarrowFunctionsHaveTests(t *testing.T) {
	t.Chdir("../..")
	all, err := narrowMutants(regexp.MustCompile("."))
	if err != nil || len(all) < 900 {
		t.Fatalf("%d conditions, %v", len(all), err)
	}
	for _, m := range all {
		if m.tests == "" {
			t.Errorf("%s has no tests", m.file)
		}
	}
	for name := range moreTests {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}
