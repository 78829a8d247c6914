package views

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"portico/views/ui"
)

// mostPages is how many pages that differ the page links to.
const mostPages = 40

func shownPages(all []ChangedPage) []ChangedPage { return all[:min(len(all), mostPages)] }

// DeliverableCompare is the page that compares versions, with a query.
func (b Base) DeliverableCompare(id string) string { return b.Deliverable(id) + "/compare" }

// Compare is the page that compares two versions.
func (b Base) Compare(id string, c Compared) string {
	return b.DeliverableCompare(id) + "?" + c.query().Encode()
}

// CompareAt is [Base.Compare] with the line of the slider there.
func (b Base) CompareAt(id string, c Compared, at int) string {
	q := c.query()
	q.Set("at", strconv.Itoa(at))
	return b.DeliverableCompare(id) + "?" + q.Encode()
}

func (c Compared) query() url.Values {
	q := url.Values{"a": {strconv.Itoa(c.A)}, "b": {strconv.Itoa(c.B)}}
	if c.File != "" {
		q.Set("file", c.File)
	}
	if c.Page > 1 {
		q.Set("page", strconv.Itoa(c.Page))
	}
	if c.Mode != "" && c.Mode != CompareBeside {
		q.Set("mode", c.Mode)
	}
	return q
}

// OnPage is the side with one page of its document; 0 is a page that isn't in it.
func (s CompareSide) OnPage(b Base, page int) *CompareSide {
	if page == 0 {
		return &CompareSide{File: FileRow{Name: s.File.Name}, Page: -1}
	}
	s.Page, s.Picture = page, b.FilePage(s.File.ID, page)
	return &s
}

// missing says that the file, or the page, isn't in the version.
func (s *CompareSide) missing() bool { return s == nil || s.Page < 0 }

func compareCrumbs(c Chrome, p CompareProps) []ui.Crumb {
	return []ui.Crumb{{Label: "Projects", URL: c.Base.Projects()}, {Label: p.ProjectName, URL: p.ProjectURL}, {Label: p.Title, URL: c.Base.DeliverableVersion(p.ID, p.B)}}
}

func compareTabs(c Chrome, p CompareProps) (tabs []ui.Tab) {
	for _, t := range []struct{ mode, label string }{{CompareBeside, "Side by side"}, {CompareSliding, "Slider"}, {CompareMarked, "Differences"}} {
		to := p.Compared
		to.Mode = t.mode
		tabs = append(tabs, ui.Tab{Label: t.label, URL: c.Base.Compare(p.ID, to), Current: p.Mode == t.mode})
	}
	return tabs
}

// fraction is a number of percents as SVG takes it.
func fraction(percent int) string {
	return strconv.FormatFloat(float64(min(percent, 100))/100, 'f', -1, 64)
}

func sideWords(version int, s *CompareSide) string {
	words := "Version " + strconv.Itoa(version)
	if s != nil && s.Page > 0 {
		words += ", page " + strconv.Itoa(s.Page)
	}
	return words
}

func pictureWords(version int, s *CompareSide) string {
	return s.File.Name + ", " + strings.ToLower(sideWords(version, s)[:1]) + sideWords(version, s)[1:]
}

// comparedWords says what differs.
func comparedWords(p CompareProps) string {
	what := "files"
	if p.Paging.Of > 0 {
		what = "pages"
	}
	switch {
	case p.A2.missing() && p.B2.missing():
		return ""
	case p.A2.missing():
		return "Only in version " + strconv.Itoa(p.B) + "."
	case p.B2.missing():
		return "Only in version " + strconv.Itoa(p.A) + "."
	case p.Same:
		return "The " + what + " are the same."
	case p.Mode != CompareMarked:
		return p.B2.File.Name
	case !p.Differs:
		return "Differences can't be marked in files of this kind."
	case p.Waiting:
		return "The differences are being marked. This takes a few seconds."
	case p.Unfit == "shape":
		return "They have different shapes, so differences can't be marked. Compare them side by side."
	case p.Unfit != "":
		return "The differences couldn't be marked. Compare them side by side."
	case !p.Marked:
		return "The differences aren't marked yet."
	case len(p.Boxes) == 0:
		return "No differences that can be seen."
	}
	return ui.Count(len(p.Boxes), "place differs", "places differ") + ": " + strings.Join(places(p.Boxes), ", ") + "."
}

// places are the cells of the picture with a middle of a box, in order.
func places(boxes []Pin) (cells []string) {
	for _, b := range boxes {
		if cell := GridPlace(b.X+b.W/2, b.Y+b.H/2); !slices.Contains(cells, cell) {
			cells = append(cells, cell)
		}
	}
	slices.Sort(cells)
	return cells
}
