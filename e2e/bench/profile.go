package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// packageGroups groups processor time by stack frames. The innermost listed frame
// decides, so the runtime's work counts for its caller, except garbage collection.
var packageGroups = []struct{ prefix, room string }{
	{"runtime.gcBgMarkWorker", "garbage collection"},
	{"runtime.gcAssistAlloc", "garbage collection"},
	{"runtime.bgsweep", "garbage collection"},
	{"runtime.bgscavenge", "garbage collection"},
	{"crypto/", "hashes and signatures"},
	{"portico/views", "rendering"},
	{"github.com/a-h/templ", "rendering"},
	{"github.com/jackc/pgx", "database calls"},
	{"portico/store", "our code in store"},
	{"portico/handlers", "our code in handlers"},
	{"portico/files", "our code in files"},
	{"log/slog", "logging"},
	{"github.com/gorilla", "the session cookie"},
	{"github.com/prometheus", "metrics"},
	{"github.com/riverqueue", "job queue"},
	{"github.com/aws", "S3 calls"},
	{"net/http", "net/http"},
}

// profile returns the shares of the product's processor time while fn runs.
func (w *world) profile(ctx context.Context, in installation, fn func() error) ([]string, error) {
	got := make(chan error, 1)
	file := filepath.Join(w.dir, "cpu.pprof")
	go func() {
		b, err := fetch(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", in.admin, w.profileSeconds()))
		if err == nil {
			err = os.WriteFile(file, b, 0o600)
		}
		got <- err
	}()
	if err := fn(); err != nil {
		return nil, err
	}
	if err := <-got; err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", file).Output()
	if err != nil {
		return nil, fmt.Errorf("pprof: %w", err)
	}
	return timeShares(out), nil
}

// shares is where a side's processor time goes, as a note.
func (w *world) shares(ctx context.Context, in installation, conns int, s *side) (string, error) {
	where, err := w.profile(ctx, in, func() error {
		_, err := s.load.closedLoop(ctx, conns, time.Duration(w.profileSeconds())*time.Second)
		return err
	})
	return profileNote(where), err
}

func profileNote(where []string) string { return "Portico's CPU time: " + strings.Join(where, ", ") }

func (w *world) profileSeconds() int {
	if w.short {
		return 2
	}
	return 5
}

// timeShares computes each group's share of the time from pprof's list of stacks: blocks
// after a ruler, the first line with the time, then frame by frame.
func timeShares(traces []byte) []string {
	by := map[string]time.Duration{}
	var all, took time.Duration
	var frames []string
	note := func() {
		if len(frames) > 0 {
			by[groupOf(frames)] += took
			all += took
		}
		frames, took = nil, 0
	}
	lines := bufio.NewScanner(bytes.NewReader(traces))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "-----") {
			note()
			continue
		}
		fields := strings.Fields(lines.Text())
		if len(frames) == 0 && len(fields) >= 2 {
			d, err := time.ParseDuration(fields[0])
			if err != nil {
				continue
			}
			took, fields = d, fields[1:]
		}
		if took > 0 && len(fields) > 0 {
			frames = append(frames, fields[0])
		}
	}
	note()
	var said []string
	for _, room := range slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Compare(by[b], by[a]) }) {
		if share := float64(by[room]) / float64(all); share >= 0.01 {
			said = append(said, fmt.Sprintf("%2.0f %% %s", 100*share, room))
		}
	}
	return said
}

func groupOf(frames []string) string {
	for _, f := range frames {
		for _, r := range packageGroups {
			if strings.HasPrefix(f, r.prefix) {
				return r.room
			}
		}
	}
	if strings.HasPrefix(frames[len(frames)-1], "runtime.") {
		return "scheduler"
	}
	return "other"
}
