package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// told is whom mails of mentions are queued for in the workspace, in the order of writing.
func (b *noteBundle) told(t *testing.T) (names []string) {
	t.Helper()
	rows, err := storetest.AdminPool().Query(t.Context(), `
select split_part(m.name, ' ', 1)
from river.river_job j
join memberships m on m.user_id = (j.args ->> 'to')::uuid and m.tenant_id = (j.args ->> 'tenant')::uuid
where j.kind = 'mention_mail' and j.args ->> 'tenant' = $1
order by j.id`, b.mia.TenantID().String())
	must(t, err)
	names, err = pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return names
}

// An @ and a name tell that person, once: a whole name or a first name, in upper or lower
// case. The author is told of nothing, and neither is anybody by an address of mail.
func TestMentionsTellWhomTheyName(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note := b.note(t, b.mia, "", "For @ravi: darker. And @Mia, me. Write to x@leo or @Nobody.")
	if got := strings.Join(b.told(t), " "); got != "Ravi" {
		t.Errorf("told %q", got)
	}
	must(t, reply(t, b.dana, note.ID, store.ClientVisible, "(@LEO "+strings.ToUpper(b.Suffix)+"), @Leo, and @Mia's view?"))
	if got := strings.Join(b.told(t), " "); got != "Ravi Leo Mia" && got != "Ravi Mia Leo" {
		t.Errorf("told %q", got)
	}
	_, comments := b.notes(t, b.mia)
	for _, c := range comments {
		if first := strings.HasPrefix(c.Words, "For"); first && c.Named != "Ravi "+b.Suffix || !first && c.Named != "Leo "+b.Suffix+", Mia "+b.Suffix {
			t.Errorf("%q names %q", c.Words, c.Named)
		}
	}
	// Other words within ten minutes tell whom they name anew.
	for _, c := range comments {
		if c.Own {
			must(t, reword(t, b.mia, c.ID, "For @Ravi and @Dana: darker."))
		}
	}
	if got := b.told(t); len(got) != 4 || got[3] != "Dana" {
		t.Errorf("after other words: told %q", got)
	}
}

// One person gets five mails in ten minutes about the mentions of another one. The rest are in
// the mail of the next notes, also for a client who took no part. Others' mentions are mailed
// as ever.
func TestManyMentionsComeWithTheNextNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note := b.note(t, b.mia, "", "Darker")
	for n := range 8 {
		must(t, reply(t, b.mia, note.ID, "", fmt.Sprintf("@Ravi %d", n)))
		must(t, reply(t, b.dana, note.ID, store.ClientVisible, fmt.Sprintf("@Leo %d", n)))
	}
	must(t, reply(t, b.dana, note.ID, store.ClientVisible, "@Ravi, see above"))
	times := map[string]int{}
	for _, name := range b.told(t) {
		times[name]++
	}
	if len(times) != 2 || times["Ravi"] != 6 || times["Leo"] != 5 {
		t.Errorf("mails: %v", times)
	}
	since := time.Now().UTC().Truncate(10 * time.Minute)
	news := func(me store.Member) (words []string) {
		for _, from := range []time.Time{since.Add(-10 * time.Minute), since} { // a window may have ended meanwhile
			var list []store.NoteNews
			must(t, read(t, me, store.ListNoteNews(b.deliverable, from, 50, &list)))
			for _, n := range list {
				words = append(words, n.Words)
			}
		}
		return words
	}
	if got := strings.Join(news(b.ravi), ","); got != "Darker,@Ravi 5,@Ravi 6,@Ravi 7" {
		t.Errorf("Ravi's news: %s", got)
	}
	leo := b.Member(t, b.Leo, b.Acme)
	if got := strings.Join(news(leo), ","); got != "@Leo 5,@Leo 6,@Leo 7" {
		t.Errorf("Leo's news: %s", got)
	}
	do(t, b.dana, func(tx *store.Tx) error {
		return tx.EnqueueNoteMails(t.Context(), b.deliverable, since.Add(-10*time.Minute))
	})
	var mails int
	must(t, storetest.AdminPool().QueryRow(t.Context(), `select count(*) from river.river_job where kind = 'note_mail' and args ->> 'to' = $1`, leo.ID().String()).Scan(&mails))
	if mails != 1 {
		t.Errorf("%d mails of notes are queued for Leo", mails)
	}
}

// An aside that names a colleague who got five mails already is in no mail of notes either.
func TestMailsOfNotesHaveNoAsides(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note := b.note(t, b.mia, "", "Darker")
	for n := range 6 {
		must(t, reply(t, b.dana, note.ID, store.TeamOnly, fmt.Sprintf("@Ravi, an aside %d", n)))
	}
	must(t, reply(t, b.dana, note.ID, store.ClientVisible, "@Ravi, please answer"))
	since := time.Now().UTC().Truncate(10 * time.Minute)
	var words []string
	for _, from := range []time.Time{since.Add(-10 * time.Minute), since} { // a window may have ended meanwhile
		var list []store.NoteNews
		must(t, read(t, b.ravi, store.ListNoteNews(b.deliverable, from, 50, &list)))
		for _, n := range list {
			words = append(words, n.Words)
		}
	}
	if got := strings.Join(words, "|"); got != "Darker|@Ravi, please answer" {
		t.Errorf("Ravi's news: %s", got)
	}
}

// A comment names up to 20 people, in all the words that it ever had.
func TestEditedCommentsNameNoMore(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	var names []string
	do(t, b.dana, func(tx *store.Tx) error {
		for n := range store.MaxMentions {
			name := fmt.Sprintf("Guest%02d", n)
			if _, err := tx.AddPerson(t.Context(), store.NewPerson{Name: name, Email: strings.ToLower(name) + "@" + b.Suffix + ".test", Party: store.PartyClient, Role: store.RoleMember}); err != nil {
				return err
			}
			names = append(names, "@"+name)
		}
		return nil
	})
	b.note(t, b.mia, "", strings.Join(names, " "))
	_, comments := b.notes(t, b.mia)
	wantInvalid(t, "a 21st", reword(t, b.mia, comments[0].ID, "@Ravi"), "words")
	must(t, reword(t, b.mia, comments[0].ID, "Only @Guest01"))
	if got := b.told(t); len(got) != store.MaxMentions {
		t.Errorf("told %q", got)
	}
}

// Who can't see what is written can't be named in it. The writer is told, and nothing is
// written.
func TestMentionsOfWhoCannotSeeAreRefused(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	_, err := b.start(t, b.ravi, 1, aNote(store.TeamOnly, "Ask @Mia first"))
	if wrong, ok := errors.AsType[store.InvalidError](err); !ok || !strings.Contains(wrong["words"], "can't see") {
		t.Errorf("a client's person in a note of the team: %v", err)
	}
	shown := b.note(t, b.mia, "", "Darker")
	if err := reply(t, b.ravi, shown.ID, store.TeamOnly, "@Leo will like it"); !errors.As(err, new(store.InvalidError)) {
		t.Errorf("in an aside: %v", err)
	}
	must(t, reply(t, b.ravi, shown.ID, store.TeamOnly, "@Dana, do you?"))
	if got := strings.Join(b.told(t), " "); got != "Dana" {
		t.Errorf("told %q", got)
	}
	if notes, _ := b.notes(t, b.ravi); len(notes) != 1 {
		t.Errorf("%d notes", len(notes))
	}
}

// Whom the team names among itself, no client finds. A mention of a comment that is hidden,
// of another tenant or invented is refused alike.
func TestMentionsAreHiddenLikeTheirComment(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	shown := b.note(t, b.mia, "", "@Ravi, darker")
	before := b.clientReads(t, b.mia)
	must(t, reply(t, b.dana, shown.ID, store.TeamOnly, "@Ravi, can you?"))
	if after := b.clientReads(t, b.mia); after != before {
		t.Errorf("the client reads something else:\n%s\n%s", before, after)
	}
	conn, gus := storetest.App(t), b.Member(t, b.Gus, b.Globex)
	for who, c := range map[string]struct {
		me   *store.Member
		want int64
	}{"staff": {&b.dana, 2}, "the client": {&b.mia, 1}, "another tenant": {&gus, 0}, "nobody": {nil, 0}} {
		if n, err := try(t, conn, c.me, "select from mentions"); n != c.want || err != nil {
			t.Errorf("%s finds %d mentions, %v", who, n, err)
		}
	}
	_, comments := b.notes(t, b.dana)
	var hidden uuid.UUID
	for _, c := range comments {
		if c.Visibility == store.TeamOnly {
			hidden = c.ID
		}
	}
	insert := func(me *store.Member, comment uuid.UUID, v string) error {
		_, err := try(t, conn, me, `insert into mentions (tenant_id, comment_id, visibility, user_id)
values ('`+me.TenantID().String()+`', '`+comment.String()+`', '`+v+`', '`+me.ID().String()+`')`)
		return err
	}
	want := insert(&b.mia, uuid.New(), "client")
	for what, err := range map[string]error{
		"a hidden comment": insert(&b.mia, hidden, "client"), "a comment of another tenant": insert(&gus, comments[0].ID, "client"), "an invented one": insert(&gus, uuid.New(), "client"),
	} {
		if err == nil || want == nil || err.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	if err := insert(&b.mia, hidden, "team"); err == nil {
		t.Error("a client writes a mention of the team")
	}
	if n, err := try(t, conn, &b.dana, "update mentions set user_id = user_id"); n != 0 || err == nil {
		t.Errorf("mentions can be changed: %d, %v", n, err)
	}
}
