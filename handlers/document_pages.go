package handlers

import (
	"fmt"
	"slices"
	"strconv"

	"portico/store"
	"portico/views"
)

// showDocument adds the page that the query names, else the first, to the file that is
// shown large, if it is a document and that page is drawn. Else the browser shows the file.
func showDocument(p *views.DeliverableShowProps, base views.Base, list []store.File, named string) {
	number := 1
	if n, err := strconv.Atoi(named); err == nil {
		number = n
	}
	at := -1
	if p.Hero != nil && p.Hero.Kind == views.FilePDF && p.Hero.State == "" {
		at = slices.IndexFunc(list, func(f store.File) bool { return f.ID.String() == p.Hero.ID })
	}
	if at < 0 || number < 1 || number > list[at].PagesDrawn {
		return
	}
	f := list[at]
	c := views.DocumentPage{
		Paging: views.Paging{Number: number, Of: f.PagesDrawn},
		URL:    base.FilePage(p.Hero.ID, number),
		Note:   fewerPages(f),
	}
	link := func(page int) string { return base.DeliverableFilePage(p.ID, p.Version.Number, p.Hero.ID, page) }
	if number > 1 {
		c.Previous = link(number - 1)
	}
	if number < f.PagesDrawn {
		c.Next = link(number + 1)
	}
	p.Hero.Page = &c
}

// fewerPages says why not all pages of a document are shown, or "".
func fewerPages(f store.File) string {
	switch {
	case f.PagesDrawn >= f.Pages:
		return ""
	case f.Unfit != "":
		return fmt.Sprintf("These are the first %d of %d pages. The others take too long to show. Download the file for all of them.", f.PagesDrawn, f.Pages)
	case f.PagesDrawn >= store.MaxPages:
		return fmt.Sprintf("These are the first %d of %d pages. Download the file for all of them.", f.PagesDrawn, f.Pages)
	}
	return fmt.Sprintf("The document has %d pages. The others will be here soon.", f.Pages)
}
