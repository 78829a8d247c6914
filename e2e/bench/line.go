package main

import (
	"fmt"
	"strings"
)

// line is one thing that was measured, and what it had to be.
type line struct {
	letter string
	what   string
	value  float64
	unit   string // "" for a ratio
	target float64
	least  bool // the target is the least, else the most
	notes  []string
}

func (l line) held() bool {
	if l.least {
		return l.value >= l.target
	}
	return l.value <= l.target
}

func (l line) found() string { return number(l.value) + l.unit }

func (l line) wanted() string {
	if l.least {
		return "at least " + number(l.target) + l.unit
	}
	return "at most " + number(l.target) + l.unit
}

func (l line) verdict() string {
	if l.held() {
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
	s := fmt.Sprintf("(%s) %-6s %9s  %-16s %s", l.letter, l.verdict(), l.found(), l.wanted(), l.what)
	for _, n := range l.notes {
		s += "\n" + strings.Repeat(" ", 11) + n
	}
	return s
}
