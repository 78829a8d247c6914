package handlers

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// reviewed is what a page reads about deciding on a deliverable.
type reviewed struct {
	requests  []store.Request
	decisions []store.Decision
	certified bool // the open version has a certificate
}

func (v *reviewed) readsOf(deliverable uuid.UUID, number int) []store.Read {
	return []store.Read{store.ListDecisions(deliverable, number, &v.decisions), store.IsCertified(deliverable, number, &v.certified)}
}

// of is what was asked and decided about one version.
func (v *reviewed) of(version uuid.UUID) (of reviewed) {
	for _, r := range v.requests {
		if r.VersionID == version {
			of.requests = append(of.requests, r)
		}
	}
	for _, d := range v.decisions {
		if d.VersionID == version {
			of.decisions = append(of.decisions, d)
		}
	}
	return of
}

// unopened is the version if the member is asked to decide on it and has not opened it
// yet, else nil.
func (v *reviewed) unopened(me store.Member, version uuid.UUID) *uuid.UUID {
	for _, r := range v.requests {
		if r.VersionID == version && r.UserID == me.ID() && r.Open() && r.OpenedAt == nil {
			return &version
		}
	}
	return nil
}

// outcomeStates are the states that outcomes are shown with.
var outcomeStates = map[store.Outcome]views.State{
	store.Approved:            views.StateApproved,
	store.ApprovedWithChanges: views.StateApprovedWith,
	store.ChangesRequired:     views.StateChangesRequired,
	store.Closed:              views.StateUnanswered,
}

// withReview adds what is asked and decided about the open version, and what the member
// may do about it.
func withReview(p *views.DeliverableShowProps, c views.Chrome, me store.Member, v store.Version, all reviewed, files []store.File, people []store.Membership) {
	asks := me.MayNow(store.Publish) && me.Support == nil
	if v.SharedAt == nil {
		if asks {
			p.Ask = askProps(c, p.Due, all.requests, people)
		}
		return
	}
	about := all.of(v.ID)
	r := &views.ReviewProps{Closed: frame.OrZero(v.Outcome) == store.Closed && !v.Locked, Content: hex.EncodeToString(store.ContentHash(files))}
	for _, f := range files {
		if f.State == store.FileReady {
			r.Files = append(r.Files, f.Name)
		}
	}
	for _, d := range about.decisions {
		row := views.DecisionRow{Name: d.Name, You: d.UserID == me.ID(), Answer: outcomeStates[d.Answer], Words: d.Words, At: d.CreatedAt, Earlier: d.Superseded}
		r.Decisions = append(r.Decisions, row)
		if row.You && !row.Earlier {
			r.Yours = &row
		}
	}
	if all.certified {
		r.Certificate = c.Base.Certificate(p.ID, v.Number)
	}
	outcome := frame.OrZero(v.Outcome)
	r.Approved = outcome == store.Approved || outcome == store.ApprovedWithChanges
	r.Certifies = outcome != "" && !v.Locked
	open := withRequests(r, c, me, about)
	if asks && !v.Locked {
		r.CanWithdraw = open
		r.CanClose = open && !slices.ContainsFunc(about.requests, func(q store.Request) bool {
			return q.EndedAt == nil && q.DueOn != nil && !c.Dates.Today().After(*q.DueOn)
		})
		if !open && (v.Outcome == nil || r.Closed) {
			p.Ask = askProps(c, p.Due, all.requests, people)
		}
	}
	withOwnDecision(r, c, me, v, about, people)
	p.Review = r
}

// withoutDeciding leaves out what asks and decides, as on archived work.
func withoutDeciding(p *views.DeliverableShowProps) {
	p.Ask = nil
	if r := p.Review; r != nil {
		r.CanDecide, r.CanClose, r.CanWithdraw = false, false, false
	}
}

// withRequests adds whom the version waits for. open says that anybody is asked, now or
// later.
func withRequests(r *views.ReviewProps, c views.Chrome, me store.Member, about reviewed) (open bool) {
	for _, q := range about.requests {
		open = open || q.EndedAt == nil
		switch {
		case q.EndedAt != nil:
		case q.AskedAt == nil:
			r.Later = append(r.Later, q.Name)
		default:
			row := views.RequestRow{Name: q.Name, You: q.UserID == me.ID(), Since: *q.AskedAt, Due: frame.OrZero(q.DueOn),
				Late: overdue(q.DueOn, c), Reminded: frame.OrZero(q.LastReminderAt)}
			if row.Told = c.Staff; row.Told {
				row.Opened = frame.OrZero(q.OpenedAt)
			}
			r.Waiting = append(r.Waiting, row)
			r.OneIsEnough = q.Rule == store.AskAny
		}
	}
	r.Stuck = c.Staff && open && len(r.Waiting) == 0
	return open
}

func overdue(due *time.Time, c views.Chrome) bool { return due != nil && c.Dates.Today().After(*due) }

// withOwnDecision adds what the member is asked, or what they may change.
func withOwnDecision(r *views.ReviewProps, c views.Chrome, me store.Member, v store.Version, about reviewed, people []store.Membership) {
	if v.Locked || r.Closed || !me.MayNow(store.Decide) || me.Support != nil {
		return
	}
	// Without requests everyone who may decide does.
	r.CanDecide = len(about.requests) == 0
	for _, q := range about.requests {
		switch {
		case q.UserID != me.ID() || q.Withdrawn:
		case q.Open():
			r.CanDecide = true
			r.AskedBy, r.PassedOn, r.Due, r.Late = q.AskerName, q.AskerParty == store.PartyClient, frame.OrZero(q.DueOn), overdue(q.DueOn, c)
			r.Yours = nil // they are asked again
			r.PassTo = passTo(me, about, people)
		case q.EndedHow != nil && *q.EndedHow == store.EndedAnswered && r.Yours != nil:
			r.CanDecide = true
		}
	}
}

// passTo are the people to whom the member may pass a request on.
func passTo(me store.Member, about reviewed, people []store.Membership) (to []views.PersonOption) {
	for _, person := range people {
		asked := slices.ContainsFunc(about.requests, func(q store.Request) bool { return q.UserID == person.UserID && q.EndedAt == nil })
		if mayDecide(person) && person.UserID != me.ID() && !asked {
			to = append(to, views.PersonOption{ID: person.UserID.String(), Name: person.Name})
		}
	}
	return to
}

func mayDecide(p store.Membership) bool { return store.May(store.Decide, p.Party, p.Role) }

// askProps is the form that asks, filled in as it was the last time. It is nil if nobody
// can be asked.
func askProps(c views.Chrome, due time.Time, before []store.Request, people []store.Membership) *views.AskProps {
	last := map[uuid.UUID]int{}
	p := &views.AskProps{Rule: string(store.AskAll)}
	for _, q := range before { // the newest version first
		if q.VersionID != before[0].VersionID || q.Withdrawn && !before[0].Withdrawn {
			continue
		}
		last[q.UserID] = q.Step
		if p.Rule = string(q.Rule); q.Step > before[0].Step {
			p.Rule = string(store.AskInOrder)
		}
	}
	if !due.IsZero() && !due.Before(c.Dates.Today()) {
		p.Due = day(&due)
	}
	for _, person := range people {
		if mayDecide(person) {
			p.People = append(p.People, views.PersonOption{ID: person.UserID.String(), Name: person.Name, Chosen: last[person.UserID] > 0})
		}
	}
	slices.SortStableFunc(p.People, func(a, b views.PersonOption) int {
		step := func(o views.PersonOption) int { return cmp.Or(last[uuid.MustParse(o.ID)], store.MaxSteps+1) }
		return step(a) - step(b)
	})
	for i := range p.People {
		p.People[i].Place = i + 1
	}
	if len(p.People) == 0 {
		return nil
	}
	return p
}

// readAsk reads the fields of the form that asks. Nobody chosen is nobody asked.
func readAsk(r *http.Request, me store.Member, f *web.Form) (store.Ask, error) {
	ask := store.Ask{Rule: store.AskRule(f.Raw("rule"))}
	for _, text := range r.PostForm["ask"] {
		id, ok := web.ParseID(text)
		if !ok || len(ask.People) == store.MaxAsked {
			return ask, store.ErrNotFound
		}
		ask.People = append(ask.People, id)
	}
	if len(ask.People) == 0 {
		return store.Ask{}, nil
	}
	ask.DueOn = f.Date("due")
	if ask.DueOn != nil && ask.DueOn.Before(frame.Tenant(r, me).Dates.Today()) {
		f.Errors["due"] = "Choose today or a later day."
	}
	slices.SortStableFunc(ask.People, func(a, b uuid.UUID) int { return place(f, a) - place(f, b) })
	return ask, nil
}

// place is whose turn it is, for people who decide one after another.
func place(f *web.Form, person uuid.UUID) int {
	n, err := strconv.Atoi(f.Raw("place_" + person.String()))
	if err != nil {
		return store.MaxSteps + 1
	}
	return n
}

// showTypedAsk shows the form that asks as it was sent.
func showTypedAsk(p *views.AskProps, r *http.Request, f *web.Form) {
	if p == nil {
		return
	}
	p.Rule, p.Due, p.Errors = cmp.Or(f.Raw("rule"), p.Rule), f.Raw("due"), ui.Errors(f.Errors)
	for i, o := range p.People {
		p.People[i].Chosen = slices.Contains(r.PostForm["ask"], o.ID)
		if n, err := strconv.Atoi(f.Raw("place_" + o.ID)); err == nil {
			p.People[i].Place = n
		}
	}
}

// invalid puts the errors of a deed into the form, and reports whether there were any.
func invalid(f *web.Form, err error) bool {
	wrong, ok := errors.AsType[store.InvalidError](err)
	for field, sentence := range wrong {
		f.Errors[field] = sentence
	}
	return ok
}

// versionNumber is the {number} of the path, in the one way in which our pages write it.
func versionNumber(r *http.Request) (int, error) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 32)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != r.PathValue("number") {
		return 0, store.ErrNotFound
	}
	return int(n), nil
}

// onVersion leads a page to the version of the path, as if its query named it.
func onVersion(r *http.Request, number int) *http.Request {
	r2 := r.Clone(r.Context())
	q := r2.URL.Query()
	q.Set("version", strconv.Itoa(number))
	r2.URL.RawQuery = q.Encode()
	return r2
}

// reviewForm is a form about a version, as it was sent.
type reviewForm struct {
	*web.Form
	deliverable uuid.UUID
	number      int
}

func readReviewForm(r *http.Request) (f reviewForm, err error) {
	if f.Form, err = web.NewForm(r); err != nil {
		return f, err
	}
	f.deliverable = web.PathID(r)
	f.number, err = versionNumber(r)
	return f, err
}

func (f reviewForm) url(base views.Base) string {
	return base.DeliverableVersion(f.deliverable.String(), f.number)
}

// decide records what a person of the client decides.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := readReviewForm(r)
	if err != nil {
		return err
	}
	content, err := hex.DecodeString(f.Raw("content"))
	if err != nil || len(content) != sha256.Size {
		content = make([]byte, sha256.Size) // of no version
	}
	in := store.NewDecision{Content: content, Answer: store.Outcome(f.Raw("answer")), Words: f.Prose("words", store.MaxWords)}
	if !in.Answer.IsAnswer() {
		return &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "Choose an answer.", Link: web.Link{URL: f.url(frame.Base(r, me)), Label: "Back to the version"}}
	}
	if f.Valid() {
		err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.Decide(r.Context(), f.deliverable, f.number, in) })
	}
	if invalid(f.Form, err) || !f.Valid() {
		return s.showReviewForm(w, r, me, f, string(in.Answer))
	}
	if err != nil {
		return reviewProblem(r, me, f, err)
	}
	switch in.Answer {
	case store.Approved:
		return frame.Done(w, r, f.url(frame.Base(r, me)), "review.approved", "")
	case store.ApprovedWithChanges:
		return frame.Done(w, r, f.url(frame.Base(r, me)), "review.approved_with_changes", "")
	}
	return frame.Done(w, r, f.url(frame.Base(r, me)), "review.changes_required", "")
}

// showReviewForm shows the version with a refused form of the client.
func (s *Server) showReviewForm(w http.ResponseWriter, r *http.Request, me store.Member, f reviewForm, form string) error {
	r = onVersion(r, f.number)
	return s.showPage(w, r, me, s.deliverablePage(r, http.StatusUnprocessableEntity, func(p *views.DeliverableShowProps) {
		if p.Review == nil || !p.Review.CanDecide {
			p.Refused, p.Kept = "Nothing was saved.", views.KeptTexts(r.PostForm)
			return
		}
		p.Review.Open, p.Review.Errors, p.Review.Words, p.Review.To = form, ui.Errors(f.Errors), f.Raw("words"), f.Raw("to")
	}))
}

func errFilesChanged(r *http.Request, me store.Member, f reviewForm) error {
	return &web.Problem{Status: http.StatusConflict, Sentence: "The files changed while you were reading. Look again, then decide.", Cause: store.ErrChanged,
		Link: web.Link{URL: f.url(frame.Base(r, me)), Label: "Look again"}}
}

// reviewProblem puts the refusals of deeds about decisions into words.
func reviewProblem(r *http.Request, me store.Member, f reviewForm, err error) error {
	base := frame.Base(r, me)
	p := &web.Problem{Status: http.StatusConflict, Cause: err, Link: web.Link{URL: f.url(base), Label: "Back to the version"}}
	locked, isLocked := errors.AsType[*store.LockedError](err)
	switch {
	case isLocked:
		p.Sentence = isOpen(locked.Newest, f.number) + ". Decide there."
		if me.Party == store.PartyAgency {
			p.Sentence = isOpen(locked.Newest, f.number) + ". Ask there."
		}
		p.Link = web.Link{URL: base.DeliverableVersion(f.deliverable.String(), locked.Newest), Label: "Go to version " + strconv.Itoa(locked.Newest)}
	case errors.Is(err, store.ErrChanged):
		return errFilesChanged(r, me, f)
	case errors.Is(err, store.ErrClosed):
		p.Sentence = me.Tenant.AgencyName + " closed this version without an answer. They can ask you again."
	case errors.Is(err, store.ErrNotAsked):
		p.Status, p.Title, p.Sentence = http.StatusForbidden, "You aren't asked to decide", "Only the people whom "+me.Tenant.AgencyName+" asks decide on this version."
	case errors.Is(err, store.ErrAsked):
		p.Sentence = "Someone is asked already, or the version is decided."
	case errors.Is(err, store.ErrArchived):
		return err
	case errors.Is(err, store.ErrNotDue):
		p.Sentence = "People still have time to answer. You can close it once the due date is over, or withdraw the request."
	case errors.Is(err, store.ErrConflict):
		p.Sentence = "Nobody is asked to decide on this version any more."
	default:
		return err
	}
	return p
}

// passOn passes the request to decide on to somebody else.
func (s *Server) passOn(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := readReviewForm(r)
	if err != nil {
		return err
	}
	to, ok := web.ParseID(f.Raw("to"))
	if !ok {
		f.Errors["to"] = "Choose someone who can decide."
	} else {
		err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.PassOn(r.Context(), f.deliverable, f.number, to) })
	}
	if invalid(f.Form, err) || !f.Valid() {
		return s.showReviewForm(w, r, me, f, "pass-on")
	}
	if err != nil {
		return reviewProblem(r, me, f, err)
	}
	return frame.Done(w, r, f.url(frame.Base(r, me)), "review.passed_on", "")
}

// askForDecision asks people of the client to decide on a published version.
func (s *Server) askForDecision(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := readReviewForm(r)
	if err != nil {
		return err
	}
	ask, err := readAsk(r, me, f.Form)
	if err != nil {
		return err
	}
	if f.Valid() {
		err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
			return tx.AskForDecision(r.Context(), f.deliverable, f.number, ask)
		})
	}
	if invalid(f.Form, err) || !f.Valid() {
		r = onVersion(r, f.number)
		return s.showPage(w, r, me, s.deliverablePage(r, http.StatusUnprocessableEntity, func(p *views.DeliverableShowProps) {
			if p.Ask != nil {
				showTypedAsk(p.Ask, r, f.Form)
				p.Ask.Failed = true
			}
		}))
	}
	if err != nil {
		return reviewProblem(r, me, f, err)
	}
	return frame.Done(w, r, f.url(frame.Base(r, me)), "review.asked", "")
}

// closeReview closes a version without an answer.
func (s *Server) closeReview(w http.ResponseWriter, r *http.Request, me store.Member) error {
	today := frame.Tenant(r, me).Dates.Today()
	f, err := s.stopReview(r, me, func(tx *store.Tx, f reviewForm) error {
		return tx.CloseReview(r.Context(), f.deliverable, f.number, today)
	})
	if err != nil {
		return err
	}
	return frame.Done(w, r, f.url(frame.Base(r, me)), "review.closed", "")
}

// withdrawReview withdraws what was asked about a version.
func (s *Server) withdrawReview(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := s.stopReview(r, me, func(tx *store.Tx, f reviewForm) error {
		return tx.WithdrawReview(r.Context(), f.deliverable, f.number)
	})
	if err != nil {
		return err
	}
	return frame.Done(w, r, f.url(frame.Base(r, me)), "review.withdrawn", "")
}

func (s *Server) stopReview(r *http.Request, me store.Member, do func(*store.Tx, reviewForm) error) (reviewForm, error) {
	f, err := readReviewForm(r)
	if err != nil {
		return f, err
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return do(tx, f) })
	if err != nil {
		return f, reviewProblem(r, me, f, err)
	}
	return f, nil
}

// openedForm is the form that the query opens in the page, for browsers without scripts.
func openedForm(p *views.DeliverableShowProps, form string) {
	if p.Review == nil || !p.Review.CanDecide {
		return
	}
	if store.Outcome(form).IsAnswer() || form == "pass-on" && len(p.Review.PassTo) > 0 {
		p.Review.Open = form
	}
}
