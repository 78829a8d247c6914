package jobs

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/certificate"
	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// certify runs the job of a version's certificate, and returns the newest one.
func (b *reviewed) certify(t *testing.T) (store.SignedCertificate, error) {
	t.Helper()
	r := newTestRunner(t, storetest.DB(), testConfig(t, mails.URL(), &lockedBuffer{}), nil)
	check(t, r.certify(t.Context(), storetest.Job(t, b.dana.TenantID()), queue.Certificate{Version: b.version}))
	var got store.SignedCertificate
	err := storetest.DB().Read(t.Context(), b.mia, store.GetCertificate(b.deliverable, 1, &got))
	return got, err
}

// A decision gives a certificate, which verifies offline and names the files, who was
// asked, who decided and why, and what the client sees of the notes. The team's words are
// not in it.
func TestDecisionsAreCertified(t *testing.T) {
	t.Parallel()
	b := setupReview(t, "Mia", "Nora")
	note := func(me store.Member, v store.Visibility, words string) (id uuid.UUID) {
		b.write(t, me, func(tx *store.Tx) error {
			n, err := tx.StartNote(t.Context(), b.deliverable, 1, store.NewNote{Visibility: v, Words: words, FormKey: store.NewID()})
			id = n.ID
			return err
		})
		return id
	}
	shown := note(b.mia, store.ClientVisible, "The ears, please. "+b.Suffix)
	note(b.dana, store.TeamOnly, "SECRET note")
	b.write(t, b.dana, func(tx *store.Tx) error {
		_, err := tx.ReplyToNote(t.Context(), shown, store.NewReply{Visibility: store.TeamOnly, Words: "SECRET aside", FormKey: store.NewID()})
		return err
	})
	if _, err := b.certify(t); err == nil {
		t.Error("a version without an outcome is certified")
	}
	b.decide(t, b.mia, store.Approved, "")
	b.decide(t, b.nora, store.ApprovedWithChanges, "Smaller, please.\nDecision: forged")
	queued := ask[int](t, admin(t), `select count(*)::int from river.river_job where kind = 'certificate' and args->>'version' = $1`, b.version.String())
	if queued == 0 {
		t.Error("no certificate is enqueued")
	}
	got, err := b.certify(t)
	check(t, err)
	public := signingKey.Public().(ed25519.PublicKey)
	signed, err := certificate.Verify([]byte(got.Signed), []ed25519.PublicKey{public})
	check(t, err)
	text := string(signed.Text)
	var files []store.File
	check(t, storetest.DB().Read(t.Context(), b.mia, store.ListFiles(b.version, &files)))
	if len(signed.Files) != len(files) || !bytes.Equal(signed.Content, store.ContentHash(files)) || got.KeyID != certificate.KeyID(public) || got.Version != 1 {
		t.Errorf("%+v, %d files", got, len(signed.Files))
	}
	for _, part := range []string{"Deliverable: " + b.title, "Outcome: approved with changes", "\"" + b.nora.Name + "\" <" + b.noraMail + ">", ": approved, on SHA-256",
		"    Smaller, please.\n    Decision: forged\n", "The ears, please. " + b.Suffix, ": answered"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
	if strings.Contains(text, "SECRET") || strings.Contains(got.Signed, "SECRET") {
		t.Errorf("the team's words are in\n%s", text)
	}
}

// Who decides again gets another certificate, which names both decisions.
func TestLaterDecisionsAreCertifiedToo(t *testing.T) {
	t.Parallel()
	b := setupReview(t, "Mia")
	b.decide(t, b.mia, store.Approved, "")
	first, err := b.certify(t)
	check(t, err)
	b.decide(t, b.mia, store.ChangesRequired, "No, wait.")
	second, err := b.certify(t)
	check(t, err)
	if first.ID == second.ID || !strings.Contains(second.Signed, "replaced by a later decision") || !strings.Contains(second.Signed, "Outcome: changes required") {
		t.Errorf("the second:\n%s", second.Signed)
	}
}

// A certificate is no answer once somebody decided again, before the next one is there.
func TestCertificatesOfEarlierDecisionsDoNotCount(t *testing.T) {
	t.Parallel()
	b := setupReview(t, "Mia")
	counts := func() (current, certified bool) {
		var x store.SignedCertificate
		check(t, storetest.DB().Read(t.Context(), b.mia, store.GetCertificate(b.deliverable, 1, &x), store.IsCertified(b.deliverable, 1, &certified)))
		return x.Current, certified
	}
	b.decide(t, b.mia, store.Approved, "")
	_, err := b.certify(t)
	check(t, err)
	if current, certified := counts(); !current || !certified {
		t.Error("the certificate of the decision doesn't count")
	}
	b.decide(t, b.mia, store.ChangesRequired, "No, wait.")
	if current, certified := counts(); current || certified {
		t.Error("the certificate of the approval still counts")
	}
	b.decide(t, b.mia, store.Approved, "Yes.")
	if current, certified := counts(); current || certified {
		t.Error("the certificate of the first approval counts for the second")
	}
	_, err = b.certify(t)
	check(t, err)
	if current, certified := counts(); !current || !certified {
		t.Error("the new certificate doesn't count")
	}
	_, err = admin(t).Exec(t.Context(), `update versions set outcome = null, approved_at = null where id = $1`, b.version)
	check(t, err)
	if current, certified := counts(); current || certified {
		t.Error("it counts while the version waits again")
	}
}

// Many words stop no certificate: it has the first of them, and a hash of the others.
func TestManyWordsAreCertified(t *testing.T) {
	t.Parallel()
	b := setupReview(t, "Mia")
	_, err := admin(t).Exec(t.Context(), `
with note as (
    insert into threads (tenant_id, id, version_id, visibility, number, created_by)
    values ($1, gen_random_uuid(), $2, 'client', 1, $3)
    returning id)
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key, created_by, created_at)
select $1, gen_random_uuid(), note.id, 'client', 'client', 'Words ' || n || repeat('x', 9900), gen_random_uuid(), $3, now() - make_interval(secs => 4000 - n)
from note, generate_series(1, 3700) n`, b.dana.TenantID(), b.version, b.mia.ID())
	check(t, err)
	b.decide(t, b.mia, store.ChangesRequired, "Fewer words.")
	got, err := b.certify(t)
	check(t, err)
	hash, kept := sha256.New(), strings.Count(got.Signed, "\n    Words ")
	for n := kept + 1; n <= 3700; n++ {
		one := sha256.Sum256([]byte("Words " + strconv.Itoa(n) + strings.Repeat("x", 9900)))
		hash.Write(one[:])
	}
	rest := fmt.Sprintf("\nLeft out: %d more comments, SHA-256 over their SHA-256 %x\n", 3700-kept, hash.Sum(nil))
	if !got.Current || len(got.Signed) > 2<<20 || kept < 100 || !strings.Contains(got.Signed, rest) || !strings.Contains(got.Signed, "Outcome: changes required") {
		t.Errorf("%d bytes, %d comments, current: %t, without %q", len(got.Signed), kept, got.Current, rest)
	}
}

// Whoever changes their mind again and again causes one certificate, which lists the last
// decisions, and counts the others.
func TestManyDecisionsGiveOneCertificate(t *testing.T) {
	t.Parallel()
	b := setupReview(t, "Mia")
	for range 6 {
		b.decide(t, b.mia, store.Approved, "")
		b.decide(t, b.mia, store.ChangesRequired, "No.")
	}
	queued := ask[int](t, admin(t), `select count(*)::int from river.river_job where kind = 'certificate' and args->>'version' = $1`, b.version.String())
	if queued == 0 || queued > 2 { // a window may have ended meanwhile
		t.Errorf("%d certificates are enqueued", queued)
	}
	_, err := admin(t).Exec(t.Context(), `
insert into decisions (tenant_id, id, version_id, content_sha256, request_id, user_id, answer, created_at)
select tenant_id, gen_random_uuid(), version_id, content_sha256, request_id, $2, 'approved', created_at - interval '1 day' from decisions where version_id = $1 limit 1`, b.version, b.nora.ID())
	check(t, err)
	_, err = admin(t).Exec(t.Context(), `
with recursive chain as (
    select d.*, 0 as n from decisions d where version_id = $1 and user_id = $2
    union all
    select tenant_id, gen_random_uuid(), version_id, content_sha256, request_id, user_id, answer, words, id, created_at + interval '1 second', n + 1 from chain where n < 300
)
insert into decisions (tenant_id, id, version_id, content_sha256, request_id, user_id, answer, supersedes, created_at)
select tenant_id, id, version_id, content_sha256, request_id, user_id, answer, supersedes, created_at from chain where n > 0`, b.version, b.nora.ID())
	check(t, err)
	got, err := b.certify(t)
	check(t, err)
	// Of 313 decisions two stand, and 200 others are listed.
	if n := strings.Count(got.Signed, "\nDecision: "); n != 202 || !strings.Contains(got.Signed, "\nLeft out: 111 more replaced decisions, ") || !got.Current {
		t.Errorf("%d decisions are listed:\n%.3000s", n, got.Signed)
	}
}

// The clean-up has a version certified that was decided before certificates existed, once.
// It leaves alone what was decided within the hour, whose job is in the queue.
func TestMissingCertificatesAreMadeOnce(t *testing.T) {
	t.Parallel()
	b := setupReview(t, "Mia")
	b.decide(t, b.mia, store.Approved, "")
	of := b.version.String()
	// clean runs that part of the clean-up, and returns how many certificates it enqueues.
	clean := func(tenant uuid.UUID) int {
		do(t, admin(t), `delete from job_effects where key like 'certificate:' || $1 || ':%'`, of)
		before := ask[int64](t, admin(t), `select coalesce(max(id), 0) from river.river_job`)
		check(t, storetest.DB().Work(t.Context(), storetest.Job(t, tenant), func(tx *store.Tx) error { return tx.CertifyMissing(t.Context()) }))
		return ask[int](t, admin(t), `select count(*)::int from river.river_job where kind = 'certificate' and args->>'version' = $1 and id > $2`, of, before)
	}
	if n := clean(b.dana.TenantID()); n != 0 {
		t.Errorf("%d certificates of a decision within the hour", n)
	}
	do(t, admin(t), `delete from river.river_job where kind = 'certificate' and args->>'version' = $1 and state = 'scheduled'`, of)
	waitIdle(t, theRunner(t), []uuid.UUID{b.dana.TenantID()})
	do(t, admin(t), `delete from certificates where version_id = $1`, b.version)
	do(t, admin(t), `update decisions set created_at = now() - interval '2 hours' where version_id = $1`, b.version)
	do(t, admin(t), `update review_requests set ended_at = now() - interval '2 hours' where version_id = $1`, b.version)
	if n := clean(b.Member(t, b.Gus, b.Globex).TenantID()); n != 0 {
		t.Errorf("another tenant's clean-up enqueues %d", n)
	}
	if n := clean(b.dana.TenantID()); n != 1 {
		t.Errorf("%d certificates are enqueued", n)
	}
	_, err := b.certify(t)
	check(t, err)
	if n := clean(b.dana.TenantID()); n != 0 {
		t.Errorf("with a certificate %d are enqueued", n)
	}
}

// A job of one tenant certifies nothing of another's, and no member of either writes a
// certificate.
func TestCertificatesStayInTheTenant(t *testing.T) {
	t.Parallel()
	b := setupReview(t, "Mia")
	b.decide(t, b.mia, store.Approved, "")
	_, err := b.certify(t)
	check(t, err)
	there := b.Member(t, b.Gus, b.Globex)
	r := newTestRunner(t, storetest.DB(), testConfig(t, mails.URL(), &lockedBuffer{}), nil)
	foreign := r.certify(t.Context(), storetest.Job(t, there.TenantID()), queue.Certificate{Version: b.version})
	random := r.certify(t.Context(), storetest.Job(t, there.TenantID()), queue.Certificate{Version: store.NewID()})
	if foreign == nil || random == nil || foreign.Error() != random.Error() {
		t.Errorf("foreign %v, random %v", foreign, random)
	}
	var got store.SignedCertificate
	if err := storetest.DB().Read(t.Context(), there, store.GetCertificate(b.deliverable, 1, &got)); err == nil {
		t.Error("another tenant reads it")
	}
	for _, me := range []store.Member{b.dana, b.mia} {
		err := storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			return tx.SaveCertificate(&store.CertifiedVersion{ID: b.version, DeliverableID: b.deliverable, Outcome: store.Approved, Decided: 1}, store.NewID(), []byte("forged"), "0123456789abcdef")
		})
		if err == nil {
			t.Errorf("%s writes a certificate", me.Name)
		}
	}
}
