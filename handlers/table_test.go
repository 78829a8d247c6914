package handlers_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"portico/handlers"
)

// reviewed is the route table as people have reviewed it. A test that read its
// expectations from the table itself would accept any change.
const reviewed = "testdata/routes.txt"

// The access rules of all routes are as reviewed, so a change of routes.go shows up in a
// second file of the same change.
func TestRouteTableIsAsReviewed(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, r := range new(handlers.Server).Routes() {
		support := string(r.Support)
		if support == "" {
			support = "refused"
		}
		limit := ""
		if r.PerMinute > 0 {
			limit = fmt.Sprintf(", %d a minute", r.PerMinute)
		}
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%-62s %-10s %-14s support %s", r.Pattern(), r.Who, r.Needs, support+limit+everyHost(r)+agencyOnly(r)+billed(r)), " "))
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	if os.Getenv("PORTICO_REVIEWED") != "" {
		if err := os.WriteFile(reviewed, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(reviewed)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("handlers/routes.go is not what handlers/testdata/routes.txt says was reviewed.\n"+
			"Look at the difference; if it is meant, run PORTICO_REVIEWED=1 go test ./store ./handlers -run AsReviewed\n%s", difference(string(want), got))
	}
}

func everyHost(r handlers.Route) string {
	if r.EveryHost {
		return " on every host"
	}
	return ""
}

func agencyOnly(r handlers.Route) string {
	if r.Agency {
		return " in agencies alone"
	}
	return ""
}

func billed(r handlers.Route) (says string) {
	if r.Billing {
		says += " with BILLING=stripe"
	}
	if r.DespiteUnpaid {
		says += " despite an open invoice"
	}
	return says
}

func difference(want, got string) string {
	var b strings.Builder
	was, is := strings.Split(want, "\n"), strings.Split(got, "\n")
	for _, line := range was {
		if !slices.Contains(is, line) {
			b.WriteString("- " + line + "\n")
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			b.WriteString("+ " + line + "\n")
		}
	}
	return b.String()
}
