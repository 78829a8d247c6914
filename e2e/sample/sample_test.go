package sample_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"portico/e2e/sample"
	"portico/e2e/stack"
	"portico/store"
)

// dependencies hold one sample, which all tests share and none changes.
var (
	dependencies *stack.Stack
	config       sample.Config
	adminPool    *pgxpool.Pool // as a superuser, to read without policies
	took         time.Duration // by the load
	left         int           // sessions right after the load
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := load(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sample:", err)
		return 1
	}
	defer dependencies.Stop()
	defer adminPool.Close()
	return m.Run()
}

func load(ctx context.Context) (err error) {
	if dependencies, err = stack.Start(ctx, stack.Options{}); err != nil {
		return err
	}
	admin := dependencies.Postgres.AdminURL(stack.DatabaseName)
	if config, err = sample.ConfigOf(dependencies.Env()); err != nil {
		return err
	}
	if err := store.Bootstrap(ctx, admin, config.OwnerURL, config.AppURL); err != nil {
		return err
	}
	if _, err := store.Migrate(ctx, config.OwnerURL); err != nil {
		return err
	}
	begun := time.Now()
	if err := sample.Load(ctx, config); err != nil {
		return err
	}
	took = time.Since(begun)
	if adminPool, err = pgxpool.New(ctx, admin); err != nil {
		return err
	}
	return adminPool.QueryRow(ctx, `select count(*) from sessions`).Scan(&left)
}

// Loading leaves nobody signed in. The test logs how long it took, because every
// `make demo` and browser test loads the sample.
func TestLoadLeavesNoSessions(t *testing.T) {
	t.Parallel()
	t.Logf("loaded within %s", took.Round(time.Millisecond))
	if left != 0 {
		t.Errorf("%d sessions are left of the load", left)
	}
	// There were some: an empty table proves nothing.
	if ended := text(t, `select count(distinct user_id)::text from account_events where verb = 'session.ended_all'`); ended[0] == "0" {
		t.Error("nobody was signed in for the load")
	}
}

// Each client has a realistic amount of work, most of it shared.
func TestSampleCounts(t *testing.T) {
	t.Parallel()
	for slug, want := range map[string]string{
		"northwind": "0 projects, 0 deliverables (0 shown, 0 binned), 0 versions (0 drafts), 0 files, 1 people",
		"acme":      "4 projects, 11 deliverables (7 shown, 1 binned), 15 versions (3 drafts), 20 files, 4 people",
		"globex":    "3 projects, 7 deliverables (5 shown, 0 binned), 8 versions (1 drafts), 8 files, 2 people",
		"contoso":   "0 projects, 0 deliverables (0 shown, 0 binned), 0 versions (0 drafts), 0 files, 1 people",
		"initech":   "2 projects, 5 deliverables (4 shown, 0 binned), 5 versions (1 drafts), 5 files, 2 people",
	} {
		got := text(t, `
select format('%s projects, %s deliverables (%s shown, %s binned), %s versions (%s drafts), %s files, %s people',
    (select count(*) from projects where tenant_id = t.id),
    (select count(*) from deliverables where tenant_id = t.id),
    (select count(*) from deliverables where tenant_id = t.id and shared_at is not null and state = 'in_review'),
    (select count(*) from deliverables where tenant_id = t.id and deleted_at is not null),
    (select count(*) from versions where tenant_id = t.id),
    (select count(*) from versions where tenant_id = t.id and shared_at is null),
    (select count(*) from files where tenant_id = t.id and state = 'ready'),
    (select count(*) from memberships where tenant_id = t.id))
from tenants t where slug = $1`, slug)
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %q, want %q", slug, got, want)
		}
	}
}

// A second load of the same database does nothing.
func TestSecondLoadDoesNothing(t *testing.T) {
	t.Parallel()
	const count = `select count(*)::text from audit_events`
	before := text(t, count)
	if err := sample.Load(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if after := text(t, count); after[0] != before[0] {
		t.Errorf("%s audit rows became %s", before[0], after[0])
	}
}

// Object storage holds exactly the files of the rows, with the same size and SHA-256.
func TestObjectsMatchRows(t *testing.T) {
	t.Parallel()
	rows := text(t, `select object_key || ' ' || encode(sha256, 'hex') || ' ' || size from files order by object_key`)
	var objects []string
	for key, content := range stored(t) {
		sum := sha256.Sum256(content)
		objects = append(objects, fmt.Sprintf("%s %s %d", key, hex.EncodeToString(sum[:]), len(content)))
	}
	slices.Sort(objects)
	if !slices.Equal(rows, objects) {
		t.Errorf("the rows say\n%s\nand the store has\n%s", strings.Join(rows, "\n"), strings.Join(objects, "\n"))
	}
	open, err := dependencies.S3.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: new(dependencies.S3.Bucket())})
	if err != nil || len(open.Uploads) > 0 {
		t.Errorf("%d uploads are still open, %v", len(open.Uploads), err)
	}
}

// stored returns every object by its key.
func stored(t *testing.T) map[string][]byte {
	t.Helper()
	client, bucket := dependencies.S3.Client(), new(dependencies.S3.Bucket())
	list, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string][]byte{}
	for _, o := range list.Contents {
		got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		if objects[*o.Key], err = io.ReadAll(got.Body); err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
	}
	return objects
}

// text reads one column of text without policies.
func text(t *testing.T, sql string, args ...any) []string {
	t.Helper()
	rows, err := adminPool.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}
