package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// Staff agree on rounds in the form of the deliverable. Both sides read which round a version
// is, and publishing beyond them needs a tick.
func TestRoundsAreAgreedAndCounted(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	save := func(rounds string) answer {
		seen := seenIn(t, d.dana.get(t, d.page+"/edit").body, d.page)
		return d.dana.post(t, d.page, url.Values{"title": {"Poster"}, "rounds": {rounds}, "seen": {seen}})
	}
	for _, bad := range []string{"0", "100", "-1", "two", "1.5", "99999999999999999999"} {
		got := save(bad)
		want(t, bad, got, http.StatusUnprocessableEntity)
		has(t, bad, got, "Enter a number of rounds from 1 to 99.", `value="`+bad+`"`)
	}
	want(t, "two rounds", save("2"), http.StatusSeeOther)
	has(t, "the form", d.dana.get(t, d.page+"/edit"), `name="rounds"`, `value="2"`)
	has(t, "the draft", d.dana.get(t, d.page), "Round 1 of 2")
	publish := func(number string, more url.Values) answer {
		more.Set("seen", seenIn(t, d.dana.get(t, d.page).body, d.act(number, "publish")))
		return d.dana.post(t, d.act(number, "publish"), more)
	}
	want(t, "the first", publish("1", url.Values{}), http.StatusSeeOther)
	d.nextDraft(t, "two.txt")
	hasNot(t, "the form", d.dana.get(t, d.page), `name="beyond_rounds"`)
	want(t, "the second", publish("2", url.Values{}), http.StatusSeeOther)
	for who, b := range map[string]*browser{"staff": d.ravi, "the client": d.mia, "a viewer": d.leo} {
		has(t, who, b.get(t, d.page), "Round 2 of 2")
		has(t, who, b.get(t, d.page+"?version=1"), "Round 1 of 2")
	}
	d.nextDraft(t, "three.txt")
	has(t, "the form", d.dana.get(t, d.page), `name="beyond_rounds"`, "This is round 3. You agreed on 2 rounds with your client")
	refused := publish("3", url.Values{"note": {"Look"}})
	want(t, "without the tick", refused, http.StatusUnprocessableEntity)
	has(t, "without the tick", refused, "Nothing is published yet: more rounds than agreed.", "Confirm that you publish more rounds than agreed.", "Look")
	has(t, "the client", d.mia.get(t, d.page), "Round 2 of 2")
	want(t, "with the tick", publish("3", url.Values{"beyond_rounds": {"on"}}), http.StatusSeeOther)
	has(t, "the client", d.mia.get(t, d.page), "Round 3, 2 agreed")
	has(t, "the trail", d.dana.get(t, d.base+"/activity"), "published more rounds than agreed of")
	hasNot(t, "the client's trail", d.mia.get(t, d.base+"/activity"), "more rounds than agreed")
	want(t, "none agreed", save(""), http.StatusSeeOther)
	hasNot(t, "none agreed", d.mia.get(t, d.page), "Round ")
}

// Somebody else's change of the rounds is not overwritten.
func TestRoundsOfOthersAreNotOverwritten(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	seen := seenIn(t, d.dana.get(t, d.page+"/edit").body, d.page)
	two := 2
	write(t, d.danaMember, func(tx *store.Tx) error {
		return tx.UpdateDeliverable(t.Context(), d.deliverable, store.DeliverableInput{Title: "Poster", Rounds: &two})
	})
	got := d.ravi.post(t, d.page, url.Values{"title": {"Poster"}, "rounds": {"3"}, "seen": {seen}})
	want(t, "a stale form", got, http.StatusConflict)
	has(t, "a stale form", got, "Agreed rounds")
}

// Staff unlock an earlier version: the page opens it for both sides, and the other one says
// where people decide now.
func TestEarlierVersionIsUnlockedByStaff(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	want(t, "publish", d.dana.post(t, d.act("1", "publish"), nil), http.StatusSeeOther)
	d.nextDraft(t, "two.txt")
	want(t, "publish", d.dana.post(t, d.act("2", "publish"), nil), http.StatusSeeOther)
	content := contentIn(t, d.mia.get(t, d.page))
	want(t, "unlock", d.dana.post(t, d.act("1", "unlock"), nil), http.StatusSeeOther)
	for who, b := range map[string]*browser{"staff": d.ravi, "the client": d.mia} {
		page := b.get(t, d.page)
		has(t, who, page, "poster &amp; more.txt")
		hasNot(t, who, page, "two.txt")
		has(t, who+" on version 2", b.get(t, d.page+"?version=2"), "Version 1 is open again.")
	}
	late := d.mia.post(t, d.act("2", "decide"), answerForm(content, "approved", ""))
	want(t, "a decision on the locked version", late, http.StatusConflict)
	has(t, "a decision on the locked version", late, "Version 1 is open again. Decide there.")
	note := d.mia.post(t, d.page+"/versions/2/notes", url.Values{"words": {"Late"}})
	want(t, "a note on the locked version", note, http.StatusConflict)
	has(t, "a note on the locked version", note, "Version 1 is open again. Write your note there.")
	want(t, "approve", d.mia.post(t, d.act("1", "decide"), answerForm(contentIn(t, d.mia.get(t, d.page)), "approved", "")), http.StatusSeeOther)
	want(t, "unlock the other", d.ravi.post(t, d.act("2", "unlock"), nil), http.StatusSeeOther)
	want(t, "approve it too", d.mia.post(t, d.act("2", "decide"), answerForm(contentIn(t, d.mia.get(t, d.page)), "approved", "")), http.StatusSeeOther)
	refused := d.dana.post(t, d.act("1", "unlock"), nil)
	want(t, "two approved versions", refused, http.StatusConflict)
	has(t, "two approved versions", refused, "Version 2 is approved", "only one can be")
	has(t, "the trail", d.dana.get(t, d.base+"/activity"), "unlocked an earlier version of")
}

// Only staff in person are offered to unlock, and may: not the client, nor support. A draft,
// an invented version and one of another tenant get one refusal.
func TestOnlyStaffAreOfferedToUnlock(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t)
	m := d.Member(t, d.Dana, d.Acme)
	deliverable := storetest.Deliverable(t, m, storetest.Project(t, m, "Spring"), "Poster")
	for number := 1; number <= 2; number++ {
		storetest.File(t, m, storetest.Draft(t, m, deliverable), "poster.txt")
		write(t, m, func(tx *store.Tx) error { return tx.Publish(t.Context(), deliverable, number, "") })
		write(t, m, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), deliverable); return err })
	}
	page := d.base + "/deliverables/" + deliverable.String()
	dana, mia := d.as(t, d.Dana), d.as(t, d.Mia)
	const offer = "Unlock version 1"
	has(t, "staff", dana.get(t, page+"?version=1"), offer)
	hasNot(t, "staff on the open version", dana.get(t, page+"?version=2"), "Unlock version")
	hasNot(t, "the client", mia.get(t, page+"?version=1"), offer)
	want(t, "the client", mia.post(t, page+"/versions/1/unlock", nil), http.StatusForbidden)
	d.in(t, d.Dana)
	want(t, "writing", d.prove(t).sam.post(t, "/support/write", sure), http.StatusSeeOther)
	hasNot(t, "support", d.sam.get(t, page+"?version=1"), offer)
	want(t, "support", d.sam.post(t, page+"/versions/1/unlock", nil), http.StatusForbidden)
	for what, path := range map[string]string{"a draft": page + "/versions/3/unlock", "an invented version": page + "/versions/9/unlock",
		"another deliverable": d.base + "/deliverables/" + uuid.NewString() + "/versions/1/unlock", "no number": page + "/versions/x/unlock"} {
		if got := dana.post(t, path, nil); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", what, got.status)
		}
	}
	want(t, "another tenant", d.as(t, storetest.Agency(t).Dana).post(t, page+"/versions/1/unlock", nil), http.StatusNotFound)
	has(t, "afterwards", mia.get(t, page), "Version 2")
	want(t, "staff", dana.post(t, page+"/versions/1/unlock", nil), http.StatusSeeOther)
}

// Lists and homes say that a deliverable was approved with changes, and programs read the
// outcome of each version.
func TestOutcomesAreSaidEverywhere(t *testing.T) {
	t.Parallel()
	d := setupReviewSite(t)
	want(t, "publish", d.dana.post(t, d.act("1", "publish"), nil), http.StatusSeeOther)
	key, _ := storetest.APIKey(t, d.Mia, d.Acme, store.ScopeReadWork)
	program := d.nobody()
	program.header.Set("Authorization", "Bearer "+store.KeyPrefix+key.String())
	api := "/api/v1/deliverables/" + d.deliverable.String()
	has(t, "undecided", program.get(t, api), `"outcome":null`, `"locked":false`, `"rounds":null`)
	content := contentIn(t, d.mia.get(t, d.page))
	project := d.projectPage(t)
	for answer, says := range map[string]string{"approved_with_changes": "Approved with changes", "approved": "Approved", "changes_required": "Changes needed"} {
		want(t, answer, d.mia.post(t, d.act("1", "decide"), answerForm(content, answer, "Darker.")), http.StatusSeeOther)
		for who, b := range map[string]*browser{"staff": d.dana, "the client": d.mia} {
			for _, path := range []string{project, d.page} {
				got := b.get(t, path)
				has(t, who+" at "+path, got, says)
				if answer == "approved" {
					hasNot(t, who+" at "+project, b.get(t, project), "Approved with changes")
				}
			}
		}
		has(t, "a program", program.get(t, api), `"outcome":"`+answer+`"`)
		if home := d.mia.get(t, d.base+"/"); strings.Contains(home.body, "approved with changes") != (answer == "approved_with_changes") {
			t.Errorf("the client's home after %s", answer)
		}
	}
	d.nextDraft(t, "two.txt")
	want(t, "publish", d.dana.post(t, d.act("2", "publish"), nil), http.StatusSeeOther)
	has(t, "a program", program.get(t, api), `"locked":true`, `"outcome":null`)
	hasNot(t, "the next version", d.mia.get(t, project), "Approved")
}

func (d *reviewSite) projectPage(t *testing.T) string {
	t.Helper()
	var work store.Deliverable
	read(t, d.danaMember, store.GetDeliverable(d.deliverable, &work))
	return d.base + "/projects/" + work.ProjectID.String()
}
