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
