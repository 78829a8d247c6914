package sample

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"portico/store"
)

// review is what people say about a version after it is published, in this order.
type review struct {
	asked   []string // addresses of the client's people whom the author asks to decide
	due     int      // in days from today; 0 for none
	notes   []note
	answers []answer
}

// note is at a place of the version's first picture, or about the whole version.
type note struct {
	by      string
	team    bool   // only the team sees it
	at      [4]int // x, y, width and height in 1/10,000; without a size it is a point
	words   string
	replies []reply
	done    bool // its author marks it as done
}

type reply struct {
	by    string
	team  bool
	words string
}

type answer struct {
	by    string
	is    store.Outcome
	words string
}

func visibility(team bool) store.Visibility {
	if team {
		return store.TeamOnly
	}
	return store.ClientVisible
}

func (l *loader) review(ctx context.Context, author store.Member, deliverable uuid.UUID, number int, r review) error {
	slug := author.Tenant.Slug
	if len(r.asked) > 0 {
		ask := store.Ask{Rule: store.AskAll, DueOn: day(l.today, r.due)}
		for _, email := range r.asked {
			who, err := l.member(ctx, email, slug)
			if err != nil {
				return err
			}
			ask.People = append(ask.People, who.ID())
		}
		err := l.db.Write(ctx, author, func(tx *store.Tx) error { return tx.AskForDecision(ctx, deliverable, number, ask) })
		if err != nil {
			return fmt.Errorf("ask: %w", err)
		}
	}
	shown, err := l.filesOf(ctx, author, deliverable, number)
	if err != nil {
		return err
	}
	for _, n := range r.notes {
		if err := l.note(ctx, slug, deliverable, number, shown, n); err != nil {
			return fmt.Errorf("note %q: %w", n.words, err)
		}
	}
	for _, a := range r.answers {
		who, err := l.member(ctx, a.by, slug)
		if err != nil {
			return err
		}
		err = l.db.Write(ctx, who, func(tx *store.Tx) error {
			return tx.Decide(ctx, deliverable, number, store.NewDecision{Content: store.ContentHash(shown), Answer: a.is, Words: a.words})
		})
		if err != nil {
			return fmt.Errorf("%s decides: %w", a.by, err)
		}
	}
	return nil
}

// filesOf returns the files of a version in their order.
func (l *loader) filesOf(ctx context.Context, me store.Member, deliverable uuid.UUID, number int) ([]store.File, error) {
	var versions []store.Version
	if err := l.db.Read(ctx, me, store.ListVersions(deliverable, &versions)); err != nil {
		return nil, err
	}
	for _, v := range versions {
		if v.Number == number {
			var shown []store.File
			return shown, l.db.Read(ctx, me, store.ListFiles(v.ID, &shown))
		}
	}
	return nil, fmt.Errorf("no version %d", number)
}

func (l *loader) note(ctx context.Context, slug string, deliverable uuid.UUID, number int, shown []store.File, n note) error {
	return l.noteOn(ctx, slug, n, func(tx *store.Tx, in store.NewNote) (store.PlacedNote, error) {
		if n.at != [4]int{} {
			in.FileID, in.X, in.Y = &shown[0].ID, &n.at[0], &n.at[1]
			if n.at[2] > 0 {
				in.W, in.H = &n.at[2], &n.at[3]
			}
		}
		return tx.StartNote(ctx, deliverable, number, in)
	})
}

// noteOn writes a note with its replies. Start writes the first words.
func (l *loader) noteOn(ctx context.Context, slug string, n note, start func(*store.Tx, store.NewNote) (store.PlacedNote, error)) error {
	by, err := l.member(ctx, n.by, slug)
	if err != nil {
		return err
	}
	var placed store.PlacedNote
	err = l.db.Write(ctx, by, func(tx *store.Tx) (err error) {
		placed, err = start(tx, store.NewNote{Visibility: visibility(n.team), Words: n.words, FormKey: store.NewID()})
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range n.replies {
		who, err := l.member(ctx, r.by, slug)
		if err != nil {
			return err
		}
		err = l.db.Write(ctx, who, func(tx *store.Tx) error {
			_, err := tx.ReplyToNote(ctx, placed.ID, store.NewReply{Visibility: visibility(r.team), Words: r.words, FormKey: store.NewID()})
			return err
		})
		if err != nil {
			return err
		}
	}
	if !n.done {
		return nil
	}
	return l.db.Write(ctx, by, func(tx *store.Tx) error { _, err := tx.ResolveNote(ctx, placed.ID, true); return err })
}
