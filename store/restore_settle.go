package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// settle makes the restored rows fit the present: what the tenant is called, who is still here,
// which bytes there are. The trail goes on with the restore in it.
func (r *Restoration) settle(ctx context.Context) error {
	a, t := r.what.Archive, r.what.Target
	args := pgx.StrictNamedArgs{
		"tenant_id": t.ID, "name": a.Name, "portal_name": a.PortalName, "welcome": a.Welcome, "accent": a.Accent,
		"mail_name": a.MailName, "logo": a.LogoID, "missing": r.what.MissingFiles,
	}
	settle := []string{`
update tenants
set name = @name, portal_name = @portal_name, welcome = @welcome, accent = @accent, mail_name = @mail_name,
    logo_id = (select l.id from logos l where l.tenant_id = @tenant_id and l.id = @logo)
where id = @tenant_id`, `
update review_requests r
set ended_at = now(), ended_how = 'person_gone'
where r.tenant_id = @tenant_id
  and r.ended_at is null
  and exists (select from memberships m where m.tenant_id = @tenant_id and m.user_id = r.user_id and m.ended_at is not null)`, `
update files
set missing_at = now()
where tenant_id = @tenant_id
  and id = any (@missing::uuid[])
  and missing_at is null`,
	}
	if t.Beside != nil {
		// A logo is found by its id alone, so the copy has another.
		args["copy"] = NewID()
		settle = append([]string{`
update logos
set id = @copy
where tenant_id = @tenant_id
  and id = @first`}, settle...)
		args["first"], args["logo"] = args["logo"], args["copy"]
	}
	for _, sql := range settle {
		if err := r.exec(ctx, sql, args); err != nil {
			return err
		}
	}
	return r.record(ctx)
}

func (r *Restoration) exec(ctx context.Context, sql string, args pgx.StrictNamedArgs) error {
	_, err := r.tx.Exec(ctx, sql, pgx.NamedArgs(args))
	return err
}

// record writes the restore in the trail.
func (r *Restoration) record(ctx context.Context) error {
	how := "in_place"
	if r.what.Target.Beside != nil {
		how = "beside"
	}
	e := Event{Verb: "tenant.restored", TargetKind: KindTenant, TargetID: r.what.Target.ID, Detail: map[string]any{
		"how": how, "archive": r.what.Sum[:16], "as_of": r.what.At.UTC().Format(time.RFC3339), "missing": len(r.what.MissingFiles),
	}}
	return r.exec(ctx, `
insert into audit_events (tenant_id, id, party, verb, target_kind, target_id, result, request_id, detail)
values (@tenant_id, @id, 'system', @verb, @target_kind, @target_id, @result, @request_id, @detail)`, e.args(r.what.Target.ID, ""))
}
