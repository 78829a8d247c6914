// Command mutants takes the product's guards away, one at a time in each of a few
// copies of the tree, and runs the tests that should notice. A guard whose removal
// no test notices is a guard that may be gone already.
//
// By default it tries the guards that a change since origin/main can have touched.
// It ends with a count, and with 1 unless every mutant was red.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// options say which guards to try, and how.
type options struct {
	all  bool
	base string // a git revision; "" is origin/main, or main where there is none
	only string // regular expression of the guards' names; not "" implies all
	// narrow is a regular expression of narrow functions, or of their files: instead of
	// the guards, try each condition of each of these functions.
	narrow string
	// deeds is the same for the deeds of store, or their files.
	deeds string
	trees int
}

func main() {
	var o options
	flag.BoolVar(&o.all, "all", false, "try all guards, not only those a change can have touched")
	flag.StringVar(&o.base, "base", "", "the revision to look for changes since (default origin/main)")
	flag.StringVar(&o.only, "only", "", "try the guards whose names match this regular expression")
	flag.StringVar(&o.narrow, "narrow", "", "try each condition of the narrow functions whose names or files match, instead of the guards")
	flag.StringVar(&o.deeds, "deeds", "", "try each condition and refusal of the deeds of store whose names or files match, instead of the guards")
	flag.IntVar(&o.trees, "trees", min(2*runtime.NumCPU(), 8), "copies of the tree to work in at the same time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	picked, err := pick(ctx, o, out)
	if err != nil || len(picked) == 0 {
		return err
	}
	began := time.Now()
	tests, err := newBinaries(picked, out)
	if err != nil {
		return err
	}
	defer tests.remove()
	tried := make(chan trial)
	busy, waiting := split(picked)
	parts := []struct {
		mutants []mutant
		most    int
		trees   []*tree
	}{{mutants: waiting, most: 1}, {mutants: busy, most: max(o.trees, 1)}}
	for i := range parts {
		for range min(parts[i].most, len(parts[i].mutants)) {
			t, err := newTree(ctx, tests)
			if err != nil {
				return err
			}
			defer t.remove()
			if tests.shared == nil {
				if err := tests.combine(ctx, t, picked); err != nil {
					return err
				}
			}
			parts[i].trees = append(parts[i].trees, t)
		}
	}
	for _, part := range parts {
		next := make(chan mutant, len(part.mutants))
		for _, m := range part.mutants {
			next <- m
		}
		close(next)
		for _, t := range part.trees {
			go t.work(ctx, next, tried)
		}
	}
	red := report(ctx, out, tried, len(picked))
	if err := ctx.Err(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d guards taken away, %d noticed, in %s\n", len(picked), red, time.Since(began).Round(time.Second))
	if red != len(picked) {
		return errors.New("a guard can go unnoticed")
	}
	return nil
}

// split sets apart the guards that the tests of faults notice. Those tests mostly
// wait, so they have a tree of their own and keep no core from the others.
func split(picked []mutant) (busy, waiting []mutant) {
	for _, m := range picked {
		if m.pkg == faults {
			waiting = append(waiting, m)
		} else {
			busy = append(busy, m)
		}
	}
	return busy, waiting
}

// trial is what came of a mutant.
type trial struct {
	mutant
	noticed []string
	took    time.Duration
	err     error
}

// report prints n trials as they come and returns how many were red. Once ctx has
// ended it prints none.
func report(ctx context.Context, out io.Writer, tried <-chan trial, n int) (red int) {
	for range n {
		t := <-tried
		if ctx.Err() != nil {
			continue
		}
		if t.err != nil {
			fmt.Fprintf(out, "NOT RED  %s: %v\n", t.guard, t.err)
			continue
		}
		red++
		fmt.Fprintf(out, "red      %s: %s (%.1fs)\n", t.guard, strings.Join(t.noticed, ", "), t.took.Seconds())
	}
	return red
}

// pick returns the guards to try; see [ordered].
func pick(ctx context.Context, o options, out io.Writer) ([]mutant, error) {
	named, err := regexp.Compile(o.only)
	if err != nil {
		return nil, err
	}
	if o.narrow != "" || o.deeds != "" {
		find, which := narrowMutants, o.narrow
		if o.deeds != "" {
			find, which = deedMutants, o.deeds
		}
		matching, err := regexp.Compile(which)
		if err != nil {
			return nil, err
		}
		picked, err := find(matching)
		picked = slices.DeleteFunc(picked, func(m mutant) bool { return !named.MatchString(m.guard) || equivalent[m.guard] != "" })
		fmt.Fprintf(out, "%d conditions\n", len(picked))
		return picked, err
	}
	touched := func(mutant) bool { return true }
	if !o.all && o.only == "" {
		base, err := baseOf(ctx, o.base)
		if err != nil {
			return nil, err
		}
		c, err := changesSince(ctx, base)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(out, "guards that a change since %s can have touched; ALL=1 tries all\n", base)
		touched = c.touch
	}
	var picked []mutant
	for _, m := range mutants {
		if named.MatchString(m.guard) && touched(m) {
			picked = append(picked, m)
		}
	}
	fmt.Fprintf(out, "%d of %d guards\n", len(picked), len(mutants))
	return ordered(picked), nil
}

// ordered puts a guard of each package first, those of packages with the most guards
// before others, and then the rest by package. The first guard of a package waits for its
// tests to pass without a mutant. That takes minutes, which trees should not all spend
// waiting for the same package.
func ordered(picked []mutant) []mutant {
	guards := map[string]int{}
	for _, m := range picked {
		guards[m.pkg]++
	}
	slices.SortStableFunc(picked, func(a, b mutant) int {
		return cmp.Or(cmp.Compare(guards[b.pkg], guards[a.pkg]), strings.Compare(a.pkg, b.pkg))
	})
	var first, rest []mutant
	seen := map[string]bool{}
	for _, m := range picked {
		if seen[m.pkg] {
			rest = append(rest, m)
		} else {
			first, seen[m.pkg] = append(first, m), true
		}
	}
	return append(first, rest...)
}
