// Command bench measures Portico against its targets: `make bench`.
//
// Servers are separate processes. Alternatives run in turns, and medians are compared,
// because the machine's speed varies between runs. Absolute numbers depend on the
// machine, ratios on the product.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	short := flag.Bool("short", false, "few tenants and short rounds, to see that it runs; proves nothing")
	only := flag.String("only", "", "letters of the lines to measure, such as abe; all when empty")
	doc := flag.String("doc", "", "write the report to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if flag.Arg(0) == "reference" {
		fail(reference(ctx))
		return
	}
	fail(run(ctx, *short, *only, *doc))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// benchmark measures the lines of one letter: a also those of a2 and a3.
type benchmark struct {
	letter  string
	measure func(context.Context, *world) ([]line, error)
}

var benchmarks = []benchmark{
	{"e", startup},
	{"a", pages},
	{"b", policies},
	{"c", manyTenants},
	{"d", distantDatabase},
	{"f", transfers},
	{"g", switcher},
	{"i", otherPages},
	{"j", resolution},
	{"k", usage},
	{"l", reviews},
	{"h", publishing}, // last: it changes every tenant
}

func run(ctx context.Context, short bool, only, doc string) (err error) {
	began := time.Now()
	w, err := newWorld(ctx, short)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	fmt.Printf("two installations filled in %.0f s\n", time.Since(began).Seconds())
	var lines []line
	for _, c := range benchmarks {
		if only != "" && !strings.Contains(only, c.letter) {
			continue
		}
		found, err := c.measure(ctx, w)
		if err != nil {
			return fmt.Errorf("%s: %w", c.letter, err)
		}
		for _, l := range found {
			l.letter = cmp.Or(l.letter, c.letter)
			fmt.Println(l)
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return strings.Compare(a.letter, b.letter) })
	fmt.Printf("%s in all\n", time.Since(began).Round(time.Second))
	if doc == "" {
		return nil
	}
	return os.WriteFile(doc, report(ctx, w, lines), 0o644)
}
