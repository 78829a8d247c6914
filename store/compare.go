package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// ListComparedFiles reads the ready files of two versions of a deliverable that the reader
// may see, those of version a first, in their order.
func ListComparedFiles(deliverable uuid.UUID, a, b int, dst *[]File) Read {
	return Read{many("list compared files", dst, fileColumns+`
  and v.deliverable_id = @deliverable
  and v.number in (@a, @b)
  and f.state = 'ready'
order by v.number = @b, f.position, f.id
limit 1000`, pgx.StrictNamedArgs{"deliverable": deliverable, "a": a, "b": b})}
}

// PageMarks are what the pages of a document are paired by.
type PageMarks struct {
	FileID   uuid.UUID
	Pages    []int32  // that are drawn, from 1
	Marks    [][]byte // of their pictures: the beginning of the SHA-256
	Sketches []int64  // of their text, as in [Rendition]
}

// ListPageMarks reads the marks of all documents of two versions.
func ListPageMarks(deliverable uuid.UUID, a, b int, dst *[]PageMarks) Read {
	return Read{many("list page marks", dst, `
select r.file_id, array_agg(r.page order by r.page) as pages, array_agg(substring(r.sha256 for 8) order by r.page) as marks,
       array_agg(coalesce(r.sketch, 0) order by r.page) as sketches
from versions v
join files f on f.tenant_id = @tenant_id and f.version_id = v.id and f.state = 'ready' and f.deleted_at is null
join renditions r on r.tenant_id = @tenant_id and r.file_id = f.id and r.kind = 'page'
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
  and v.number in (@a, @b)
group by r.file_id`, pgx.StrictNamedArgs{"deliverable": deliverable, "a": a, "b": b})}
}

// PicturePair names two pictures, or two pages of documents, of different versions of a
// deliverable. Page 0 is a picture.
type PicturePair struct {
	A     uuid.UUID // a file
	APage int
	B     uuid.UUID
	BPage int
}

// Difference is where two pictures differ, once a job has found it.
type Difference struct {
	PicturePair
	Boxes []int32 // x, y, width and height of each place, in 1/10,000 of the sides
	Unfit string  // why that can't be found: shape, broken or slow; else ""
	Found bool    // else a job is asked to
	Late  bool    // and has been for too long
}

// ListDifferences reads what was found, or is being looked for, between two versions.
func ListDifferences(deliverable uuid.UUID, a, b int, dst *[]Difference) Read {
	return Read{many("list differences", dst, `
select x.a_file as a, x.a_page, x.b_file as b, x.b_page, x.boxes, coalesce(x.unfit, '') as unfit,
       x.boxes is not null or x.unfit is not null as found, x.asked_at < now() - interval '2 minutes' as late
from versions va
join files fa on fa.tenant_id = @tenant_id and fa.version_id = va.id and fa.deleted_at is null
join differences x on x.tenant_id = @tenant_id and x.a_file = fa.id
join files fb on fb.tenant_id = @tenant_id and fb.id = x.b_file and fb.deleted_at is null
join versions vb on vb.tenant_id = @tenant_id and vb.id = fb.version_id and vb.deliverable_id = @deliverable and vb.number = @b
where va.tenant_id = @tenant_id
  and va.deliverable_id = @deliverable
  and va.number = @a`, pgx.StrictNamedArgs{"deliverable": deliverable, "a": a, "b": b})}
}

// maxAskedDifferences is how many comparisons of a tenant wait for a job at a time. Whoever
// looks at more pages than that at once asks again with the next look.
const maxAskedDifferences = 20

// AskDifference asks a job to find where two pictures that the actor sees differ, unless it
// was asked in the last ten minutes or has found it. Pictures of no two versions of one
// deliverable, or that the actor can't see, are [ErrNotFound]. It is no deed and writes no
// audit row.
func (tx *Tx) AskDifference(ctx context.Context, pair PicturePair) error {
	err := tx.exists(ctx, "pictures to compare", `
select exists (
    select
    from files a
    join versions va on va.tenant_id = @tenant_id and va.id = a.version_id
    join files b on b.tenant_id = @tenant_id and b.id = @b and b.state = 'ready' and b.deleted_at is null
    join versions vb on vb.tenant_id = @tenant_id and vb.id = b.version_id
    where a.tenant_id = @tenant_id
      and a.id = @a
      and a.state = 'ready'
      and a.deleted_at is null
      and va.deliverable_id = vb.deliverable_id
      and va.id <> vb.id
      and @a_page between 0 and a.pages_drawn
      and @b_page between 0 and b.pages_drawn)`, pair.args())
	if err != nil {
		return err
	}
	return tx.asSystem(func() error {
		rows, err := tx.exec(ctx, "ask for differences", `
insert into differences (tenant_id, a_file, a_sees, a_page, b_file, b_sees, b_page)
select @tenant_id, a.id, a.client_sees, @a_page, b.id, b.client_sees, @b_page
from files a
join files b on b.tenant_id = @tenant_id and b.id = @b
where a.tenant_id = @tenant_id
  and a.id = @a
  and (
      select count(*)
      from differences
      where tenant_id = @tenant_id
        and boxes is null
        and unfit is null
        and asked_at > now() - interval '10 minutes') < @most
on conflict (tenant_id, a_file, b_file, a_page, b_page) do update
set asked_at = now()
where differences.boxes is null
  and differences.unfit is null
  and differences.asked_at < now() - interval '10 minutes'`, pair.argsWith("most", maxAskedDifferences))
		if err != nil || rows == 0 {
			return err
		}
		return tx.Enqueue(ctx, &queue.FileDifference{A: pair.A, APage: pair.APage, B: pair.B, BPage: pair.BPage})
	})
}

func (p PicturePair) args() pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"a": p.A, "a_page": p.APage, "b": p.B, "b_page": p.BPage}
}

func (p PicturePair) argsWith(name string, value any) pgx.StrictNamedArgs {
	args := p.args()
	args[name] = value
	return args
}

// ComparedPicture is one of two pictures that a job compares.
type ComparedPicture struct {
	ID          uuid.UUID // of its object
	Page        bool      // a page of a document, else a picture file
	ContentType string
	Size        int64
	SHA256      []byte
}

// PicturesFor reads the two pictures of a job. It returns none if nothing is asked any more.
// One that isn't there, or is too large, has no content type.
func (tx *Tx) PicturesFor(ctx context.Context, pair PicturePair) (both []ComparedPicture, err error) {
	err = tx.get(ctx, many("pictures to compare", &both, `
with asked as (
    select 1 as place, x.a_file as file, x.a_page as page
    from differences x
    where `+askedPair+`
    union all
    select 2, x.b_file, x.b_page
    from differences x
    where `+askedPair+`
)
select coalesce(r.id, asked.file) as id, asked.page > 0 as page, coalesce(r.content_type, case when asked.page = 0 then f.content_type end, '') as content_type,
       coalesce(r.size, f.size, 0)::bigint as size, coalesce(r.sha256, f.sha256, '') as sha256
from asked
left join files f on f.tenant_id = @tenant_id and f.id = asked.file and f.state = 'ready' and f.missing_at is null
left join renditions r on r.tenant_id = @tenant_id and r.file_id = f.id and r.page = asked.page
order by asked.place`, pair.args()))
	for i, p := range both {
		if !isPicture(p.ContentType, p.Size) {
			both[i].ContentType = ""
		}
	}
	return both, err
}

const askedPair = `x.tenant_id = @tenant_id
      and x.a_file = @a
      and x.a_page = @a_page
      and x.b_file = @b
      and x.b_page = @b_page
      and x.boxes is null
      and x.unfit is null`

// RecordFileDifference records what a job found: boxes, or why it found none. If another run
// recorded something before, it changes nothing. There is no audit row: no person acted and
// nothing new is visible.
func (tx *Tx) RecordFileDifference(pair PicturePair, boxes []int32, unfit string) {
	args := pair.argsWith("unfit", unfit)
	if args["boxes"] = boxes; unfit != "" {
		args["boxes"] = nil
	}
	tx.later("record difference", `
update differences x
set boxes = @boxes::integer[],
    unfit = nullif(@unfit, '')
where `+askedPair, args)
}
