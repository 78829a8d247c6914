package jobs

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// Whom a note names gets a mail at once, with the words and a link to the note. Nobody else
// does: a job for somebody who can't see the note, or whom it doesn't name, mails nothing.
func TestMentionsAreMailedAtOnce(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	dana, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)
	version := published(t, dana, "Poster "+a.Suffix)
	deliverable := ask[uuid.UUID](t, admin(t), `select deliverable_id from versions where id = $1`, version)
	write := func(me store.Member, v store.Visibility, words string) {
		check(t, storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			_, err := tx.StartNote(t.Context(), deliverable, 1, store.NewNote{Visibility: v, Words: words, FormKey: uuid.New()})
			return err
		}))
	}
	write(mia, "", "@Ravi, a little darker?")
	write(dana, store.TeamOnly, "@Ravi, cnryinside")
	secret := ask[uuid.UUID](t, admin(t), `select id from comments where body like '%cnryinside' and tenant_id = $1`, dana.TenantID())
	check(t, storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
		// Dana sees the words, which name Ravi.
		return errors.Join(tx.Enqueue(t.Context(), &queue.MentionMail{Comment: secret, To: mia.ID()}), tx.Enqueue(t.Context(), &queue.MentionMail{Comment: secret, To: dana.ID()}))
	}))
	waitIdle(t, r, []uuid.UUID{dana.TenantID()})
	overdue(t, r, dana.TenantID())
	about := func(email, words string) (n int) {
		for _, m := range mailsTo(t, email) {
			if strings.Contains(allParts(m), words) {
				n++
			}
		}
		return n
	}
	for _, m := range mailsTo(t, a.Ravi) {
		if strings.Contains(m.Subject(), "mentioned you") && !strings.Contains(m.Text(), "/deliverables/"+deliverable.String()) {
			t.Errorf("the mail leads nowhere: %s", m.Text())
		}
	}
	if n := about(a.Ravi, "darker"); n != 1 {
		t.Errorf("Ravi gets the words in %d mails", n)
	}
	if n := about(a.Ravi, "cnryinside"); n != 1 {
		t.Errorf("Ravi gets the team's words in %d mails", n)
	}
	if about(a.Dana, "mentioned you") != 0 || about(a.Dana, "cnryinside") != 0 || about(a.Dana, "darker") == 0 { // as news of notes
		t.Error("Dana is told as if she were named, or not at all")
	}
	for _, email := range []string{a.Mia, a.Leo, a.Gus} {
		if about(email, "cnryinside")+about(email, "mentioned you") != 0 {
			t.Errorf("%s gets a mail", email)
		}
	}
}
