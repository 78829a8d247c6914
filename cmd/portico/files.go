package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"portico/handlers/jobs"
	"portico/handlers/web"
	"portico/store"
	"portico/store/queue"
)

const filesDoes = `Compares the rows of files with the contents of object storage, tenant by tenant.

  check    lists the differences, and changes nothing
  repair   repairs them, except files whose bytes are lost: those are marked, and
           stay reported until they are back in storage or forgotten
  forget   records one file as lost: its row stays, and it is no longer reported

It reads the environment of serve and, for the list of tenants, DATABASE_OWNER_URL. Exits with 0
if there is nothing left to report, otherwise with 1. Safe to run while Portico is serving.
`

// files runs the commands on rows and objects of files. It reads the tenants' names
// as the operator, and works inside each tenant as the portal does, in a signed
// job.
func (p program) files(ctx context.Context, args []string) error {
	verb, args, err := p.verb("files", args, "check", "repair", "forget")
	if verb == "" {
		return err
	}
	fs := p.flags("files "+verb, filesDoes)
	slug := fs.String("tenant", "", "slug of one tenant; default: all tenants")
	grace, file := new(time.Duration), new(string)
	if verb == "forget" {
		file = fs.String("file", "", "id of the lost file")
	} else {
		grace = fs.Duration("grace", 24*time.Hour,
			"how long an upload may be idle, or an object may have no row, before it is reported;\nuse less than 5m only while nothing is serving")
	}
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	id, isID := web.ParseID(*file)
	switch {
	case verb == "forget" && (*slug == "" || !isID):
		return errors.New("--tenant (a slug) and --file (an id) are both required")
	case *grace < 0:
		return errors.New("--grace cannot be negative")
	}
	tenants, err := p.tenants(ctx, *slug)
	if err != nil {
		return err
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer in.close(ctx)
	if verb == "forget" {
		return p.forgetFile(ctx, in, tenants[0], id)
	}
	return p.reconcile(ctx, in, tenants, jobs.Reconcile{Grace: *grace, Repair: verb == "repair"})
}

// tenants returns all tenants by slug, whatever their state, or only the one with
// the given slug.
func (p program) tenants(ctx context.Context, slug string) (tenants []store.TenantLine, err error) {
	err = p.operate(ctx, func(op *store.Operator) error {
		for after := ""; ; after = tenants[len(tenants)-1].Slug {
			page, err := op.Tenants(ctx, after, 500)
			if err != nil || len(page) == 0 {
				return err
			}
			tenants = append(tenants, page...)
		}
	})
	if err != nil || slug == "" {
		return tenants, err
	}
	for _, t := range tenants {
		if t.Slug == slug {
			return []store.TenantLine{t}, nil
		}
	}
	return nil, fmt.Errorf("there is no tenant %q", slug)
}

// jobIn returns a signed job inside one tenant, verified like any other job.
func (in *installation) jobIn(tenant uuid.UUID) (store.Job, error) {
	args := &queue.Cleanup{Signature: queue.Signature{Tenant: tenant}}
	if err := in.signer.Sign(args); err != nil {
		return store.Job{}, err
	}
	return in.db.VerifyJob(args, store.JobPolicy{AnyTenantState: true})
}

func (p program) reconcile(ctx context.Context, in *installation, tenants []store.TenantLine, o jobs.Reconcile) error {
	found, left := 0, 0
	w := tabwriter.NewWriter(p.stdout, 0, 4, 2, ' ', 0)
	for _, t := range tenants {
		j, err := in.jobIn(t.ID)
		if err != nil {
			return err
		}
		o.Found = func(f jobs.Finding) {
			if found++; found == 1 {
				fmt.Fprintln(w, "TENANT\tFILE\tNAME\tFINDING")
			}
			if !f.Repaired {
				left++
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Slug, idOrDash(f.File), quoted(f.Name), sentence(f))
		}
		err = in.runner.Reconcile(ctx, j, o)
		if err = errors.Join(err, w.Flush()); err != nil {
			return fmt.Errorf("tenant %s: %w", t.Slug, err)
		}
	}
	switch {
	case left > 0 && o.Repair:
		return fmt.Errorf("%d of %d findings could not be repaired", left, found)
	case left > 0:
		return fmt.Errorf("%d findings", left)
	case found > 0:
		fmt.Fprintf(p.stdout, "%d findings, all repaired\n", found)
	default:
		fmt.Fprintf(p.stdout, "nothing to report in %d tenants\n", len(tenants))
	}
	return nil
}

func (p program) forgetFile(ctx context.Context, in *installation, t store.TenantLine, file uuid.UUID) error {
	j, err := in.jobIn(t.ID)
	if err != nil {
		return err
	}
	err = in.runner.ForgetFile(ctx, j, file)
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("that tenant has no such file marked missing; run repair first to mark it")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "recorded file %s of %s as lost\n", file, t.Slug)
	return nil
}

func idOrDash(id uuid.UUID) string {
	if id == uuid.Nil {
		return "-"
	}
	return id.String()
}

// quoted returns typed text, escaped for a terminal.
func quoted(name string) string {
	if name == "" {
		return "-"
	}
	return fmt.Sprintf("%q", name)
}

func sentence(f jobs.Finding) string {
	s := string(f.Kind)
	if f.Part > 0 {
		s += fmt.Sprintf(", part %d", f.Part)
	}
	if f.Repaired {
		s += ": repaired"
	}
	return s
}
