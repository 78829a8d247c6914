// Package adopt converts the data of a portal that never had tenants: one database in which
// every row belongs to the same company. It takes five phases.
//
//	map        reads their database, and names what it can't place
//	backfill   gives each row its tenant, its id and its author
//	constrain  refuses rows without a tenant, and keys that cross one
//	policies   writes the rows into the tenants' tables, where policies check each
//	attack     tries, as each client, to read and change what belongs to others
//
// Each phase can be tried first, killed, run again and undone. Until the last has passed, the
// new agency is suspended: nobody can enter it. What is under way lies in the schema adopt,
// which only the owner of the database can read.
package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"portico/files"
	"portico/store"
	"portico/store/queue"
)

// Phases in their order.
const (
	Map       = "map"
	Backfill  = "backfill"
	Constrain = "constrain"
	Policies  = "policies"
	Attack    = "attack"
)

// Phases are all phases in their order.
var Phases = []string{Map, Backfill, Constrain, Policies, Attack}

// Config says which Portico adopts.
type Config struct {
	OwnerURL string // as portico_owner: the schema adopt, new tenants, dates
	AppURL   string // as portico_app: only the attack uses it, without our code
	DB       *store.DB
	Signer   queue.Signer
	Storage  *files.Storage
	Out      io.Writer
	// BatchRows is how many rows one transaction writes; 0 means 500.
	BatchRows int
	// Committed, unless nil, is called after each transaction. An error stops the run there.
	Committed func() error
}

// Options says what to run.
type Options struct {
	Phase     string
	From      string // map: how to connect to their database
	Mapping   string // map: the mapping file
	Decisions string // map: a file of decisions; "" for none
	DryRun    bool
	Back      bool
}

// ErrUnsettled means that rows or problems have to be settled first. They were printed.
var ErrUnsettled = errors.New("not everything is settled")

// ErrLeak means that the attack reached something that belongs to others.
var ErrLeak = errors.New("the attack reached what belongs to others; the agency stays suspended")

// run is one run of a phase.
type run struct {
	Config
	Options
	owner    *pgx.Conn
	operator *store.Operator
	state    state
}

// state is the row of adopt.adoption.
type state struct {
	ID         uuid.UUID
	AgencyID   uuid.UUID
	OwnerID    uuid.UUID
	Slug       string
	Name       string
	OwnerEmail string
	OwnerName  string
	Plan       string
	FilesAt    string
	Phase      string // the last one that is done
	Going      string // "back" while phase policies is being undone
}

// Run runs one phase, or undoes it.
func Run(ctx context.Context, c Config, o Options) error {
	if !slices.Contains(Phases, o.Phase) {
		return fmt.Errorf("there is no phase %q", o.Phase)
	}
	r, err := open(ctx, c, o)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	if o.Phase == Map && !o.Back {
		return r.mapThem(ctx)
	}
	if err := r.load(ctx); err != nil {
		return err
	}
	if o.Back {
		return r.back(ctx)
	}
	return r.forward(ctx)
}

func open(ctx context.Context, c Config, o Options) (*run, error) {
	if c.BatchRows == 0 {
		c.BatchRows = 500
	}
	owner, err := pgx.Connect(ctx, c.OwnerURL)
	if err != nil {
		return nil, errors.New("cannot connect with DATABASE_OWNER_URL")
	}
	r := &run{Config: c, Options: o, owner: owner}
	if err = alone(ctx, owner); err == nil {
		r.operator, err = store.OpenOperator(ctx, c.OwnerURL)
	}
	if err != nil {
		owner.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return r, nil
}

// alone takes the lock that ends with the connection: two runs at once would write the same
// rows. The connection of a run that was killed may live for a moment.
func alone(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `set lock_timeout = '3s'`)
	if err == nil {
		_, err = conn.Exec(ctx, `select pg_advisory_lock(hashtext('portico adopt'))`)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "55P03" {
		return errors.New("another portico adopt is running")
	}
	return err
}

func (r *run) close(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	r.operator.Close(ctx)
	r.owner.Close(ctx)
}

func (r *run) printf(format string, args ...any) { fmt.Fprintf(r.Out, format, args...) }

// load reads where the adoption is.
func (r *run) load(ctx context.Context) error {
	s, err := loadState(ctx, r.owner)
	r.state = s
	return err
}

func loadState(ctx context.Context, conn *pgx.Conn) (s state, err error) {
	var there bool
	if err := conn.QueryRow(ctx, `select to_regclass('adopt.adoption') is not null`).Scan(&there); err != nil {
		return s, err
	}
	if !there {
		return s, errors.New("nothing is being adopted: begin with portico adopt map")
	}
	rows, err := conn.Query(ctx, `
select id, agency_id, owner_id, slug, name, owner_email, owner_name, plan, files_at, phase, going
from adopt.adoption`)
	if err != nil {
		return s, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[state])
}

func at(phase string) int { return slices.Index(Phases, phase) }

// forward runs a phase whose predecessors are done.
func (r *run) forward(ctx context.Context) error {
	switch done := at(r.state.Phase); {
	case r.state.Going != "":
		return fmt.Errorf("phase %s is being undone: finish that with portico adopt %s --back", r.state.Going, r.state.Going)
	case at(r.Phase) > done+1:
		return fmt.Errorf("phase %s comes first", Phases[done+1])
	case at(r.Phase) < done:
		return fmt.Errorf("phase %s is done: to run %s again, go back first with portico adopt %s --back", r.state.Phase, r.Phase, r.state.Phase)
	}
	err := map[string]func(context.Context) error{
		Backfill: r.backfill, Constrain: r.constrain, Policies: r.policies, Attack: r.attack}[r.Phase](ctx)
	if err != nil || r.DryRun {
		return err
	}
	r.printf("\nTo go back: portico adopt %s --back\n", r.Phase)
	if next := at(r.Phase) + 1; next < len(Phases) {
		r.printf("Next:       portico adopt %s\n", Phases[next])
	} else {
		r.printf("At the end: portico adopt finish\n")
	}
	return nil
}

// reached records that a phase is done.
func (r *run) reached(ctx context.Context, tx executor, phase string) error {
	_, err := tx.Exec(ctx, `update adopt.adoption set phase = $1, going = ''`, phase)
	return err
}

// back undoes the phase that was done last.
func (r *run) back(ctx context.Context) error {
	begun := r.Phase == Backfill && r.state.Phase == Map || r.Phase == Policies && r.state.Phase == Constrain
	if r.Phase != r.state.Phase && !begun {
		return fmt.Errorf("phase %s is the last that is done: go back with portico adopt %s --back", r.state.Phase, r.state.Phase)
	}
	return map[string]func(context.Context) error{
		Map: r.mapBack, Backfill: r.backfillBack, Constrain: r.constrainBack, Policies: r.policiesBack, Attack: r.attackBack}[r.Phase](ctx)
}

// Finish drops the schema adopt. After that there is no way back, and nothing of the other
// system is left outside of the tenants.
func Finish(ctx context.Context, c Config) error {
	r, err := open(ctx, c, Options{})
	if err != nil {
		return err
	}
	defer r.close(ctx)
	if err := r.load(ctx); err != nil {
		return err
	}
	if r.state.Phase != Attack {
		return fmt.Errorf("phase %s is the last that is done; the attack comes before the end", r.state.Phase)
	}
	if _, err := r.owner.Exec(ctx, `drop schema adopt cascade`); err != nil {
		return err
	}
	r.printf("Dropped the schema adopt. %s has been adopted.\n", r.state.Name)
	return nil
}

// Status prints which phase is done, and what is next.
func Status(ctx context.Context, c Config) error {
	r, err := open(ctx, c, Options{})
	if err != nil {
		return err
	}
	defer r.close(ctx)
	if err := r.load(ctx); err != nil {
		return err
	}
	r.printf("%s (%s): phase %s is done\n", r.state.Name, r.state.Slug, r.state.Phase)
	if r.state.Going != "" {
		r.printf("Phase %s is being undone. Finish that: portico adopt %s --back\n", r.state.Going, r.state.Going)
	}
	return nil
}

// executor is a connection or a transaction.
type executor interface {
	querier
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, from pgx.CopyFromSource) (int64, error)
}

// committed is called after each transaction of a phase.
func (r *run) committed() error {
	if r.Committed == nil {
		return nil
	}
	return r.Committed()
}

// job returns a signed job in a tenant. Rows that it writes name the author.
func (r *run) job(tenant, author uuid.UUID) (store.Job, error) {
	args := &queue.Cleanup{Signature: queue.Signature{Tenant: tenant, RequestedBy: author, Request: "adopt"}}
	if err := r.Signer.Sign(args); err != nil {
		return store.Job{}, err
	}
	// The agency is suspended, and some authors are former members.
	return r.DB.VerifyJob(args, store.JobPolicy{AnyTenantState: true, IgnoreRequester: true})
}

func (r *run) work(ctx context.Context, tenant, author uuid.UUID, do func(*store.Tx) error) error {
	j, err := r.job(tenant, author)
	if err != nil {
		return err
	}
	return r.DB.Work(ctx, j, do)
}
