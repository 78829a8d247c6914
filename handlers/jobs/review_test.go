package jobs

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river/rivertype"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// reviewed is a published version in Acme on which Mia and Nora may decide.
type reviewed struct {
	*storetest.Tenants
	dana, ravi, mia, nora store.Member
	noraMail              string
	version, deliverable  uuid.UUID
	title                 string
}

func setupReview(t *testing.T, ask ...string) *reviewed {
	t.Helper()
	a := storetest.Agency(t)
	b := &reviewed{Tenants: a, dana: a.Member(t, a.Dana, a.Acme), ravi: a.Member(t, a.Ravi, a.Acme), mia: a.Member(t, a.Mia, a.Acme),
		noraMail: "nora@" + a.Suffix + ".test", title: "Poster " + a.Suffix}
	b.write(t, b.dana, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Nora " + a.Suffix, Email: b.noraMail, Party: store.PartyClient, Role: store.RoleMember})
		return err
	})
	b.nora = a.Member(t, b.noraMail, a.Acme)
	b.version = draft(t, b.ravi, b.title)
	check(t, admin(t).QueryRow(t.Context(), `select deliverable_id from versions where id = $1`, b.version).Scan(&b.deliverable))
	in := store.Ask{Rule: store.AskAll}
	for _, who := range ask {
		in.People = append(in.People, map[string]store.Member{"Mia": b.mia, "Nora": b.nora}[who].ID())
	}
	due := time.Date(2199, 12, 5, 0, 0, 0, 0, time.UTC)
	in.DueOn = &due
	b.write(t, b.ravi, func(tx *store.Tx) error {
		_, err := tx.PublishWith(t.Context(), b.deliverable, 1, store.Publication{Note: "Look at the ears.", Ask: in})
		return err
	})
	return b
}

func (b *reviewed) write(t *testing.T, me store.Member, deed func(*store.Tx) error) {
	t.Helper()
	check(t, storetest.DB().Write(t.Context(), me, deed))
}

func (b *reviewed) decide(t *testing.T, me store.Member, answer store.Outcome, words string) {
	t.Helper()
	var files []store.File
	check(t, storetest.DB().Read(t.Context(), me, store.ListFiles(b.version, &files)))
	b.write(t, me, func(tx *store.Tx) error {
		return tx.Decide(t.Context(), b.deliverable, 1, store.NewDecision{Content: store.ContentHash(files), Answer: answer, Words: words})
	})
}

func (b *reviewed) request(t *testing.T, who store.Member) uuid.UUID {
	t.Helper()
	return ask[uuid.UUID](t, admin(t), `select id from review_requests where version_id = $1 and user_id = $2 and passed_to is null`, b.version, who.ID())
}

func subjects(list []stack.Message) string {
	var all []string
	for _, m := range list {
		all = append(all, m.Subject())
	}
	return strings.Join(all, "; ")
}

// Who is asked gets one mail, which says who asks, what and by when, and leads to the page.
// The others get the plain one. Answers reach who asked and who published, with their
// words.
func TestMailsOfADecision(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	b := setupReview(t, "Mia", "Nora")
	for _, who := range []string{b.Mia, b.noraMail} {
		m := mailTo(t, who, "asks you to approve "+b.title)
		for _, part := range []string{"Ravi " + b.Suffix, "5 Dec 2199", "Look at the ears.", "/deliverables/" + b.deliverable.String() + "?version=1"} {
			if !strings.Contains(m.Subject()+m.Text(), part) {
				t.Errorf("the mail to %s lacks %q:\n%s", who, part, m.Text())
			}
		}
	}
	mailTo(t, b.Leo, "version 1 is ready")
	waitIdle(t, r, []uuid.UUID{b.dana.TenantID()})
	for who, want := range map[string]int{b.Mia: 1, b.noraMail: 1, b.Leo: 1, b.Ravi: 0} {
		if list := mailsTo(t, who); len(list) != want {
			t.Errorf("%d mails to %s, want %d: %s", len(list), who, want, subjects(list))
		}
	}
	b.decide(t, b.mia, store.ApprovedWithChanges, "Longer ears.")
	m := mailTo(t, b.Ravi, "Mia "+b.Suffix+" approved "+b.title+" with changes")
	if !strings.Contains(m.Text(), "Longer ears.") || !strings.Contains(m.Text(), "Waits for 1 more person") {
		t.Errorf("the mail to who asked:\n%s", m.Text())
	}
	b.decide(t, b.nora, store.ChangesRequired, "No ears.")
	mailTo(t, b.Ravi, "Nora "+b.Suffix+" needs changes to "+b.title)
	waitIdle(t, r, []uuid.UUID{b.dana.TenantID()})
	for who, want := range map[string]int{b.Mia: 1, b.noraMail: 1, b.Leo: 1, b.Ravi: 2, b.Dana: 0} {
		if list := mailsTo(t, who); len(list) != want {
			t.Errorf("%d mails to %s, want %d: %s", len(list), who, want, subjects(list))
		}
	}
}

// Who passes a request on causes a mail to the next person, and one to who asked.
func TestMailsOfPassingOn(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	b := setupReview(t, "Mia")
	mailTo(t, b.Mia, "asks you to approve "+b.title)
	b.write(t, b.mia, func(tx *store.Tx) error { return tx.PassOn(t.Context(), b.deliverable, 1, b.nora.ID()) })
	mailTo(t, b.noraMail, "Mia "+b.Suffix+" passed you the decision about "+b.title)
	mailTo(t, b.Ravi, "Mia "+b.Suffix+" passed the decision about "+b.title+" to Nora "+b.Suffix)
	waitIdle(t, r, []uuid.UUID{b.dana.TenantID()})
	if list := mailsTo(t, b.Mia); len(list) != 1 {
		t.Errorf("%d mails to Mia: %s", len(list), subjects(list))
	}
}

// Reminders wait for the day before the due date, that day and three days later. One is
// sent only while its request is open, to who may still see it, and its time is recorded.
func TestRemindersStopWithTheRequest(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	b := setupReview(t, "Mia", "Nora")
	mailTo(t, b.Mia, "asks you to approve "+b.title)
	mailTo(t, b.noraMail, "asks you to approve "+b.title)
	waitIdle(t, r, []uuid.UUID{b.dana.TenantID()})
	mia, nora := b.request(t, b.mia), b.request(t, b.nora)
	days := ask[[]string](t, admin(t), `select array_agg(to_char(scheduled_at at time zone 'UTC', 'YYYY-MM-DD HH24') order by scheduled_at)
		from river.river_job where kind = 'review_mail' and state = 'scheduled' and args ->> 'request' = $1`, mia.String())
	if got := strings.Join(days, ", "); got != "2199-12-04 07, 2199-12-05 07, 2199-12-08 07" {
		t.Errorf("the reminders are at %s", got)
	}
	remind := func(request uuid.UUID) *rivertype.JobRow {
		job := &queue.ReviewMail{Signature: queue.Signature{Tenant: b.dana.TenantID()}, Request: request, Mailing: store.NewID(), Reminds: true}
		return ended(signAndInsert(t, r, job))
	}
	remind(mia)
	mailTo(t, b.Mia, "Reminder: "+b.title)
	reminded := func(request uuid.UUID) bool {
		return ask[bool](t, admin(t), `select last_reminder_at is not null from review_requests where id = $1`, request)
	}
	if !reminded(mia) || reminded(nora) {
		t.Errorf("the reminders are recorded as %v, %v", reminded(mia), reminded(nora))
	}
	b.decide(t, b.mia, store.Approved, "")
	for what, stop := range map[string]func(){
		"answered":         func() {},
		"hidden from them": func() { do(t, admin(t), `update deliverables set deleted_at = now() where id = $1`, b.deliverable) },
		"no longer a member": func() {
			do(t, admin(t), `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, b.dana.TenantID(), b.nora.ID())
		},
	} {
		stop()
		for _, request := range []uuid.UUID{mia, nora} {
			if what == "answered" && request == nora {
				continue
			}
			if row := remind(request); row.State != rivertype.JobStateCompleted {
				t.Errorf("%s: the job is %s", what, row.State)
			}
		}
	}
	for who, want := range map[string]int{b.Mia: 2, b.noraMail: 1} {
		if list := mailsTo(t, who); len(list) != want {
			t.Errorf("%d mails to %s, want %d: %s", len(list), who, want, subjects(list))
		}
	}
	// A request of another tenant is refused.
	other := setupReview(t, "Mia")
	if row := remind(other.request(t, other.mia)); row.State != rivertype.JobStateCancelled {
		t.Errorf("another tenant's request: %s", row.State)
	}
}

// Who is next gets the mail when their turn comes, and again after somebody changed their
// mind.
func TestMailWhenAStepOpens(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	b := setupReview(t)
	b.write(t, b.dana, func(tx *store.Tx) error {
		return tx.AskForDecision(t.Context(), b.deliverable, 1, store.Ask{People: []uuid.UUID{b.mia.ID(), b.nora.ID()}, Rule: store.AskInOrder})
	})
	mailTo(t, b.Mia, "Dana "+b.Suffix+" asks you to approve "+b.title)
	waitIdle(t, r, []uuid.UUID{b.dana.TenantID()})
	asked := func() (n int) {
		for _, m := range mailsTo(t, b.noraMail) {
			if strings.Contains(m.Subject(), "asks you to approve") {
				n++
			}
		}
		return n
	}
	if n := asked(); n != 0 {
		t.Errorf("Nora is asked %d times before her turn", n)
	}
	b.decide(t, b.mia, store.Approved, "")
	mailTo(t, b.noraMail, "asks you to approve "+b.title)
	mailTo(t, b.Dana, "approved "+b.title)
	mailTo(t, b.Ravi, "approved "+b.title) // who published
	b.decide(t, b.mia, store.ChangesRequired, "Wait.")
	b.decide(t, b.mia, store.Approved, "")
	waitIdle(t, r, []uuid.UUID{b.dana.TenantID()})
	if n := asked(); n != 2 {
		t.Errorf("Nora is asked %d times, want again after Mia changed her mind", n)
	}
}
