package handlers

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/sealed"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// activityShow is the page of one event.
func (s *Server) activityShow(r *http.Request) page {
	var events []store.Activity
	filter := store.ActivityFilter{Event: web.PathID(r), Seal: true}
	reads := func(at store.Standing) []store.Read {
		if filter.Event == uuid.Nil {
			return nil // no id: without it the filter would find all events
		}
		filter.Billing = seesBilling(at)
		return []store.Read{store.ListActivity(filter, &events)}
	}
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		if len(events) == 0 {
			return store.ErrNotFound
		}
		clients, err := s.clientNames(r, me, events)
		if err != nil {
			return err
		}
		c, e := frame.Tenant(r, me), events[0]
		props := views.ActivityEventProps{
			Event: eventRows(c.Base, me, events, clients)[0],
			Facts: eventFacts(c.Base, me, e),
			Seal:  "This event will be sealed within five minutes. Then nobody can change it without being noticed.",
		}
		props.OpenURL = props.Event.TargetURL
		props.Event.URL, props.Event.Seal = "", ""
		if e.Position != nil {
			props.Seal = "Sealed: the proof shows anybody, without this server, that this event is in the log and wasn't changed since. It doesn't show that everything was logged."
			props.ProofURL = c.Base.ActivityProof(e.ID.String())
		}
		return views.Render(w, r, http.StatusOK, views.ActivityEvent(c, props))
	}}
}

// eventFacts are the values of an event, each with the filter for it.
func eventFacts(base views.Base, me store.Member, e store.Activity) (facts []views.EventFact) {
	only := func(key, value string) string { return base.Activity(url.Values{key: {value}}) }
	add := func(label, value, url string, code bool) {
		if value != "" {
			facts = append(facts, views.EventFact{Label: label, Value: value, URL: url, Code: code})
		}
	}
	byID := func(key string, id *uuid.UUID) string {
		if id == nil || !me.May(store.SeeActivity) {
			return ""
		}
		return only(key, id.String())
	}
	add("Who", e.ActorName, byID("person", e.ActorID), false)
	if e.SubjectID != nil && (e.ActorID == nil || *e.SubjectID != *e.ActorID) {
		add("As whom", e.SubjectName, byID("person", e.SubjectID), false)
	}
	add("API key", e.KeyName, "", false)
	add("Act", views.TrailVerb(e.Verb, e.ViewAs), only("act", e.Verb), false)
	if e.TargetID != nil {
		name := e.TargetName
		if name == "" {
			name = e.TargetID.String()
		}
		add("Target", name, only("target", e.TargetID.String()), false)
	}
	if e.Result == store.ResultDenied {
		add("Result", "refused", only("refused", "1"), false)
	} else {
		add("Result", "done", "", false)
	}
	if e.SupportSessionID != nil {
		add("Session", e.By(me.Tenant.AgencyName), only("support", e.SupportSessionID.String()), false)
	}
	day := e.At.UTC().Format("2006-01-02")
	add("Day (UTC)", day, base.Activity(url.Values{"from": {day}, "until": {day}}), false)
	add("Request", e.RequestID, "", true)
	add("Event", e.ID.String(), "", true)
	if e.Position != nil {
		add("Position", strconv.FormatInt(*e.Position, 10), "", false)
		add("Leaf", hex.EncodeToString(e.Leaf), "", true)
	}
	return facts
}

// activityProof sends the proof that an event is sealed.
func (s *Server) activityProof(w http.ResponseWriter, r *http.Request, me store.Member) error {
	event := web.PathID(r)
	if event == uuid.Nil {
		return store.ErrNotFound
	}
	// What the page doesn't show has no proof either.
	var events []store.Activity
	filter := store.ActivityFilter{Event: event, Billing: seesBilling(me.Standing())}
	if err := s.db.Read(r.Context(), me, store.ListActivity(filter, &events)); err != nil {
		return err
	}
	if len(events) == 0 {
		return store.ErrNotFound
	}
	proof, err := sealed.Prove(func(read store.Read) error { return s.db.Read(r.Context(), me, read) }, event)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+event.String()+`.tlog-proof"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(proof)))
	_, _ = w.Write(proof) // the visitor may be gone
	return nil
}
