package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// examined is the doctor's JSON report of an installation.
type examined struct {
	Well   bool
	Checks []finding
}

// examine runs the doctor as text and as JSON, and checks that neither prints a
// secret of the environment.
func examine(t *testing.T, env map[string]string) (examined, error) {
	t.Helper()
	plain, errs, _ := call(t, env, "doctor")
	out, errs2, err := call(t, env, "doctor", "--json")
	said := plain + errs + out + errs2 + fmt.Sprint(err)
	for name, value := range env {
		if u, e := url.Parse(value); e == nil && u.User != nil {
			password, _ := u.User.Password()
			for _, secret := range []string{value, password} {
				if secret != "" && strings.Contains(said, secret) {
					t.Errorf("the doctor tells the secret of %s", name)
				}
			}
		}
		for _, kind := range []string{"SECRET", "KEYS", "ACCESS_KEY_ID"} {
			if strings.Contains(name, kind) && strings.Contains(said, value) {
				t.Errorf("the doctor tells %s", name)
			}
		}
	}
	var e examined
	if json.Unmarshal([]byte(out), &e) != nil {
		t.Fatalf("no JSON: %s", out)
	}
	for _, f := range e.Checks {
		if !strings.Contains(plain, f.Check) || !strings.Contains(plain, f.Fix) {
			t.Errorf("only in JSON: %v", f)
		}
	}
	return e, err
}

// A healthy installation has only good findings, and the doctor leaves nothing
// behind.
func TestDoctorFindsAHealthyInstallationWell(t *testing.T) {
	t.Parallel()
	env := healthy(t)
	bucket := must(stack.StartS3(t.Context(), stack.S3Options{}))
	useS3(env, bucket)
	e, err := examine(t, env)
	if err != nil || !e.Well {
		t.Errorf("%v: %v", err, e.Checks)
	}
	var checks []string
	for _, f := range e.Checks {
		checks = append(checks, f.Check)
		if (f.State != well && f.Check != "outside") || f.Says == "" || f.Fix != "" {
			t.Errorf("%v", f)
		}
	}
	if want := []string{"configuration", "keys", "database", "role", "migrations", "boundary", "queue", "usage", "s3", "mail", "auth:demo", "sign-up", "outside"}; !slices.Equal(checks, want) {
		t.Errorf("it looked at %v", checks)
	}
	left := must(bucketOf(bucket).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket.Bucket())}))
	uploads := must(bucketOf(bucket).ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket.Bucket())}))
	if len(left.Contents)+len(uploads.Uploads) != 0 {
		t.Errorf("left in the bucket: %d objects, %d uploads", len(left.Contents), len(uploads.Uploads))
	}
}

func bucketOf(s *stack.S3) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(s.Endpoint()), Region: s.Region(), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKeyID(), s.SecretAccessKey(), ""),
	})
}

// For each thing that is broken, the doctor names it and how to fix it, and reports
// nothing else.
func TestDoctorNamesWhatFails(t *testing.T) {
	t.Parallel()
	for _, a := range slices.Concat(databaseAilments, storageAilments, otherAilments) {
		t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			env := healthy(t)
			a.spoil(t, env)
			e, err := examine(t, env)
			if err == nil || e.Well {
				t.Error("it found all well")
			}
			var sick []string
			var said strings.Builder
			for _, f := range e.Checks {
				if f.State != ill {
					continue
				}
				if !slices.Contains(sick, f.Check) {
					sick = append(sick, f.Check)
				}
				said.WriteString(f.Says + "\n")
				if f.Fix == "" {
					t.Errorf("it does not say how to fix %v", f)
				}
			}
			if !slices.Equal(sick, a.checks) || !strings.Contains(said.String(), a.says) {
				t.Errorf("it found %v: %s", sick, said.String())
			}
		})
	}
}

// ailment is one fault of an otherwise healthy installation.
type ailment struct {
	name   string
	spoil  func(t *testing.T, env map[string]string)
	checks []string // the checks that must find it, and no others
	says   string
}

// ownDatabase gives an installation its own database, which a superuser then
// changes by hand.
func ownDatabase(t *testing.T, env map[string]string, change string) {
	t.Helper()
	name := "doctor_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	must(storetest.Open(t.Context(), name)).Close()
	env["DATABASE_URL"] = storetest.Server().AppURL(name)
	conn := must(pgx.Connect(t.Context(), storetest.Server().AdminURL(name)))
	defer conn.Close(context.WithoutCancel(t.Context()))
	must(conn.Exec(t.Context(), change, pgx.QueryExecModeSimpleProtocol))
}

func byHand(change string) func(*testing.T, map[string]string) {
	return func(t *testing.T, env map[string]string) { ownDatabase(t, env, change) }
}

func set(name, value string) func(*testing.T, map[string]string) {
	return func(_ *testing.T, env map[string]string) { env[name] = value }
}

func withPassword(t *testing.T, address, password string) string {
	t.Helper()
	u := must(url.Parse(address))
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String()
}

var databaseAilments = []ailment{
	{"PostgreSQL is stopped", func(t *testing.T, env map[string]string) {
		p := must(stack.StartPostgres(t.Context(), stack.PostgresOptions{}))
		if err := p.StopImmediate(); err != nil {
			t.Fatal(err)
		}
		env["DATABASE_URL"] = p.AppURL(stack.DatabaseName)
	}, []string{"database"}, "unavailable"},
	{"another password", func(t *testing.T, env map[string]string) {
		env["DATABASE_URL"] = withPassword(t, env["DATABASE_URL"], "not-the-password")
	}, []string{"database"}, "refuses the user or password"},
	{"no such database", func(_ *testing.T, env map[string]string) {
		env["DATABASE_URL"] = storetest.Server().AppURL("nowhere")
	}, []string{"database"}, "have the database named"},
	{"a superuser", func(_ *testing.T, env map[string]string) {
		env["DATABASE_URL"] = storetest.Server().AdminURL(stack.DatabaseName)
	}, []string{"role"}, "is a superuser"},
	{"never migrated", func(t *testing.T, env map[string]string) {
		name := "doctor_empty"
		s := storetest.Server()
		if err := store.Bootstrap(t.Context(), s.AdminURL("postgres"), s.OwnerURL(name), s.AppURL(name)); err != nil {
			t.Fatal(err)
		}
		env["DATABASE_URL"] = s.AppURL(name)
	}, []string{"migrations"}, "lacks migrations [1 2"},
	{"a migration is missing", byHand(`delete from schema_migrations where version_id = 2`), []string{"migrations"}, "lacks migrations [2]"},
	{"a newer schema", byHand(`insert into schema_migrations (version_id, is_applied) values (9999, true)`), []string{"migrations"}, "[9999]"},
	{"other functions of lookup", byHand(`comment on schema lookup is 'another version'`), []string{"migrations"}, "functions in schema lookup"},
	{"an older queue", byHand(`delete from river.river_migration where version > 5`), []string{"migrations"}, "tables of the queue"},
	{"a loosened policy", byHand(`alter policy tenant on projects using (true)`), []string{"boundary"}, "Projects: lacks the one canonical policy"},
	{"no row level security", byHand(`alter table deliverables no force row level security`), []string{"boundary"}, "Deliverables: lacks row level security or FORCE"},
	{"an open function", byHand(`grant execute on function lookup.list_agents() to public`), []string{"boundary"}, "may be called by PUBLIC"},
	{"no worker is running", byHand(`insert into river.river_job (kind, args, queue, max_attempts, scheduled_at) values ('sweep', '{}', 'urgent', 5, now() - interval '3 minutes')`),
		[]string{"queue"}, "queue urgent has waited 3m0s, and no worker is running"},
	{"somebody works too slowly", byHand(`insert into river.river_job (kind, args, queue, max_attempts, scheduled_at) values ('sweep', '{}', 'default', 5, now() - interval '1 hour');
insert into river.river_leader (leader_id, elected_at, expires_at) values ('somebody', now(), now() + interval '1 hour')`),
		[]string{"queue"}, "queue default has waited 1h0m0s, although a worker is running"},
	{"a wrong count", byHand(`with t as (insert into tenants (id, kind, slug, name) values (gen_random_uuid(), 'agency', 'northwind', 'Northwind') returning id)
insert into plan_usage (tenant_id, metric, used) select id, 'projects', 7 from t`),
		[]string{"usage"}, "count of projects in northwind is 7, but its rows are 0"},
}

// ownBucket gives an installation its own object store.
func ownBucket(t *testing.T, env map[string]string) *stack.S3 {
	t.Helper()
	s := must(stack.StartS3(t.Context(), stack.S3Options{}))
	useS3(env, s)
	return s
}

var storageAilments = []ailment{
	{"S3 is stopped", func(t *testing.T, env map[string]string) {
		if err := ownBucket(t, env).StopImmediate(); err != nil {
			t.Fatal(err)
		}
	}, []string{"s3:reach"}, "unavailable"},
	{"another key of S3", set("S3_SECRET_ACCESS_KEY", "not-the-secret-access-key"), []string{"s3:reach"}, "403"},
	{"no such bucket", set("S3_BUCKET", "nowhere"), []string{"s3:reach"}, "404"},
	{"the clock of S3 is wrong", func(t *testing.T, env map[string]string) {
		to := must(url.Parse(env["S3_ENDPOINT"]))
		proxy := &httputil.ReverseProxy{
			// Keep the host that was signed.
			Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host },
			ModifyResponse: func(res *http.Response) error {
				res.Header.Set("Date", time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat))
				return nil
			},
		}
		server := httptest.NewServer(proxy)
		t.Cleanup(server.Close)
		env["S3_ENDPOINT"] = server.URL
	}, []string{"s3:clock"}, "10m"},
	{"a public bucket", func(t *testing.T, env map[string]string) {
		s := ownBucket(t, env)
		must(bucketOf(s).PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(s.Bucket()), Policy: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + s.Bucket() + `/*"}]}`)}))
	}, []string{"s3:strangers"}, "without signing in"},
}

var otherAilments = []ailment{
	{"a pooler in transaction mode", func(t *testing.T, env map[string]string) {
		env["DATABASE_URL"] = must(stack.StartPgBouncer(t.Context(), env["DATABASE_URL"], "transaction")).URL()
	}, []string{"database"}, "pool_mode=transaction"},
	{"a database that accepts no changes", func(t *testing.T, env map[string]string) {
		env["DATABASE_URL"] = readOnly(t, env["DATABASE_URL"])
	}, []string{"database"}, "accepts no changes"},
	{"the mail server is stopped", func(t *testing.T, env map[string]string) {
		m := must(stack.StartMail(t.Context(), stack.MailOptions{}))
		useMail(env, m)
		if err := m.StopImmediate(); err != nil {
			t.Fatal(err)
		}
	}, []string{"mail"}, "does not answer"},
	{"another password of the mail server", func(t *testing.T, env map[string]string) {
		m := must(stack.StartMail(t.Context(), stack.MailOptions{Username: "portico", Password: "right-word"}))
		env["SMTP_URL"] = withPassword(t, m.URL(), "wrong-word")
	}, []string{"mail"}, "refuses the user or password"},
	{"a mail server that wants a login", mailWithoutLogin, []string{"mail"}, "wants a user and password"},
	{"a mail server that refuses our sender", mailRefusingSender, []string{"mail"}, "refuses mail from the address"},
	{"a mail server without TLS", func(_ *testing.T, env map[string]string) {
		env["SMTP_URL"] = strings.Replace(env["SMTP_URL"], "smtp://", "smtps://", 1)
	}, []string{"mail"}, "TLS"},
	{"the provider is stopped", func(t *testing.T, env map[string]string) {
		o := ownProvider(t)
		useOIDC(env, o)
		if err := o.Stop(); err != nil {
			t.Fatal(err)
		}
	}, []string{"auth:demo"}, "unavailable"},
	{"another issuer", func(_ *testing.T, env map[string]string) { env["AUTH_DEMO_ISSUER"] += "/other" }, []string{"auth:demo"}, "unavailable"},
	{"a provider without keys", func(t *testing.T, env map[string]string) {
		o := ownProvider(t)
		useOIDC(env, o)
		o.Misbehave(stack.OIDCFaults{Path: "/keys", Status: http.StatusInternalServerError})
	}, []string{"auth:demo"}, "status 500"},
	{"another secret of the provider", set("AUTH_DEMO_CLIENT_SECRET", "not-the-secret"), []string{"auth:demo"}, "refuses our client"},
	{"a key twice", func(_ *testing.T, env map[string]string) { env["SESSION_KEYS"] += "," + env["SESSION_KEYS"] }, []string{"keys"}, "SESSION_KEYS has a key twice"},
	{"a key made up", set("SESSION_KEYS", "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="), []string{"keys"}, "random"},
	{"a key for two purposes", func(_ *testing.T, env map[string]string) { env["SIGNING_KEYS"] = env["SESSION_KEYS"] }, []string{"keys"}, "also in SESSION_KEYS"},
	{"a short key and no mail", func(_ *testing.T, env map[string]string) {
		env["SESSION_KEYS"], env["SMTP_URL"] = "c2hvcnQ=", ""
	}, []string{"configuration"}, "SMTP_URL is not set"},
	{"an issuer without TLS", set("AUTH_DEMO_ISSUER", "http://accounts.example"), []string{"configuration"}, "https"},
}

func ownProvider(t *testing.T) *stack.OIDC {
	t.Helper()
	return must(stack.StartOIDC(t.Context(), stack.OIDCOptions{RedirectURIs: []string{"http://localhost/auth/demo/callback"}}))
}

// readOnly is a database address whose transactions are read-only unless they say
// otherwise.
func readOnly(t *testing.T, address string) string {
	t.Helper()
	u := must(url.Parse(address))
	q := u.Query()
	q.Set("default_transaction_read_only", "on")
	u.RawQuery = q.Encode()
	return u.String()
}

// A pooler in session mode is as good as PostgreSQL itself. In transaction mode serve
// refuses to start and says so.
func TestPoolers(t *testing.T) {
	t.Parallel()
	env := healthy(t)
	direct := env["DATABASE_URL"]
	env["DATABASE_URL"] = must(stack.StartPgBouncer(t.Context(), direct, "session")).URL()
	if e, err := examine(t, env); err != nil || !e.Well {
		t.Errorf("session mode: %v, %v", err, e.Checks)
	}
	for _, mode := range []string{"transaction", "statement"} {
		pooled := must(stack.StartPgBouncer(t.Context(), direct, mode)).URL()
		db, err := store.Open(t.Context(), store.Config{URL: pooled})
		if !errors.Is(err, store.ErrPooler) {
			t.Errorf("%s mode: %v", mode, err)
		}
		if err == nil {
			db.Close()
		}
	}
}
