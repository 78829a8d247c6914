package main

import (
	"bytes"
	"fmt"
	"strings"
)

func replace(text, what string, by int) string { return strings.ReplaceAll(text, what, fmt.Sprint(by)) }

// report is docs/performance.md.
func report(w *world, lines []line) []byte {
	var b bytes.Buffer
	for _, l := range lines {
		fmt.Fprintln(&b, l)
	}
	return b.Bytes()
}
