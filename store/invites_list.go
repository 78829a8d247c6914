package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// ListError is the first person of a list who can't be invited, so that nobody is.
type ListError struct {
	Index int // in the list, from 0
	Err   error
}

func (e *ListError) Error() string {
	return fmt.Sprintf("number %d of the list: %v", e.Index+1, e.Err)
}

func (e *ListError) Unwrap() error { return e.Err }

// InvitePeople invites everybody on a list, or nobody: a person who can't be invited
// is a [*ListError], and a plan whose limit they exceed a [*PlanLimitError].
func (tx *Tx) InvitePeople(ctx context.Context, people []NewPerson) error {
	// The lock of the agency comes before those of the client and of the addresses.
	if i := slices.IndexFunc(people, func(p NewPerson) bool { return p.Party == PartyAgency }); i >= 0 {
		if _, err := tx.colleague(ctx, people[i]); err != nil {
			return err
		}
	}
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	sides := map[Party]int64{}
	for _, p := range people {
		sides[p.Party]++
	}
	for side, n := range sides {
		if err := tx.checkLimitForInvites(ctx, side, n); err != nil {
			return err
		}
	}
	for i, p := range people {
		if _, err := tx.InvitePerson(ctx, p); err != nil {
			tooMany, _ := errors.AsType[*TooManyActsError](err)
			if errors.Is(err, ErrUnavailable) || tooMany != nil {
				return err
			}
			return &ListError{i, err}
		}
	}
	return tx.audit(Event{Verb: "member.list_invited", Detail: map[string]any{"people": len(people)}})
}

// KnownAddress is the address of a member, or one that is already invited.
type KnownAddress struct {
	Email   string
	Invited bool
}

// ListKnownAddresses reads which of the addresses are known here. It doesn't tell
// client users whom the agency has invited to its own side.
func ListKnownAddresses(emails []string, dst *[]KnownAddress) Read {
	return Read{many("known addresses", dst, `
select m.email, false as invited
from memberships m
where m.tenant_id = @tenant_id
  and m.email = any (@emails)
  and m.ended_at is null
union all
select i.email, true
from invites i
where i.tenant_id = @tenant_id
  and i.email = any (@emails)
  and i.accepted_at is null
  and i.revoked_at is null`, pgx.StrictNamedArgs{"emails": emails})}
}
