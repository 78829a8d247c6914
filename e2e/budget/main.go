// Command budget runs go test with its own arguments, prints what go test would
// print, and then how long everything took and which tests were the slowest. It
// fails when a test does, never because of time.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// listed is how many of the slowest tests are told.
const listed = 10

func main() {
	want := flag.Duration("want", 0, "how long all tests should take at most")
	flag.Parse()
	// Ctrl-C reaches go test too, which then ends and says how.
	signal.Ignore(os.Interrupt)
	if err := run(*want, flag.Args(), os.Stdout); err != nil {
		var failed *exec.ExitError
		if !errors.As(err, &failed) {
			fmt.Fprintln(os.Stderr, "budget:", err)
		}
		os.Exit(1)
	}
}

func run(want time.Duration, args []string, out io.Writer) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	r := newReport(out)
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		r.line(line)
		if err != nil {
			break // the pipe ends with go test
		}
	}
	err = cmd.Wait()
	r.budget(time.Since(began), want)
	return err
}

// event is one line of go test -json.
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64 // seconds
	Output  string
}

// report prints what go test without -v prints, although -json implies -v.
type report struct {
	out  io.Writer
	said map[[2]string]*strings.Builder // by package and test; until the test passes
	took map[[2]string]time.Duration    // by package and test; of its longest subtest if that is longer
}

func newReport(out io.Writer) *report {
	return &report{out: out, said: map[[2]string]*strings.Builder{}, took: map[[2]string]time.Duration{}}
}

// line takes one line of go test -json.
func (r *report) line(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		_, _ = r.out.Write(line) // go itself complains
		return
	}
	key := [2]string{e.Package, e.Test}
	switch {
	case e.Action == "build-output":
		fmt.Fprint(r.out, e.Output)
	case e.Action == "output" && e.Test == "":
		if e.Output != "PASS\n" {
			fmt.Fprint(r.out, e.Output)
		}
	case e.Action == "output":
		r.keep(key, e.Output)
	case e.Test != "" && (e.Action == "pass" || e.Action == "skip" || e.Action == "fail"):
		r.end(key, e)
	case e.Action == "fail":
		r.unfinished(e.Package)
	}
}

// keep keeps what a test says until it is known whether anybody wants to read it.
func (r *report) keep(key [2]string, text string) {
	if strings.HasPrefix(text, "=== ") {
		return
	}
	if r.said[key] == nil {
		r.said[key] = &strings.Builder{}
	}
	r.said[key].WriteString(text)
}

func (r *report) end(key [2]string, e event) {
	if said := r.said[key]; said != nil && e.Action == "fail" {
		fmt.Fprint(r.out, said)
	}
	delete(r.said, key)
	// A test's own time does not hold that of subtests which run in parallel.
	test, _, _ := strings.Cut(e.Test, "/")
	key = [2]string{e.Package, test}
	r.took[key] = max(r.took[key], time.Duration(e.Elapsed*float64(time.Second)))
}

// unfinished prints what tests said that were running when their binary died.
func (r *report) unfinished(pkg string) {
	for key, said := range r.said {
		if key[0] == pkg {
			fmt.Fprint(r.out, said)
			delete(r.said, key)
		}
	}
}

// budget prints how long all took, and the slowest tests.
func (r *report) budget(took, want time.Duration) {
	tests := slices.SortedFunc(maps.Keys(r.took), func(a, b [2]string) int { return int(r.took[b] - r.took[a]) })
	fmt.Fprintf(r.out, "budget: %s", took.Round(time.Second))
	if want > 0 {
		fmt.Fprintf(r.out, " of %s", want)
	}
	fmt.Fprintln(r.out, "; the slowest tests:")
	for _, t := range tests[:min(listed, len(tests))] {
		fmt.Fprintf(r.out, "%8.1fs  %s %s\n", r.took[t].Seconds(), strings.TrimPrefix(t[0], "portico/"), t[1])
	}
}
