package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/frame"
	"portico/handlers/thumbnail"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// compareQuery says which versions a page compares, and what of them.
type compareQuery struct {
	deliverable uuid.UUID
	views.Compared
}

func compareOf(r *http.Request) compareQuery {
	q := r.URL.Query()
	number := func(name string, least, otherwise int) int {
		n, err := strconv.ParseInt(q.Get(name), 10, 32)
		if err != nil || int(n) < least {
			return otherwise
		}
		return int(n)
	}
	c := compareQuery{web.PathID(r), views.Compared{
		A: number("a", 1, -1), B: number("b", 1, -1), File: q.Get("file"), Page: number("page", 1, 1), At: number("at", 0, 50),
	}}
	if !q.Has("a") {
		c.A = 0
	}
	if !q.Has("b") {
		c.B = 0
	}
	if c.Mode = q.Get("mode"); c.Mode != views.CompareSliding && c.Mode != views.CompareMarked {
		c.Mode = views.CompareBeside
	}
	return c
}

// compared is what the page reads of two versions.
type compared struct {
	d           store.Deliverable
	versions    []store.Version
	files       []store.File
	marks       []store.PageMarks
	differences []store.Difference
}

// deliverableCompare compares two versions of a deliverable that the reader may see.
func (s *Server) deliverableCompare(r *http.Request) page {
	q := compareOf(r)
	var c compared
	id := q.deliverable
	reads := always(store.GetDeliverable(id, &c.d), store.ListVersions(id, &c.versions), store.ListComparedFiles(id, q.A, q.B, &c.files),
		store.ListPageMarks(id, q.A, q.B, &c.marks), store.ListDifferences(id, q.A, q.B, &c.differences))
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		a, b, err := c.chosen(q.A, q.B)
		if err != nil {
			return err
		}
		chrome := frame.Tenant(r, me)
		if a.Number != q.A || b.Number != q.B {
			q.A, q.B = a.Number, b.Number
			http.Redirect(w, r, chrome.Base.Compare(c.d.ID.String(), q.Compared), http.StatusSeeOther)
			return nil
		}
		p, wanted, err := c.props(chrome, q, *a, *b)
		if err != nil {
			return err
		}
		asks := wanted != nil && r.Method == http.MethodGet && r.Header.Get("Sec-Purpose") == "" && me.Support == nil
		if p.Waiting = p.Waiting || asks && p.Unfit == ""; p.Waiting {
			w.Header().Set("Refresh", "3") // also without scripts
		}
		if err := views.Render(w, r, http.StatusOK, views.CompareShow(chrome, p)); err != nil {
			return err
		}
		if asks {
			s.inBackground(r, "ask for differences", func(ctx context.Context) error {
				return s.db.Write(ctx, me.DespiteUnpaid(), func(tx *store.Tx) error { return tx.AskDifference(ctx, *wanted) })
			})
		}
		return nil
	}}
}

// chosen are the two versions, the earlier one first. Number 0 is the newest version, or
// the one before the other.
func (c compared) chosen(a, b int) (before, after *store.Version, err error) {
	named := func(n int) *store.Version {
		i := slices.IndexFunc(c.versions, func(v store.Version) bool { return v.Number == n })
		if i < 0 {
			return nil
		}
		return &c.versions[i]
	}
	if len(c.versions) < 2 || a != 0 && named(a) == nil || b != 0 && named(b) == nil {
		return nil, nil, store.ErrNotFound
	}
	if b == 0 {
		b = c.versions[0].Number
	}
	if a == 0 || a == b { // the versions are listed newest first
		i := slices.IndexFunc(c.versions, func(v store.Version) bool { return v.Number == b })
		if i+1 < len(c.versions) {
			a = c.versions[i+1].Number
		} else {
			a = c.versions[i-1].Number
		}
	}
	return named(min(a, b)), named(max(a, b)), nil
}

// props is what the page shows. wanted are the pictures whose differences it would show and
// nobody has looked for; nil for none.
func (c compared) props(chrome views.Chrome, q compareQuery, a, b store.Version) (p views.CompareProps, wanted *store.PicturePair, err error) {
	p = views.CompareProps{Compared: q.Compared, ID: c.d.ID.String(), Title: c.d.Title, ProjectName: c.d.ProjectName,
		ProjectURL: chrome.Base.Project(c.d.ProjectID.String())}
	for _, v := range c.versions {
		label := "Version " + strconv.Itoa(v.Number)
		if v.SharedAt == nil {
			label += " (draft)"
		}
		n := strconv.Itoa(v.Number)
		p.VersionsA = append(p.VersionsA, ui.Option{Value: n, Label: label, Selected: v.Number == a.Number})
		p.VersionsB = append(p.VersionsB, ui.Option{Value: n, Label: label, Selected: v.Number == b.Number})
	}
	pairs := pairFiles(filesOf(c.files, a.ID), filesOf(c.files, b.ID))
	at, err := openPair(pairs, q.File)
	if err != nil || at < 0 {
		return p, nil, err
	}
	for i, pair := range pairs {
		of := q.Compared
		of.File, of.Page, of.At = pair.id(), 1, 50
		p.Files = append(p.Files, views.ComparedFile{Name: pair.name(), Kind: views.FileKind(files.TypeOf(pair.newer().ContentType).Display), URL: chrome.Base.Compare(p.ID, of), Current: i == at, Change: pair.change(a.Number, b.Number)})
	}
	pair := pairs[at]
	p.File = pair.id()
	p.A2, p.B2 = side(chrome.Base, pair.a), side(chrome.Base, pair.b)
	wanted = c.compare(&p, chrome.Base, pair)
	return p, wanted, nil
}

// side is one file of a pair as the page shows it; nil for none.
func side(base views.Base, f *store.File) *views.CompareSide {
	if f == nil {
		return nil
	}
	row := fileRow(base, *f, false)
	s := &views.CompareSide{File: row}
	if row.Kind == views.FileImage && row.State == "" {
		s.Picture = row.ShownURL
	}
	return s
}

// compare adds what the two files, or their pages, have in common.
func (c compared) compare(p *views.CompareProps, base views.Base, pair filePair) (wanted *store.PicturePair) {
	p.Same = pair.same()
	var pictures store.PicturePair
	switch {
	case pair.a == nil || pair.b == nil:
		return nil
	case pair.a.PagesDrawn > 0 && pair.b.PagesDrawn > 0:
		pictures = c.comparePages(p, base, pair)
	case p.A2.Picture != "" && p.B2.Picture != "":
		pictures = store.PicturePair{A: pair.a.ID, B: pair.b.ID}
		p.Slides, p.Differs = true, thumbnail.Decodes(pair.a.ContentType) && thumbnail.Decodes(pair.b.ContentType)
	}
	if !p.Slides {
		p.Mode = views.CompareBeside
	}
	if p.Mode != views.CompareMarked || !p.Differs || p.Same {
		return nil
	}
	return c.addDifferences(p, pictures)
}

// comparePages adds the pages of two documents: the pair of pages that the query names.
func (c compared) comparePages(p *views.CompareProps, base views.Base, pair filePair) store.PicturePair {
	marks := func(id uuid.UUID) store.PageMarks {
		i := slices.IndexFunc(c.marks, func(m store.PageMarks) bool { return m.FileID == id })
		if i < 0 {
			return store.PageMarks{}
		}
		return c.marks[i]
	}
	a, b := pagesOf(marks(pair.a.ID), pair.a.PagesDrawn), pagesOf(marks(pair.b.ID), pair.b.PagesDrawn)
	aligned := alignPages(a, b)
	p.Page = min(p.Page, len(aligned))
	link := func(page int) string {
		of := p.Compared
		of.Page, of.At = page, 50
		return base.Compare(p.ID, of)
	}
	for i, pages := range aligned {
		if !pages.same(a, b) {
			p.ChangedPages = append(p.ChangedPages, views.ChangedPage{Number: i + 1, URL: link(i + 1), Current: i+1 == p.Page})
		}
	}
	p.Paging = views.Paging{Number: p.Page, Of: len(aligned)}
	if p.Page > 1 {
		p.Paging.Previous = link(p.Page - 1)
	}
	if p.Page < len(aligned) {
		p.Paging.Next = link(p.Page + 1)
	}
	now := aligned[p.Page-1]
	p.A2, p.B2 = p.A2.OnPage(base, now.a), p.B2.OnPage(base, now.b)
	p.Slides = now.a > 0 && now.b > 0 && p.A2.Picture != "" && p.B2.Picture != ""
	p.Differs, p.Same = p.Slides, p.Slides && now.same(a, b)
	return store.PicturePair{A: pair.a.ID, APage: now.a, B: pair.b.ID, BPage: now.b}
}

// addDifferences adds where two pictures differ, or that a job looks for it.
func (c compared) addDifferences(p *views.CompareProps, pictures store.PicturePair) (wanted *store.PicturePair) {
	i := slices.IndexFunc(c.differences, func(d store.Difference) bool { return d.PicturePair == pictures })
	if i < 0 {
		return &pictures
	}
	d := c.differences[i]
	switch {
	case !d.Found && !d.Late:
		p.Waiting = true
	case !d.Found:
		p.Unfit = "late"
		return &pictures
	case d.Unfit != "":
		p.Unfit = d.Unfit
	default:
		p.Marked = true
		for at := 0; at+3 < len(d.Boxes); at += 4 {
			p.Boxes = append(p.Boxes, views.Pin{X: int(d.Boxes[at]), Y: int(d.Boxes[at+1]), W: int(d.Boxes[at+2]), H: int(d.Boxes[at+3])})
		}
	}
	return nil
}

// compareURL compares the open version with the one before, or the first with the one
// after. It is "" for the only version.
func compareURL(base views.Base, deliverable string, versions []store.Version, open *store.Version) string {
	if len(versions) < 2 || open == nil {
		return ""
	}
	i := slices.IndexFunc(versions, func(v store.Version) bool { return v.ID == open.ID })
	i = min(i, len(versions)-2) // the versions are listed newest first
	return base.Compare(deliverable, views.Compared{A: versions[i+1].Number, B: versions[i].Number})
}
