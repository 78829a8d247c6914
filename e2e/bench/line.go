package main

import (
	"fmt"
	"strings"
)

// line is one measurement and its target.
type line struct {
	letter  string // of the benchmark; a benchmark of several targets names each
	what    string
	value   float64
	unit    string // "" for a ratio
	target  float64
	atLeast bool // the target is a minimum, otherwise a maximum
	notes   []string
}

func (l line) met() bool {
	if l.atLeast {
		return l.value >= l.target
	}
	return l.value <= l.target
}

func (l line) measured() string { return number(l.value) + l.unit }

func (l line) targetText() string {
	if l.atLeast {
		return "at least " + number(l.target) + l.unit
	}
	return "at most " + number(l.target) + l.unit
}

func (l line) verdict() string {
	if l.met() {
		return "met"
	}
	return "missed"
}

func number(v float64) string {
	if v >= 20 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// String is the line as the terminal shows it.
func (l line) String() string {
	s := fmt.Sprintf("(%s) %-6s %9s  %-16s %s", l.letter, l.verdict(), l.measured(), l.targetText(), l.what)
	for _, n := range l.notes {
		s += "\n" + strings.Repeat(" ", 11) + n
	}
	return s
}
