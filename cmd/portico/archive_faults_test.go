package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/handlers/archives"
	"portico/store"
)

// restoring is a restore inside the test, in place, which a test can interrupt.
func (s *sampled) restoring(ctx context.Context, file string, say func(step int)) error {
	s.t.Helper()
	p := program{getenv: func(name string) string { return s.env[name] }, stdout: os.Stderr, stderr: os.Stderr}
	for name, value := range s.env {
		p.environ = append(p.environ, name+"="+value)
	}
	in, err := p.open(s.t.Context())
	if err != nil {
		return err
	}
	defer in.close(s.t.Context())
	op, err := store.OpenOperator(s.t.Context(), s.env["DATABASE_OWNER_URL"])
	if err != nil {
		return err
	}
	defer op.Close(context.WithoutCancel(ctx))
	keys, err := archiveKeys(in.config.signingKeys, "")
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	step := 0
	x := archives.Restorer{Operator: op, Storage: in.storage, Plans: in.db.Plans(), Keys: keys, Say: func(string, ...any) {
		step++
		say(step)
	}}
	_, err = x.Restore(ctx, f, info.Size(), nil)
	return err
}

// Case 71: a restore that is cut off in any step, or whose connection to the database is, leaves
// every row as it was. Run again it succeeds.
func TestRestoreCutOffChangesNothing(t *testing.T) {
	t.Parallel()
	s := newInstallation(t, "cut_off", true)
	file := s.export("acme")
	was := manifestOf(t, file)
	spoil(s, "acme")
	rows := func() (rows string) {
		for line := range strings.Lines(s.state("acme") + s.state("globex")) {
			if !strings.HasPrefix(line, "tenants/") {
				rows += line
			}
		}
		return rows
	}
	before := rows()
	for cut := 1; cut <= 4; cut++ {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.restoring(ctx, file, func(step int) {
			if step == cut {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cut off in step %d: %v", cut, err)
		}
		if rows() != before {
			t.Fatalf("cut off in step %d, rows changed", cut)
		}
	}
	// The connection is ended while rows are being written, in the rehearsal and afterwards.
	for _, cut := range []int{2, 4} {
		stop, ended := make(chan struct{}), false
		var wait sync.WaitGroup
		err := s.restoring(t.Context(), file, func(step int) {
			if step == cut {
				wait.Go(func() { ended = s.endWriting(stop) })
			}
		})
		close(stop)
		wait.Wait()
		if !ended || err == nil {
			t.Errorf("the connection was cut in step %d: %v, %v", cut, ended, err)
		}
		if rows() != before {
			t.Fatalf("the connection was cut in step %d, and rows changed", cut)
		}
	}
	s.run("tenant", "restore", file, "--in-place")
	sameWork(t, was, manifestOf(t, s.export("acme")))
}

// endWriting ends the connection of the owner as soon as it writes.
func (s *sampled) endWriting(stop <-chan struct{}) bool {
	conn, err := pgx.ConnectConfig(s.t.Context(), s.admin.Config().Copy())
	if err != nil {
		return false
	}
	defer conn.Close(context.WithoutCancel(s.t.Context()))
	for {
		tag, err := conn.Exec(s.t.Context(), `
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and usename = 'portico_owner' and backend_xid is not null`)
		if err != nil || tag.RowsAffected() > 0 {
			return err == nil
		}
		select {
		case <-stop:
			return false
		case <-time.After(time.Millisecond / 4):
		}
	}
}

// Case 71: while one client is restored, the others work: each change of theirs that was answered
// is there afterwards. In the client itself changes wait or fail; none is half there.
func TestOthersWorkDuringARestore(t *testing.T) {
	t.Parallel()
	s := newInstallation(t, "under_load", true)
	file := s.export("acme")
	was := manifestOf(t, file)
	spoil(s, "acme")
	other := s.id("globex")
	author := s.text(`select user_id from memberships where tenant_id = $1 limit 1`, other)
	stop, done := make(chan struct{}), make(chan error)
	written := 0
	conn, err := pgx.ConnectConfig(t.Context(), s.admin.Config().Copy())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			_, err := conn.Exec(t.Context(), `insert into projects (tenant_id, id, name, created_by) values ($1, gen_random_uuid(), 'Under load', $2)`, other, author)
			if err != nil {
				done <- fmt.Errorf("a change in another tenant: %w", err)
				return
			}
			written++
		}
	}()
	s.run("tenant", "restore", file, "--in-place")
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := s.text(`select count(*) from projects where tenant_id = $1 and name = 'Under load'`, other); n != fmt.Sprint(written) || written == 0 {
		t.Errorf("%s of %d changes are there", n, written)
	}
	sameWork(t, was, manifestOf(t, s.export("acme")))
}

// Case 74: what storage lost is listed in the archive. Restoring it lists the loss too, marks the
// files as missing, and nothing else fails.
func TestMissingFilesAreListed(t *testing.T) {
	t.Parallel()
	s := newInstallation(t, "missing", true)
	lost := s.text(`
select id from files f
where tenant_id = $1 and state = 'ready' and deleted_at is null
  and not exists (select from files g where g.tenant_id = f.tenant_id and g.sha256 = f.sha256 and g.id <> f.id)
order by id
limit 1`, s.id("acme"))
	s.removeObject("tenants/" + s.id("acme").String() + "/files/" + lost)
	file := s.export("acme")
	if !strings.Contains(entriesOf(t, file)["missing.jsonl"], lost) {
		t.Errorf("the archive lists: %s", entriesOf(t, file)["missing.jsonl"])
	}
	out := s.run("tenant", "restore", file, "--beside", "--slug", "acme-copy")
	if !strings.Contains(out, "missing: files "+lost) {
		t.Errorf("says %s", out)
	}
	if marked := s.text(`select string_agg(id::text, ' ') from files where tenant_id = $1 and missing_at is not null`, s.id("acme-copy")); marked != lost {
		t.Errorf("marked as missing: %q", marked)
	}
	if out, _, err := call(t, s.env, "files", "check", "--tenant", "acme-copy"); err == nil || !strings.Contains(out, "file missing from storage") {
		t.Errorf("files check: %v, %s", err, out)
	}
}
