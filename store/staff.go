package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Placement is somebody who works for an agency, in one of its clients. A member of the
// agency who works in no client has one without a client.
type Placement struct {
	UserID          uuid.UUID
	Name            string
	Email           string
	Role            *Role // in the agency; nil for those who work in clients only
	EveryClientRole *Role // in every client, now and later; nil for no such assignment
	ClientID        *uuid.UUID
	ClientSlug      *string
	ClientName      *string
	ClientState     *TenantState
	ClientRole      *Role
}

// ListPlacements reads where those people work, by name and client. It finds nothing
// unless the reader is an owner or admin of the agency, in person.
func ListPlacements(people []uuid.UUID, dst *[]Placement) Read {
	return Read{many("placements", dst, selectPlacements, pgx.StrictNamedArgs{"people": people, "client": nil, "filter": ""})}
}

// ListClientStaff reads who works in a client of the agency.
func ListClientStaff(client uuid.UUID, dst *[]Placement) Read {
	return Read{many("client staff", dst, selectPlacements, pgx.StrictNamedArgs{"people": nil, "client": client, "filter": ""})}
}

// ListOutsideStaff reads those who work in the agency's clients and are no members of the
// agency itself. text is part of a name or address; "" is all.
func ListOutsideStaff(text string, dst *[]Placement) Read {
	return Read{many("outside staff", dst, selectPlacements, pgx.StrictNamedArgs{"people": nil, "client": nil, "filter": trimText(text)})}
}

const selectPlacements = `select * from lookup.my_staff(@people, @client, @filter)`

// SeenPlacements is the [Seen] of who works where, and as what.
func SeenPlacements(at []Placement) Seen {
	lines := make([]string, len(at))
	for i, p := range at {
		lines[i] = fmt.Sprint(p.UserID, deref(p.EveryClientRole), deref(p.ClientID), deref(p.ClientRole))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return Seen(hex.EncodeToString(sum[:16]))
}

// ComparePlacements returns [ErrChanged] if the actor read other placements than there
// are now. It takes the lock under which an agency assigns its people.
func (tx *Tx) ComparePlacements(ctx context.Context, list func(*[]Placement) Read) error {
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	var at []Placement
	if err := tx.Read(ctx, list(&at)); err != nil {
		return err
	}
	return tx.compareSeen(SeenPlacements(at))
}

// AssignStaff makes somebody who works for the agency staff of its clients, without an
// invitation. Where they are staff already they keep their role. Somebody who doesn't
// work here, and clients of others, are [ErrNotFound]. A person of the client's own side
// is [ErrConflict]. To give ownership needs a fresh step-up, else it is [ErrStepUp].
func (tx *Tx) AssignStaff(ctx context.Context, person uuid.UUID, clients []uuid.UUID, role Role) error {
	if err := tx.mayAssign(ctx, role); err != nil {
		return err
	}
	var here *int
	err := tx.get(ctx, value("assign staff", &here, `select lookup.assign_staff(@id, @clients, @role, @request)`,
		pgx.StrictNamedArgs{"id": person, "clients": clients, "role": string(role), "request": tx.request}))
	switch {
	case err != nil:
		return err
	case here == nil:
		return fmt.Errorf("assign staff: %w", ErrNotFound)
	case *here < len(clients):
		return fmt.Errorf("assign staff: %d of %d: %w", *here, len(clients), ErrConflict)
	}
	return tx.auditStaff(ctx, "member.assigned", person, map[string]any{"clients": len(clients), "role": role})
}

// AssignEverywhere assigns a member of the agency to all its clients, now and later. It
// ends that with the role "": they stay where they are.
func (tx *Tx) AssignEverywhere(ctx context.Context, person uuid.UUID, role Role) error {
	if err := tx.mayAssign(ctx, role); err != nil {
		return err
	}
	var set *bool
	err := tx.get(ctx, value("assign everywhere", &set, `select lookup.assign_everywhere(@id, nullif(@role, ''), @request)`,
		pgx.StrictNamedArgs{"id": person, "role": string(role), "request": tx.request}))
	switch {
	case err != nil:
		return err
	case set == nil || !*set:
		return fmt.Errorf("assign everywhere: %w", ErrNotFound)
	case role == "":
		return tx.auditStaff(ctx, "member.unassigned_everywhere", person, nil)
	}
	return tx.auditStaff(ctx, "member.assigned_everywhere", person, map[string]any{"role": role})
}

// UnassignStaff ends somebody's work in the agency's clients. If one of them would have
// no owner any more it is [ErrLastOwner]. To take ownership needs a fresh step-up.
func (tx *Tx) UnassignStaff(ctx context.Context, person uuid.UUID, clients []uuid.UUID) error {
	if err := tx.mayAssign(ctx, ""); err != nil {
		return err
	}
	var at []Placement
	if err := tx.Read(ctx, ListPlacements([]uuid.UUID{person}, &at)); err != nil {
		return err
	}
	for _, p := range at {
		if p.ClientRole != nil && *p.ClientRole == RoleOwner && slices.Contains(clients, *p.ClientID) {
			if err := tx.requireStepUp(ctx); err != nil {
				return err
			}
			break
		}
	}
	var ended *int
	err := tx.get(ctx, value("unassign staff", &ended, `select lookup.unassign_staff(@id, @clients, @request)`,
		pgx.StrictNamedArgs{"id": person, "clients": clients, "request": tx.request}))
	switch {
	case err != nil:
		return err
	case ended == nil:
		return fmt.Errorf("unassign staff: %w", ErrNotFound)
	case *ended < 0:
		return ErrLastOwner
	}
	return tx.auditStaff(ctx, "member.unassigned", person, map[string]any{"clients": *ended})
}

// mayAssign takes the lock of the agency's people and returns an error unless the actor
// may give that role to staff of its clients; "" is no role to give.
func (tx *Tx) mayAssign(ctx context.Context, role Role) error {
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	if err := tx.mayManageClients(ctx); err != nil {
		return err
	}
	switch {
	case role == "":
		return nil
	case rank(role) == len(everyone):
		return InvalidError{"role": "Choose a role."}
	}
	tx.refuseUnpaid() // to take somebody off a client always works
	switch {
	case !MayGive(PartyAgency, tx.role, PartyAgency, role):
		return fmt.Errorf("assign as %s: %w", role, ErrForbidden)
	case role == RoleOwner:
		return tx.requireStepUp(ctx)
	}
	return nil
}

func (tx *Tx) auditStaff(ctx context.Context, verb string, person uuid.UUID, detail map[string]any) error {
	return tx.audit(Event{Verb: verb, TargetKind: KindMembership, TargetID: person, Detail: detail})
}

// assignStanding makes those whom the agency has assigned to all its clients staff of a
// client that was created or unarchived.
func (tx *Tx) assignStanding(ctx context.Context, client uuid.UUID) error {
	_, err := tx.exec(ctx, "assign standing", `select lookup.assign_standing(@client, @request)`,
		pgx.StrictNamedArgs{"client": client, "request": tx.request})
	return err
}

// colleague returns the person with that address if they work for the agency already, or in
// one of its clients: they need no invitation. It takes a lock of the agency, so it comes
// before [Tx.lockPeople]. It is nil for everybody else.
func (tx *Tx) colleague(ctx context.Context, p NewPerson) (person *uuid.UUID, err error) {
	if p.Party != PartyAgency {
		return nil, nil
	}
	err = tx.get(ctx, value("colleague", &person, `select lookup.colleague(@email)`, pgx.StrictNamedArgs{"email": p.Email}))
	return person, err
}

// addColleague adds somebody without an invitation.
func (tx *Tx) addColleague(ctx context.Context, person uuid.UUID, p NewPerson) error {
	err := tx.beginMembership(ctx, person, p)
	if errors.Is(err, ErrConflict) {
		return InvalidError{"email": "Someone with that address already has access."}
	}
	if err != nil {
		return err
	}
	return tx.audit(Event{Verb: "member.added", TargetKind: KindMembership, TargetID: person,
		Detail: map[string]any{"party": p.Party, "role": p.Role}})
}
