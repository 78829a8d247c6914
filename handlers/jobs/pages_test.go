package jobs

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"os"
	"testing"
	"time"

	"github.com/go-pdf/fpdf"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers/pdf"
	"portico/store"
	"portico/store/queue"
)

// documentRunner is a runner over storage of its own that draws pages when told to.
func documentRunner(t *testing.T) *Runner {
	t.Helper()
	r := runnerOver(t)
	program, err := os.Executable()
	check(t, err)
	r.cfg.PDF, err = pdf.New(program)
	check(t, err)
	t.Cleanup(func() { _ = r.cfg.PDF.Close() })
	return r
}

// document is a PDF with that many pages.
func document(t *testing.T, pages int, change func(*fpdf.Fpdf)) []byte {
	t.Helper()
	doc := fpdf.New("L", "mm", "A4", "")
	change(doc)
	for range pages {
		doc.AddPage()
		doc.Rect(50, 50, 100, 15, "F")
	}
	var out bytes.Buffer
	check(t, doc.Output(&out))
	return out.Bytes()
}

// pdfFile uploads a document to the shelf's draft.
func (s shelf) pdfFile(t *testing.T, content []byte) uuid.UUID {
	t.Helper()
	id := storetest.BeginUpload(t, s.me, s.draft, "book.pdf", int64(len(content)))
	storageID, part := s.begin(t, id, string(content))
	_, err := s.vault.Complete(t.Context(), s.key(id), storageID, []files.Part{part})
	check(t, err)
	check(t, storetest.DB().Write(t.Context(), s.me, func(tx *store.Tx) error {
		return tx.FinishUpload(t.Context(), id, store.Stored{Size: int64(len(content)), SHA256: part.Digest[:], ContentType: files.Sniff(content)})
	}))
	return id
}

// draw runs the jobs that are queued for a document, in their order, and returns how many.
func (s shelf) draw(t *testing.T, r *Runner, file uuid.UUID) (jobs int) {
	t.Helper()
	for from := 1; from != 0; jobs++ {
		check(t, r.filePages(t.Context(), s.job(t), queue.FilePages{File: file, From: from}))
		from = ask[int](t, admin(t), `select coalesce(max((args->>'from')::int) filter (where (args->>'from')::int > $2), 0)
from river.river_job where kind = 'file_pages' and args->>'file' = $1`, file.String(), from)
	}
	return jobs
}

func (s shelf) file(t *testing.T, id uuid.UUID) store.File {
	t.Helper()
	var f store.File
	check(t, storetest.DB().Read(t.Context(), s.me, store.GetFile(id, &f)))
	return f
}

func (s shelf) pages(t *testing.T) (ids []uuid.UUID) {
	t.Helper()
	for o, err := range s.vault.ListKind(t.Context(), files.KindRendition) {
		check(t, err)
		ids = append(ids, o.Key.ID())
	}
	return ids
}

// The pages of a document are drawn in several jobs, so that others have their turn, and
// each picture lies in storage as its row says. The first page is the preview. A job that
// runs again changes nothing.
func TestDocumentsHavePages(t *testing.T) {
	t.Parallel()
	r := documentRunner(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	id := s.pdfFile(t, document(t, 2*store.PagesAtOnce+5, func(*fpdf.Fpdf) {}))
	if n := s.draw(t, r, id); n != 3 {
		t.Errorf("%d jobs", n)
	}
	for from := range 60 {
		check(t, r.filePages(t.Context(), s.job(t), queue.FilePages{File: id, From: from}))
	}
	if f := s.file(t, id); f.Pages != 45 || f.PagesDrawn != 45 || f.Unfit != "" || !f.Preview {
		t.Errorf("%+v", f)
	}
	if n := len(s.pages(t)); n != 45 {
		t.Errorf("%d pictures in storage", n)
	}
	// A PDF of words has them in the rows of its pages, which are hidden like the pages.
	worded := s.pdfFile(t, document(t, 1, func(doc *fpdf.Fpdf) {
		doc.SetHeaderFunc(func() { doc.SetFont("Helvetica", "", 14); doc.Cell(0, 10, "Spring campaign") })
	}))
	s.draw(t, r, worded)
	if words := ask[string](t, admin(t), `select words from renditions where file_id = $1`, worded); words != "Spring campaign" {
		t.Errorf("the words are %q", words)
	}
	if n := ask[int](t, admin(t), `select count(words) from renditions where file_id = $1`, id); n != 0 {
		t.Errorf("%d pages without words have some", n)
	}
	for page := 1; page <= 45; page += 11 {
		var got store.Rendition
		check(t, storetest.DB().Read(t.Context(), s.me, store.GetRendition(id, page, &got)))
		digest := files.Digest(got.SHA256)
		object, err := s.vault.Get(t.Context(), files.NewKey(s.me.TenantID(), files.KindRendition, got.ID), files.ReadOptions{Size: got.Size, Digest: &digest})
		check(t, err)
		content, err := io.ReadAll(object.Body)
		check(t, err)
		check(t, object.Body.Close())
		shape, kind, err := image.DecodeConfig(bytes.NewReader(content))
		if err != nil || "image/"+kind != got.ContentType || shape.Width != got.Width || shape.Height != got.Height || got.Width <= got.Height {
			t.Errorf("page %d: %v, %s, %+v", page, err, kind, got)
		}
	}
	s.finds(t, "afterwards", s.reconcile(t, r, 0, false))
}

// A document that can't be drawn says why, once, and no job is left.
func TestUnfitDocumentsSayWhy(t *testing.T) {
	t.Parallel()
	r := documentRunner(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	for want, content := range map[string][]byte{
		"password": document(t, 1, func(d *fpdf.Fpdf) { d.SetProtection(0, "secret", "owner") }),
		"broken":   []byte("%PDF-1.7\nand no more"),
	} {
		id := s.pdfFile(t, content)
		if n := s.draw(t, r, id); n != 1 {
			t.Errorf("%s: %d jobs", want, n)
		}
		if f := s.file(t, id); f.Unfit != want || f.PagesDrawn != 0 || f.Preview {
			t.Errorf("%s: %+v", want, f)
		}
	}
	large := s.pdfFile(t, document(t, 1, func(*fpdf.Fpdf) {}))
	do(t, admin(t), `update files set size = 600000000, declared_size = null where id = $1`, large)
	s.draw(t, r, large)
	if f := s.file(t, large); f.Unfit != "large" || f.PagesDrawn != 0 {
		t.Errorf("large: %+v", f)
	}
	picture := storetest.File(t, s.me, s.draft, "no document")
	if s.draw(t, r, picture); s.file(t, picture).Unfit != "" {
		t.Error("a text is an unfit document")
	}
}

// The clean-up removes pictures of pages without a row, draws lost ones again, and removes
// all pictures of a document that leaves the bin.
func TestPagesAreKeptTidy(t *testing.T) {
	t.Parallel()
	r := documentRunner(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	id, last, other := s.pdfFile(t, document(t, 3, func(*fpdf.Fpdf) {})), s.pdfFile(t, document(t, 1, func(*fpdf.Fpdf) {})), s.pdfFile(t, document(t, 2, func(*fpdf.Fpdf) {}))
	for _, one := range []uuid.UUID{id, last, other} {
		s.draw(t, r, one)
	}
	stray := store.NewID()
	_, err := s.vault.Put(t.Context(), files.NewKey(s.me.TenantID(), files.KindRendition, stray), []byte("stray"))
	check(t, err)
	s.finds(t, "too young", s.reconcile(t, r, time.Hour, true))
	s.finds(t, "a stray", s.reconcile(t, r, -time.Hour, true), of(StrayRendition, stray))
	var lost store.Rendition
	check(t, storetest.DB().Read(t.Context(), s.me, store.GetRendition(id, 2, &lost)))
	check(t, s.vault.Delete(t.Context(), files.NewKey(s.me.TenantID(), files.KindRendition, lost.ID)))
	s.finds(t, "looked at", s.reconcile(t, r, time.Hour, false), of(LostRendition, id))
	s.finds(t, "repaired", s.reconcile(t, r, time.Hour, true), of(LostRendition, id))
	if f := s.file(t, id); f.PagesDrawn != 0 {
		t.Errorf("%d pages are left", f.PagesDrawn)
	}
	s.draw(t, r, id)
	if f := s.file(t, id); f.PagesDrawn != 3 {
		t.Errorf("%d pages are drawn again", f.PagesDrawn)
	}
	s.finds(t, "what was drawn before", s.reconcile(t, r, -time.Hour, false), s.strays(t)...)
	check(t, storetest.DB().Write(t.Context(), s.me, func(tx *store.Tx) error {
		_, err := tx.BinFile(t.Context(), id, true)
		return err
	}))
	do(t, admin(t), `update files set deleted_at = now() - interval '31 days' where id = $1`, id)
	s.reconcile(t, r, -time.Hour, true) // and the strays
	check(t, storetest.DB().Write(t.Context(), s.me, func(tx *store.Tx) error {
		_, err := tx.BinFile(t.Context(), last, true)
		return err
	}))
	do(t, admin(t), `update files set deleted_at = now() - interval '31 days' where id = $1`, last)
	check(t, r.uploads.Purge(t.Context(), s.job(t)))
	if rows := ask[int64](t, admin(t), `select count(*) from renditions where tenant_id = $1`, s.me.TenantID()); rows != 2 || len(s.pages(t)) != 2 {
		t.Errorf("%d rows and %d pictures are left, want the other document's 2", rows, len(s.pages(t)))
	}
}

// strays are the findings of pictures in storage that no row knows.
func (s shelf) strays(t *testing.T) (found []string) {
	t.Helper()
	for _, id := range s.pages(t) {
		if ask[int64](t, admin(t), `select count(*) from renditions where id = $1`, id) == 0 {
			found = append(found, of(StrayRendition, id))
		}
	}
	if len(found) == 0 {
		t.Error("no picture of before is left in storage, so the test shows nothing")
	}
	return found
}

// The clean-up has documents drawn that were uploaded before pages were drawn.
func TestOlderDocumentsAreDrawn(t *testing.T) {
	t.Parallel()
	r := documentRunner(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	old, young, drawn := s.pdfFile(t, document(t, 1, func(*fpdf.Fpdf) {})), s.pdfFile(t, document(t, 1, func(*fpdf.Fpdf) {})), s.pdfFile(t, document(t, 1, func(*fpdf.Fpdf) {}))
	s.draw(t, r, drawn)
	do(t, admin(t), `update files set created_at = now() - interval '2 days' where id = any($1)`, []uuid.UUID{old, drawn})
	do(t, admin(t), `delete from river.river_job where kind = 'file_pages' and args->>'file' = any($1)`, []string{old.String(), young.String(), drawn.String()})
	check(t, r.cleanUp(t.Context(), s.job(t), queue.Cleanup{}))
	rows, err := admin(t).Query(t.Context(), `select args->>'file' from river.river_job where kind = 'file_pages' and args->>'tenant' = $1`, s.me.TenantID().String())
	check(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(got) != 1 || got[0] != old.String() {
		t.Errorf("%v is drawn, %v, want only the old one, %s", got, err, old)
	}
}

// A job of one tenant that names another tenant's document draws nothing.
func TestPagesOfOtherTenantsAreNotDrawn(t *testing.T) {
	t.Parallel()
	r := documentRunner(t)
	a := storetest.Agency(t)
	s, there := newShelf(t, r, a.Member(t, a.Dana, a.Acme)), newShelf(t, r, a.Member(t, a.Dana, a.Globex))
	id := there.pdfFile(t, document(t, 1, func(*fpdf.Fpdf) {}))
	err := r.filePages(t.Context(), s.job(t), queue.FilePages{File: id, From: 1})
	random := r.filePages(t.Context(), s.job(t), queue.FilePages{File: store.NewID(), From: 1})
	if err == nil || random == nil || fmt.Sprint(err) != fmt.Sprint(random) {
		t.Errorf("foreign %v, random %v", err, random)
	}
	if n := len(s.pages(t)) + len(there.pages(t)); n != 0 {
		t.Errorf("%d pictures", n)
	}
}
