package handlers

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

const clientsShown = 50

// clientList shows an agency's clients by name to its owners and admins.
func (s *Server) clientList(r *http.Request) page {
	q := r.URL.Query()
	filter := store.ClientFilter{Text: strings.TrimSpace(q.Get("q")), Archived: q.Get("show") == string(store.Archived),
		Page: store.PageOf(clientsShown, frame.ParseCursor(q.Get("after")))}
	var clients []store.Client
	var plan store.TenantPlan
	var used []store.Usage
	return page{always(store.ListClients(filter, &clients), store.GetPlan(&plan), store.ListUsage(&used)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		c := frame.Tenant(r, me)
		props := views.ClientListProps{Query: filter.Text, Archived: filter.Archived, Usage: s.clientUsage(plan, used)}
		at := func(after string) string {
			next := url.Values{}
			for key, value := range map[string]string{"q": filter.Text, "show": q.Get("show"), "after": after} {
				if value != "" {
					next.Set(key, value)
				}
			}
			return c.Base.Clients() + "?" + next.Encode()
		}
		clients, next := store.Cut(clients, filter.Page, func(c store.Client) store.Cursor { return store.Cursor{Name: c.Name, ID: c.ID} })
		if after := frame.WriteCursor(next); after != "" {
			props.MoreURL = at(after)
		}
		if filter.After.ID != uuid.Nil {
			props.FirstURL = at("")
		}
		props.Clients = clientRows(c.Base, clients)
		return views.Render(w, r, http.StatusOK, views.ClientList(c, props))
	}}
}

// clientUsage says how many clients the agency has, of how many its plan allows.
func (s *Server) clientUsage(plan store.TenantPlan, used []store.Usage) string {
	for _, u := range used {
		if u.Metric == store.Clients {
			limit, _ := s.db.Plans().Limit(plan, u.Metric)
			return amount(u.Metric, u.Used) + " of " + amount(u.Metric, limit)
		}
	}
	return ""
}

func clientRows(base views.Base, clients []store.Client) []views.ClientRow {
	rows := make([]views.ClientRow, len(clients))
	for i, c := range clients {
		rows[i] = views.ClientRow{
			URL:          base.Client(c.ID.String()),
			Name:         c.Name,
			Accent:       frame.OrZero(c.Accent),
			LogoURL:      logoURL(c.LogoID),
			State:        views.State(c.State),
			Plan:         frame.PlanName(c.Plan),
			People:       c.People,
			Projects:     c.Projects,
			ForUs:        c.ForUs,
			InReview:     c.Waiting,
			LastActivity: frame.OrZero(c.LastActivityAt),
			Joined:       c.Joined,
		}
	}
	return rows
}

// clientShow shows one client to managers of its agency: counts, state and actions,
// but nothing inside the client.
func (s *Server) clientShow(r *http.Request) page {
	return s.clientPage(r, http.StatusOK, func(*views.ClientShowProps) {})
}

func (s *Server) clientPage(r *http.Request, status int, edit func(*views.ClientShowProps)) page {
	var client store.Client
	var own store.TenantPlan
	var people clientPeople
	reads := func(at store.Standing) []store.Read {
		return append([]store.Read{store.GetClient(web.PathID(r), &client), store.GetPlan(&own)}, people.reads(at, web.PathID(r))...)
	}
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		base := views.PathBase(client.Slug)
		props := views.ClientShowProps{
			ID:         client.ID.String(),
			Name:       client.Name,
			Address:    s.cfg.URL.Host + base.Home(),
			State:      views.State(client.State),
			People:     client.People,
			Projects:   client.Projects,
			ForUs:      client.ForUs,
			InReview:   client.Waiting,
			Since:      client.CreatedAt,
			LastActive: frame.OrZero(client.LastActivityAt),
			Form:       views.ClientForm{Name: client.Name, Plan: client.Plan, Seen: string(client.Seen), PlanSeen: client.Plan},
			PlanName:   frame.PlanName(client.Plan),
			Plans:      s.assignablePlans(me, own),
			JoinAs:     map[store.Role]string{store.RoleOwner: "an owner", store.RoleAdmin: "an admin"}[me.Role],
		}
		if names := s.db.Plans().Names(); own.Plan != names[len(names)-1] {
			props.PlanMost = frame.PlanName(own.Plan)
		}
		if s.db.Plans().Capped(store.TenantPlan{Plan: client.Plan, Agency: own.Plan}) {
			props.PlanCap = frame.PlanName(own.Plan)
		}
		props.Team = people.team(frame.Base(r, me), me)
		if client.Joined {
			props.OpenURL = frame.AddressOf(r).Platform + base.Home()
			props.Invited = client.Invited
			props.PeopleURL = frame.AddressOf(r).Platform + base.Members()
		}
		edit(&props)
		return views.Render(w, r, status, views.ClientShow(frame.Tenant(r, me), props))
	}}
}

// clientAgain shows the page of a client again, after a form of it was refused.
func (s *Server) clientAgain(w http.ResponseWriter, r *http.Request, me store.Member, status int, edit func(*views.ClientShowProps)) error {
	return s.showPage(w, r, me, s.clientPage(r, status, edit))
}

// assignablePlans are the plans that the member may give a client, with their limits: those
// up to the agency's own. It is empty for members who may not change plans.
func (s *Server) assignablePlans(me store.Member, own store.TenantPlan) (choices []views.Choice) {
	if !me.May(store.PlanClients) {
		return nil
	}
	for _, plan := range s.db.Plans().UpTo(own.Plan) {
		var limits []string
		for _, m := range metricsOf(store.TenantClient, store.PartyAgency) {
			limit, _ := s.db.Plans().Limit(store.TenantPlan{Plan: plan, Agency: own.Plan}, m)
			limits = append(limits, strings.TrimSuffix(ofMetric(m, limit), " of storage"))
		}
		for _, m := range s.db.Plans().Reported() {
			if limit, limited := s.db.Plans().Limit(store.TenantPlan{Plan: plan, Agency: own.Plan}, m); limited {
				limits = append(limits, ui.Number(limit)+" "+frame.MetricName(s.db.Plans(), m)+" a month")
			}
		}
		choices = append(choices, views.Choice{Value: plan, Label: frame.PlanName(plan) + ": " + strings.Join(limits, ", ")})
	}
	return choices
}

// clientRename changes what the agency calls a client.
func (s *Server) clientRename(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	name := f.Text("name", "a name", 120)
	if !f.Valid() {
		return s.clientAgain(w, r, me, http.StatusUnprocessableEntity, func(p *views.ClientShowProps) {
			p.Form.Name, p.Form.Errors = f.Raw("name"), ui.Errors(f.Errors)
		})
	}
	err = s.clientDeed(w, r, me, "tenant.renamed", func(ctx context.Context, tx *store.Tx, id uuid.UUID) error {
		expect(tx, f)
		return tx.RenameClient(ctx, id, name)
	})
	if errors.Is(err, store.ErrChanged) {
		return s.clientAgain(w, r, me, http.StatusConflict, func(p *views.ClientShowProps) {
			p.Form.Theirs = frame.MarkOwn(r.Context(), s.db, me, []ui.Saved{{Label: "Name", Value: p.Name}}, web.PathID(r), "tenant.renamed")
			p.Form.Name = name
		})
	}
	return err
}

// clientPlan gives a client another plan.
func (s *Server) clientPlan(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	plan := f.Raw("plan")
	err = s.clientDeed(w, r, me, "plan.changed", func(ctx context.Context, tx *store.Tx, id uuid.UUID) error {
		expect(tx, f)
		return tx.SetClientPlan(ctx, id, plan)
	})
	if invalid, ok := errors.AsType[store.InvalidError](err); ok {
		return s.clientAgain(w, r, me, http.StatusUnprocessableEntity, func(p *views.ClientShowProps) {
			p.Form.Plan, p.Form.Errors = plan, ui.Errors(invalid)
		})
	}
	if errors.Is(err, store.ErrChanged) {
		return s.clientAgain(w, r, me, http.StatusConflict, func(p *views.ClientShowProps) {
			p.Form.Theirs = frame.MarkOwn(r.Context(), s.db, me, []ui.Saved{{Label: "Plan", Value: p.PlanName}}, web.PathID(r), "plan.changed")
			p.Form.Plan = plan
		})
	}
	return err
}

// clientLeave ends the member's own membership of a client. An owner needs a recent
// step-up, and can leave only if there is another owner.
func (s *Server) clientLeave(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.clientDeed(w, r, me, "member.staff_left", func(ctx context.Context, tx *store.Tx, id uuid.UUID) error {
		return tx.LeaveClient(ctx, id)
	})
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathBase(me.Tenant.Slug).Client(web.PathID(r).String()))
	case errors.Is(err, store.ErrLastOwner):
		return s.clientAgain(w, r, me, http.StatusConflict, func(p *views.ClientShowProps) { p.Refused = lastOwner })
	}
	return err
}

// clientDiscard deletes a client that nobody used, and redirects to the list.
func (s *Server) clientDiscard(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.DiscardClient(r.Context(), web.PathID(r)) })
	if errors.Is(err, store.ErrConflict) {
		return s.clientAgain(w, r, me, http.StatusConflict, func(p *views.ClientShowProps) {
			p.Refused = "This client can't be deleted: someone has joined it, or it has projects (the bin counts). Archive it instead."
		})
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Clients(), "tenant.discarded", "")
}

// clientAct returns a handler that changes a client and redirects to its page.
func (s *Server) clientAct(did string, act func(*store.Tx, context.Context, uuid.UUID) error) func(http.ResponseWriter, *http.Request, store.Member) error {
	return func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		f, err := web.NewForm(r)
		if err != nil {
			return err
		}
		err = s.clientDeed(w, r, me, did, func(ctx context.Context, tx *store.Tx, id uuid.UUID) error {
			expect(tx, f)
			return act(tx, ctx, id)
		})
		if errors.Is(err, store.ErrChanged) {
			return s.stateOfOther(w, r, me, did)
		}
		return err
	}
}

// clientStates are the state that an act gives a client, and its verb for who wanted it.
var clientStates = map[string]struct {
	state store.TenantState
	verb  string
}{
	"tenant.suspended":  {store.TenantSuspended, "suspend"},
	"tenant.resumed":    {store.TenantActive, "resume"},
	"tenant.archived":   {store.TenantArchived, "archive"},
	"tenant.unarchived": {store.TenantActive, "unarchive"},
}

// stateOfOther says which state somebody else gave a client meanwhile. Its page has what
// can be done from there.
func (s *Server) stateOfOther(w http.ResponseWriter, r *http.Request, me store.Member, did string) error {
	var client store.Client
	if err := s.db.Read(r.Context(), me, store.GetClient(web.PathID(r), &client)); err != nil {
		return err
	}
	wanted := clientStates[did]
	if client.State == wanted.state {
		return frame.Done(w, r, frame.Base(r, me).Client(client.ID.String()), did, "")
	}
	who := "Someone else changed the state meanwhile: "
	if frame.OwnChange(r.Context(), s.db, me, client.ID, slices.Collect(maps.Keys(clientStates))...) {
		who = "You changed the state in another tab or window: "
	}
	return s.clientAgain(w, r, me, http.StatusConflict, func(p *views.ClientShowProps) {
		p.Refused = who + client.Name + " is " + string(client.State) +
			" now. You chose to " + wanted.verb + " it, which is not saved yet. Choose again below if you still want it."
	})
}

func (s *Server) clientDeed(w http.ResponseWriter, r *http.Request, me store.Member, did string, act func(context.Context, *store.Tx, uuid.UUID) error) error {
	id := web.PathID(r)
	if err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return act(r.Context(), tx, id) }); err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Client(id.String()), did, "")
}
