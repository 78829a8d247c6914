package sample

import (
	"time"

	"portico/e2e/sample/artwork"
	"portico/store"
)

// agency is an agency with its clients. Its owner does everything for which no other
// person is named.
type agency struct {
	slug, name, owner string
	look              store.SettingsInput
	clients           []client
}

type client struct {
	slug, name string
	look       store.SettingsInput
	people     []store.NewPerson // in addition to the agency's owner
	// returning is the address of the client's person who visits before and after the
	// last project is loaded, so that it is new to them.
	returning string
	projects  []project
}

type project struct {
	name, summary string
	due           int // in days from today; 0 for none
	shared        bool
	archived      bool
	deliverables  []deliverable
	discussion    []note // without places
}

type deliverable struct {
	title, brief string
	due          int
	by           string // address of its author; "" for the agency's owner
	binned       bool
	versions     []version
	reviews      map[int]review // by the number of the version
}

// version is published with its note, unless it has none: then it stays a draft.
type version struct {
	note  string
	files []file
}

type file struct {
	name string
	make artwork.Piece
}

// agencies returns the whole sample.
func agencies() []agency { return []agency{northwind(), contoso()} }

// day returns the date that many days from today, or nil for 0.
func day(today time.Time, days int) *time.Time {
	if days == 0 {
		return nil
	}
	date := today.AddDate(0, 0, days)
	return &date
}

func person(email string, party store.Party, role store.Role) store.NewPerson {
	return store.NewPerson{Name: nameOf(email), Email: email, Party: party, Role: role}
}

// artworks lists every file in loading order.
func artworks(all []agency) []artwork.Piece {
	var list []artwork.Piece
	for _, a := range all {
		for _, c := range a.clients {
			for _, p := range c.projects {
				for _, d := range p.deliverables {
					for _, v := range d.versions {
						for _, f := range v.files {
							list = append(list, f.make)
						}
					}
				}
			}
		}
	}
	return list
}
