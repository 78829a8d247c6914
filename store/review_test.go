package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// reviewBundle is version 1 of a deliverable, published, with people who decide on it: Mia,
// Nora and Omar. Leo is a viewer.
type reviewBundle struct {
	fileBundle
	nora, omar, leo store.Member
	file            uuid.UUID
}

func setupReview(t *testing.T) *reviewBundle {
	t.Helper()
	b := &reviewBundle{fileBundle: setupFiles(t)}
	add := func(name string, role store.Role) store.Member {
		email := strings.ToLower(name) + "@" + b.Suffix + ".test"
		do(t, b.dana, func(tx *store.Tx) error {
			return errOf(tx.AddPerson(t.Context(), store.NewPerson{Name: name, Email: email, Party: store.PartyClient, Role: role}))
		})
		return b.Member(t, email, b.Acme)
	}
	b.nora, b.omar, b.leo = add("Nora", store.RoleMember), add("Omar", store.RoleAdmin), b.Member(t, b.Leo, b.Acme)
	b.file = storetest.File(t, b.ravi, b.draft, "poster.txt")
	must(t, b.publish(t, 1))
	return b
}

// next publishes one more version.
func (b *reviewBundle) next(t *testing.T, number int) {
	t.Helper()
	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.AddVersion(t.Context(), b.deliverable)) })
	storetest.File(t, b.ravi, storetest.Draft(t, b.ravi, b.deliverable), fmt.Sprintf("poster %d.txt", number))
	must(t, b.publish(t, number))
}

func askOf(rule store.AskRule, people ...store.Member) store.Ask {
	a := store.Ask{Rule: rule}
	for _, p := range people {
		a.People = append(a.People, p.ID())
	}
	return a
}

func (b *reviewBundle) ask(t *testing.T, number int, a store.Ask) error {
	t.Helper()
	return write(t, b.ravi, func(tx *store.Tx) error { return tx.AskForDecision(t.Context(), b.deliverable, number, a) })
}

// content is what a page computes from the files that it lists.
func (b *reviewBundle) content(t *testing.T, me store.Member, number int) []byte {
	t.Helper()
	var versions []store.Version
	var files []store.File
	must(t, read(t, me, store.ListVersions(b.deliverable, &versions)))
	for _, v := range versions {
		if v.Number == number {
			must(t, read(t, me, store.ListFiles(v.ID, &files)))
		}
	}
	return store.ContentHash(files)
}

func (b *reviewBundle) answer(t *testing.T, me store.Member, number int, answer store.Outcome) store.NewDecision {
	t.Helper()
	in := store.NewDecision{Content: b.content(t, me, number), Answer: answer}
	if answer != store.Approved {
		in.Words = "Darker, please."
	}
	return in
}

func (b *reviewBundle) decide(t *testing.T, me store.Member, number int, answer store.Outcome) error {
	t.Helper()
	in := b.answer(t, me, number, answer)
	return write(t, me, func(tx *store.Tx) error { return tx.Decide(t.Context(), b.deliverable, number, in) })
}

// state is the state of the deliverable and the outcome of each version, the newest first.
func (b *reviewBundle) state(t *testing.T) string {
	t.Helper()
	var d store.Deliverable
	var versions []store.Version
	must(t, read(t, b.ravi, store.GetDeliverable(b.deliverable, &d), store.ListVersions(b.deliverable, &versions)))
	words := []string{string(d.State)}
	for _, v := range versions {
		o := "-"
		if v.Outcome != nil {
			o = string(*v.Outcome)
		}
		var approved bool
		must(t, storetest.AdminPool().QueryRow(t.Context(), `select approved_at is not null from versions where id = $1`, v.ID).Scan(&approved))
		if approved {
			o += "*"
		}
		words = append(words, o)
	}
	return strings.Join(words, " ")
}

func (b *reviewBundle) want(t *testing.T, when, want string) {
	t.Helper()
	if got := b.state(t); got != want {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
}

// open are the names of those who are asked now, by version and step.
func (b *reviewBundle) open(t *testing.T) string {
	t.Helper()
	var list []store.Request
	must(t, read(t, b.mia, store.ListRequests(b.deliverable, &list)))
	var names []string
	for _, r := range list {
		if r.Open() {
			names = append(names, strings.Fields(r.Name)[0])
		}
	}
	return strings.Join(names, " ")
}

func (b *reviewBundle) wantOpen(t *testing.T, when, want string) {
	t.Helper()
	if got := b.open(t); got != want {
		t.Errorf("%s: %q are asked, want %q", when, got, want)
	}
}

// Publishing stores what people decide on: the hash that a page computes from the files
// that it lists, for staff and for the client alike.
func TestContentHashIsThatOfTheListedFiles(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	for _, name := range []string{"b ü.txt", "a.txt", "left out.txt"} {
		id := storetest.File(t, b.ravi, b.draft, name)
		if name == "left out.txt" {
			do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.BinFile(t.Context(), id, true)) })
		}
	}
	stored := func() (sum []byte) {
		must(t, storetest.AdminPool().QueryRow(t.Context(), `select content_sha256 from versions where id = $1`, b.draft).Scan(&sum))
		return sum
	}
	if stored() != nil {
		t.Error("a draft has a hash")
	}
	must(t, b.publish(t, 1))
	r := &reviewBundle{fileBundle: b}
	for who, me := range map[string]store.Member{"staff": b.ravi, "the client": b.mia} {
		if got := r.content(t, me, 1); !bytes.Equal(got, stored()) {
			t.Errorf("for %s the hash is %x, stored is %x", who, got, stored())
		}
	}
	before := stored()
	var files []store.File
	must(t, read(t, b.ravi, store.ListFiles(b.draft, &files)))
	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.BinFile(t.Context(), files[0].ID, true)) })
	if bytes.Equal(before, stored()) || !bytes.Equal(stored(), r.content(t, b.mia, 1)) {
		t.Error("the bin doesn't change the hash")
	}
	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.BinFile(t.Context(), files[0].ID, false)) })
	if !bytes.Equal(before, stored()) {
		t.Error("restored, the hash is another")
	}
}

// Without a request any person of the client who may decide does, and the worst answer
// counts. Who decides again replaces their answer; what they decided before stays.
func TestClientsDecideWithoutBeingAsked(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	b.want(t, "published", "in_review -")
	must(t, b.decide(t, b.mia, 1, store.Approved))
	b.want(t, "Mia approves", "approved approved*")
	must(t, b.decide(t, b.nora, 1, store.ChangesRequired))
	b.want(t, "Nora wants changes", "changes changes_required")
	must(t, b.decide(t, b.omar, 1, store.Approved))
	b.want(t, "Omar approves", "changes changes_required")
	must(t, b.decide(t, b.nora, 1, store.ApprovedWithChanges))
	b.want(t, "Nora approves with changes", "approved approved_with_changes*")
	must(t, b.decide(t, b.nora, 1, store.ApprovedWithChanges)) // pressed twice
	var list []store.Decision
	must(t, read(t, b.mia, store.ListDecisions(b.deliverable, 1, &list)))
	if len(list) != 4 || list[0].Name != "Nora" || list[0].Superseded || list[0].Words == "" || !list[2].Superseded {
		t.Errorf("the decisions are %+v", list)
	}
	var verbs []string
	must(t, storetest.AdminPool().QueryRow(t.Context(), `
select array_agg(verb order by at, id) from audit_events where tenant_id = $1 and verb like 'review.%' and actor_id = $2 and party = 'client'`,
		b.mia.TenantID(), b.nora.ID()).Scan(&verbs))
	if got := strings.Join(verbs, " "); got != "review.changes_required review.approved_with_changes" {
		t.Errorf("Nora's trail says %s", got)
	}
}

// What was decided last is the newest, whoever began first.
func TestDecisionsAreInTheOrderOfDeciding(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	in := b.answer(t, b.mia, 1, store.ChangesRequired)
	must(t, write(t, b.mia, func(tx *store.Tx) error {
		var d store.Deliverable
		if err := tx.Read(t.Context(), store.GetDeliverable(b.deliverable, &d)); err != nil { // Mia's transaction begins
			return err
		}
		if err := b.decide(t, b.nora, 1, store.Approved); err != nil {
			return err
		}
		return tx.Decide(t.Context(), b.deliverable, 1, in)
	}))
	var list []store.Decision
	must(t, read(t, b.mia, store.ListDecisions(b.deliverable, 1, &list)))
	if len(list) != 2 || list[0].UserID != b.mia.ID() || !list[0].CreatedAt.After(list[1].CreatedAt) {
		t.Errorf("the newest is not the last: %+v", list)
	}
}

// An answer needs words unless it approves as it is, and nothing is stored without them.
func TestDecisionNeedsWords(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	for field, in := range map[string]store.NewDecision{
		"words":  {Answer: store.ChangesRequired},
		"answer": {Answer: store.Closed, Words: "x"},
	} {
		in.Content = b.content(t, b.mia, 1)
		err := write(t, b.mia, func(tx *store.Tx) error { return tx.Decide(t.Context(), b.deliverable, 1, in) })
		if wrong, ok := errors.AsType[store.InvalidError](err); !ok || wrong[field] == "" {
			t.Errorf("%+v: %v", in, err)
		}
	}
	long := b.answer(t, b.mia, 1, store.ChangesRequired)
	long.Words = strings.Repeat("ü", store.MaxWords+1)
	wantError(t, write(t, b.mia, func(tx *store.Tx) error { return tx.Decide(t.Context(), b.deliverable, 1, long) }), store.ErrInvalid)
	b.want(t, "refused", "in_review -")
	long.Words = strings.Repeat("ü", store.MaxWords)
	do(t, b.mia, func(tx *store.Tx) error { return tx.Decide(t.Context(), b.deliverable, 1, long) })
	b.want(t, "in 4000 characters", "changes changes_required")
}

// A decision for other bytes than those that are published breaks the key. Once somebody
// decided, nothing changes the files.
func TestDecisionIsAboutTheBytes(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file, other := storetest.File(t, b.ravi, b.draft, "a.txt"), storetest.File(t, b.ravi, b.draft, "b.txt")
	must(t, b.publish(t, 1))
	r := &reviewBundle{fileBundle: b}
	seen := r.answer(t, b.mia, 1, store.Approved)
	decide := func(in store.NewDecision) error {
		return write(t, b.mia, func(tx *store.Tx) error { return tx.Decide(t.Context(), b.deliverable, 1, in) })
	}
	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.BinFile(t.Context(), other, true)) })
	wantError(t, decide(seen), store.ErrChanged)
	for _, content := range [][]byte{nil, {1}, make([]byte, 32)} {
		if err := decide(store.NewDecision{Content: content, Answer: store.Approved}); err == nil {
			t.Errorf("decided on %x", content)
		}
	}
	r.want(t, "refused", "in_review -")
	must(t, r.decide(t, b.mia, 1, store.Approved))
	for what, bin := range map[string]func(*store.Tx) error{
		"bin":     func(tx *store.Tx) error { return errOf(tx.BinFile(t.Context(), file, true)) },
		"restore": func(tx *store.Tx) error { return errOf(tx.BinFile(t.Context(), other, false)) },
	} {
		if err := write(t, b.ravi, bin); !store.IsDecided(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.ChooseLead(t.Context(), file)) }) // changes no bytes
	var n int
	must(t, storetest.AdminPool().QueryRow(t.Context(), `select count(*) from files where version_id = $1 and deleted_at is null`, b.draft).Scan(&n))
	if n != 1 {
		t.Errorf("%d files are there", n)
	}
}

// Publishing the next version locks the one before and ends what was asked about it. At
// most one version is approved: the later one, once it is.
func TestNextVersionLocksTheEarlier(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.decide(t, b.mia, 1, store.Approved))
	b.next(t, 2)
	b.want(t, "version 2 is out", "in_review - approved*")
	err := b.decide(t, b.mia, 1, store.ChangesRequired)
	if locked, ok := errors.AsType[*store.LockedError](err); !ok || locked.Newest != 2 {
		t.Errorf("on version 1: %v", err)
	}
	must(t, b.ask(t, 2, askOf(store.AskAll, b.mia, b.nora)))
	b.wantOpen(t, "asked", "Mia Nora")
	must(t, b.decide(t, b.mia, 2, store.Approved))
	b.want(t, "one of two", "in_review - approved*")
	must(t, b.decide(t, b.nora, 2, store.ApprovedWithChanges))
	b.want(t, "both", "approved approved_with_changes* approved")
	b.next(t, 3)
	must(t, b.ask(t, 3, askOf(store.AskAll, b.mia)))
	b.next(t, 4)
	b.wantOpen(t, "version 4 is out", "")
	b.want(t, "version 4 is out", "in_review - - approved_with_changes* approved")
	wantError(t, b.ask(t, 3, askOf(store.AskAll, b.mia)), store.ErrConflict)
}

// One approval is enough under "any". The others aren't asked any more, and can't decide.
func TestOneApprovalIsEnough(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.ask(t, 1, askOf(store.AskAny, b.mia, b.nora)))
	wantError(t, b.decide(t, b.omar, 1, store.Approved), store.ErrNotAsked)
	must(t, b.decide(t, b.nora, 1, store.Approved))
	b.want(t, "Nora approves", "approved approved*")
	b.wantOpen(t, "Nora approves", "")
	wantError(t, b.decide(t, b.mia, 1, store.ChangesRequired), store.ErrNotAsked)
	must(t, b.decide(t, b.nora, 1, store.ChangesRequired)) // she may change her mind
	b.want(t, "Nora changes her mind", "changes changes_required")
	b.wantOpen(t, "Nora changes her mind", "")
	must(t, b.decide(t, b.nora, 1, store.ApprovedWithChanges))
	b.want(t, "and again", "approved approved_with_changes*")
}

// People decide one after another. Changes end all requests; who asked for them can change
// their mind, and then the others are asked again.
func TestStepsOpenOneAfterAnother(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.ask(t, 1, askOf(store.AskInOrder, b.nora, b.mia, b.omar)))
	b.wantOpen(t, "asked", "Nora")
	wantError(t, b.decide(t, b.mia, 1, store.Approved), store.ErrNotAsked)
	must(t, b.decide(t, b.nora, 1, store.ApprovedWithChanges))
	b.wantOpen(t, "Nora approves", "Mia")
	b.want(t, "Nora approves", "in_review -")
	must(t, b.decide(t, b.mia, 1, store.ChangesRequired))
	b.wantOpen(t, "Mia wants changes", "")
	b.want(t, "Mia wants changes", "changes changes_required")
	var how string
	must(t, storetest.AdminPool().QueryRow(t.Context(), `select coalesce(ended_how, 'to come') from review_requests where tenant_id = $1 and user_id = $2`, b.mia.TenantID(), b.omar.ID()).Scan(&how))
	if how != string(store.EndedStepClosed) {
		t.Errorf("Mia wants changes, and Omar's request is %s", how)
	}
	wantError(t, b.decide(t, b.omar, 1, store.Approved), store.ErrNotAsked)
	must(t, b.decide(t, b.mia, 1, store.Approved))
	b.wantOpen(t, "Mia changes her mind", "Omar")
	b.want(t, "Mia changes her mind", "in_review -")
	must(t, b.decide(t, b.nora, 1, store.ChangesRequired))
	b.wantOpen(t, "Nora wants changes after all", "")
	must(t, b.decide(t, b.nora, 1, store.Approved))
	b.wantOpen(t, "Nora approves again", "Omar")
	must(t, b.decide(t, b.omar, 1, store.Approved))
	b.want(t, "all approve", "approved approved*")
}

// Under "all" everybody has to approve, also after somebody wanted changes and changed
// their mind. Silence and leaving approve nothing.
func TestSilenceApprovesNothing(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.ask(t, 1, askOf(store.AskAll, b.mia, b.nora, b.omar)))
	must(t, b.decide(t, b.mia, 1, store.ChangesRequired))
	b.wantOpen(t, "Mia wants changes", "")
	must(t, b.decide(t, b.mia, 1, store.Approved))
	b.wantOpen(t, "Mia changes her mind", "Nora Omar")
	b.want(t, "Mia changes her mind", "in_review -")
	do(t, b.dana, func(tx *store.Tx) error { return tx.RemovePerson(t.Context(), b.nora.ID()) })
	b.wantOpen(t, "Nora is removed", "Omar")
	do(t, b.dana, func(tx *store.Tx) error { return tx.ChangeRole(t.Context(), b.omar.ID(), store.RoleViewer) })
	b.wantOpen(t, "Omar may only look", "")
	b.want(t, "nobody else is left", "in_review -")
	wantError(t, b.decide(t, b.omar, 1, store.Approved), store.ErrForbidden)
	must(t, b.ask(t, 1, askOf(store.AskAll, b.mia)))
	b.want(t, "asked again", "in_review -") // what Mia said before doesn't count
	must(t, b.decide(t, b.mia, 1, store.ApprovedWithChanges))
	b.want(t, "Mia approves", "approved approved_with_changes*")
	var ends []string
	must(t, storetest.AdminPool().QueryRow(t.Context(), `select array_agg(ended_how order by ended_how) from review_requests where tenant_id = $1`, b.mia.TenantID()).Scan(&ends))
	if got := strings.Join(ends, " "); got != "answered answered person_gone person_gone" {
		t.Errorf("the requests ended as %s", got)
	}
}

// Erasing an account ends its requests, and so does leaving.
func TestLeavingEndsRequests(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.ask(t, 1, askOf(store.AskAll, b.mia, b.nora, b.omar)))
	do(t, b.nora, func(tx *store.Tx) error { return tx.Leave(t.Context()) })
	b.wantOpen(t, "Nora has left", "Mia Omar")
	var word string
	must(t, storetest.AdminPool().QueryRow(t.Context(), `select lookup.forget($1, 'x', null, $2, '')`, b.omar.ID(), store.NewID()).Scan(&word))
	b.wantOpen(t, "Omar is erased", "Mia")
	must(t, b.decide(t, b.mia, 1, store.Approved))
	b.want(t, "Mia approves, and nobody else is asked", "approved approved*")
}

// Staff ask people who may decide, once, about the newest version.
func TestAskingIsChecked(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	gus := b.Member(t, b.Gus, b.Globex)
	for what, a := range map[string]store.Ask{
		"nobody": {Rule: store.AskAll}, "a viewer": askOf(store.AskAll, b.leo), "staff": askOf(store.AskAll, b.dana), "another client": askOf(store.AskAll, gus),
		"the same twice": askOf(store.AskAll, b.mia, b.mia), "another rule": askOf("most", b.mia), "a viewer besides": askOf(store.AskAny, b.mia, b.leo),
	} {
		if err := b.ask(t, 1, a); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantError(t, b.ask(t, 2, askOf(store.AskAll, b.mia)), store.ErrNotFound)
	must(t, b.ask(t, 1, askOf(store.AskAll, b.mia)))
	wantError(t, b.ask(t, 1, askOf(store.AskAll, b.nora)), store.ErrAsked)
	do(t, b.ravi, func(tx *store.Tx) error { return tx.WithdrawReview(t.Context(), b.deliverable, 1) })
	b.wantOpen(t, "withdrawn", "")
	wantError(t, b.decide(t, b.mia, 1, store.Approved), store.ErrNotAsked)
	wantError(t, write(t, b.ravi, func(tx *store.Tx) error { return tx.WithdrawReview(t.Context(), b.deliverable, 1) }), store.ErrConflict)
	must(t, b.ask(t, 1, askOf(store.AskAll, b.nora)))
	must(t, b.decide(t, b.nora, 1, store.Approved))
	wantError(t, b.ask(t, 1, askOf(store.AskAll, b.mia)), store.ErrAsked)

	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.AddVersion(t.Context(), b.deliverable)) })
	storetest.File(t, b.ravi, storetest.Draft(t, b.ravi, b.deliverable), "two.txt")
	publish := func(a store.Ask) error {
		return write(t, b.ravi, func(tx *store.Tx) error {
			return errOf(tx.PublishWith(t.Context(), b.deliverable, 2, store.Publication{Ask: a}))
		})
	}
	wantError(t, publish(askOf(store.AskAll, b.leo)), store.ErrInvalid)
	b.want(t, "refused", "approved - approved*")
	must(t, publish(askOf(store.AskAll, b.mia, b.nora)))
	b.wantOpen(t, "published", "Mia Nora")
}

// Staff close a version without an answer once its due date is over, and then nobody
// decides on it until they are asked again.
func TestCloseWithoutAnswer(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	due := time.Date(2031, 5, 2, 0, 0, 0, 0, time.UTC)
	a := askOf(store.AskAll, b.mia, b.nora)
	a.DueOn = &due
	must(t, b.ask(t, 1, a))
	must(t, b.decide(t, b.mia, 1, store.Approved))
	closeOn := func(day time.Time) error {
		return write(t, b.ravi, func(tx *store.Tx) error { return tx.CloseReview(t.Context(), b.deliverable, 1, day) })
	}
	wantError(t, closeOn(due), store.ErrNotDue)
	must(t, closeOn(due.AddDate(0, 0, 1)))
	b.want(t, "closed", "in_review closed")
	b.wantOpen(t, "closed", "")
	for _, me := range []store.Member{b.mia, b.nora} {
		wantError(t, b.decide(t, me, 1, store.ChangesRequired), store.ErrClosed)
	}
	wantError(t, closeOn(due.AddDate(0, 0, 1)), store.ErrConflict)
	must(t, b.ask(t, 1, askOf(store.AskAll, b.nora)))
	b.want(t, "asked again", "in_review -")
	must(t, b.decide(t, b.nora, 1, store.Approved))
	b.want(t, "Nora approves", "approved approved*")
}

// Who is asked passes the request on to somebody who may decide and isn't asked yet. Then
// that person decides, in the same step.
func TestPassOn(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	due := time.Date(2031, 5, 2, 0, 0, 0, 0, time.UTC)
	a := askOf(store.AskAll, b.mia, b.nora)
	a.DueOn = &due
	must(t, b.ask(t, 1, a))
	pass := func(from, to store.Member) error {
		return write(t, from, func(tx *store.Tx) error { return tx.PassOn(t.Context(), b.deliverable, 1, to.ID()) })
	}
	for what, to := range map[string]store.Member{"a viewer": b.leo, "staff": b.dana, "who is asked": b.nora, "herself": b.mia, "another tenant": b.Member(t, b.Gus, b.Globex)} {
		if err := pass(b.mia, to); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("to %s: %v", what, err)
		}
	}
	wantError(t, pass(b.omar, b.leo), store.ErrInvalid)
	must(t, pass(b.mia, b.omar))
	b.wantOpen(t, "passed on", "Nora Omar")
	wantError(t, b.decide(t, b.mia, 1, store.Approved), store.ErrNotAsked)
	wantError(t, pass(b.mia, b.leo), store.ErrInvalid)
	var list []store.Request
	must(t, read(t, b.omar, store.ListRequests(b.deliverable, &list)))
	for _, r := range list {
		switch r.UserID {
		case b.omar.ID():
			if r.AskerID != b.mia.ID() || r.AskerParty != store.PartyClient || r.DueOn == nil || !r.DueOn.Equal(due) {
				t.Errorf("Omar's request is %+v", r)
			}
		case b.mia.ID():
			if r.Open() || r.PassedToName != "Omar" {
				t.Errorf("Mia's request is %+v", r)
			}
		}
	}
	must(t, b.decide(t, b.omar, 1, store.Approved))
	wantError(t, pass(b.mia, b.omar), store.ErrNotAsked) // who passed it on has none to pass on
	must(t, b.decide(t, b.nora, 1, store.Approved))
	b.want(t, "both approve", "approved approved*")
}

// A request is opened when its person first opens the version, not when others do.
func TestRequestIsOpenedByItsPerson(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.ask(t, 1, askOf(store.AskAll, b.mia, b.nora)))
	do(t, b.nora, func(tx *store.Tx) error { return tx.RecordRequestOpened(b.draft) })
	var list []store.Request
	must(t, read(t, b.ravi, store.ListRequests(b.deliverable, &list)))
	if len(list) != 2 || list[0].OpenedAt != nil || list[1].OpenedAt == nil {
		t.Errorf("the requests are %+v", list)
	}
}

// rounds is how often a race is run; the long test runs it more often.
const rounds = 3

// raceDecisions runs a race often, in new deliverables, and checks what holds whoever wins:
// at most one version is approved and none is locked and the newest.
func raceDecisions(t *testing.T, rounds int, race func(*testing.T, *reviewBundle)) {
	t.Helper()
	b := setupReview(t)
	for n := range rounds {
		if n > 0 {
			b.deliverable = storetest.Deliverable(t, b.ravi, b.project, fmt.Sprint("Poster ", n))
			b.draft = storetest.Draft(t, b.ravi, b.deliverable)
			b.file = storetest.File(t, b.ravi, b.draft, "poster.txt")
			must(t, b.publish(t, 1))
		}
		race(t, b)
		var approved, wrong int
		must(t, storetest.AdminPool().QueryRow(t.Context(), `
select count(*) filter (where approved_at is not null),
       count(*) filter (where (locked_at is not null) <> exists (select from versions n where n.deliverable_id = v.deliverable_id and n.number > v.number and n.shared_at is not null))
from versions v where deliverable_id = $1`, b.deliverable).Scan(&approved, &wrong))
		if approved > 1 || wrong > 0 {
			t.Fatalf("%d versions are approved, %d are locked wrongly", approved, wrong)
		}
	}
}

func (b *reviewBundle) decides(t *testing.T, me store.Member, number int, answer store.Outcome) racer {
	in := b.answer(t, me, number, answer)
	return racer{me, func(ctx context.Context, tx *store.Tx) error { return tx.Decide(ctx, b.deliverable, number, in) }}
}

// decisionRaces are the deeds that meet.
var decisionRaces = map[string]func(*testing.T, *reviewBundle){
	"two people answer at once": func(t *testing.T, b *reviewBundle) {
		must(t, b.ask(t, 1, askOf(store.AskAll, b.mia, b.nora)))
		one, two := race(t, b.decides(t, b.mia, 1, store.Approved), b.decides(t, b.nora, 1, store.ApprovedWithChanges))
		must(t, errors.Join(one, two))
		b.want(t, "both", "approved approved_with_changes*")
	},
	"one person answers twice": func(t *testing.T, b *reviewBundle) {
		one, two := race(t, b.decides(t, b.mia, 1, store.Approved), b.decides(t, b.mia, 1, store.ChangesRequired))
		must(t, errors.Join(one, two))
		b.want(t, "the later counts", "changes changes_required")
	},
	"an approval meets a publication": func(t *testing.T, b *reviewBundle) {
		do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.AddVersion(t.Context(), b.deliverable)) })
		storetest.File(t, b.ravi, storetest.Draft(t, b.ravi, b.deliverable), "two.txt")
		publish := racer{b.ravi, func(ctx context.Context, tx *store.Tx) error { return tx.Publish(ctx, b.deliverable, 2, "") }}
		one, two := race(t, publish, b.decides(t, b.mia, 1, store.Approved))
		must(t, one)
		wantError(t, two, store.ErrConflict)
		b.want(t, "published first", "in_review - -")
	},
	"a publication meets an approval": func(t *testing.T, b *reviewBundle) {
		do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.AddVersion(t.Context(), b.deliverable)) })
		storetest.File(t, b.ravi, storetest.Draft(t, b.ravi, b.deliverable), "two.txt")
		publish := racer{b.ravi, func(ctx context.Context, tx *store.Tx) error { return tx.Publish(ctx, b.deliverable, 2, "") }}
		one, two := race(t, b.decides(t, b.mia, 1, store.Approved), publish)
		must(t, errors.Join(one, two))
		b.want(t, "approved first", "in_review - approved*")
	},
	"approvals of two versions": func(t *testing.T, b *reviewBundle) {
		must(t, b.decide(t, b.mia, 1, store.Approved))
		stale := b.decides(t, b.nora, 1, store.Approved)
		b.next(t, 2)
		one, two := race(t, b.decides(t, b.mia, 2, store.Approved), stale)
		must(t, one)
		wantError(t, two, store.ErrConflict)
		b.want(t, "the later", "approved approved* approved")
	},
	"the bin meets a decision": func(t *testing.T, b *reviewBundle) {
		bin := racer{b.ravi, func(ctx context.Context, tx *store.Tx) error { return errOf(tx.BinFile(ctx, b.file, true)) }}
		one, two := race(t, bin, b.decides(t, b.mia, 1, store.Approved))
		must(t, one)
		wantError(t, two, store.ErrChanged)
	},
	"a decision meets the bin": func(t *testing.T, b *reviewBundle) {
		bin := racer{b.ravi, func(ctx context.Context, tx *store.Tx) error { return errOf(tx.BinFile(ctx, b.file, true)) }}
		one, two := race(t, b.decides(t, b.mia, 1, store.Approved), bin)
		must(t, one)
		if !store.IsDecided(two) {
			t.Errorf("binned: %v", two)
		}
	},
	"a decision meets a withdrawal": func(t *testing.T, b *reviewBundle) {
		must(t, b.ask(t, 1, askOf(store.AskAll, b.mia)))
		withdraw := racer{b.ravi, func(ctx context.Context, tx *store.Tx) error { return tx.WithdrawReview(ctx, b.deliverable, 1) }}
		one, two := race(t, withdraw, b.decides(t, b.mia, 1, store.Approved))
		must(t, one)
		wantError(t, two, store.ErrNotAsked)
	},
	"a person is demoted while asked": func(t *testing.T, b *reviewBundle) {
		ask := racer{b.ravi, func(ctx context.Context, tx *store.Tx) error {
			return tx.AskForDecision(ctx, b.deliverable, 1, askOf(store.AskAll, b.omar))
		}}
		role := racer{b.dana, func(ctx context.Context, tx *store.Tx) error {
			return tx.ChangeRole(ctx, b.omar.ID(), store.RoleViewer)
		}}
		one, two := race(t, ask, role)
		must(t, errors.Join(one, two))
		b.wantOpen(t, "demoted", "")
		do(t, b.dana, func(tx *store.Tx) error { return tx.ChangeRole(t.Context(), b.omar.ID(), store.RoleAdmin) })
	},
	"a decision meets a demotion": func(t *testing.T, b *reviewBundle) {
		must(t, b.ask(t, 1, askOf(store.AskAll, b.omar, b.mia)))
		role := racer{b.dana, func(ctx context.Context, tx *store.Tx) error {
			return tx.ChangeRole(ctx, b.omar.ID(), store.RoleViewer)
		}}
		one, two := race(t, b.decides(t, b.omar, 1, store.Approved), role)
		must(t, errors.Join(one, two))
		b.wantOpen(t, "demoted", "Mia")
		do(t, b.dana, func(tx *store.Tx) error { return tx.ChangeRole(t.Context(), b.omar.ID(), store.RoleAdmin) })
	},
	"two people pass on to the same": func(t *testing.T, b *reviewBundle) {
		must(t, b.ask(t, 1, askOf(store.AskAll, b.mia, b.nora)))
		pass := func(me store.Member) racer {
			return racer{me, func(ctx context.Context, tx *store.Tx) error { return tx.PassOn(ctx, b.deliverable, 1, b.omar.ID()) }}
		}
		one, two := race(t, pass(b.mia), pass(b.nora))
		must(t, one)
		wantError(t, two, store.ErrInvalid)
		b.wantOpen(t, "passed on", "Nora Omar")
	},
}

// Deeds about decisions that meet end as if one had come after the other.
func TestDecisionsInRaces(t *testing.T) {
	t.Parallel()
	for what, race := range decisionRaces {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			raceDecisions(t, rounds, race)
		})
	}
}

func (b *reviewBundle) today() time.Time { return time.Now().AddDate(1, 0, 0) }

// Nobody asks or decides on archived work, whether the deliverable is archived or its
// project. What is decided stays, and it goes on once it is unarchived.
func TestArchivedWorkTakesNoDecisions(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.ask(t, 1, askOf(store.AskAll, b.mia, b.nora)))
	must(t, b.decide(t, b.mia, 1, store.Approved))
	for _, thing := range []struct {
		kind store.Kind
		id   uuid.UUID
	}{{store.KindDeliverable, b.deliverable}, {store.KindProject, b.project}} {
		do(t, b.ravi, func(tx *store.Tx) error { return tx.Archive(t.Context(), thing.kind, thing.id, true) })
		for what, err := range map[string]error{
			"a decision": b.decide(t, b.nora, 1, store.Approved), "another mind": b.decide(t, b.mia, 1, store.ChangesRequired), "asked": b.ask(t, 1, askOf(store.AskAll, b.omar)),
			"passed on": write(t, b.nora, func(tx *store.Tx) error { return tx.PassOn(t.Context(), b.deliverable, 1, b.omar.ID()) }),
			"withdrawn": write(t, b.ravi, func(tx *store.Tx) error { return tx.WithdrawReview(t.Context(), b.deliverable, 1) }),
			"closed": write(t, b.ravi, func(tx *store.Tx) error {
				return tx.CloseReview(t.Context(), b.deliverable, 1, time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC))
			}),
		} {
			if !errors.Is(err, store.ErrArchived) {
				t.Errorf("%s in an archived %s: %v", what, thing.kind, err)
			}
		}
		b.wantOpen(t, "archived", "Nora")
		do(t, b.ravi, func(tx *store.Tx) error { return tx.Archive(t.Context(), thing.kind, thing.id, false) })
	}
	must(t, b.decide(t, b.nora, 1, store.Approved))
	b.want(t, "unarchived", "approved approved*")
}
