package views

import (
	"net/url"
	"strconv"
)

// NotesAt says which notes a page of a version lists, and what it shows large beside them.
type NotesAt struct {
	Version int
	File    string // shown large; "" is the first
	Page    string // of a document; "" is the first
	All     bool   // those on all files, not on the one shown large
	Done    bool
	Alone   string // the label of a note that is read alone, "t7"; "" for the list
	List    int    // the page of the list, or of the replies to that note; 0 and 1 are the first
}

// NotesOf is the page of a version with these notes.
func (b Base) NotesOf(deliverableID string, at NotesAt) string {
	q := url.Values{"version": {strconv.Itoa(at.Version)}}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	set("file", at.File)
	set("page", at.Page)
	set("alone", at.Alone)
	if at.All {
		q.Set("on", "all")
	}
	if at.Done {
		q.Set("notes", "done")
	}
	if at.List > 1 {
		q.Set("list", strconv.Itoa(at.List))
	}
	return b.Deliverable(deliverableID) + "?" + q.Encode()
}

// Note leads to a note: to the page that lists it, with its file shown large. It is for mails, and wherever nobody knows
// that page.
func (b Base) Note(deliverableID string, version int, team bool, number int) string {
	q := url.Values{"version": {strconv.Itoa(version)}, "note": {NoteName(team, number)}}
	return b.Deliverable(deliverableID) + "?" + q.Encode()
}

// AllVersions is the page of a version with all versions in its strip.
func (b Base) AllVersions(deliverableID string, version int) string {
	return b.Deliverable(deliverableID) + "?" + url.Values{"version": {strconv.Itoa(version)}, "versions": {"all"}}.Encode()
}
