package jobs

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/certificate"
	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers/sealed"
	"portico/store"
	"portico/store/queue"
	"portico/trail"
)

// sealedTenant is a client with a trail of some length.
type sealedTenant struct {
	*storetest.Tenants
	r        *Runner
	tenant   uuid.UUID
	storage  *files.Storage
	keys     []ed25519.PublicKey
	dana     store.Member
	superman *pgx.Conn
}

// setupTrail makes a client whose trail has n events of the agency more, and a few of the client.
func setupTrail(t *testing.T, n int) *sealedTenant {
	t.Helper()
	a := storetest.Agency(t)
	b := &sealedTenant{Tenants: a, dana: a.Member(t, a.Dana, a.Acme), superman: storetest.Superuser(t), keys: []ed25519.PublicKey{signingKey.Public().(ed25519.PublicKey)}}
	b.tenant = b.dana.TenantID()
	b.r = newTestRunner(t, storetest.DB(), testConfig(t, mails.URL(), &lockedBuffer{}), nil)
	mia := a.Member(t, a.Mia, a.Acme)
	for range 3 {
		check(t, storetest.DB().Record(t.Context(), mia, store.Event{Verb: "file.downloaded", TargetKind: store.KindFile, TargetID: store.NewID()}))
	}
	b.more(t, n)
	return b
}

// more adds n events of the agency.
func (b *sealedTenant) more(t *testing.T, n int) {
	t.Helper()
	b.as(t, `
insert into audit_events (tenant_id, id, at, actor_id, subject_id, party, verb, target_kind, target_id, request_id, detail)
select $1, gen_random_uuid(), clock_timestamp(), $2, $2, 'agency', 'project.updated', 'project', gen_random_uuid(), 'r' || i, '{"n": "<&>", "team": true}'
from generate_series(1, $3) i`, b.tenant, b.dana.ID(), n)
}

// as runs statements as superuser, whom neither keys nor policies stop.
func (b *sealedTenant) as(t *testing.T, sql string, args ...any) {
	t.Helper()
	check(t, pgx.BeginFunc(t.Context(), b.superman, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `set local session_replication_role = replica`); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), sql, args...)
		return err
	}))
}

func (b *sealedTenant) seal(t *testing.T) {
	t.Helper()
	check(t, b.r.seal(t.Context(), storetest.Job(t, b.tenant), queue.Seal{}))
}

// archive exports the trail.
func (b *sealedTenant) archive(t *testing.T) fs.FS {
	t.Helper()
	return b.archiveBy(t, func(ctx context.Context, read store.Read) error {
		return storetest.DB().Work(ctx, storetest.Job(t, b.tenant), func(tx *store.Tx) error { return tx.Read(ctx, read) })
	})
}

func (b *sealedTenant) archiveBy(t *testing.T, read func(context.Context, store.Read) error) fs.FS {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	source := sealed.Source{
		Read:    read,
		Storage: b.storage, Tenant: b.tenant, Name: "Acme", Keys: certificate.PublicKeys([]ed25519.PrivateKey{signingKey}),
		Sides: []store.TrailSide{store.AgencySide, store.ClientSide},
	}
	check(t, source.Archive(t.Context(), z))
	check(t, z.Close())
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	check(t, err)
	return archive
}

func (b *sealedTenant) verify(t *testing.T, old ...string) trail.Report {
	t.Helper()
	report, err := trail.Verify(b.archive(t), trail.Options{Keys: b.keys, Old: old})
	check(t, err)
	return report
}

// newest is the newest checkpoint of the agency's log.
func (b *sealedTenant) newest(t *testing.T) string {
	t.Helper()
	return ask[string](t, b.superman, `select note from audit_checkpoints where tenant_id = $1 and side = 'agency' order by size desc limit 1`, b.tenant)
}

func sound(t *testing.T, what string, r trail.Report) {
	t.Helper()
	if !r.OK() {
		t.Fatalf("%s: %v", what, r.Findings)
	}
}

// Every event of a tenant is sealed in the log of its side, once, whatever was sealed before,
// and the trail verifies. What a client reads is exactly what is in the client's log.
func TestTrailIsSealedBySide(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 600)
	sound(t, "not sealed yet", b.verify(t))
	b.seal(t)
	b.more(t, 300)
	if r := b.verify(t); !r.OK() || r.Logs[0].Unsealed != 300 {
		t.Fatalf("300 new events: %+v", r)
	}
	b.seal(t)
	b.seal(t)
	r := b.verify(t)
	sound(t, "sealed twice", r)
	for _, l := range r.Logs {
		rows := ask[int64](t, b.superman, `
select count(*)
from audit_events
where tenant_id = $1
  and (party = 'client' or support_session_id is not null or starts_with(verb, 'support.') or verb = 'version.published') = ($2 = 'client')`, b.tenant, string(l.Side))
		if l.Rows != rows || l.Unsealed != 0 || rows == 0 {
			t.Errorf("%d of %d events are in the log: %+v", l.Rows, rows, l)
		}
	}
	if r.Logs[0].Checkpoints != 2 || r.Logs[1].Checkpoints != 1 {
		t.Errorf("%d and %d checkpoints", r.Logs[0].Checkpoints, r.Logs[1].Checkpoints)
	}
	var page []store.Activity
	check(t, storetest.DB().Read(t.Context(), b.Member(t, b.Mia, b.Acme), store.ListActivity(store.ActivityFilter{Page: store.Page{Limit: 200}}, &page)))
	if int64(len(page)) != r.Logs[1].Rows {
		t.Errorf("a client reads %d events, and %d are in the client's log", len(page), r.Logs[1].Rows)
	}
}

// Clients read nothing of the log of what they may not read, and neither support nor people
// can write a log. The agency reads both.
func TestClientsReadOnlyTheirLog(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 300)
	b.seal(t)
	count := func(me store.Member) (rows int) {
		for _, side := range []store.TrailSide{store.AgencySide, store.ClientSide} {
			var leaves [][]byte
			var tiles []store.SealTile
			var checkpoints []store.SealCheckpoint
			var sealed []store.SealedRow
			check(t, storetest.DB().Read(t.Context(), me, store.ListLeafHashes(side, 0, 9, &leaves), store.ListTiles(side, 0, 0, 9, &tiles),
				store.ListCheckpoints(side, 0, 9, &checkpoints), store.ListSealedRows(side, 0, 9, &sealed)))
			if side == store.AgencySide {
				rows += len(leaves) + len(tiles) + len(checkpoints) + len(sealed)
			}
			if len(sealed) == 0 && side == store.ClientSide && me.TenantID() == b.tenant {
				t.Error("the client's own log is hidden")
			}
		}
		return rows
	}
	if n := count(b.Member(t, b.Mia, b.Acme)); n != 0 {
		t.Errorf("a client reads %d rows of the agency's log", n)
	}
	if n := count(b.dana); n == 0 {
		t.Error("the agency can't read its log")
	}
	if n := count(b.Member(t, b.Dana, b.Globex)); n != 0 {
		t.Errorf("%d rows of another workspace", n)
	}
	for table, columns := range map[string]string{
		"audit_leaves":      "(tenant_id, side, position, event_id, leaf, detail_hash) select $1, 'agency', 99999, $2, sha256('x'), sha256('x')",
		"audit_tiles":       "(tenant_id, side, level, number, hashes) select $1, 'agency', 7, 9, repeat('x', 8192)::bytea where $2::uuid is not null",
		"audit_checkpoints": "(tenant_id, id, side, size, root, edge, note, until) select $1, $2, 'agency', 99999, sha256('x'), '', 'x', now()",
	} {
		for party, may := range map[string]bool{"agency": false, "client": false, "system": true} {
			err := asApp(t, b.tenant, party, `insert into `+table+` `+columns, b.tenant, ask[uuid.UUID](t, b.superman,
				`select id from audit_events e where tenant_id = $1 and not exists (select from audit_leaves where event_id = e.id) union all select gen_random_uuid() limit 1`, b.tenant))
			// The event of a leaf may be sealed already: then the key refuses it.
			if denied := err != nil && strings.Contains(err.Error(), "row-level security"); denied == may {
				t.Errorf("%s writes %s: %v", party, table, err)
			}
		}
	}
}

// asApp runs a statement as the app in a tenant, and undoes it.
func asApp(t *testing.T, tenant uuid.UUID, party, sql string, args ...any) error {
	t.Helper()
	tx, err := storetest.DB().JobPool().Begin(t.Context())
	check(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), `select set_config('app.tenant_id', $1, true), set_config('app.party', $2, true)`, tenant.String(), party)
	check(t, err)
	_, err = tx.Exec(t.Context(), sql, args...)
	return err
}

// tampering is one way to change a trail as superuser, who writes every table but has no
// signing key.
type tampering struct {
	what string
	sql  string // TENANT is the tenant
	kind trail.Kind
	at   int64 // the position that is named; -1 for none
}

var tamperings = []tampering{
	{"who did it is changed", `update audit_events set actor_id = gen_random_uuid() where id = EVENT(5)`, trail.Changed, 5},
	{"what was done is changed", `update audit_events set verb = 'project.created' where id = EVENT(300)`, trail.Changed, 300},
	{"the result is changed", `update audit_events set result = 'denied' where id = EVENT(599)`, trail.Changed, 599},
	{"the time is changed", `update audit_events set at = at - interval '1 second' where id = EVENT(7)`, trail.Changed, 7},
	{"a detail is changed", `update audit_events set detail = '{"n": "other"}' where id = EVENT(9)`, trail.Changed, 9},
	{"a detail is changed, and its hash", `update audit_events set detail = '{"n": 1}' where id = EVENT(9);
update audit_leaves set detail_hash = sha256(salt || '{"n": 1}') where event_id = EVENT(9)`, trail.Changed, 9},
	{"a salt is erased and the detail is not", `update audit_leaves set salt = null where event_id = EVENT(9)`, trail.Changed, 9},
	{"an event is deleted", `delete from audit_events where id = EVENT(300)`, trail.Missing, 300},
	{"an event and its leaf are deleted", `delete from audit_events where id = EVENT(10); delete from audit_leaves where LOG and position = 10`, trail.Missing, 10},
	{"an event is deleted, and the others move up", `delete from audit_events where id = EVENT(590); delete from audit_leaves where LOG and position = 590;
update audit_leaves set position = position + 1000000 where LOG and position > 590; update audit_leaves set position = position - 1000001 where LOG and position > 590`, trail.Missing, 590},
	{"an event is added, and the others move down", `update audit_leaves set position = position + 1000000 where LOG and position >= 590;
update audit_leaves set position = position - 999999 where LOG and position > 590;
insert into audit_events (tenant_id, id, party, verb) values (TENANT, md5('added' || TENANT::text)::uuid, 'agency', 'project.created');
insert into audit_leaves (tenant_id, side, position, event_id, leaf, detail_hash) values (TENANT, 'agency', 590, md5('added' || TENANT::text)::uuid, sha256('x'), sha256('x'))`, trail.Added, 590},
	{"two events change places", `update audit_leaves set position = position + 1000000 where LOG and position in (20, 21);
update audit_leaves set position = case position when 1000020 then 21 else 20 end where LOG and position >= 1000000`, trail.Moved, 20},
	{"the end is cut", `delete from audit_events where id in (select event_id from audit_leaves where LOG and position >= 600); delete from audit_leaves where LOG and position >= 600`, trail.Cut, 600},
	{"an event is added", `insert into audit_events (tenant_id, id, at, party, verb) values (TENANT, gen_random_uuid(), now() - interval '1 hour', 'agency', 'project.created')`, trail.Added, -1},
	{"an event and a leaf are added", `insert into audit_events (tenant_id, id, party, verb) values (TENANT, md5('new' || TENANT::text)::uuid, 'agency', 'project.created');
insert into audit_leaves (tenant_id, side, position, event_id, leaf, detail_hash) select TENANT, 'agency', max(position) + 1, md5('new' || TENANT::text)::uuid, sha256('x'), sha256('x') from audit_leaves where LOG`, trail.Added, 601},
	{"an event and its leaf are changed", `update audit_events set verb = 'project.created' where id = EVENT(30); update audit_leaves set leaf = sha256('x') where LOG and position = 30`, trail.Changed, 30},
	{"a checkpoint is changed", `update audit_checkpoints set note = replace(note, E'\n601\n', E'\n600\n') where tenant_id = TENANT and side = 'agency'`, trail.Unsigned, -1},
	{"a checkpoint is another log's", `update audit_checkpoints a set note = c.note from audit_checkpoints c where a.tenant_id = TENANT and c.tenant_id = TENANT and a.side = 'agency' and c.side = 'client'`, trail.Unsigned, -1},
}

func (x tampering) statements() string {
	sql := x.sql
	for {
		before, after, found := strings.Cut(sql, "EVENT(")
		if !found {
			break
		}
		n, rest, _ := strings.Cut(after, ")")
		sql = before + "(select event_id from audit_leaves where LOG and position = " + n + ")" + rest
	}
	return strings.NewReplacer("LOG", "tenant_id = TENANT and side = 'agency'").Replace(sql)
}

// Whatever a superuser does to the trail of a tenant is named, at its place. What wasn't touched
// verifies.
func TestTamperingIsNamed(t *testing.T) {
	t.Parallel()
	for _, x := range tamperings {
		t.Run(x.what, func(t *testing.T) {
			t.Parallel()
			b := setupTrail(t, 0)
			have := ask[int](t, b.superman, `select count(*)::int from audit_events where tenant_id = $1 and not (party = 'client' or verb = 'version.published')`, b.tenant)
			b.more(t, 601-have)
			b.seal(t)
			sound(t, "untouched", b.verify(t))
			sql := strings.ReplaceAll(x.statements(), "TENANT", "'"+b.tenant.String()+"'")
			_, err := b.superman.Exec(t.Context(), "begin; set local session_replication_role = replica; "+sql+"; commit", pgx.QueryExecModeSimpleProtocol)
			check(t, err)
			report := b.verify(t)
			named := slices.ContainsFunc(report.Findings, func(f trail.Finding) bool { return f.Kind == x.kind && f.Position == x.at && f.Side == trail.Agency })
			if !named || report.Findings[0].Kind != x.kind {
				t.Errorf("want %s at %d, got %v", x.kind, x.at, report.Findings)
			}
		})
	}
}

// An older copy that is put back, and a trail that was written anew and sealed again, are named
// by whoever kept a checkpoint.
func TestOlderCopiesAndForksAreNamed(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 20)
	b.seal(t)
	first := b.newest(t)
	b.more(t, 20)
	b.seal(t)
	kept := b.newest(t)
	sound(t, "the trail goes on", b.verify(t, first, kept))

	// The newest rows and their checkpoint are gone: what is left is sound by itself.
	b.as(t, `delete from audit_events where tenant_id = $1 and id in (select event_id from audit_leaves l where l.tenant_id = $1 and l.side = 'agency' and l.position >= (
    select min(size) from audit_checkpoints where tenant_id = $1 and side = 'agency'))`, b.tenant)
	b.as(t, `delete from audit_leaves where tenant_id = $1 and side = 'agency' and position >= (select min(size) from audit_checkpoints where tenant_id = $1 and side = 'agency')`, b.tenant)
	b.as(t, `delete from audit_checkpoints where tenant_id = $1 and note = $2`, b.tenant, kept)
	sound(t, "an older copy by itself", b.verify(t))
	sound(t, "with an older checkpoint", b.verify(t, first))
	wantKinds(t, "an older copy", b.verify(t, kept), trail.Older)

	// It goes on from there, with other events.
	b.more(t, 30)
	b.seal(t)
	sound(t, "a fork by itself", b.verify(t))
	wantKinds(t, "a fork", b.verify(t, kept), trail.Fork)

	other := setupTrail(t, 1)
	other.seal(t)
	if _, err := trail.Verify(b.archive(t), trail.Options{Keys: b.keys, Old: []string{other.newest(t)}}); err == nil {
		t.Error("a checkpoint of another workspace is taken for one of this")
	}
}

func wantKinds(t *testing.T, what string, r trail.Report, kinds ...trail.Kind) {
	t.Helper()
	var got []trail.Kind
	for _, f := range r.Findings {
		got = append(got, f.Kind)
	}
	if !slices.Equal(got, kinds) {
		t.Errorf("%s: want %v, got %v", what, kinds, r.Findings)
	}
}

// A row that is dated earlier than it can have been written is named, also after it was sealed.
func TestRowsSlippedInLateAreNamed(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 20)
	b.seal(t)
	b.as(t, `insert into audit_events (tenant_id, id, at, party, verb) values ($1, gen_random_uuid(), now() - interval '20 minutes', 'agency', 'project.created')`, b.tenant)
	wantKinds(t, "before it is sealed", b.verify(t), trail.Added)
	b.seal(t)
	r := b.verify(t)
	wantKinds(t, "afterwards", r, trail.Late)
	if want := r.Logs[0].Rows - 1; len(r.Findings) == 1 && r.Findings[0].Position != want {
		t.Errorf("it names row %d, want %d", r.Findings[0].Position, want)
	}
}

// Whoever changes rows together with all that the database keeps of their hashes can't hide it:
// the rows between two checkpoints are named. The job that seals refuses to go on.
func TestRewrittenLogsAreNotContinued(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 20)
	b.seal(t)
	b.as(t, `update audit_events set verb = 'project.created' where id = (select event_id from audit_leaves where tenant_id = $1 and side = 'agency' and position = 3)`, b.tenant)
	var rows []store.SealedRow
	check(t, storetest.DB().Read(t.Context(), b.dana, store.ListSealedRows(store.AgencySide, 0, 1000, &rows)))
	var tree trail.Tree
	for _, r := range rows {
		leaf := sealed.Row(r).Event.Leaf()
		tree.Append(leaf)
		b.as(t, `update audit_leaves set leaf = $3 where tenant_id = $1 and side = 'agency' and position = $2`, b.tenant, r.Position, leaf[:])
	}
	root := tree.Root()
	wantKinds(t, "rewritten", b.verify(t), trail.Rewritten)
	b.as(t, `update audit_checkpoints set root = $2, edge = $3 where tenant_id = $1 and side = 'agency'`, b.tenant, root[:], tree.Edge())
	b.more(t, 1)
	if err := b.r.seal(t.Context(), storetest.Job(t, b.tenant), queue.Seal{}); !errors.Is(err, errOtherLog) {
		t.Errorf("a rewritten log is continued: %v", err)
	}
	b.as(t, `update audit_checkpoints set note = replace(note, E'\ntime', E'\nkey x\ntime') where tenant_id = $1 and side = 'agency'`, b.tenant)
	if err := b.r.seal(t.Context(), storetest.Job(t, b.tenant), queue.Seal{}); !errors.Is(err, errOtherLog) {
		t.Errorf("a log without a signature is continued: %v", err)
	}
}

// After a person was erased nothing is left of the details of their acts, neither those that
// were sealed nor the others, and the trail verifies. Others keep theirs.
func TestErasureKeepsTheProofs(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 20)
	leo, mia := b.Member(t, b.Leo, b.Acme), b.Member(t, b.Mia, b.Acme)
	record := func(me store.Member) {
		check(t, storetest.DB().Record(t.Context(), me, store.Event{Verb: "file.downloaded", TargetKind: store.KindFile, TargetID: store.NewID(), Detail: map[string]any{"of": "SECRET"}}))
	}
	record(leo)
	record(mia)
	b.seal(t)
	proof := b.proofOf(t, leo)
	record(leo)
	op, err := store.OpenOperator(t.Context(), storetest.Server().OwnerURL("portico"))
	check(t, err)
	defer op.Close(context.WithoutCancel(t.Context()))
	_, err = op.Forget(t.Context(), b.Leo)
	check(t, err)
	details := `select count(*)::int from audit_events e left join audit_leaves l on l.event_id = e.id
where e.tenant_id = $1 and e.actor_id = $2 and e.verb = 'file.downloaded' and (e.detail ? 'of' or l.salt is not null)`
	if n := ask[int](t, b.superman, details, b.tenant, leo.ID()); n != 0 {
		t.Errorf("%d details of the erased person are left", n)
	}
	if n := ask[int](t, b.superman, details, b.tenant, mia.ID()); n != 4 {
		t.Errorf("%d of 4 details of another person are left", n)
	}
	r := b.verify(t)
	sound(t, "after the erasure", r)
	if r.Logs[1].Erased != 1 {
		t.Errorf("%d erased rows", r.Logs[1].Erased)
	}
	b.seal(t)
	sound(t, "sealed after the erasure", b.verify(t))
	if _, _, err := trail.CheckProof(proof, b.keys); err != nil {
		t.Errorf("a proof from before: %v", err)
	}
	if _, _, err := trail.CheckProof(b.proofOf(t, leo), b.keys); err != nil {
		t.Errorf("a proof from after: %v", err)
	}
}

// proofOf proves the first download of a person.
func (b *sealedTenant) proofOf(t *testing.T, me store.Member) []byte {
	t.Helper()
	event := ask[uuid.UUID](t, b.superman, `select id from audit_events where tenant_id = $1 and actor_id = $2 and verb = 'file.downloaded' order by at limit 1`, b.tenant, me.ID())
	proof, err := sealed.Prove(func(read store.Read) error { return storetest.DB().Read(t.Context(), b.dana, read) }, event)
	check(t, err)
	return proof
}

// The proof of an event verifies offline, and no other event passes for it.
func TestProofsOfEvents(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 700)
	b.seal(t)
	proof := b.proofOf(t, b.Member(t, b.Mia, b.Acme))
	row, c, err := trail.CheckProof(proof, b.keys)
	check(t, err)
	if row.Event.Verb != "file.downloaded" || !trail.IsOrigin(c.Origin, b.tenant, trail.Client) {
		t.Errorf("%+v of %s", row.Event, c.Origin)
	}
	for _, position := range []int64{0, 255, 256, 511, 600, 699} {
		event := ask[uuid.UUID](t, b.superman, `select event_id from audit_leaves where tenant_id = $1 and side = 'agency' and position = $2`, b.tenant, position)
		read := func(read store.Read) error { return storetest.DB().Read(t.Context(), b.dana, read) }
		proof, err := sealed.Prove(read, event)
		check(t, err)
		if row, _, err := trail.CheckProof(proof, b.keys); err != nil || row.Event.ID != event {
			t.Errorf("row %d: %v", position, err)
		}
		// A client proves nothing of what they may not read.
		mia := b.Member(t, b.Mia, b.Acme)
		if _, err := sealed.Prove(func(read store.Read) error { return storetest.DB().Read(t.Context(), mia, read) }, event); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a client proves row %d of the agency's log: %v", position, err)
		}
	}
	other := ed25519.NewKeyFromSeed(sha256.New().Sum(nil)).Public().(ed25519.PublicKey)
	if _, _, err := trail.CheckProof(proof, []ed25519.PublicKey{other}); !errors.Is(err, trail.ErrUnsigned) {
		t.Errorf("another key: %v", err)
	}
}

// After the keys were changed, whoever knows the first key can verify the whole trail: the key
// before signed the next one. A key that nobody signed isn't accepted.
func TestKeysAreSignedByTheKeyBefore(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 5)
	b.seal(t)
	second := ed25519.NewKeyFromSeed([]byte("a second key for tests of jobs!!"))
	b.r.cfg.SigningKeys = []ed25519.PrivateKey{second, signingKey}
	b.more(t, 5)
	b.seal(t)
	b.r.cfg.SigningKeys = []ed25519.PrivateKey{second}
	b.more(t, 5)
	b.seal(t)
	sound(t, "with the first key", b.verify(t))

	b.r.cfg.SigningKeys = []ed25519.PrivateKey{ed25519.NewKeyFromSeed([]byte("a third key that nobody signed!!"))}
	b.more(t, 5)
	if err := b.r.seal(t.Context(), storetest.Job(t, b.tenant), queue.Seal{}); !errors.Is(err, errOtherLog) {
		t.Errorf("a key that nobody signed continues the log: %v", err)
	}
}

// The schedule finds the tenants with something to seal and no others, also suspended ones.
func TestScheduleFindsUnsealedTenants(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 5)
	due := func() bool {
		found := false
		check(t, eachOf(t.Context(), storetest.DB().UnsealedTenants, func(_ context.Context, tenants []uuid.UUID) error {
			found = found || slices.Contains(tenants, b.tenant)
			return nil
		}))
		return found
	}
	if !due() {
		t.Error("a tenant that was never sealed isn't due")
	}
	b.seal(t)
	if due() {
		t.Error("a sealed tenant is due")
	}
	b.more(t, 1)
	b.as(t, `update tenants set state = 'suspended' where id = $1`, b.tenant)
	if !due() {
		t.Error("a suspended tenant with a new event isn't due")
	}
	job, err := storetest.DB().VerifyJob(signedSeal(t, b.tenant), store.JobPolicy{AnyTenantState: true})
	check(t, err)
	check(t, b.r.seal(t.Context(), job, queue.Seal{}))
	if due() {
		t.Error("a suspended tenant isn't sealed")
	}
}

func signedSeal(t *testing.T, tenant uuid.UUID) *queue.Seal {
	t.Helper()
	args := &queue.Seal{Signature: queue.Signature{Tenant: tenant}}
	check(t, queue.NewSigner(storetest.SigningKey).Sign(args))
	return args
}

// Of two jobs that seal a tenant at the same time one does nothing, and no event is sealed
// twice. An event that commits late is sealed with the next.
func TestOneJobSealsATenantAtATime(t *testing.T) {
	t.Parallel()
	b := setupTrail(t, 50)
	done := make(chan error)
	for range 4 {
		go func() { done <- b.r.seal(t.Context(), storetest.Job(t, b.tenant), queue.Seal{}) }()
	}
	for range 4 {
		check(t, <-done)
	}
	sound(t, "sealed by four", b.verify(t))
	b.as(t, `insert into audit_events (tenant_id, id, at, party, verb) values ($1, gen_random_uuid(), now() - interval '3 minutes', 'agency', 'project.created')`, b.tenant)
	b.seal(t)
	if r := b.verify(t); !r.OK() || r.Logs[0].Unsealed != 0 {
		t.Errorf("committed late: %+v", r)
	}
}
