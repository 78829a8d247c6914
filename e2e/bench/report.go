package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

func replace(text, what string, by int) string { return strings.ReplaceAll(text, what, fmt.Sprint(by)) }

// report is docs/performance.md.
func report(ctx context.Context, w *world, lines []line) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# How fast Portico is

Written by %smake bench%s on %s, on %s, %s of memory, %s, %s.
PostgreSQL commits durably, with %s of shared buffers. The object store keeps the large file in memory.
A result without a unit is a ratio. Ratios describe Portico. Requests per second describe this machine, which runs server, database and client.
[decisions/0012-bench.md](decisions/0012-bench.md) explains the method.

| | measurement | result | target | |
|---|---|---|---|---|
`, "`", "`", time.Now().UTC().Format(time.DateOnly), processor(), memory(), runtime.Version(), w.postgres(ctx), sharedBuffers)
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", l.letter, l.what, l.measured(), l.targetText(), l.verdict())
	}
	fmt.Fprint(&b, missed(lines))
	fmt.Fprint(&b, "\n## Details\n")
	for _, l := range lines {
		if len(l.notes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n**%s** %s\n\n", l.letter, l.what)
		for _, n := range l.notes {
			fmt.Fprintf(&b, "- %s\n", strings.Join(strings.Fields(n), " "))
		}
	}
	return b.Bytes()
}

// nextIdeas says, by letter, what is known of where the time goes, and what to try next.
// What was tried and left out stands in docs/decisions/0030-price-of-a-page.md.
var nextIdeas = map[string]string{
	"a":  "About half of the processor's time is the database's: it finds session, person, membership and tenant, and compares policies with each row. The one query asks for none of that. Next: one statement that finds the visitor and the list; names of the list sent as plain text.",
	"a2": "As a. A flat table has neither versions, nor files, nor views to join. Next: a draft's numbers on the row of the deliverable, where clients can't see that column.",
	"a3": "As a. The hand-made page has half the bytes and no frame, which is 5 % of ours. Next: leaner rows.",
	"b":  "Each row is compared with two settings of the context. Next: none that keeps the policies the first guard.",
	"c":  "Each request reads other pages of the indexes. Next: an index of the list without the columns that only forms show.",
	"e":  "Next: texts of rarely used pages that are read when they are needed.",
	"f":  "About six tenths of the processor's time are hashes and signatures, which the promise of whole files needs. Next: the checksum of storage alone for parts, and SHA-256 beside the copy.",
	"g":  "The database takes a third more with a thousand memberships. Next: keep the brand on the row that was used last.",
	"h":  "About three quarters of the processor's time are the database's. Each publication counts the tenant's work anew. Next: counters that a deed changes by what it did.",
	"i":  "The page of a deliverable runs nine reads for staff, and the homes count each project's deliverables. Next: counts kept on the row of the project; plan and people only where the form is shown.",
	"k":  "A report finds its key and counts in one statement each; adding up reads each event of the month once. Next: hours that are over and unchanged aren't added up again.",
	"j":  "An index of more levels. Next: none needed below a hundred thousand tenants.",
}

// missed lists what is missed with its next idea, each letter once.
func missed(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		entry := fmt.Sprintf("- **%s** %s\n", l.letter, nextIdeas[l.letter])
		if !l.met() && !strings.Contains(b.String(), entry) {
			b.WriteString(entry)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n## What is missed, and the next idea\n\n" + b.String()
}

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	name := "an unnamed processor"
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			name = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%d cores of %s", runtime.NumCPU(), name)
}

func memory() string {
	info, _ := os.ReadFile("/proc/meminfo")
	var kb int64
	_, _ = fmt.Sscanf(string(info), "MemTotal: %d kB", &kb)
	return fmt.Sprintf("%d GiB", (kb+1<<19)>>20)
}

func (w *world) postgres(ctx context.Context) (version string) {
	_ = w.query(ctx, w.few.name, "show server_version", func(conn *pgx.Conn, sql string) error {
		return conn.QueryRow(ctx, sql).Scan(&version)
	})
	version, _, _ = strings.Cut(version, " ")
	return "PostgreSQL " + version
}
