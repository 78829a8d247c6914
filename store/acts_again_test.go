package store_test

import (
	"context"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
)

// A request can last longer than a right. Each deed asks in its own transaction whether
// whoever began the request may still act, and is refused if anything that was decided
// before has changed. Undone, the same deed succeeds.
func TestDeedsAskAgainWhoActs(t *testing.T) {
	t.Parallel()
	type change struct{ off, on string }
	const me, tenant = `user_id = (select id from users where email = $1)`, `tenant_id = (select id from tenants where slug = $2)`
	mine := ` where ` + me + ` and ` + tenant
	for what, c := range map[string]struct {
		change
		support bool
		by      string // whose email is $1; "" for Dana's
	}{
		"their membership ended":      {change{`update memberships set ended_at = now()` + mine, `update memberships set ended_at = null` + mine}, false, ""},
		"their role is lower":         {change{`update memberships set role = 'viewer'` + mine, `update memberships set role = 'owner'` + mine}, false, ""},
		"they changed sides":          {change{`update memberships set party = 'client'` + mine, `update memberships set party = 'agency'` + mine}, false, ""},
		"they are disabled":           {change{`update users set disabled_at = now() where email = $1 and $2 <> ''`, `update users set disabled_at = null where email = $1 and $2 <> ''`}, false, ""},
		"their session expired":       {change{`update sessions set expires_at = now() where $2 <> '' and ` + me, `update sessions set expires_at = now() + interval '1 day' where $2 <> '' and ` + me}, false, ""},
		"their session is unused":     {change{`update sessions set last_used_at = now() - interval '12 hours' where $2 <> '' and ` + me, `update sessions set last_used_at = now() where $2 <> '' and ` + me}, false, ""},
		"their session is of later":   {change{`update sessions set last_used_at = now() + interval '1 hour' where $2 <> '' and ` + me, `update sessions set last_used_at = now() where $2 <> '' and ` + me}, false, ""},
		"support: consent to read":    {change{`update support_grants set mode = 'read' where $1 <> '' and ` + tenant, `update support_grants set mode = 'write' where $1 <> '' and ` + tenant}, true, ""},
		"support: consent ran out":    {change{`update support_grants set created_at = now() - interval '2 hours', ends_at = now() - interval '1 hour' where $1 <> '' and ` + tenant, `update support_grants set ends_at = now() + interval '1 hour' where $1 <> '' and ` + tenant}, true, ""},
		"support: consent replaced":   {change{`update support_grants set replaced_at = now() where $1 <> '' and ` + tenant, `update support_grants set replaced_at = null where $1 <> '' and ` + tenant}, true, ""},
		"support: the subject left":   {change{`update memberships set ended_at = now()` + mine, `update memberships set ended_at = null` + mine}, true, ""},
		"support: they changed sides": {change{`update memberships set party = 'client'` + mine, `update memberships set party = 'agency'` + mine}, true, ""},
		"support: the agent is none":  {change{`update support_agents set disabled_at = now() where $2 <> '' and ` + me, `update support_agents set disabled_at = null where $2 <> '' and ` + me}, true, "sam"},
		"support: suspended":          {change{`update tenants set state = 'suspended' where $1 <> '' and slug = $2`, `update tenants set state = 'active' where $1 <> '' and slug = $2`}, true, ""},
		"support: another browser": {change{`update sessions set support_tenant_id = null, support_session_id = null where $2 <> '' and ` + me,
			`update sessions s set support_tenant_id = o.tenant_id, support_session_id = o.id from support_sessions o where o.actor_id = s.user_id and $2 <> '' and s.` + me}, true, "sam"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := setupSupport(t)
			actor, email := b.dana, b.Dana
			if c.support {
				b.grantWriteAccess(t).startAs(t, b.dana.ID())
				_, err := b.writes(t, false)
				must(t, err)
				actor = b.inside(t)
			}
			if c.by == "sam" {
				email = b.agent
			}
			create := func() error {
				return b.write(t, actor, func(tx *store.Tx) error {
					return errOf(tx.CreateProject(t.Context(), store.ProjectInput{Name: "Late " + b.Suffix}))
				})
			}
			must(t, create())
			b.exec(t, c.off, email, b.Acme)
			wantErr(t, "afterwards", create(), store.ErrForbidden)
			b.exec(t, c.on, email, b.Acme)
			must(t, create())
			if n := b.count(t, `select count(*) from projects where name = $1`, "Late "+b.Suffix); n != 2 {
				t.Errorf("%d projects were made, want the first and the last", n)
			}
		})
	}
}

// One consent is in force for each side, and a later one replaces it. What the page shows
// is what a session may do: the client's word is the limit, and its "no" is final until it
// allows again. Drafts need the agency's consent.
func TestConsentInForceIsWhatSessionsMayDo(t *testing.T) {
	t.Parallel()
	type act struct {
		who  string // "mia" of the client, "dana" of the agency
		what string // "read" and "write" for an hour, "long read" for a day, "revoke", "run out", "run out at once"
	}
	for name, c := range map[string]struct {
		acts           []act
		client, staff  string // the mode in force, "" for none
		drafts, denied bool   // drafts are open; the last act is refused
	}{
		"the client writes, then reads":             {[]act{{"mia", "write"}, {"mia", "long read"}}, "read", "read", false, false},
		"the client reads, then writes":             {[]act{{"mia", "long read"}, {"mia", "write"}}, "write", "write", false, false},
		"the agency alone":                          {[]act{{"dana", "write"}}, "write", "write", true, false},
		"the agency writes, the client reads":       {[]act{{"dana", "write"}, {"mia", "read"}}, "read", "read", true, false},
		"the client reads, the agency writes":       {[]act{{"mia", "read"}, {"dana", "write"}}, "read", "read", true, false},
		"the client writes, the agency reads":       {[]act{{"mia", "write"}, {"dana", "read"}}, "write", "read", true, false},
		"both write":                                {[]act{{"dana", "write"}, {"mia", "write"}}, "write", "write", true, false},
		"the client revokes the agency's":           {[]act{{"dana", "write"}, {"mia", "revoke"}}, "", "", false, false},
		"the agency can't allow it again":           {[]act{{"dana", "write"}, {"mia", "revoke"}, {"dana", "write"}}, "", "", false, true},
		"the client can":                            {[]act{{"dana", "write"}, {"mia", "revoke"}, {"mia", "read"}}, "read", "read", false, false},
		"and then the agency, within it":            {[]act{{"mia", "read"}, {"mia", "revoke"}, {"mia", "read"}, {"dana", "write"}}, "read", "read", true, false},
		"the agency revokes all":                    {[]act{{"mia", "write"}, {"dana", "write"}, {"dana", "revoke"}}, "", "", false, false},
		"and may allow it again":                    {[]act{{"mia", "write"}, {"dana", "revoke"}, {"dana", "read"}}, "read", "read", true, false},
		"but no more than the client had allowed":   {[]act{{"mia", "long read"}, {"dana", "revoke"}, {"dana", "write"}}, "read", "read", true, false},
		"all that the client had allowed":           {[]act{{"mia", "write"}, {"dana", "revoke"}, {"dana", "write"}}, "write", "write", true, false},
		"the agency's waits behind no client's":     {[]act{{"dana", "write"}, {"mia", "read"}, {"mia", "run out"}}, "", "", false, false},
		"nor one that it gave meanwhile":            {[]act{{"mia", "read"}, {"dana", "write"}, {"mia", "run out at once"}}, "", "", false, false},
		"the agency's read ends, the client writes": {[]act{{"mia", "write"}, {"dana", "read"}, {"dana", "run out"}}, "write", "read", false, false},
		"two clients' words, the last counts":       {[]act{{"mia", "write"}, {"mia", "read"}, {"dana", "write"}}, "read", "read", true, false},
		"a no after a yes of the agency":            {[]act{{"dana", "read"}, {"mia", "write"}, {"mia", "revoke"}, {"dana", "read"}}, "", "", false, true},
		"the client's ran out":                      {[]act{{"mia", "read"}, {"mia", "run out"}, {"dana", "write"}}, "write", "write", true, false},
		"the agency's ran out":                      {[]act{{"dana", "write"}, {"dana", "run out"}, {"mia", "read"}}, "read", "read", false, false},
		"a later one of the agency replaces its":    {[]act{{"dana", "write"}, {"dana", "read"}}, "read", "read", true, false},
		"after a no and a yes that ran out, again":  {[]act{{"mia", "read"}, {"mia", "revoke"}, {"mia", "read"}, {"mia", "run out"}, {"dana", "read"}}, "read", "read", true, false},
		"nor after a yes of the client before":      {[]act{{"mia", "read"}, {"mia", "revoke"}, {"dana", "write"}}, "", "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupSupport(t)
			draft := storetest.Project(t, b.dana, "Draft "+b.Suffix)
			var err error
			for _, a := range c.acts {
				me := map[string]store.Member{"mia": b.mia, "dana": b.dana}[a.who]
				if a.what == "run out at once" {
					b.exec(t, `update support_grants set ends_at = clock_timestamp() where tenant_id = $1 and party = $2 and replaced_at is null and revoked_at is null`, me.TenantID(), string(me.Party))
					continue
				}
				if a.what == "run out" {
					b.exec(t, `update support_grants set ends_at = created_at + interval '1 microsecond' where tenant_id = $1 and party = $2 and replaced_at is null and revoked_at is null`, me.TenantID(), string(me.Party))
					continue
				}
				err = b.write(t, me, func(tx *store.Tx) error {
					switch a.what {
					case "write":
						return tx.GrantSupportToWrite(t.Context(), time.Hour)
					case "long read":
						return tx.GrantSupport(t.Context(), 24*time.Hour)
					case "revoke":
						return tx.RevokeSupport(t.Context())
					}
					return tx.GrantSupport(t.Context(), time.Hour)
				})
			}
			if c.denied {
				wantErr(t, "the last act", err, store.ErrInvalid)
			} else {
				must(t, err)
			}
			shown := map[store.Party]store.Consent{}
			for _, reader := range []store.Member{b.mia, b.dana} {
				for _, now := range b.inForce(t, reader) {
					shown[now.As] = now
				}
			}
			for party, subject := range map[store.Party]store.Member{store.PartyClient: b.mia, store.PartyAgency: b.dana} {
				mode := map[store.Party]string{store.PartyClient: c.client, store.PartyAgency: c.staff}[party]
				if string(shown[party].Mode) != mode || (mode != "" && shown[party].Drafts != c.drafts) {
					t.Errorf("as %s the page shows %+v, want %q, drafts %v", party, shown[party], mode, c.drafts)
				}
				_, err := b.start(t, b.ask(b.Acme, subject.ID()))
				if mode == "" {
					wantErr(t, "a start as "+string(party), err, store.ErrForbidden)
					continue
				}
				must(t, err)
				writing, err := b.writes(t, false)
				if writing != (mode == "write") {
					t.Errorf("as %s writing is %v (%v), want %q", party, writing, err, mode)
				}
				if party == store.PartyAgency {
					var p store.Project
					if err := b.db.Read(t.Context(), b.inside(t), store.GetProject(draft, &p)); (err == nil) != c.drafts {
						t.Errorf("the agency's draft: %v, want open %v", err, c.drafts)
					}
				}
				must(t, b.db.StopSupport(t.Context(), storetest.Person(t, b.token)))
			}
		})
	}
}

// A client's no is final, even against a consent that the agency gives at the same moment.
func TestRevokedConsentStaysRevoked(t *testing.T) {
	t.Parallel()
	for _, grantsFirst := range []bool{true, false} {
		b := setupSupport(t)
		must(t, b.write(t, b.dana, func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), time.Hour) }))
		grant := racer{b.dana, func(ctx context.Context, tx *store.Tx) error { return tx.GrantSupportToWrite(ctx, time.Hour) }}
		revoke := racer{b.mia, func(ctx context.Context, tx *store.Tx) error { return tx.RevokeSupport(ctx) }}
		if grantsFirst {
			one, two := race(t, grant, revoke)
			must(t, one)
			must(t, two)
		} else {
			one, two := race(t, revoke, grant)
			must(t, one)
			wantErr(t, "a grant after the no", two, store.ErrInvalid)
		}
		if now := b.inForce(t, b.mia); len(now) != 0 {
			t.Errorf("after the client's no, with the grant first %v: %+v", grantsFirst, now)
		}
	}
}

// A client that lowers its consent lowers a running session with the next statement, and
// the agency's consent doesn't lift it.
func TestRunningSessionObeysTheConsentInForce(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantWriteAccess(t)
	must(t, b.write(t, b.dana, func(tx *store.Tx) error { return tx.GrantSupportToWrite(t.Context(), time.Hour) }))
	b.startAs(t, b.dana.ID())
	_, err := b.writes(t, false)
	must(t, err)
	writing := b.inside(t)
	create := func(tx *store.Tx) error { return errOf(tx.CreateProject(t.Context(), store.ProjectInput{Name: "x"})) }
	must(t, b.write(t, writing, create))
	storetest.GrantSupport(t, b.mia)
	wantErr(t, "under way", b.write(t, writing, create), store.ErrForbidden)
	if m := b.inside(t); m.Support.Mode != store.SupportRead || m.Support.MayWrite {
		t.Errorf("the session is %+v", m.Support)
	}
	_, err = b.writes(t, false)
	wantErr(t, "writing again", err, store.ErrForbidden)
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.GrantSupportToWrite(t.Context(), time.Hour) }))
	must(t, b.write(t, b.inside(t), create))
}

// A client's no is final even if its transaction began before the yes that it revokes, so
// that by the clock the yes is the later one.
func TestRevocationUnderWayIsFinal(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	allow := func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), time.Hour) }
	must(t, b.write(t, b.dana, allow))
	must(t, b.write(t, b.mia, func(tx *store.Tx) error {
		if err := b.write(t, b.mia, allow); err != nil {
			return err
		}
		return tx.RevokeSupport(t.Context())
	}))
	wantErr(t, "the agency's yes after it", b.write(t, b.dana, allow), store.ErrInvalid)
	must(t, b.write(t, b.mia, allow))
	must(t, b.write(t, b.dana, allow))
}
