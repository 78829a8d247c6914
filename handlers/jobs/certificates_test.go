package jobs

import (
	"bytes"
	"crypto/ed25519"
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
			return tx.SaveCertificate(b.deliverable, b.version, store.NewID(), []byte("forged"), "0123456789abcdef")
		})
		if err == nil {
			t.Errorf("%s writes a certificate", me.Name)
		}
	}
}
