package support

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

const supportShown = 25

// Show is the page of the tenant's support access and its ledger.
func (s *Service) Show(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.page(w, r, me, http.StatusOK, typedForms{})
}

// typedForms holds the values of that page's forms as they were typed.
type typedForms struct {
	grant  views.SupportGrantForm
	viewAs views.ViewAsForm
	flag   typedFlag
}

func (s *Service) page(w http.ResponseWriter, r *http.Request, me store.Member, status int, typed typedForms) error {
	before := r.URL.Query().Get("before")
	page := store.PageOf(supportShown, frame.ParseCursor(before))
	var access []store.Consent
	var sessions []store.SupportSession
	var people []store.SupportTarget
	var asks []store.AccessRequest
	var mayAsk bool
	var seen store.Seen
	var own *store.OwnConsent
	var code *store.SupportCode
	reads := []store.Read{store.SupportInForce(&access), store.GetOwnConsent(&own), store.SeenConsent(&seen), store.AccessRequestsAllowed(&mayAsk), store.ListOpenAccessRequests(&asks), store.ListSupportSessions(page, &sessions)}
	if mayConsent(me) {
		reads = append(reads, store.GetSupportCode(&code))
	}
	if MayViewAs(me) {
		reads = append(reads, store.ListViewAsTargets(&people))
	}
	if err := s.db.Read(r.Context(), me, reads...); err != nil {
		return err
	}
	c := frame.Tenant(r, me)
	export := ""
	if me.Support == nil && len(sessions) > 0 {
		export = c.Base.SupportLedger()
	}
	props := views.SupportProps{ExportURL: export, MayAsk: mayAsk, CanGrant: mayConsent(me), Scope: scopeOf(me), Form: currentGrant(typed.grant, own, access),
		CanViewAs: MayViewAs(me), ViewAsPeople: viewAsPeople(people, typed.viewAs.Person), ViewAs: typed.viewAs}
	for _, ask := range asks {
		props.Asks = append(props.Asks, requestRow(c.Base, me, ask))
	}
	if code != nil {
		props.Code, props.CodeEndsAt = code.Code[:4]+" "+code.Code[4:], code.EndsAt
	}
	props.Access = accessRows(me, access)
	props.Form.Seen = string(seen)
	if status == http.StatusConflict {
		props.Form.Theirs = s.allowedMeanwhile(r, me, access)
	}
	sessions, next := store.Cut(sessions, page, func(s store.SupportSession) store.Cursor { return store.Cursor{At: s.StartedAt, ID: s.ID} })
	if older := frame.WriteCursor(next); older != "" {
		props.OlderURL = c.Base.Support() + "?" + url.Values{"before": {older}}.Encode()
	}
	if before != "" {
		props.NewerURL = c.Base.Support()
	}
	for _, session := range sessions {
		row := ledgerRow(c.Base, me, session)
		if typed.flag.session == session.ID.String() {
			row.Flag, row.FlagErrors = typed.flag.words, typed.flag.errors
			props.FlagField = "words-" + row.ID
			props.FlagErrors = ui.Errors{props.FlagField: typed.flag.errors["words"]}
		}
		props.Sessions = append(props.Sessions, row)
	}
	return views.Render(w, r, status, views.Support(c, props))
}

// currentGrant fills a form that nobody typed into with what is allowed now: by this side,
// or else by the other.
func currentGrant(form views.SupportGrantForm, own *store.OwnConsent, access []store.Consent) views.SupportGrantForm {
	switch {
	case form.Errors != nil || form.Hours != "" || form.Mode != "" || len(access) == 0:
	case own != nil:
		form.Hours, form.Mode = strconv.Itoa(own.Hours), string(own.Mode)
	default:
		length := access[0].EndsAt.Sub(access[0].CreatedAt)
		form.Hours, form.Mode = strconv.Itoa(int(length.Round(time.Hour)/time.Hour)), string(access[0].Mode)
	}
	return form
}

// scopeOf says what support can see and do where the member allows it. Whoever allows it
// opens both sides; drafts stay hidden until the agency allows it too.
func scopeOf(me store.Member) string {
	t := me.Tenant
	const changes = " If you allow changes, they can also create, edit, publish and delete work. They can't invite people or change roles, settings or domains."
	switch {
	case t.Kind == store.TenantAgency:
		return "An agent sees what one of your team sees here: people, activity and settings."
	case me.Party == store.PartyClient:
		return "An agent sees both sides of this workspace, " + sidesOf(me) + ". They see projects, files, people, activity and settings. " +
			"Drafts stay hidden unless " + t.AgencyName + " allows support access too." + changes
	}
	return "An agent sees both sides of this workspace, " + sidesOf(me) + ". They see projects, files, drafts, people, activity and settings." + changes
}

// sidesOf says as whom support may act, in words for this member.
func sidesOf(me store.Member) string {
	if me.Tenant.Kind == store.TenantAgency {
		return views.SupportSides(me.Tenant.Name, "", true)
	}
	return views.SupportSides(me.Tenant.AgencyName, me.Tenant.Name, me.Party == store.PartyAgency)
}

// sideOf says as whom support may act on one of the sides.
func sideOf(me store.Member, as store.Party) string {
	switch {
	case me.Tenant.Kind == store.TenantAgency:
		return sidesOf(me)
	case as == store.PartyAgency:
		return views.SupportAsStaff(me.Tenant.AgencyName)
	}
	return views.SupportAsClient(me.Tenant.Name, me.Party == store.PartyAgency)
}

// accessRows says what support may do now, as whose people, and who allowed it.
func accessRows(me store.Member, access []store.Consent) []views.SupportAccessRow {
	rows := make([]views.SupportAccessRow, len(access))
	for i, a := range access {
		rows[i] = views.SupportAccessRow{Write: a.Mode == store.SupportWrite, Until: a.EndsAt, By: a.ByName, At: a.CreatedAt, NoDrafts: !a.Drafts,
			As: sideOf(me, a.As)}
	}
	return rows
}

// allowedMeanwhile is allowedByOther, marked if it was the member themselves.
func (s *Service) allowedMeanwhile(r *http.Request, me store.Member, access []store.Consent) []ui.Saved {
	return frame.MarkOwn(r.Context(), s.db, me, allowedByOther(access), uuid.Nil, "support.granted", "support.revoked")
}

// allowedByOther says what somebody else allowed while a form was open.
func allowedByOther(access []store.Consent) (theirs []ui.Saved) {
	for _, a := range access {
		words := map[bool]string{true: "Support can make changes", false: "Read-only"}
		saved := ui.Saved{Label: "Support access", Value: words[a.Mode == store.SupportWrite] + ", allowed by " + a.ByName}
		if !slices.Contains(theirs, saved) {
			theirs = append(theirs, saved)
		}
	}
	if len(theirs) == 0 {
		theirs = []ui.Saved{{Label: "Support access", Value: "None: it was revoked"}}
	}
	return theirs
}

// mayConsent reports whether this member may grant or end support access. Nobody
// may during a support session.
func mayConsent(me store.Member) bool { return me.May(store.GrantSupport) && me.Support == nil }

func ledgerRow(base views.Base, me store.Member, session store.SupportSession) views.SupportSessionRow {
	row := views.SupportSessionRow{
		Agent:     session.AgentName,
		By:        session.By(me.Tenant.AgencyName),
		Write:     session.Mode == store.SupportWrite,
		Reason:    session.Reason,
		Ticket:    session.Ticket,
		StartedAt: session.StartedAt,
		EndedAt:   frame.OrZero(session.EndedAt),
		EndsAt:    session.EndsAt,
		Ended:     howEnded(session.Kind, frame.OrZero(session.EndedHow), me.Party == store.PartyClient),
		Acts:      ui.Acts(session.Pages, session.Files, session.Changes),
		AgreedBy:  session.WriteByName,
	}
	if session.Kind == store.SupportViewAs {
		viewed := map[bool]string{true: " is viewing", false: " viewed"}[session.EndedAt == nil]
		row.By = session.AgentName + " of " + me.Tenant.AgencyName + viewed + " the portal as " + session.SubjectName
	}
	if me.May(store.SeeActivity) {
		row.LedgerURL = base.Activity(url.Values{"support": {session.ID.String()}})
	}
	if session.EndedAt == nil && mayConsent(me) {
		row.EndURL = base.SupportSessionEnd(session.ID.String())
	}
	switch {
	case session.Verdict == store.SupportAccepted:
		row.Review = session.ReviewedBy + " found it in order"
	case session.Verdict == store.SupportFlagged:
		row.Review, row.Flag = session.ReviewedBy+" reported it", session.Words
	case session.Kind == store.SupportByAgent && mayConsent(me):
		row.ID, row.ReviewURL = session.ID.String(), base.SupportSessionReview(session.ID.String())
	}
	return row
}

// howEnded says how a support session ended; "" while it runs.
func howEnded(kind store.SupportKind, how store.SupportEnd, toClient bool) string {
	switch how {
	case "":
		return ""
	case store.SupportStopped:
		if kind == store.SupportViewAs {
			return "Stopped by the staff member"
		}
		return "Stopped by support"
	case store.SupportExpired:
		return "Time ran out"
	case store.SupportRevoked:
		return "Ended by an owner or admin here"
	case store.SupportAgentDisabled:
		return "The agent lost access"
	case store.SupportActorGone:
		return "The staff member lost permission"
	case store.SupportTargetGone:
		return "The person no longer has access"
	case store.SupportTenantSuspended:
		if toClient {
			return "The portal was paused"
		}
		return "The workspace was suspended"
	}
	return "Over"
}

// grantLengths lists the lengths of support access that the form offers.
var grantLengths = map[string]time.Duration{
	"1":   time.Hour,
	"4":   4 * time.Hour,
	"24":  24 * time.Hour,
	"72":  72 * time.Hour,
	"168": store.MaxGrant,
}

// lengthOf returns the chosen length. For a length that the form doesn't offer it
// returns 0, which the store refuses.
func lengthOf(hours string) time.Duration { return grantLengths[hours] }

func (s *Service) Grant(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	typed := views.SupportGrantForm{Hours: strings.TrimSpace(f.Raw("hours")), Mode: f.Raw("mode")}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		tx.Expect(store.Seen(f.Raw("seen")))
		if store.SupportMode(typed.Mode) == store.SupportWrite {
			return tx.GrantSupportToWrite(r.Context(), lengthOf(typed.Hours))
		}
		return tx.GrantSupport(r.Context(), lengthOf(typed.Hours))
	})
	if wrong, invalid := errors.AsType[store.InvalidError](err); invalid {
		typed.Errors = ui.Errors(wrong)
		return s.page(w, r, me, http.StatusUnprocessableEntity, typedForms{grant: typed})
	}
	if errors.Is(err, store.ErrChanged) {
		return s.page(w, r, me, http.StatusConflict, typedForms{grant: typed})
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Support(), "support.granted", "")
}

func (s *Service) Revoke(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.RevokeSupport(r.Context()) })
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Support(), "support.revoked", "")
}

func (s *Service) EndSession(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.EndSupportSession(r.Context(), web.PathID(r)) })
	if err != nil {
		return err
	}
	s.metrics.Support("ended")
	return frame.Done(w, r, frame.Base(r, me).Support(), "support.ended", "")
}
