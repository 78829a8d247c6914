package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// memberHandler handles a member's request.
type memberHandler = func(http.ResponseWriter, *http.Request, store.Member) error

// listURLs find the URL of the list that an object is in, by its kind, for the deeds
// that all kinds share.
var listURLs = map[store.Kind]func(context.Context, *store.Tx, views.Base, uuid.UUID) (string, error){
	store.KindProject: func(_ context.Context, _ *store.Tx, base views.Base, _ uuid.UUID) (string, error) {
		return base.Projects(), nil
	},
	store.KindDeliverable: func(ctx context.Context, tx *store.Tx, base views.Base, id uuid.UUID) (string, error) {
		var project uuid.UUID
		err := tx.Read(ctx, store.ProjectOf(id, &project))
		return base.Project(project.String()), err
	},
}

// inList runs a deed on the object that the path names and returns the URL of its list.
func (s *Server) inList(r *http.Request, me store.Member, kind store.Kind, do func(*store.Tx, uuid.UUID) error) (list string, err error) {
	id := web.PathID(r)
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		if list, err = listURLs[kind](r.Context(), tx, frame.Base(r, me), id); err != nil {
			return err
		}
		return do(tx, id)
	})
	return list, err
}

// archive archives or unarchives an object.
func (s *Server) archive(kind store.Kind, archived bool) memberHandler {
	verb := string(kind) + ".archived"
	if !archived {
		verb = string(kind) + ".unarchived"
	}
	return s.listDeed(kind, verb, func(ctx context.Context, tx *store.Tx, id uuid.UUID) error {
		return tx.Archive(ctx, kind, id, archived)
	})
}

// bin moves an object to the bin, or restores it.
func (s *Server) bin(kind store.Kind, binned bool) memberHandler {
	verb := string(kind) + ".binned"
	if !binned {
		verb = string(kind) + ".restored"
	}
	return s.listDeed(kind, verb, func(ctx context.Context, tx *store.Tx, id uuid.UUID) error {
		return tx.Bin(ctx, kind, id, binned)
	})
}

func (s *Server) listDeed(kind store.Kind, verb string, do func(context.Context, *store.Tx, uuid.UUID) error) memberHandler {
	return func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		list, err := s.inList(r, me, kind, func(tx *store.Tx, id uuid.UUID) error { return do(r.Context(), tx, id) })
		if err != nil {
			return err
		}
		return frame.Done(w, r, list, verb, web.PathID(r).String())
	}
}

// move puts an object after another one in its list.
func (s *Server) move(kind store.Kind) memberHandler {
	return func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		f, err := web.NewForm(r)
		if err != nil {
			return err
		}
		after, err := afterOf(f)
		if err != nil {
			return err
		}
		var placed store.Seen
		list, err := s.inList(r, me, kind, func(tx *store.Tx, id uuid.UUID) (err error) {
			expect(tx, f)
			placed, err = tx.Move(r.Context(), kind, id, after)
			return err
		})
		if errors.Is(err, store.ErrChanged) {
			return s.movedByOther(r, me, kind)
		}
		if err != nil {
			return err
		}
		// A script that moves the row again sends this state.
		w.Header().Set("ETag", `"`+string(placed)+`"`)
		if f.Raw("order") != "" {
			list += "?" + orderAgain(web.PathID(r), r.URL.Query().Get("way")) // the page without scripts, to move the next row
		}
		return moved(w, r, list)
	}
}

// orderAgain is the query of the page without scripts after a row was moved one of its
// ways, whose button keeps the focus.
func orderAgain(id uuid.UUID, way string) string {
	q := url.Values{"order": {"1"}}
	if way != "" {
		q.Set("moved", id.String())
		q.Set("way", way)
	}
	return q.Encode()
}

// pressed is the button of the page without scripts that has just moved a row.
func pressed(r *http.Request) views.Pressed {
	return views.Pressed{Row: r.URL.Query().Get("moved"), Way: r.URL.Query().Get("way")}
}

// movedByOther leads to the list whose row somebody else moved.
func (s *Server) movedByOther(r *http.Request, me store.Member, kind store.Kind) error {
	list, err := s.inList(r, me, kind, func(*store.Tx, uuid.UUID) error { return nil })
	if err != nil {
		return err
	}
	p := *errMoved
	if frame.OwnChange(r.Context(), s.db, me, web.PathID(r), string(kind)+".moved") {
		p.Title = "You moved this in another tab or window"
	}
	p.Link = web.Link{URL: list, Label: "See the current order"}
	return &p
}

// afterOf reads the id of the row to move behind. An empty field means the first place.
func afterOf(f *web.Form) (uuid.UUID, error) {
	after := f.Raw("after")
	if after == "" {
		return uuid.Nil, nil
	}
	id, ok := web.ParseID(after)
	if !ok || id == uuid.Nil {
		return uuid.Nil, store.ErrNotFound
	}
	return id, nil
}

// moved answers a script with 204 and a form with a redirect to the list.
func moved(w http.ResponseWriter, r *http.Request, to string) error {
	if wantsJSON(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
