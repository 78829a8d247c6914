package jobs

import (
	"image"
	"image/draw"
	"os"
	"testing"

	"github.com/go-pdf/fpdf"
	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers/difference"
	"portico/handlers/thumbnail/thumbnailtest"
	"portico/store"
	"portico/store/queue"
)

// newVersion publishes what is on the shelf and starts the next version.
func (s *shelf) newVersion(t *testing.T, deliverable uuid.UUID, number int) {
	t.Helper()
	check(t, storetest.DB().Write(t.Context(), s.me, func(tx *store.Tx) error {
		if err := tx.Publish(t.Context(), deliverable, number, ""); err != nil {
			return err
		}
		_, err := tx.AddVersion(t.Context(), deliverable)
		return err
	}))
	s.draft = storetest.Draft(t, s.me, deliverable)
}

// picture uploads a picture to the shelf's draft.
func (s shelf) picture(t *testing.T, name string, content []byte) uuid.UUID {
	t.Helper()
	id := storetest.BeginUpload(t, s.me, s.draft, name, int64(len(content)))
	storageID, part := s.begin(t, id, string(content))
	_, err := s.vault.Complete(t.Context(), s.key(id), storageID, []files.Part{part})
	check(t, err)
	check(t, storetest.DB().Write(t.Context(), s.me, func(tx *store.Tx) error {
		return tx.FinishUpload(t.Context(), id, store.Stored{Size: int64(len(content)), SHA256: part.Digest[:], ContentType: files.Sniff(content)})
	}))
	return id
}

// A job finds where two pictures differ, and two pages of documents, and says why where it
// can't. It looks once, and in its own tenant only.
func TestDifferencesAreFound(t *testing.T) {
	t.Parallel()
	r := documentRunner(t)
	program, err := os.Executable()
	check(t, err)
	r.cfg.Differences = difference.New(program)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	other := newShelf(t, r, a.Member(t, a.Dana, a.Globex))
	deliverable := ask[uuid.UUID](t, admin(t), `select deliverable_id from versions where id = $1`, s.draft)
	before, after := thumbnailtest.TwoHalves(800, 800), thumbnailtest.TwoHalves(800, 800)
	draw.Draw(after, image.Rect(80, 400, 160, 480), image.White, image.Point{}, draw.Src)
	draw.Draw(after, image.Rect(640, 400, 720, 480), image.Black, image.Point{}, draw.Src)
	picture1 := s.picture(t, "Logo.png", thumbnailtest.PNG(t, before))
	broken1 := s.picture(t, "Broken.png", append(thumbnailtest.PNG(t, before)[:60:60], "cut"...))
	book1 := s.pdfFile(t, document(t, 2, func(*fpdf.Fpdf) {}))
	s.draw(t, r, book1)
	s.newVersion(t, deliverable, 1)
	picture2, broken2 := s.picture(t, "Logo.png", thumbnailtest.PNG(t, after)), s.picture(t, "Broken.png", thumbnailtest.PNG(t, before))
	book2 := s.pdfFile(t, document(t, 2, func(d *fpdf.Fpdf) { d.SetHeaderFunc(func() { d.Rect(10, 150, 40, 20, "F") }) }))
	s.draw(t, r, book2)

	find := func(what string, p store.PicturePair, boxes int, unfit string) store.Difference {
		t.Helper()
		// Asked without a job, which the runner of another test could take: its storage is another one.
		do(t, admin(t), `
insert into differences (tenant_id, a_file, a_sees, a_page, b_file, b_sees, b_page)
select a.tenant_id, a.id, a.client_sees, $2, b.id, b.client_sees, $4 from files a join files b on b.id = $3 where a.id = $1`, p.A, p.APage, p.B, p.BPage)
		job := queue.FileDifference{A: p.A, APage: p.APage, B: p.B, BPage: p.BPage}
		check(t, r.fileDifference(t.Context(), other.job(t), job))
		for range 2 {
			check(t, r.fileDifference(t.Context(), s.job(t), job))
		}
		var all []store.Difference
		check(t, storetest.DB().Read(t.Context(), s.me, store.ListDifferences(deliverable, 1, 2, &all)))
		if p.A == picture2 {
			check(t, storetest.DB().Read(t.Context(), s.me, store.ListDifferences(deliverable, 2, 1, &all)))
		}
		for _, d := range all {
			if d.PicturePair == p {
				if !d.Found || len(d.Boxes) != 4*boxes || d.Unfit != unfit {
					t.Errorf("%s: %+v", what, d)
				}
				return d
			}
		}
		t.Fatalf("%s: nothing is recorded", what)
		return store.Difference{}
	}
	d := find("pictures", store.PicturePair{A: picture1, B: picture2}, 2, "")
	if len(d.Boxes) == 8 && (d.Boxes[0] < 900 || d.Boxes[0] > 1100 || d.Boxes[1] < 4900 || d.Boxes[1] > 5100) {
		t.Errorf("the first place is %v", d.Boxes[:4])
	}
	find("pages", store.PicturePair{A: book1, APage: 2, B: book2, BPage: 2}, 1, "")
	find("a broken picture", store.PicturePair{A: broken1, B: broken2}, 0, "broken")
	find("a picture and a whole document", store.PicturePair{A: picture1, B: book2}, 0, "broken")

	third := store.PicturePair{A: picture2, B: picture1}
	check(t, s.vault.Delete(t.Context(), s.key(picture1)))
	find("a picture that storage lost", third, 0, "broken")
}

// Pages keep the sketch of their text when numbers change, and lose it with the text.
func TestPagesHaveSketches(t *testing.T) {
	t.Parallel()
	r := documentRunner(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	write := func(pages ...string) []int64 {
		doc := s.pdfFile(t, document(t, len(pages), func(d *fpdf.Fpdf) {
			n := 0
			d.SetFont("Helvetica", "", 14)
			d.SetHeaderFunc(func() { d.MultiCell(0, 8, pages[n], "", "", false); n++ })
		}))
		s.draw(t, r, doc)
		var got []int64
		for n := range pages {
			var page store.Rendition
			check(t, storetest.DB().Read(t.Context(), s.me, store.GetRendition(doc, n+1, &page)))
			got = append(got, page.Sketch)
		}
		return got
	}
	const text = "The quick brown fox jumps over the lazy dog, and the dog does not mind it at all. Page "
	first := write(text+"2", "Another page about the colours of the autumn campaign in the north, and its prices", "Few words")
	second := write("A page before all others, with words of its own that no other page has", text+"3")
	if first[0] == 0 || first[0] != second[1] || first[0] == first[1] || second[0] == first[0] || first[2] != 0 {
		t.Errorf("%v, %v", first, second)
	}
}
