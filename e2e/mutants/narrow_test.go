package main

import (
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
		"-- where nothing\nselect case when a and b then 1 else 2 end":      {"b => true"},
		"select left(a, 2) from t left join u on u.x = t.x and u.y where z": {"u.y => true", "z => true"},
		"delete from t where a returning 1":                                 {"a => true"},
		"select 1 from t where a for update":                                {"a => true"},
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
	if err != nil || len(all) < 150 {
		t.Fatalf("%d conditions, %v", len(all), err)
	}
	for _, m := range all {
		if m.tests == "" {
			t.Errorf("%s has no tests", m.file)
		}
	}
}
