package jobs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

var testSigner = queue.NewSigner(storetest.SigningKey)

// rawJob is a job that an attacker writes into the queue's table directly.
type rawJob struct {
	kind string
	args string
}

func (j rawJob) Kind() string                 { return j.kind }
func (j rawJob) MarshalJSON() ([]byte, error) { return []byte(j.args), nil }

// Somebody who can write into the queue names no tenant, another tenant, or an object of
// another tenant. Each job is refused without effect, recorded and logged as an alert.
// The genuine job runs.
func TestForgedJobsAreRefused(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	a := storetest.Agency(t)
	dana, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Gus, a.Globex)
	version := published(t, dana, "Secret "+a.Suffix)
	mailTo(t, a.Mia, "Secret "+a.Suffix) // the genuine job
	conn := admin(t)
	before := effects(t, globex.TenantID())

	for name, job := range forgeries(t, dana, globex, version) {
		refusedBefore := r.Refused()
		id := insert(t, r, job)
		if row := ended(id); row.State != rivertype.JobStateCancelled {
			t.Errorf("%s: the job is %s", name, row.State)
		}
		if n := ask[int](t, conn, `select count(*)::int from job_refusals where job_id = $1 and reason <> ''`, id); n != 1 {
			t.Errorf("%s: recorded %d times", name, n)
		}
		alerts := runnerLog.logged(t, func(line map[string]any) bool {
			return line["job"] == float64(id) && line["level"] == "ERROR" && line["alert"] == true
		})
		if len(alerts) != 1 || r.Refused() <= refusedBefore {
			t.Errorf("%s: %d alerts in the log, counter at %d after %d", name, len(alerts), r.Refused(), refusedBefore)
		}
	}
	if after := effects(t, globex.TenantID()); after != before {
		t.Errorf("the other tenant changed:\n%s\n%s", before, after)
	}
	if got := mailsTo(t, a.Gus); len(got) != 0 {
		t.Errorf("%d mails reached the other tenant", len(got))
	}
	if got := len(mailsTo(t, a.Mia)); got != 1 {
		t.Errorf("%d mails about the version, want 1", got)
	}
	mailTo(t, alertTo, "refused")
}

func forgeries(t *testing.T, acme, globex store.Member, version uuid.UUID) map[string]river.JobArgs {
	t.Helper()
	tampered := &queue.VersionPublished{Signature: queue.Signature{Tenant: acme.TenantID()}, Version: version}
	check(t, testSigner.Sign(tampered))
	tampered.Tenant = globex.TenantID()
	edited := &queue.VersionPublished{Signature: queue.Signature{Tenant: globex.TenantID()}, Version: store.NewID()}
	check(t, testSigner.Sign(edited))
	edited.Version = version
	asOther := &queue.ProjectDigest{Signature: queue.Signature{Tenant: globex.TenantID()}, Day: "2026-01-01"}
	check(t, testSigner.Sign(asOther))
	asOther.RequestedBy = acme.ID()
	strange := &queue.ProjectDigest{Signature: queue.Signature{Tenant: globex.TenantID()}, Day: "2026-01-01"}
	check(t, queue.NewSigner([]byte("a key that the application never had")).Sign(strange))
	signed := func(job queue.TenantJob) queue.TenantJob { check(t, testSigner.Sign(job)); return job }
	in := queue.Signature{Tenant: globex.TenantID()}
	return map[string]river.JobArgs{
		"no arguments":                  rawJob{"project_digest", `{}`},
		"no tenant":                     rawJob{"project_digest", `{"day": "2026-01-01"}`},
		"zero tenant":                   &queue.ProjectDigest{Day: "2026-01-01"},
		"a tenant that is no id":        rawJob{"project_digest", `{"tenant": "acme", "day": "2026-01-01"}`},
		"arguments that are a list":     rawJob{"version_mail", `[1, 2]`},
		"no signature":                  rawJob{"project_digest", fmt.Sprintf(`{"tenant": %q, "day": "2026-01-01"}`, globex.TenantID())},
		"the tenant exchanged":          tampered,
		"the object exchanged":          edited,
		"the requester exchanged":       asOther,
		"signed with an unknown key":    strange,
		"a tenant that does not exist":  signed(&queue.ProjectDigest{Signature: queue.Signature{Tenant: store.NewID()}, Day: "2026-01-01"}),
		"B's tenant, A's version":       signed(&queue.VersionPublished{Signature: in, Version: version}),
		"B's tenant, A's version, mail": signed(&queue.VersionMail{Signature: in, Version: version, To: globex.ID()}),
		"B's tenant, A's person":        signed(&queue.DigestMail{Signature: in, Day: "2026-01-01", To: mia(t, acme)}),
		"an unknown support session":    signed(&queue.SupportExpiry{Signature: in, Session: store.NewID()}),
	}
}

// mia returns the client's owner in the member's tenant.
func mia(t *testing.T, me store.Member) uuid.UUID {
	t.Helper()
	return ask[uuid.UUID](t, admin(t), `select user_id from memberships where tenant_id = $1 and party = 'client' and role = 'owner'`, me.TenantID())
}

// effects counts everything that a job could have changed in a tenant.
func effects(t *testing.T, tenant uuid.UUID) string {
	t.Helper()
	return ask[string](t, admin(t), `
select format('effects %s, trail %s, jobs %s',
    (select count(*) from job_effects where tenant_id = $1::uuid),
    (select count(*) from audit_events where tenant_id = $1::uuid),
    (select count(*) from river.river_job where args ->> 'tenant' = $1::uuid::text and state not in ('cancelled', 'running', 'available')))`, tenant)
}

// Arguments without a tenant can be neither signed nor verified.
func TestJobWithoutATenantIsNotSigned(t *testing.T) {
	t.Parallel()
	if err := testSigner.Sign(&queue.ProjectDigest{}); err == nil {
		t.Error("arguments without a tenant are signed")
	}
	if err := testSigner.Verify(&queue.ProjectDigest{}); err == nil {
		t.Error("arguments without a tenant are verified")
	}
}

// A signature is valid only for the job kind it was made for, even if another kind has
// the same arguments.
func TestSignatureIsBoundToTheJobKind(t *testing.T) {
	t.Parallel()
	started := &queue.SupportStarted{Signature: queue.Signature{Tenant: store.NewID()}, Session: store.NewID()}
	check(t, testSigner.Sign(started))
	check(t, testSigner.Verify(started))
	if err := testSigner.Verify(&queue.SupportEnded{Signature: started.Signature, Session: started.Session}); err == nil {
		t.Error("the signature of a start is valid for an end")
	}
}

// The queue's row and the log of a refused job give the reason and quote no arguments.
func TestRefusalQuotesNoArguments(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	canary := "canary-" + store.NewID().String()
	id := insert(t, r, rawJob{"project_digest", fmt.Sprintf(`{"tenant": %q}`, canary)})
	ended(id)
	errors := ask[string](t, admin(t), `select array_to_string(errors, ' ') from river.river_job where id = $1`, id)
	if strings.Contains(errors, canary) || strings.Contains(runnerLog.String(), canary) {
		t.Error("the claimed tenant is quoted")
	}
	if !strings.Contains(errors, "cannot be read") {
		t.Errorf("the row does not say why: %s", errors)
	}
}
