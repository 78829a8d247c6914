package handlers

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
)

// filePair is a file of the later version beside its earlier state. One of them may be nil.
type filePair struct{ a, b *store.File }

func (p filePair) newer() *store.File {
	if p.b != nil {
		return p.b
	}
	return p.a
}

func (p filePair) id() string { return p.newer().ID.String() }

func (p filePair) name() string { return p.newer().Name }

func (p filePair) same() bool {
	return p.a != nil && p.b != nil && slices.Equal(p.a.SHA256, p.b.SHA256)
}

// change says in words how the file of version b differs from that of version a.
func (p filePair) change(a, b int) string {
	switch {
	case p.a == nil:
		return "only in version " + strconv.Itoa(b)
	case p.b == nil:
		return "only in version " + strconv.Itoa(a)
	case p.same():
		return "the same"
	}
	return "changed"
}

// pairFiles pairs the files of two versions in the order of b: those of the same name,
// then those whose names differ in digits and separators only, then the only one of its
// kind. The files of a that are left come last.
func pairFiles(a, b []store.File) []filePair {
	pairs, taken := make([]filePair, len(b)), map[uuid.UUID]bool{}
	for i := range b {
		pairs[i].b = &b[i]
	}
	for _, key := range []func(store.File) string{
		func(f store.File) string { return f.Folder + "/" + f.Name },
		func(f store.File) string { return f.Folder + "/" + stem(f.Name) },
		func(store.File) string { return "" },
	} {
		of := func(f store.File) string { return string(files.TypeOf(f.ContentType).Display) + " " + key(f) }
		count := map[string][2]int{}
		for _, p := range pairs {
			if p.a == nil {
				n := count[of(*p.b)]
				count[of(*p.b)] = [2]int{n[0], n[1] + 1}
			}
		}
		for _, f := range a {
			if !taken[f.ID] {
				n := count[of(f)]
				count[of(f)] = [2]int{n[0] + 1, n[1]}
			}
		}
		for i := range pairs {
			if pairs[i].a != nil || count[of(*pairs[i].b)] != [2]int{1, 1} {
				continue
			}
			at := slices.IndexFunc(a, func(f store.File) bool { return !taken[f.ID] && of(f) == of(*pairs[i].b) })
			pairs[i].a = &a[at]
			taken[a[at].ID] = true
		}
	}
	for i := range a {
		if !taken[a[i].ID] {
			pairs = append(pairs, filePair{a: &a[i]})
		}
	}
	return pairs
}

// stem is what stays of a name from version to version: "Logo_v3.png" and "logo v4.png"
// have one.
func stem(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// openPair is the index of the pair with the file that the query names, else of the first
// that the page can show, or -1 if there is none. A named file that is in neither version,
// or that the reader can't see, is [store.ErrNotFound].
func openPair(pairs []filePair, named string) (int, error) {
	if named != "" {
		at := slices.IndexFunc(pairs, func(p filePair) bool {
			return p.a != nil && p.a.ID.String() == named || p.b != nil && p.b.ID.String() == named
		})
		if at < 0 {
			return at, store.ErrNotFound
		}
		return at, nil
	}
	for _, better := range []func(filePair) bool{
		func(p filePair) bool { return p.a != nil && p.b != nil && !p.same() && isPictured(*p.b) },
		func(p filePair) bool { return isPictured(*p.newer()) },
		func(filePair) bool { return true },
	} {
		if at := slices.IndexFunc(pairs, better); at >= 0 {
			return at, nil
		}
	}
	return -1, nil
}

func isPictured(f store.File) bool {
	display := files.TypeOf(f.ContentType).Display
	return display == files.DisplayImage || display == files.DisplayPDF
}
