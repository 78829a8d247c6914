package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"portico/store"
	"portico/store/queue"
)

// databaseDoctor looks at a database that answers.
type databaseDoctor struct {
	ctx context.Context
	e   *store.Inspector
}

// unread is a question that the database would not answer.
func unread(check string) []finding {
	return []finding{{check, ill, "The database does not let us look.", "Run portico migrate as portico_owner, and see what PostgreSQL logs."}}
}

func (d databaseDoctor) role() []finding {
	can, err := d.e.Role(d.ctx)
	if err != nil {
		return unread("role")
	}
	var findings []finding
	for _, says := range can {
		findings = append(findings, finding{"role", ill, "The role of DATABASE_URL " + says + ".",
			"Connect as portico_app, and run portico bootstrap again, which takes from it what it must not have."})
	}
	if len(findings) == 0 {
		return []finding{{"role", well, "The role of DATABASE_URL cannot step around row level security.", ""}}
	}
	return findings
}

func (d databaseDoctor) schema() []finding {
	s, err := d.e.Schema(d.ctx)
	switch {
	case err != nil:
		return unread("migrations")
	case len(s.Unknown) > 0:
		return []finding{{"migrations", ill, fmt.Sprintf("The schema has migrations that this program does not know: %v.", s.Unknown),
			"Install the version of Portico that made them, or a newer one."}}
	case !s.UpToDate():
		return []finding{{"migrations", ill, behind(s), "Run portico migrate."}}
	}
	return []finding{{"migrations", well, "The schema is up to date.", ""}}
}

func behind(s store.SchemaState) string {
	switch {
	case len(s.Missing) > 0:
		return fmt.Sprintf("The schema lacks migrations %v.", s.Missing)
	case s.Lookup:
		return "The functions of schema lookup are those of another version."
	}
	return "The tables of the queue are those of an older version."
}

func (d databaseDoctor) boundary() []finding {
	found, err := d.e.Catalog(d.ctx)
	if err != nil {
		return unread("boundary")
	}
	var findings []finding
	for _, f := range found {
		findings = append(findings, finding{"boundary", ill, inWords(f.String()),
			"Somebody changed the database by hand: put this back as the migrations make it, and ask what could be seen meanwhile."})
	}
	if len(findings) == 0 {
		return []finding{{"boundary", well, "Every table, policy, key, role and function is as it must be.", ""}}
	}
	return findings
}

// patienceOf is how long a due job may wait; somebody sits in front of an urgent one.
func patienceOf(name string) time.Duration {
	if name == queue.Urgent {
		return time.Minute
	}
	return 10 * time.Minute
}

func (d databaseDoctor) queue() []finding {
	h, err := d.e.Queue(d.ctx)
	if err != nil {
		return unread("queue")
	}
	var findings []finding
	for _, name := range slices.Sorted(maps.Keys(h.Waiting)) {
		wait := h.Waiting[name].Truncate(time.Minute)
		switch {
		case h.Waiting[name] <= patienceOf(name):
		case h.Worked:
			findings = append(findings, finding{"queue", ill, fmt.Sprintf("The oldest job in queue %s has waited %s, though somebody works.", name, wait),
				"Start one more portico work, and see in the log what holds the others up."})
		default:
			findings = append(findings, finding{"queue", ill, fmt.Sprintf("The oldest job in queue %s has waited %s, and nobody works.", name, wait),
				"Start portico serve, or portico work."})
		}
	}
	if len(findings) > 0 {
		return findings
	}
	says := "Nothing waits for long"
	if !h.Worked {
		says = "Nothing waits, and nobody works at the moment"
	}
	if h.Refused > 0 {
		says += fmt.Sprintf("; %d jobs were refused in the last day, see job_refusals", h.Refused)
	}
	return []finding{{"queue", well, says + ".", ""}}
}
