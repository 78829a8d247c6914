package store_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ownerTools are the files that don't serve: they connect as another role or read the
// catalog, and so may use the driver.
var ownerTools = map[string]string{
	"bootstrap.go":      "connects as the administrator, who creates the roles",
	"catalog.go":        "reads the catalog on whatever connection it is given",
	"doctor.go":         "reads the catalog of a database that Open might refuse",
	"migrate.go":        "connects as portico_owner",
	"operator.go":       "connects as portico_owner, for the command line",
	"restore.go":        "connects as portico_owner, in the context of one tenant",
	"restore_settle.go": "the same",
	"restore_target.go": "the same",
	"wipe.go":           "connects as portico_owner, in the context of the tenant that it deletes",
	"operator_adopt.go": "connects as portico_owner, and opens tables to it for adopted tenants",
}

// driverNames are the driver's names that serving files may use: none of them reaches
// a connection. A file name in front limits a name to that file.
var driverNames = []string{
	"pgx.StrictNamedArgs",
	"store.go pgx.QueryTracer", // to count round trips
	"store.go pgxpool.Pool",    // passed on to the job runner
	"store.go pgxpool.Stat",
}

// guarded are the names that bypass a tenant, or set which one it is, with the
// functions of package store that may use each, and why.
var guarded = map[string]map[string]string{
	"engine.DB.OutsideTenant": {
		"DB.ActiveTenants":       "the schedule goes through all tenants",
		"DB.BilledAgencies":      "the schedule goes through all agencies that are customers",
		"DB.EnqueueBillingTime":  "the schedule goes through all agencies that are customers",
		"DB.RouteStripeEvent":    "finds the agency that a webhook is about",
		"DB.BeginCeremony":       "starts a proof of identity",
		"DB.BeginHandover":       "finds the tenant of a host for a person",
		"DB.EnqueueDomainChecks": "the schedule goes through all tenants",
		"DB.Identify":            "finds the person and the tenant of a request",
		"DB.IdentifyKey":         "finds the tenant and the person of a program's request",
		"DB.MailBrand":           "nobody is signed in yet: the brand of a mail about signing in",
		"DB.MintFlow":            "a mailed proof belongs to an address",
		"DB.PeekFlow":            "a mailed link names its address",
		"DB.PublicLogo":          "logos are public on sign-in pages",
		"DB.QueueLines":          "counts the jobs of the whole installation",
		"DB.FlowMailRefused":     "a mailed proof belongs to an address",
		"DB.FlowMailAccepted":    "a mailed proof belongs to an address",
		"DB.RefundRate":          "rate limits have no tenant",
		"DB.RefuseJob":           "the tenant that a forged job names is a claim",
		"DB.RefusedJobs":         "counts the jobs of the whole installation",
		"DB.SignInBrand":         "names of tenants are public on sign-in pages",
		"DB.SignInByCode":        "proves the identity",
		"DB.SignInByIdentity":    "proves the identity",
		"DB.SignInByLink":        "proves the identity",
		"DB.SpendCeremony":       "proves the identity",
		"DB.SpendHandover":       "opens the session of a tenant's host",
		"DB.AnsweredFlow":        "who answered may not be signed in",
		"DB.HandoverUsed":        "who was handed over may not be signed in any more",
		"DB.Proofs":              "claims are about the whole installation",
		"DB.RecordProof":         "claims are about the whole installation",
		"DB.ProveSupport":        "counts the support sessions of the whole installation",
		"DB.ProofsUsed":          "proofs belong to a session, which has no tenant",
		"DB.SpendState":          "proves the identity",
		"DB.UnsealedTenants":     "the schedule goes through all tenants",
		"DB.StepUpByCode":        "proves the identity",
		"DB.Sweep":               "sessions, flows and rate limits have no tenant",
		"DB.personDeed":          "keys and identities belong to a person; its callers are listed below",
		"DB.rateHit":             "rate limits have no tenant",
	},
	"engine.DB.Change": {
		"DB.countUsage": "one round trip; its scope is the program's own, or that of DB.CountTransfer",
	},
	"engine.DB.Snapshot": {
		"DB.Snapshot": "a signed job names the tenant",
	},
	"engine.DB.Open": {
		"DB.Open": "finds the person and the tenant of a page; without them its reads see nothing",
	},
	"store.DB.personDeed": {
		"DB.AddPasskey":       "belongs to a person",
		"DB.LinkIdentity":     "belongs to a person",
		"DB.RemovePasskey":    "belongs to a person",
		"DB.SignInByPasskey":  "proves the identity",
		"DB.StepUpByIdentity": "proves the identity",
		"DB.StepUpByPasskey":  "proves the identity",
		"DB.UnlinkIdentity":   "belongs to a person",
	},
	"engine.DB.JobPool": {
		"DB.JobPool":        "for the job runner, see TestJobPoolIsForJobs",
		"DB.ProveIsolation": "reads the catalog",
	},
	"engine.Open":      {"Open": "checks the role"},
	"engine.Connect":   {},
	"store.DB.JobPool": {},
	"engine.Tx.Enter": {
		"Tx.accept":       "a new member acts in their new role from then on",
		"Tx.asClient":     "a certificate is read with the client's eyes, in the same tenant",
		"Tx.asSystem":     "what follows from a client's decision, in the same tenant",
		"Tx.seeingDrafts": "counts include hidden drafts, in the same tenant",
	},
	"engine.Tx.EnterClient": {
		"Tx.EnterClient": "the only way a transaction changes its tenant",
	},
	"engine.Scope": {
		"DB.AcceptInvite":      "the token names the tenant and proves the invitation",
		"DB.BeginOIDCFlow":     "nobody is signed in: the zero scope, which sees nothing",
		"DB.CountTransfer":     "the downloads of a member, counted in the member's own tenant",
		"DB.BeginSignUpFlow":   "nobody is signed in: the zero scope, which sees nothing",
		"DB.IdentifyKey":       "what the database said of the request",
		"DB.KeepCRC":           "a checksum, in the member's own tenant, whatever the member may change",
		"DB.PeekInvite":        "the token names the tenant and proves the invitation",
		"DB.Recipient":         "a person of the job's tenant, read only",
		"DB.Record":            "a support session that only reads still writes its audit row",
		"DB.RecordOnce":        "a support session that only reads still writes its audit row",
		"DB.StoreStripeEvent":  "nobody is signed in: the zero scope, which sees nothing",
		"DB.VerifyJob":         "a signed job names its tenant",
		"DB.strangerSees":      "a tenant that doesn't exist, read only, to see nothing",
		"DB.activityIn":        "a workspace that the database has just listed as the person's own, read only",
		"Inspector.UsageDrift": "the doctor recounts each tenant, read only",
		"Tx.EnterClient":       "sets the tenant that the engine has proved",
		"Tx.accept":            "a new member acts in their new role from then on",
		"Tx.seeingDrafts":      "counts include hidden drafts, in the same tenant",
		"Tx.asClient":          "a certificate is read with the client's eyes, in the same tenant",
		"Tx.asSystem":          "what follows from a client's decision, in the same tenant",
		"Tx.asSupport":         "names the tenant in a job's signature; the policies are told nothing",
		"Visitor.Member":       "what the database said of the request",
		"Visitor.Person":       "what the database said of the request",
	},
}

// sqlArgument is the position of the SQL in these calls. It must be a constant.
var sqlArgument = map[string]int{"engine.DB.OutsideTenant": 3, "store.DB.personDeed": 2}

// In package store only the functions listed above run statements outside a tenant,
// and only they and the owner's tools reach the driver.
func TestNoQueryOutsideATenant(t *testing.T) {
	t.Parallel()
	wrong, used, err := checkStore(t, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
	for name, list := range guarded {
		for by := range list {
			if !used[name+" "+by] {
				t.Errorf("%s is listed for %s and does not use it", by, name)
			}
		}
	}
}

// The check, or the compiler, finds each planted violation.
func TestOutsideCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, says string }{
		"a call that is not listed":   {"return db.engine.OutsideTenant(ctx, `x`, engine.Nothing, `select lookup.sweep()`)", "DB.planted uses engine.DB.OutsideTenant"},
		"another deed of a person":    {"return db.personDeed(ctx, `x`, `select lookup.sweep()`)", "DB.planted uses store.DB.personDeed"},
		"a text made at run time":     {"return db.engine.OutsideTenant(ctx, `x`, engine.Nothing, sql)", "text that is not constant"},
		"a table of tenants":          {"return db.engine.OutsideTenant(ctx, `x`, engine.Nothing, `select * from projects`)", "text that calls no function of schema lookup"},
		"a call under another name":   {"f := db.engine.OutsideTenant; return f(ctx, `x`, engine.Nothing, `select * from projects`)", "other than by a call"},
		"the job runner's pool":       {"_, err := db.JobPool().Exec(ctx, `select 1`); return err", "DB.planted uses store.DB.JobPool"},
		"a method of the driver":      {"_, err := db.JobPool().Exec(ctx, `select 1`); return err", "planted.go uses pgxpool.Pool.Exec"},
		"the engine's pool":           {"db.engine.JobPool(); return nil", "DB.planted uses engine.DB.JobPool"},
		"a transaction of the driver": {"var tx pgx.Tx; _ = tx; return nil", "planted.go uses pgx.Tx"},
		"a connection of its own":     {"_, err := pgx.Connect(ctx, sql); return err", "planted.go uses pgx.Connect"},
		"rows of the driver":          {"return db.engine.Read(ctx, me.scope, query{Scan: func(r pgx.Rows) error { r.Conn(); return nil }})", "planted.go uses pgx.Rows"},
		"another engine":              {"_, err := engine.Connect(ctx, engine.Config{}); return err", "DB.planted uses engine.Connect"},
		"a made-up tenant":            {"return db.write(ctx, engine.Scope{Tenant: me.TenantID()}, ``, ``, nil)", "DB.planted makes an engine.Scope"},
		"nobody's transaction":        {"var s engine.Scope; return db.write(ctx, s, ``, ``, nil)", "DB.planted makes an engine.Scope"},
		"another tenant":              {"s := me.scope; s.Tenant = NewID(); return db.write(ctx, s, ``, ``, nil)", "DB.planted changes an engine.Scope"},
		"another's scope":             {"me.scope = me.Person.scope; return nil", "DB.planted changes an engine.Scope"},
		"a scope by its address":      {"p := &me.scope.Tenant; *p = NewID(); return nil", "DB.planted changes an engine.Scope"},
		"a second scope":              {"return db.Write(ctx, me, func(tx *Tx) error { tx.engine.Enter(me.scope); return nil })", "DB.planted uses engine.Tx.Enter"},
		"the pool itself":             {"db.engine.pool.Close(); return nil", "pool undefined"},
		"the transaction itself":      {"return db.Write(ctx, me, func(tx *Tx) error { tx.engine.tx.Conn(); return nil })", "tx undefined"},
		"a read outside a member":     {"return db.Read(ctx, ListProjects(``, nil))", "cannot use ListProjects"},
		"a read under a member":       {"return db.Read(ctx, me, ListProjects(``, nil))", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrong, _, err := checkStore(t, "func (db *DB) planted(ctx context.Context, me Member, sql string) error { "+c.body+" }")
			if err != nil {
				wrong = append(wrong, err.Error())
			}
			if c.says == "" && len(wrong) > 0 || c.says != "" && !slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, c.says) }) {
				t.Errorf("want %q, got %q", c.says, wrong)
			}
		})
	}
	if wrong, _, err := checkStore(t, `import _ "github.com/jackc/pgx/v5/stdlib"`); err != nil || len(wrong) != 1 {
		t.Errorf("an import of the driver: %q, %v", wrong, err)
	}
}

// Only the job runner gets the pool.
func TestJobPoolIsForJobs(t *testing.T) {
	t.Parallel()
	var holders []string
	for _, room := range []string{"cmd", "files", "handlers", "views"} {
		err := filepath.WalkDir(filepath.Join("..", room), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			src, err := os.ReadFile(path)
			if strings.Contains(string(src), ".JobPool") {
				holders = append(holders, filepath.ToSlash(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(holders, []string{"../handlers/jobs/jobs.go"}) {
		t.Errorf("the pool is held by %q", holders)
	}
}
