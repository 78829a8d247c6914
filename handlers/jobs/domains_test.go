package jobs

import (
	"testing"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers/dnscheck"
	"portico/store"
	"portico/store/queue"
)

// zone is a real name server and a runner that queries it.
type zone struct {
	dns    *stack.DNS
	runner *Runner
}

func newZone(t *testing.T) *zone {
	t.Helper()
	dns, err := stack.StartDNS(t.Context())
	check(t, err)
	check(t, dns.Set("portico.test", "A 198.51.100.7"))
	cfg := testConfig(t, mails.URL(), &runnerLog)
	cfg.DNS = dnscheck.NewResolver(dns.Addr())
	return &zone{dns, newTestRunner(t, storetest.DB(), cfg, nil)}
}

// claim inserts a domain directly, so that no scheduled job checks it in the meantime.
func claim(t *testing.T, tenant uuid.UUID, host string) (id uuid.UUID, proof string) {
	t.Helper()
	row := admin(t).QueryRow(t.Context(), `
insert into domains (host, tenant_id, next_check_at) values ($1, $2, null) returning id, 'TXT "portico=' || token || '"'`, host, tenant)
	check(t, row.Scan(&id, &proof))
	return id, proof
}

// checkDomain runs the job for a domain and returns the stored result.
func (z *zone) checkDomain(t *testing.T, me store.Member, id uuid.UUID) (d store.Domain) {
	t.Helper()
	job := queue.DomainCheck{Signature: queue.Signature{Tenant: me.TenantID()}, Domain: id}
	check(t, testSigner.Sign(&job))
	j, err := storetest.DB().VerifyJob(&job, store.JobPolicy{IgnoreRequester: true, AnyTenantState: true})
	check(t, err)
	check(t, z.runner.domainCheck(t.Context(), j, job))
	check(t, storetest.DB().Read(t.Context(), me, store.GetDomain(id, &d)))
	do(t, admin(t), `update domains set next_check_at = null where id = $1`, id)
	return d
}

// Case 5: a tenant gets a domain once the proof of its own claim is published, and no
// other tenant can verify it meanwhile. After the domain is removed and claimed again,
// the old proof is refused.
func TestDomainNeedsAFreshProof(t *testing.T) {
	t.Parallel()
	z, a := newZone(t), storetest.Agency(t)
	mia, gus := a.Member(t, a.Mia, a.Acme), a.Member(t, a.Gus, a.Globex)
	host := "portal-" + a.Suffix + ".example.org"
	first, proof := claim(t, mia.TenantID(), host)
	theirs, theirProof := claim(t, gus.TenantID(), host)

	if d := z.checkDomain(t, mia, first); d.VerifiedAt != nil || d.Proof != "missing" || d.Pointing != "missing" || d.NextCheckAt == nil {
		t.Errorf("without records: %+v", d)
	}
	check(t, z.dns.Set("_portico."+host, proof))
	check(t, z.dns.Set(host, "CNAME portico.test."))
	if d := z.checkDomain(t, gus, theirs); d.VerifiedAt != nil || d.Proof != "other" {
		t.Errorf("by somebody else's proof: %+v", d)
	}
	if d := z.checkDomain(t, mia, first); d.VerifiedAt == nil || d.Proof != "there" || d.Pointing != "there" {
		t.Errorf("with both records: %+v", d)
	}
	check(t, z.dns.Set("_portico."+host, proof, theirProof))
	if d := z.checkDomain(t, gus, theirs); d.VerifiedAt != nil || d.Proof != "taken" {
		t.Errorf("proved by a second tenant while the first has it: %+v", d)
	}

	do(t, admin(t), `delete from domains where id = $1`, first)
	again, newProof := claim(t, mia.TenantID(), host)
	check(t, z.dns.Set("_portico."+host, proof))
	if d := z.checkDomain(t, mia, again); d.VerifiedAt != nil {
		t.Errorf("claimed again, with the old proof: %+v", d)
	}
	check(t, z.dns.Set("_portico."+host, newProof))
	if d := z.checkDomain(t, mia, again); d.VerifiedAt == nil {
		t.Errorf("claimed again, with a fresh proof: %+v", d)
	}
}

// A domain whose proof is missing for three days is no longer verified. A name server
// that does not answer changes nothing. The audit trail records both changes.
func TestDomainLapses(t *testing.T) {
	t.Parallel()
	z, a := newZone(t), storetest.Agency(t)
	mia := a.Member(t, a.Mia, a.Acme)
	host := "portal-" + a.Suffix + ".example.org"
	id, proof := claim(t, mia.TenantID(), host)
	check(t, z.dns.Set("_portico."+host, proof))
	check(t, z.dns.Set(host, "A 198.51.100.7"))
	z.checkDomain(t, mia, id)
	check(t, z.dns.Set("_portico."+host))
	if d := z.checkDomain(t, mia, id); d.VerifiedAt == nil || d.Proof != "missing" {
		t.Errorf("missing for a moment: %+v", d)
	}
	do(t, admin(t), `update domains set proved_at = now() - interval '3 days' where id = $1`, id)
	z.dns.Silence(true)
	if d := z.checkDomain(t, mia, id); d.VerifiedAt == nil || d.Proof != "unanswered" || d.Pointing != "there" {
		t.Errorf("with a silent name server: %+v", d)
	}
	z.dns.Silence(false)
	if d := z.checkDomain(t, mia, id); d.VerifiedAt != nil {
		t.Errorf("missing for three days: %+v", d)
	}
	events := ask[[]string](t, admin(t), `select array_agg(verb order by at, id) from audit_events where target_id = $1 and party = 'system'`, id)
	if len(events) != 2 || events[0] != "domain.verified" || events[1] != "domain.lapsed" {
		t.Errorf("the trail has %v", events)
	}
}

// A check is enqueued once for each domain that is due, in the domain's tenant.
func TestDomainsDue(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	mia := a.Member(t, a.Mia, a.Acme)
	due, _ := claim(t, mia.TenantID(), "due-"+a.Suffix+".example.org")
	later, _ := claim(t, mia.TenantID(), "later-"+a.Suffix+".example.org")
	do(t, admin(t), `update domains set next_check_at = now() + interval '1 hour' where id = $1`, later)
	do(t, admin(t), `update domains set next_check_at = now() - interval '1 year' where id = $1`, due)
	for range 2 {
		check(t, storetest.DB().EnqueueDomainChecks(t.Context()))
	}
	for id, want := range map[uuid.UUID]int64{due: 1, later: 0} {
		n := ask[int64](t, admin(t), `
select count(*) from river.river_job where kind = 'domain_check' and args ->> 'domain' = $1::text and args ->> 'tenant' = $2::text`,
			id.String(), mia.TenantID().String())
		if n != want {
			t.Errorf("enqueued %d times, want %d", n, want)
		}
	}
}
