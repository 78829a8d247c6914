package adopt

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// staging makes the schema adopt. Nobody but its owner may use it: it holds the rows of all
// clients, without policies.
const staging = `
create schema adopt;
revoke all on schema adopt from public;

create table adopt.adoption (
    id           uuid primary key,
    agency_id    uuid not null,
    owner_id     uuid not null,
    slug         text not null,
    name         text not null,
    owner_email  text not null,
    owner_name   text not null,
    plan         text not null,
    files_at     text not null, -- directory of the files
    started_at   timestamptz not null default now(),
    phase        text not null default 'map',
    going        text not null default ''
);

create table adopt.problems (
    tbl      text not null,
    key      text not null,
    code     text not null,
    about    text not null default '',
    settled  boolean not null default false
);

-- Ids that a second run makes again. Those of version 7 begin with the time of the row.
create function adopt.id4(seed text) returns uuid
language sql immutable as $$
    select overlay(overlay(left(encode(sha256(convert_to(seed, 'UTF8')), 'hex'), 32) placing '4' from 13) placing '8' from 17)::uuid
$$;
create function adopt.id7(at timestamptz, seed text) returns uuid
language sql stable as $$
    select (lpad(to_hex(greatest(0, extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid
    from encode(sha256(convert_to(seed, 'UTF8')), 'hex') h
$$;

create table adopt.clients (
    key text primary key, client text, slug text, name text, created_at timestamptz,
    tenant_id uuid, left_out boolean not null default false, landed boolean not null default false
);
create table adopt.people (
    key text primary key, client text, name text, email text, staff boolean, role text, active boolean, created_at timestamptz,
    same_as text, -- the key of the row that this person becomes
    tenant_id uuid, user_id uuid, left_out boolean not null default false, landed boolean not null default false
);
create table adopt.projects (
    key text primary key, client text, name text, summary text, due_on date, archived boolean, created_at timestamptz, created_by text,
    tenant_id uuid, id uuid, author text, position integer, updated_at timestamptz,
    left_out boolean not null default false, landed boolean not null default false
);
create table adopt.deliverables (
    key text primary key, client text, project text, title text, brief text, state text, due_on date, created_at timestamptz, created_by text,
    tenant_id uuid, id uuid, project_id uuid, author text, position integer, shared_at timestamptz, shown_at timestamptz, updated_at timestamptz,
    left_out boolean not null default false, landed boolean not null default false
);
create table adopt.files (
    key text primary key, client text, deliverable text, version bigint, path text, name text, created_at timestamptz, created_by text,
    tenant_id uuid, id uuid, version_id uuid, author text, position integer,
    size bigint, sha256 bytea, crc32 bigint, content_type text,
    left_out boolean not null default false, landed boolean not null default false
);
create table adopt.notes (
    key text primary key, client text, deliverable text, file text, reply_to text, words text, team boolean, created_at timestamptz, created_by text,
    tenant_id uuid, id uuid, thread_id uuid, version_id uuid, file_id uuid, author text, number integer, root text, of_team boolean,
    left_out boolean not null default false, landed boolean not null default false
);
-- Made from the files.
create table adopt.versions (
    tenant_id uuid not null, id uuid not null, deliverable_id uuid not null, deliverable text not null, number integer not null,
    created_at timestamptz not null, author text, shared_at timestamptz, locked_at timestamptz, approved_at timestamptz,
    landed boolean not null default false,
    primary key (tenant_id, id), unique (tenant_id, deliverable_id, number)
);
-- Who has to be a member where. Key '' is the unknown author.
create table adopt.members (
    tenant_id uuid not null, person text not null,
    user_id uuid not null, -- until the member is written, that of a new person
    new_id uuid,           -- of a person whom the adoption created, once it has
    email text not null, name text not null,
    party text not null, role text not null, former boolean not null, created_at timestamptz not null,
    landed boolean not null default false,
    primary key (tenant_id, person)
);
create unique index on adopt.members (tenant_id, user_id);
`

// batch commits do until it has nothing left to do. do returns how many rows it did.
func (r *run) batch(ctx context.Context, do func(pgx.Tx) (int64, error)) error {
	for {
		var n int64
		err := pgx.BeginFunc(ctx, r.owner, func(tx pgx.Tx) (err error) {
			n, err = do(tx)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
		if err := r.committed(); err != nil {
			return err
		}
	}
}

// verify prints a query and its result, so that anybody can ask again.
func (r *run) verify(ctx context.Context, q querier, title, sql string) error {
	r.printf("\n%s\n\n", title)
	for line := range strings.SplitSeq(strings.TrimSpace(sql), "\n") {
		r.printf("    %s\n", line)
	}
	r.printf("\n")
	rows, err := q.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	w := tabwriter.NewWriter(r.Out, 0, 4, 2, ' ', 0)
	var head []string
	for _, f := range rows.FieldDescriptions() {
		head = append(head, f.Name)
	}
	fmt.Fprintf(w, "    %s\n", strings.Join(head, "\t"))
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		var cells []string
		for _, v := range values {
			cells = append(cells, fmt.Sprint(v))
		}
		fmt.Fprintf(w, "    %s\n", strings.Join(cells, "\t"))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return w.Flush()
}

// querier is a connection or a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// errDryRun rolls a dry run back.
var errDryRun = fmt.Errorf("dry run")

// once runs a phase in one transaction, which a dry run rolls back.
func (r *run) once(ctx context.Context, do func(pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, r.owner, func(tx pgx.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		if r.DryRun {
			return errDryRun
		}
		return nil
	})
	if err == errDryRun {
		r.printf("\nDry run: nothing was changed.\n")
		return nil
	}
	return err
}

// countRows is the verification of the phases that only change the schema adopt.
const countRows = `
select 'clients' as rows, count(*) as read, count(tenant_id) as placed, count(*) filter (where left_out) as left_out from adopt.clients
union all select 'people', count(*), count(tenant_id), count(*) filter (where left_out) from adopt.people
union all select 'projects', count(*), count(tenant_id), count(*) filter (where left_out) from adopt.projects
union all select 'deliverables', count(*), count(tenant_id), count(*) filter (where left_out) from adopt.deliverables
union all select 'files', count(*), count(tenant_id), count(*) filter (where left_out) from adopt.files
union all select 'notes', count(*), count(tenant_id), count(*) filter (where left_out) from adopt.notes`
