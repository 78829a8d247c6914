package handlers_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"portico/store"
	"portico/views"
)

const auditEventsHead = `# Events of the audit trail

What a tenant's trail can say, by kind. A verb stays as it is once it was released, because it is sealed ([audit.md](audit.md)).
"…" stands for the target. A client's people read what their own people and support did, all that begins with ` + "`support.`" + `, and
` + "`version.published`" + `. ` + "`handlers/audit_events_test.go`" + ` keeps this list complete; it writes it with

    PORTICO_REVIEWED=1 go test ./handlers -run TestAuditEventsAreAsReviewed

`

// The document lists every verb that the code can write, with the words of the activity page.
func TestAuditEventsAreAsReviewed(t *testing.T) {
	t.Parallel()
	const file = "../docs/audit-events.md"
	var doc strings.Builder
	doc.WriteString(auditEventsHead)
	verbs := store.Verbs()
	for _, kind := range slices.Sorted(maps.Keys(verbs)) {
		if len(verbs[kind]) == 0 {
			continue
		}
		fmt.Fprintf(&doc, "## %s\n\n| Verb | Who did it |\n|---|---|\n", kind)
		for _, verb := range slices.Sorted(slices.Values(verbs[kind])) {
			said := views.TrailSentence(verb, true, "…")
			fmt.Fprintf(&doc, "| `%s` | %s |\n", verb, strings.Join(strings.Fields(said.Before+" "+said.Target+" "+said.After), " "))
		}
		doc.WriteString("\n")
	}
	want := strings.TrimSuffix(doc.String(), "\n")
	if os.Getenv("PORTICO_REVIEWED") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s doesn't list the verbs as they are:\n%s", file, difference(string(got), want))
	}
}
