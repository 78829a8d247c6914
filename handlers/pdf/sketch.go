package pdf

import (
	"hash/fnv"
	"strings"
	"unicode"
)

// fewWords is how many words a text needs for a sketch.
const fewWords = 5

// sketch returns bits of which texts with most of their word pairs in common share most,
// after Charikar's simhash. Numbers don't count, so that a page keeps its sketch when pages
// are inserted before it. 0 is a text of hardly any words.
func sketch(text string) int64 {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) < fewWords {
		return 0
	}
	var votes [64]int
	for i := range len(words) - 1 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(words[i] + " " + words[i+1])) // never fails
		sum := h.Sum64()
		for bit := range votes {
			if sum>>bit&1 == 1 {
				votes[bit]++
			} else {
				votes[bit]--
			}
		}
	}
	var bits uint64
	for bit, v := range votes {
		if v > 0 {
			bits |= 1 << bit
		}
	}
	return int64(bits)
}
