package frame

import (
	"strings"
	"testing"
)

// A slug made of a name keeps its letters, and ends with a whole word.
func TestSuggestedSlugsKeepLettersAndWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Außergewöhnlich": "aussergewohnlich",
		"Łódź & Ærø":      "lodz-aero",
		"The very long name of an agency by the Baltic": "the-very-long-name-of-an-agency-by-the",
		"Exactly forty characters long like this a":     "exactly-forty-characters-long-like-this",
		strings.Repeat("a", 50):                         strings.Repeat("a", 40),
	} {
		if got := suggestSlug(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
