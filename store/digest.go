package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

const (
	// The first digest covers one day. A digest after a long pause covers at most a
	// week.
	firstDigest = 24 * time.Hour
	digestDays  = 7
	dateLayout  = "2006-01-02"
)

func digestKey(day string) string { return "project_digest:" + day }

// EnqueueDigestMails decides, once per day, what the tenant's digest covers, and
// queues a mail job for everybody with an address. That job checks in the recipient's
// context whether there is news for them. A day on which nothing was published leaves
// no audit row. A day that is not a date is [ErrInvalid].
func (tx *Tx) EnqueueDigestMails(ctx context.Context, day string) error {
	date, err := time.Parse(dateLayout, day)
	if err != nil {
		return fmt.Errorf("digest: %w", ErrInvalid)
	}
	first, err := tx.ClaimEffect(ctx, digestKey(day))
	if err != nil || !first {
		return err
	}
	since, until, err := tx.digestWindow(ctx, date)
	if err != nil {
		return err
	}
	var news []News
	if err := tx.get(ctx, listNews(since, until, 1, &news)); err != nil || len(news) == 0 {
		return err
	}
	people, err := tx.people(ctx, "")
	if err != nil {
		return err
	}
	for _, person := range people {
		job := &queue.DigestMail{Day: day, To: person, Since: since, Until: until}
		if err := tx.Enqueue(ctx, job); err != nil {
			return err
		}
	}
	return tx.audit(Event{Verb: "project.digest_sent", Detail: map[string]any{"day": day, "people": len(people)}})
}

// digestWindow returns the time from the last recent digest until now.
func (tx *Tx) digestWindow(ctx context.Context, date time.Time) (since, until time.Time, err error) {
	earlier := make([]string, digestDays)
	for i := range earlier {
		earlier[i] = digestKey(date.AddDate(0, 0, -i-1).Format(dateLayout))
	}
	var w struct{ Since, Until time.Time }
	err = tx.get(ctx, one("digest window", &w, `
select coalesce(max(at), now() - @first::interval) as since, now() as until
from job_effects
where tenant_id = @tenant_id
  and key = any (@earlier)`, pgx.StrictNamedArgs{"earlier": earlier, "first": firstDigest}))
	return w.Since.UTC(), w.Until.UTC(), err
}

// people returns the members with an address: of one party, or of both if it is "".
func (tx *Tx) people(ctx context.Context, party Party) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := tx.get(ctx, column("people to write to", &ids, `
select user_id
from memberships
where tenant_id = @tenant_id
  and ended_at is null
  and email is not null
  and (@party = '' or party = @party)
order by user_id`, pgx.StrictNamedArgs{"party": string(party)}))
	return ids, err
}

// News is a published version in a digest.
type News struct {
	ProjectID     uuid.UUID
	ProjectName   string
	DeliverableID uuid.UUID
	Title         string
	Number        int
	SharedAt      time.Time
	AuthorName    string
}

// ListNews reads what others published in a time window and the reader can see, by
// project, at most limit versions.
func ListNews(since, until time.Time, limit int, dst *[]News) Read {
	return Read{listNews(since, until, limit, dst)}
}

func listNews(since, until time.Time, limit int, dst *[]News) query {
	return many("list news", dst, `
select p.id as project_id, p.name as project_name, d.id as deliverable_id, d.title,
       v.number, v.shared_at, `+actorName("m", "ss")+` as author_name
from versions v
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
left join memberships m on m.tenant_id = v.tenant_id and m.user_id = v.shared_by`+joinSession("ss", "v.tenant_id", "v.shared_session_id")+`
where v.tenant_id = @tenant_id
  and v.shared_at > @since
  and v.shared_at <= @until
  and (v.shared_by is distinct from nullif(current_setting('app.user_id', true), '')::uuid or v.shared_session_id is not null)
order by p.position, p.id, v.shared_at desc, v.id
limit @limit`, pgx.StrictNamedArgs{"since": since, "until": until, "limit": limit})
}
