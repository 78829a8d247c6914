package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// Operator runs the command line's deeds as portico_owner. Policies hold for the
// owner too, so it can only call the few functions that it needs.
type Operator struct{ conn *pgx.Conn }

// OpenOperator connects with DATABASE_OWNER_URL.
func OpenOperator(ctx context.Context, ownerURL string) (*Operator, error) {
	cfg, err := login(ownerURL, RoleNameOwner, "DATABASE_OWNER_URL")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, errors.New("cannot connect with DATABASE_OWNER_URL")
	}
	return &Operator{conn}, nil
}

// Close ends the connection.
func (o *Operator) Close(ctx context.Context) { o.conn.Close(ctx) }

func (o *Operator) exec(ctx context.Context, name, sql string, args ...any) error {
	if _, err := o.conn.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("%s: %w", name, engine.Translate(err))
	}
	return nil
}

// CreateAgency creates an agency with its first owner, on a plan of the installation. A
// taken slug is [ErrConflict].
func (o *Operator) CreateAgency(ctx context.Context, slug, name, ownerEmail, ownerName, plan string) (uuid.UUID, error) {
	id := NewID()
	return id, o.exec(ctx, "create agency", `select lookup.create_agency($1, $2, $3, $4, $5, $6, $7)`,
		id, slug, name, NewID(), ownerEmail, ownerName, plan)
}

// InviteSignUp lets an address sign up while sign-up is by invitation. An address that is
// invited already stays so.
func (o *Operator) InviteSignUp(ctx context.Context, email string) error {
	return o.exec(ctx, "invite to sign up", `select lookup.sign_up_invite($1)`, email)
}

// WithdrawSignUp withdraws an invitation to sign up. An address that has none is
// [ErrNotFound]; it may have been used up.
func (o *Operator) WithdrawSignUp(ctx context.Context, email string) error {
	var was bool
	if err := o.conn.QueryRow(ctx, `select lookup.sign_up_withdraw($1)`, email).Scan(&was); err != nil {
		return fmt.Errorf("withdraw sign-up: %w", engine.Translate(err))
	}
	if !was {
		return ErrNotFound
	}
	return nil
}

// SignUpInvite is an invitation to sign up that has not been used up.
type SignUpInvite struct {
	Email     string
	InvitedAt time.Time
}

// SignUpInvites lists the open invitations to sign up by address.
func (o *Operator) SignUpInvites(ctx context.Context) ([]SignUpInvite, error) {
	rows, err := o.conn.Query(ctx, `select * from lookup.list_sign_up_invites()`)
	if err != nil {
		return nil, fmt.Errorf("list sign-up invitations: %w", engine.Translate(err))
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[SignUpInvite])
}

// SetPlan sets the plan of the tenant with that slug. An unknown slug is
// [ErrNotFound]. The caller has checked that the installation has the plan; what no plan's
// name can be is [ErrInvalid].
func (o *Operator) SetPlan(ctx context.Context, slug, plan string) error {
	var set bool
	if err := o.conn.QueryRow(ctx, `select lookup.set_plan($1, $2, $3)`, slug, plan, NewID()).Scan(&set); err != nil {
		return fmt.Errorf("set plan: %w", engine.Translate(err))
	}
	if !set {
		return ErrNotFound
	}
	return nil
}

// SuspendAgency closes an agency and all of its clients: nobody can change anything, and the
// clients' people can't open them. Everything is kept. A slug of no agency is [ErrNotFound].
func (o *Operator) SuspendAgency(ctx context.Context, slug string) error {
	return o.setAgencyState(ctx, slug, TenantSuspended)
}

// ResumeAgency opens an agency again. A slug of no agency is [ErrNotFound].
func (o *Operator) ResumeAgency(ctx context.Context, slug string) error {
	return o.setAgencyState(ctx, slug, TenantActive)
}

func (o *Operator) setAgencyState(ctx context.Context, slug string, to TenantState) error {
	var known bool
	if err := o.conn.QueryRow(ctx, `select lookup.set_agency_state($1, $2, $3)`, slug, to, NewID()).Scan(&known); err != nil {
		return fmt.Errorf("set agency state: %w", engine.Translate(err))
	}
	if !known {
		return ErrNotFound
	}
	return nil
}

// AddAgent creates a support agent. An address that belongs to somebody is
// [ErrConflict]: an agent is never also a member.
func (o *Operator) AddAgent(ctx context.Context, email, name string) error {
	return o.exec(ctx, "add agent", `select lookup.add_agent($1, $2, $3)`, NewID(), email, name)
}

// DisableAgent ends an agent's access, support session and access requests at once. An
// unknown address is [ErrNotFound].
func (o *Operator) DisableAgent(ctx context.Context, email string) error {
	var done *bool
	if err := o.conn.QueryRow(ctx, `select lookup.disable_agent($1)`, email).Scan(&done); err != nil {
		return fmt.Errorf("disable agent: %w", engine.Translate(err))
	}
	if done == nil {
		return ErrNotFound
	}
	return nil
}

// Forget erases the person with that address, and all invitations of it. If they are the
// last owner of tenants it returns [ErrLastOwner] and the slugs of those. An unknown
// address is [ErrNotFound], an agent's [ErrForbidden].
func (o *Operator) Forget(ctx context.Context, email string) (slugs []string, err error) {
	var verdict string
	err = o.conn.QueryRow(ctx, `select * from lookup.forget_address($1, $2)`, email, NewID()).Scan(&verdict, &slugs)
	if err == nil {
		err = forgetVerdict(verdict)
	} else {
		err = engine.Translate(err)
	}
	if err != nil {
		return slugs, fmt.Errorf("forget: %w", err)
	}
	return nil, nil
}

// Agent is a support agent as the command line lists them.
type Agent struct {
	Email      string
	Name       string
	AddedAt    time.Time
	DisabledAt *time.Time
}

// Agents lists the support agents by address.
func (o *Operator) Agents(ctx context.Context) ([]Agent, error) {
	rows, err := o.conn.Query(ctx, `select * from lookup.list_agents()`)
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", engine.Translate(err))
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Agent])
}

// Flag is a support session that a tenant flagged, as the command line lists it.
type Flag struct {
	ID        uuid.UUID
	Slug      string // of the tenant
	AgentName string
	Ticket    string
	StartedAt time.Time
	Words     string
	CreatedAt time.Time
}

// Flags lists the flagged support sessions, the latest first, at most 1000.
func (o *Operator) Flags(ctx context.Context) ([]Flag, error) {
	rows, err := o.conn.Query(ctx, `select * from lookup.list_flags()`)
	if err != nil {
		return nil, fmt.Errorf("list flags: %w", engine.Translate(err))
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Flag])
}

// TenantLine is a tenant as the command line lists it.
type TenantLine struct {
	ID         uuid.UUID
	Kind       TenantKind
	Slug       string
	Name       string
	State      TenantState
	AgencySlug *string
	CreatedAt  time.Time
}

// Tenants lists up to limit tenants with slugs after the given one, by slug.
func (o *Operator) Tenants(ctx context.Context, after string, limit int) ([]TenantLine, error) {
	rows, err := o.conn.Query(ctx, `select * from lookup.list_tenants($1, $2)`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", engine.Translate(err))
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[TenantLine])
}
