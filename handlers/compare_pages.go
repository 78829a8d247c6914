package handlers

import (
	"bytes"
	"math/bits"
	"slices"

	"portico/store"
)

// comparedPage is what a page of a document is paired by.
type comparedPage struct {
	mark   []byte // of its picture; nil: it couldn't be drawn
	sketch uint64 // of its text; 0: there is hardly any
}

// pagesOf are the first pages of a document, those that couldn't be drawn too.
func pagesOf(m store.PageMarks, drawn int) []comparedPage {
	pages := make([]comparedPage, drawn)
	for i, number := range m.Pages {
		if number >= 1 && int(number) <= drawn {
			pages[number-1] = comparedPage{m.Marks[i], uint64(m.Sketches[i])}
		}
	}
	return pages
}

// pagePair is a page of the later document beside its earlier state. 0 is no page.
type pagePair struct{ a, b int }

func (p pagePair) same(a, b []comparedPage) bool {
	return p.a > 0 && p.b > 0 && a[p.a-1].mark != nil && bytes.Equal(a[p.a-1].mark, b[p.b-1].mark)
}

// alike says how well two pages go together: pages with the same picture best, then those
// with most of their text in common. Any two pages go together better than each alone.
func alike(a, b comparedPage) int {
	const (
		same    = 1000
		closest = 900
		far     = 20 // of 64 bits, by which texts with a good half in common differ
	)
	if a.mark != nil && bytes.Equal(a.mark, b.mark) {
		return same
	}
	if a.sketch != 0 && b.sketch != 0 {
		if n := bits.OnesCount64(a.sketch ^ b.sketch); n <= far {
			return closest - 40*n
		}
	}
	return 1
}

// alignPages pairs the pages of two documents in their order, so that a page that was
// inserted or removed shifts no other.
func alignPages(a, b []comparedPage) []pagePair {
	// best[i][j] is how well the pages from i and j on go together.
	best := make([][]int, len(a)+1)
	for i := range best {
		best[i] = make([]int, len(b)+1)
	}
	for i, p := range slices.Backward(a) {
		for j, q := range slices.Backward(b) {
			best[i][j] = max(best[i+1][j+1]+alike(p, q), best[i+1][j], best[i][j+1])
		}
	}
	var pairs []pagePair
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && best[i][j] == best[i+1][j+1]+alike(a[i], b[j]):
			pairs = append(pairs, pagePair{i + 1, j + 1})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || best[i][j] == best[i+1][j]):
			pairs = append(pairs, pagePair{i + 1, 0})
			i++
		default:
			pairs = append(pairs, pagePair{0, j + 1})
			j++
		}
	}
	return pairs
}
