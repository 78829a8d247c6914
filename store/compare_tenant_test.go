package store_test

import (
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// twoVersions is a deliverable with a picture and a document in version 1, which is
// published, and in the draft of version 2.
type twoVersions struct {
	fileBundle
	pictures, books [2]uuid.UUID
}

func setupVersions(t *testing.T) *twoVersions {
	t.Helper()
	b := &twoVersions{fileBundle: setupFiles(t)}
	draft := b.draft
	for i := range 2 {
		b.pictures[i], b.books[i] = typedFile(t, b.ravi, draft, "Logo.png", "image/png"), typedFile(t, b.ravi, draft, "Book.pdf", "application/pdf")
		storetest.Pages(t, b.dana.TenantID(), b.books[i], storetest.Rendition(1), storetest.Rendition(2))
		if i == 0 {
			must(t, b.publish(t, 1))
			do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.AddVersion(t.Context(), b.deliverable)) })
			draft = storetest.Draft(t, b.ravi, b.deliverable)
		}
	}
	return b
}

func (b *twoVersions) pair() store.PicturePair {
	return store.PicturePair{A: b.pictures[0], B: b.pictures[1]}
}

func (b *twoVersions) page(a, n int) store.PicturePair {
	return store.PicturePair{A: b.books[0], APage: a, B: b.books[1], BPage: n}
}

func askDifference(t *testing.T, me store.Member, pair store.PicturePair) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error { return tx.AskDifference(t.Context(), pair) })
}

func record(t *testing.T, tenant uuid.UUID, pair store.PicturePair, boxes []int32, unfit string) (found int) {
	t.Helper()
	must(t, storetest.DB().Work(t.Context(), storetest.Job(t, tenant), func(tx *store.Tx) error {
		both, err := tx.PicturesFor(t.Context(), pair)
		if found = len(both); err == nil {
			tx.RecordFileDifference(pair, boxes, unfit)
		}
		return err
	}))
	return found
}

func (b *twoVersions) differences(t *testing.T, me store.Member) []store.Difference {
	t.Helper()
	var all []store.Difference
	must(t, read(t, me, store.ListDifferences(b.deliverable, 1, 2, &all)))
	return all
}

// What is asked for is looked for once, recorded once, and read by whoever sees both files:
// staff while the later version is a draft, the client once it is published and as long as
// neither file is in the bin.
func TestDifferencesAreVisibleLikeBothFiles(t *testing.T) {
	t.Parallel()
	b := setupVersions(t)
	conn := storetest.App(t)
	sees := func(what string, me store.Member, want int) {
		t.Helper()
		if got := b.differences(t, me); len(got) != want {
			t.Errorf("%s: %s reads %+v", what, me.Name, got)
		}
		if n, err := try(t, conn, &me, "select 1 from differences"); n != int64(want) || err != nil {
			t.Errorf("%s: %s sees %d rows, %v", what, me.Name, n, err)
		}
	}
	wantError(t, askDifference(t, b.mia, b.pair()), store.ErrNotFound)
	must(t, askDifference(t, b.ravi, b.pair()))
	must(t, askDifference(t, b.dana, b.pair()))
	must(t, askDifference(t, b.dana, b.page(1, 2)))
	var jobs int
	must(t, storetest.AdminPool().QueryRow(t.Context(), `select count(*) from river.river_job where kind = 'file_difference' and args->>'a' = any ($1)`,
		[]string{b.pictures[0].String(), b.books[0].String()}).Scan(&jobs))
	if jobs != 2 {
		t.Errorf("%d jobs", jobs)
	}
	sees("in a draft", b.ravi, 2)
	sees("in a draft", b.mia, 0)
	if n := record(t, b.dana.TenantID(), b.pair(), []int32{1, 2, 3, 4}, ""); n != 2 {
		t.Errorf("the job finds %d pictures", n)
	}
	if n := record(t, b.dana.TenantID(), b.pair(), []int32{}, "slow"); n != 0 {
		t.Errorf("a second job finds %d pictures", n)
	}
	if n := record(t, b.dana.TenantID(), b.page(1, 2), nil, "shape"); n != 2 {
		t.Errorf("the job finds %d pages", n)
	}
	for _, d := range b.differences(t, b.dana) {
		if !d.Found || d.A == b.pictures[0] && (len(d.Boxes) != 4 || d.Unfit != "") || d.A == b.books[0] && (d.Unfit != "shape" || d.APage != 1 || d.BPage != 2) {
			t.Errorf("%+v", d)
		}
	}
	must(t, b.publish(t, 2))
	sees("published", b.mia, 2)
	bin := func(file uuid.UUID, binned bool) {
		do(t, b.dana, func(tx *store.Tx) error { return errOf(tx.BinFile(t.Context(), file, binned)) })
	}
	for _, file := range []uuid.UUID{b.pictures[0], b.pictures[1]} {
		bin(file, true)
		if n, err := try(t, conn, &b.mia, "select 1 from differences"); n != 1 || err != nil {
			t.Errorf("with one in the bin Mia sees %d rows, %v", n, err)
		}
		bin(file, false)
	}
	sees("restored", b.mia, 2)
}

// Differences are asked for only between files of two versions of one deliverable that the
// asker sees: a foreign, hidden or invented one gets the same refusal. Nobody writes the
// rows but the server.
func TestDifferencesStayInTheirTenant(t *testing.T) {
	t.Parallel()
	b, other := setupVersions(t), setupVersions(t)
	must(t, askDifference(t, b.ravi, b.pair()))
	gus := b.Member(t, b.Gus, b.Globex)
	elsewhere := storetest.Deliverable(t, b.ravi, b.project, "Another")
	third := typedFile(t, b.ravi, storetest.Draft(t, b.ravi, elsewhere), "Logo.png", "image/png")
	for what, c := range map[string]struct {
		me   store.Member
		pair store.PicturePair
	}{
		"hidden from the client":   {b.mia, b.pair()},
		"another agency":           {other.dana, b.pair()},
		"another client":           {gus, b.pair()},
		"half of another tenant's": {b.ravi, store.PicturePair{A: b.pictures[0], B: other.pictures[1]}},
		"invented":                 {b.ravi, store.PicturePair{A: b.pictures[0], B: uuid.New()}},
		"of another deliverable":   {b.ravi, store.PicturePair{A: b.pictures[0], B: third}},
		"of one version":           {b.ravi, store.PicturePair{A: b.pictures[0], B: b.books[0]}},
		"with itself":              {b.ravi, store.PicturePair{A: b.pictures[0], B: b.pictures[0]}},
		"a page too far":           {b.ravi, b.page(3, 1)},
		"a page too far, later":    {b.ravi, b.page(1, 3)},
		"a page before the first":  {b.ravi, b.page(-1, 1)},
	} {
		wantError(t, askDifference(t, c.me, c.pair), store.ErrNotFound)
		if t.Failed() {
			t.Fatal(what)
		}
	}
	if n := record(t, other.dana.TenantID(), b.pair(), []int32{1, 2, 3, 4}, ""); n != 0 {
		t.Errorf("a job of another tenant finds %d pictures", n)
	}
	conn := storetest.App(t)
	for _, me := range []store.Member{b.dana, b.mia, gus, other.dana} {
		const insert = `insert into differences (tenant_id, a_file, a_sees, a_page, b_file, b_sees, b_page) values ($1, $2, true, 0, $3, false, 0)`
		if _, err := try(t, conn, &me, insert, me.TenantID(), b.books[0], b.books[1]); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s writes a row: %v", me.Name, err)
		}
		if n, err := try(t, conn, &me, "update differences set boxes = '{1,2,3,4}'"); n != 0 || err != nil {
			t.Errorf("%s changes %d rows, %v", me.Name, n, err)
		}
		if n, err := try(t, conn, &me, "delete from differences"); n != 0 || sqlState(err) != insufficientPrivilege {
			t.Errorf("%s deletes %d rows, %v", me.Name, n, err)
		}
	}
	for _, me := range []store.Member{gus, other.dana, other.mia} {
		if n, err := try(t, conn, &me, "select 1 from differences where a_file = $1", b.pictures[0]); n != 0 || err != nil {
			t.Errorf("%s of another tenant sees %d rows, %v", me.Name, n, err)
		}
	}
	if got := b.differences(t, b.dana); len(got) != 1 || got[0].Found {
		t.Errorf("afterwards: %+v", got)
	}
	job := b.dana
	job.Party = store.PartySystem
	const claims = `insert into differences (tenant_id, a_file, a_sees, a_page, b_file, b_sees, b_page) values ($1, $2, true, 0, $3, true, 0)`
	if _, err := try(t, conn, &job, claims, job.TenantID(), b.books[0], b.books[1]); sqlState(err) != "23503" {
		t.Errorf("a row claims that the client sees a draft: %v", err)
	}
}

// One tenant has a bounded number of comparisons waiting, and asks again for those that
// didn't fit, or that nobody answered in time.
func TestWaitingComparisonsAreLimited(t *testing.T) {
	t.Parallel()
	b := setupVersions(t)
	const most = 20
	pages := make([]store.Rendition, most)
	for i := range pages {
		pages[i] = storetest.Rendition(i + 1)
	}
	draft := storetest.Draft(t, b.ravi, b.deliverable)
	long := typedFile(t, b.ravi, draft, "Long.pdf", "application/pdf")
	storetest.Pages(t, b.dana.TenantID(), long, pages...)
	pair := func(n int) store.PicturePair { return store.PicturePair{A: b.books[0], APage: 1, B: long, BPage: n} }
	for n := range most {
		must(t, askDifference(t, b.ravi, pair(n+1)))
	}
	must(t, askDifference(t, b.ravi, b.pair()))
	if got := b.differences(t, b.ravi); len(got) != most {
		t.Errorf("%d wait", len(got))
	}
	record(t, b.dana.TenantID(), pair(1), []int32{}, "")
	must(t, askDifference(t, b.ravi, b.pair()))
	if got := b.differences(t, b.ravi); len(got) != most+1 {
		t.Errorf("%d wait after one is found", len(got))
	}
	count := func() (n int) {
		must(t, storetest.AdminPool().QueryRow(t.Context(), `select count(*) from river.river_job where kind = 'file_difference' and args->>'b' = $1`, b.pictures[1].String()).Scan(&n))
		return n
	}
	_, err := storetest.AdminPool().Exec(t.Context(), `update differences set asked_at = now() - interval '11 minutes' where tenant_id = $1`, b.dana.TenantID())
	must(t, err)
	must(t, askDifference(t, b.ravi, b.pair()))
	must(t, askDifference(t, b.ravi, pair(1))) // found, so not asked again
	if n := count(); n != 2 {
		t.Errorf("%d jobs for what nobody answered", n)
	}
}

// Support without the agency's consent to see drafts reads no difference to a draft.
func TestSupportReadsNoDifferencesToDrafts(t *testing.T) {
	t.Parallel()
	b := setupDrafts(t)
	ravi := b.Member(t, b.Ravi, b.Acme)
	var files []store.File
	must(t, read(t, ravi, store.ListComparedFiles(b.shown, 1, 2, &files)))
	must(t, askDifference(t, ravi, store.PicturePair{A: files[0].ID, B: files[1].ID}))
	storetest.GrantSupport(t, b.mia)
	b.startAs(t, b.dana.ID())
	sam := b.inside(t)
	var all []store.Difference
	must(t, read(t, sam, store.ListDifferences(b.shown, 1, 2, &all), store.ListComparedFiles(b.shown, 1, 2, &files)))
	if len(all) != 0 || len(files) != 1 {
		t.Errorf("support reads %+v, %+v", all, files)
	}
	if n := b.rows(t, sam, "hidden", "differences"); n != 0 {
		t.Errorf("without consent support finds %d rows", n)
	}
	if n := b.rows(t, sam, "", "differences"); n != 1 {
		t.Errorf("with consent support finds %d rows, so the test proves nothing", n)
	}
}
