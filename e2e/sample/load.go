package sample

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
)

// loader loads the sample data.
type loader struct {
	db       *store.DB
	bucket   *files.Storage
	today    time.Time
	tokens   map[string]*store.Token // of signed-in people, by address
	drawings <-chan drawing          // the files, in the order of the stories
}

func (l *loader) agency(ctx context.Context, a agency) error {
	owner, err := l.member(ctx, a.owner, a.slug)
	if err != nil {
		return err
	}
	err = l.db.Write(ctx, owner, func(tx *store.Tx) error { return tx.UpdateSettings(ctx, a.look) })
	if err != nil {
		return err
	}
	for _, c := range a.clients {
		err := l.db.Write(ctx, owner, func(tx *store.Tx) error { return openClient(ctx, tx, c) })
		if err != nil {
			return fmt.Errorf("%s: %w", c.slug, err)
		}
		if err := l.work(ctx, a, c); err != nil {
			return fmt.Errorf("%s: %w", c.slug, err)
		}
	}
	return nil
}

// openClient creates a client with its brand and people in one transaction.
func openClient(ctx context.Context, tx *store.Tx, c client) error {
	_, inside, err := tx.CreateClient(ctx, store.NewClient{Slug: c.slug, Name: c.name})
	if err != nil {
		return err
	}
	if err := inside.UpdateSettings(ctx, c.look); err != nil {
		return err
	}
	for _, p := range c.people {
		if _, err := inside.AddPerson(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// work loads the projects of a client. The client opens all but the last project, so
// that it is new to them.
func (l *loader) work(ctx context.Context, a agency, c client) error {
	for i, p := range c.projects {
		if i == len(c.projects)-1 {
			if err := l.openWork(ctx, c); err != nil {
				return err
			}
		}
		if err := l.project(ctx, a, c, p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return l.visit(ctx, c)
}

// openWork opens all that is published, as the client's returning visitor.
func (l *loader) openWork(ctx context.Context, c client) error {
	visitor, err := l.member(ctx, c.returning, c.slug)
	if err != nil {
		return err
	}
	var unopened []store.DeliverableLine
	if err := l.db.Read(ctx, visitor, store.ListNew(100, &unopened)); err != nil {
		return err
	}
	return l.db.Write(ctx, visitor, func(tx *store.Tx) error {
		for _, d := range unopened {
			if err := tx.RecordOpened(ctx, d.ID, d.UpdatedAt); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *loader) visit(ctx context.Context, c client) error {
	visitor, err := l.member(ctx, c.returning, c.slug)
	if err != nil {
		return err
	}
	return l.db.Write(ctx, visitor, func(tx *store.Tx) error { return tx.RecordVisit(ctx, store.Visit{Path: "/"}) })
}

func (l *loader) project(ctx context.Context, a agency, c client, p project) error {
	owner, err := l.member(ctx, a.owner, c.slug)
	if err != nil {
		return err
	}
	var id uuid.UUID
	err = l.db.Write(ctx, owner, func(tx *store.Tx) (err error) {
		id, err = tx.CreateProject(ctx, store.ProjectInput{
			Name: p.name, Summary: p.summary, DueOn: day(l.today, p.due), Shared: p.shared})
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range p.deliverables {
		maker := owner
		if d.by != "" {
			if maker, err = l.member(ctx, d.by, c.slug); err != nil {
				return err
			}
		}
		if err := l.deliverable(ctx, maker, id, d); err != nil {
			return fmt.Errorf("%s: %w", d.title, err)
		}
	}
	for _, n := range p.discussion {
		if err := l.noteOn(ctx, c.slug, n, func(tx *store.Tx, in store.NewNote) (store.PlacedNote, error) {
			return tx.StartProjectNote(ctx, id, in)
		}); err != nil {
			return fmt.Errorf("note %q: %w", n.words, err)
		}
	}
	if !p.archived {
		return nil
	}
	return l.db.Write(ctx, owner, func(tx *store.Tx) error { return tx.Archive(ctx, store.KindProject, id, true) })
}

func (l *loader) deliverable(ctx context.Context, me store.Member, project uuid.UUID, d deliverable) error {
	var id uuid.UUID
	err := l.db.Write(ctx, me, func(tx *store.Tx) (err error) {
		id, err = tx.CreateDeliverable(ctx, project, store.DeliverableInput{
			Title: d.title, Brief: d.brief, DueOn: day(l.today, d.due)})
		return err
	})
	if err != nil {
		return err
	}
	for i, v := range d.versions {
		if err := l.version(ctx, me, id, i+1, v); err != nil {
			return fmt.Errorf("v%d: %w", i+1, err)
		}
		if err := l.review(ctx, me, id, i+1, d.reviews[i+1]); err != nil {
			return fmt.Errorf("review of v%d: %w", i+1, err)
		}
	}
	if !d.binned {
		return nil
	}
	return l.db.Write(ctx, me, func(tx *store.Tx) error { return tx.Bin(ctx, store.KindDeliverable, id, true) })
}

// version uploads files to the draft that a deliverable begins with, or to a new one.
func (l *loader) version(ctx context.Context, me store.Member, deliverable uuid.UUID, number int, v version) error {
	if number > 1 {
		err := l.db.Write(ctx, me, func(tx *store.Tx) error {
			_, err := tx.AddVersion(ctx, deliverable)
			return err
		})
		if err != nil {
			return err
		}
	}
	var versions []store.Version
	if err := l.db.Read(ctx, me, store.ListVersions(deliverable, &versions)); err != nil {
		return err
	}
	for _, f := range v.files {
		if err := l.upload(ctx, me, versions[0].ID, f.name); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if v.note == "" {
		return nil
	}
	return l.db.Write(ctx, me, func(tx *store.Tx) error { return tx.Publish(ctx, deliverable, number, v.note) })
}

// member identifies a person in a tenant. It signs them in at first use.
func (l *loader) member(ctx context.Context, email, slug string) (store.Member, error) {
	v, err := l.visitor(ctx, email, slug)
	if err != nil {
		return store.Member{}, err
	}
	m, ok := v.Member()
	if !ok {
		return m, fmt.Errorf("%s is no member of %s", email, slug)
	}
	return m, nil
}

func (l *loader) visitor(ctx context.Context, email, slug string) (store.Visitor, error) {
	if l.tokens[email] == nil {
		token, err := SignIn(ctx, l.db, email)
		if err != nil {
			return store.Visitor{}, fmt.Errorf("sign in %s: %w", email, err)
		}
		l.tokens[email] = &token
	}
	return l.db.Identify(ctx, store.Credentials{Token: l.tokens[email], Slug: slug, RequestID: "sample"})
}

// SignIn signs a person in with a mailed code, but without the mail: by the time its
// job runs, the code has been used.
func SignIn(ctx context.Context, db *store.DB, email string) (store.Token, error) {
	var token store.Token
	cookie, link, code := secret(), secret(), secret()
	flow, err := db.BeginMailFlow(ctx, cookie, email, "/")
	if err != nil {
		return token, err
	}
	if _, err := db.MintFlow(ctx, flow, link, code); err != nil {
		return token, err
	}
	_, _ = rand.Read(token[:])
	_, err = db.SignInByCode(ctx, store.MailedCode{Flow: flow, Cookie: cookie, Codes: []store.Secret{code}},
		store.NewSession{Token: token, UserAgent: "Sample data"})
	return token, err
}

func secret() store.Secret { return store.Secret(rand.Text()) }

// signOutEverybody ends the loader's sessions, so that no account page lists them.
func (l *loader) signOutEverybody(ctx context.Context) error {
	for _, email := range slices.Sorted(maps.Keys(l.tokens)) {
		v, err := l.visitor(ctx, email, "")
		if err != nil {
			return err
		}
		p, ok := v.Person()
		if !ok {
			return fmt.Errorf("%s is signed out already", email)
		}
		if err := l.db.SignOutEverywhere(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
