package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// MaxMentions is how many people one comment can name, in all the words that it ever had.
const MaxMentions = 20

// At most so many mails in so long tell one person that another one mentioned them. What is
// more comes with the mail of the next notes.
const (
	mentionMails  = 5
	mentionWindow = 10 * time.Minute
)

// mentionable is a person whom a comment may name.
type mentionable struct {
	UserID uuid.UUID
	Name   string
	Party  Party
}

// mention notes whom the words of a comment name, and has each of them told by a mail, unless
// the author had them told too often. Who was named before isn't told again, and the author
// never. Somebody who can't see the comment
// is an [InvalidError], and so is a first name that two people have.
func (tx *Tx) mention(ctx context.Context, comment uuid.UUID, v Visibility, words string) error {
	if !strings.Contains(words, "@") {
		return nil
	}
	var people []mentionable
	err := tx.get(ctx, many("people to name", &people, `
select user_id, name, party
from memberships
where tenant_id = @tenant_id
  and ended_at is null
  and email is not null
order by user_id
limit 1000`, nil))
	if err != nil {
		return err
	}
	ids, err := named(words, v, people)
	if err != nil || len(ids) == 0 {
		return err
	}
	var known []uuid.UUID
	err = tx.get(ctx, column("whom a comment named before", &known, `
select user_id
from mentions
where tenant_id = @tenant_id
  and comment_id = @comment`, pgx.StrictNamedArgs{"comment": comment}))
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(ids, func(id uuid.UUID) bool { return id == tx.scope.User || slices.Contains(known, id) })
	switch {
	case len(fresh) == 0:
		return nil
	case len(known)+len(fresh) > MaxMentions:
		return errManyMentions
	}
	mailed, err := tx.countMentions(ctx, fresh)
	if err != nil {
		return err
	}
	tx.later("mention", `
insert into mentions (tenant_id, comment_id, visibility, user_id, mailed)
select @tenant_id, @comment, @visibility, p.person, p.mailed
from unnest(@people::uuid[], @mailed::boolean[]) p (person, mailed)
on conflict do nothing`, pgx.StrictNamedArgs{"comment": comment, "visibility": v, "people": fresh, "mailed": mailed})
	for i, to := range fresh {
		if !mailed[i] {
			continue
		}
		if err := tx.Enqueue(ctx, &queue.MentionMail{Comment: comment, To: to, Team: v == TeamOnly}); err != nil {
			return err
		}
	}
	return nil
}

var errManyMentions = InvalidError{"words": fmt.Sprintf("A note can name up to %d people with @.", MaxMentions)}

// countMentions counts a mention of each of these people by the actor, and says which of them
// get a mail of their own.
func (tx *Tx) countMentions(ctx context.Context, people []uuid.UUID) ([]bool, error) {
	// In one order, so that two that count the same people wait for each other.
	slices.SortFunc(people, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	keys := make([][]byte, len(people))
	for i, to := range people {
		key := tx.signer.Hash("mention by " + tx.scope.Actor.String() + " of " + to.String())
		keys[i] = key[:]
	}
	var hits []int
	err := tx.get(ctx, column("count mentions", &hits, `
select h.hits
from unnest(@keys::bytea[]) with ordinality k (key, place), lateral lookup.rate_hit(k.key, @window) h
order by k.place`, pgx.StrictNamedArgs{"keys": keys, "window": int(mentionWindow / time.Second)}))
	mailed := make([]bool, len(hits))
	for i, n := range hits {
		mailed[i] = n <= mentionMails
	}
	return mailed, err
}

// named finds the people whom words name: an @ at the beginning of a word, and then a whole
// name, or a first name that one person has. Other words after an @ name nobody.
func named(words string, v Visibility, people []mentionable) (ids []uuid.UUID, err error) {
	var may, others []mentionable
	for _, p := range people {
		if v == TeamOnly && p.Party == PartyClient {
			others = append(others, p)
		} else {
			may = append(may, p)
		}
	}
	seen := map[uuid.UUID]bool{}
	before := ' '
	for i, r := range words {
		if r == '@' && !inWord(before) {
			after := words[i+1:]
			who, name := whoIs(after, may)
			if len(who) == 0 {
				if hidden, name := whoIs(after, others); len(hidden) > 0 {
					return nil, InvalidError{"words": fmt.Sprintf("%s can't see what only your team sees. Take the @ before “%s” away, or choose who sees it.", hidden[0].Name, name)}
				}
			}
			switch {
			case len(who) > 1:
				return nil, InvalidError{"words": fmt.Sprintf("More than one person is called “%s”. Write the whole name after the @.", name)}
			case len(who) == 1 && !seen[who[0].UserID]:
				seen[who[0].UserID] = true
				ids = append(ids, who[0].UserID)
			}
		}
		before = r
	}
	if len(ids) > MaxMentions {
		return nil, errManyMentions
	}
	return ids, nil
}

// whoIs returns whom the beginning of a text names, and the name: the longest whole name, or
// else a first name.
func whoIs(text string, people []mentionable) (who []mentionable, name string) {
	for _, first := range []bool{false, true} {
		for _, p := range people {
			candidate := p.Name
			if first {
				candidate, _, _ = strings.Cut(candidate, " ")
			}
			switch n := utf8.RuneCountInString(candidate); {
			case !beginsWith(text, candidate) || n < utf8.RuneCountInString(name):
			case n > utf8.RuneCountInString(name):
				who, name = []mentionable{p}, candidate
			default:
				who = append(who, p)
			}
		}
		if len(who) > 0 {
			return who, name
		}
	}
	return nil, ""
}

// beginsWith says whether a text begins with a name as a word of its own, in upper or lower
// case.
func beginsWith(text, name string) bool {
	end, left := 0, utf8.RuneCountInString(name)
	for i, r := range text {
		if left == 0 {
			return strings.EqualFold(text[:i], name) && name != "" && !inWord(r)
		}
		left--
		end = i + utf8.RuneLen(r)
	}
	return left == 0 && name != "" && strings.EqualFold(text[:end], name)
}

// inWord says whether a word goes on with a character, so that an @ after it is part of an
// address.
func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_'
}

// MentionNotice is what a mail tells somebody whom a comment names.
type MentionNotice struct {
	NoteNews
	Visibility Visibility // of the note
}

// GetMentionNotice reads a comment that names the reader, and [ErrNotFound] if there is none
// that they see.
func GetMentionNotice(comment uuid.UUID, dst *MentionNotice) Read {
	return Read{one("mention", dst, `
select p.id as project_id, coalesce(d.id, '00000000-0000-0000-0000-000000000000') as deliverable_id, coalesce(d.title, p.name) as title,
       case when d.id is null then '' else p.name end as project_name, coalesce(v.number, 0) as version, t.number, m.name as author_name, c.body as words, t.visibility
from mentions x
join comments c on c.tenant_id = x.tenant_id and c.id = x.comment_id
join threads t on t.tenant_id = c.tenant_id and t.id = c.thread_id`+placeOfThread+`
join memberships m on m.tenant_id = c.tenant_id and m.user_id = c.created_by
where x.tenant_id = @tenant_id
  and x.comment_id = @comment
  and x.user_id = nullif(current_setting('app.user_id', true), '')::uuid`, pgx.StrictNamedArgs{"comment": comment})}
}

// CheckComment returns [ErrNotFound] unless the tenant has the comment.
func (tx *Tx) CheckComment(ctx context.Context, id uuid.UUID) error {
	return tx.exists(ctx, "comment", `
select exists (
    select
    from comments
    where tenant_id = @tenant_id
      and id = @id
)`, pgx.StrictNamedArgs{"id": id})
}
