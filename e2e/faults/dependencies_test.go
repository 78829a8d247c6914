package faults

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/e2e/stack"
)

// hangTime is how long a dependency hangs. Requests that need it must be answered sooner.
const hangTime = 30 * time.Second

// feature is something people do, and the dependency it needs.
type feature struct {
	name, needs string
	do          func() (answer, error)
}

func (w *world) features(file string) []feature {
	get := func(path string) func() (answer, error) {
		return func() (answer, error) { return w.request(w.addr(), http.MethodGet, path, nil) }
	}
	post := func(path, kind, body string) func() (answer, error) {
		return func() (answer, error) {
			return w.request(w.addr(), http.MethodPost, path, strings.NewReader(body), "Content-Type", kind)
		}
	}
	const form = "application/x-www-form-urlencoded"
	return []feature{
		{"a page", "postgresql", get(projectsPath)},
		{"a deed", "postgresql", post(projectsPath, form, "name=Summer")},
		{"a download", "s3", get(file)},
		{"an upload", "s3", post("/w/"+agency+"/versions/"+w.draft.String()+"/uploads", "application/json", `{"name": "a.txt", "size": 5}`)},
		// A different person each time, because sign-in mails are rate-limited.
		{"a sign-in mail", "smtp", func() (answer, error) { return post("/login", form, "email="+rand.Text()+"@northwind.test")() }},
		{"signing in with a provider", "auth:demo", get("/auth/demo")},
	}
}

// Case 68, and 67 for an unreachable database: dependencies refuse connections, hang, or
// return errors. Features that need them answer 503 with Retry-After in time, all others
// work, and /readyz names them. When they are back, everything works without
// intervention.
func TestDependencyFaultsAnswer503AndRecover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(w.env)
	u := w.newUpload([]byte("poster"))
	check(t, u.all())
	features := w.features(u.path())
	w.checkBack(t, "at first", features)
	all := func(faults ...func() error) func() error {
		return func() (err error) {
			for _, fault := range faults {
				err = errors.Join(err, fault())
			}
			return err
		}
	}
	refuse := func(p *stack.Proxy) func() error { return func() error { p.Refuse(); return nil } }
	for _, fault := range []struct {
		what   string
		of     []string
		breaks func() error
	}{
		{"mail refuses", []string{"smtp"}, refuse(w.MailProxy)},
		{"the provider refuses", []string{"auth:demo"}, refuse(w.OIDCProxy)},
		{"the provider fails", []string{"auth:demo"}, func() error {
			w.OIDC.Misbehave(stack.OIDCFaults{Status: http.StatusInternalServerError})
			return nil
		}},
		{"storage refuses", []string{"s3"}, refuse(w.S3Proxy)},
		{"storage fails", []string{"s3"}, func() error { return w.S3.Fail(http.StatusInternalServerError) }},
		{"all but the database hang", []string{"auth:demo", "s3", "smtp"}, all(w.OIDCProxy.Hang, w.S3Proxy.Hang, w.MailProxy.Hang)},
		{"the database refuses", []string{"postgresql"}, refuse(w.PostgresProxy)},
		{"the database hangs", []string{"postgresql"}, w.PostgresProxy.Hang},
	} {
		check(t, fault.breaks())
		w.checkAway(t, fault.what, fault.of, features)
		w.heal(t)
		w.checkBack(t, "after "+fault.what, features)
	}
	w.MailProxy.Refuse()
	until(t, "a step-up is told that there is no mail", func() bool {
		a := w.post("/step-up", url.Values{})
		return a.status == http.StatusServiceUnavailable && a.hasRetryAfter()
	})
	if got := w.get(u.path()); !bytes.Equal(got.body, u.content) {
		t.Errorf("the file of before is %q", got.body)
	}
}

// checkAway checks every feature in parallel while dependencies are down.
func (w *world) checkAway(t *testing.T, when string, away []string, features []feature) {
	t.Helper()
	until(t, "/readyz knows that "+when, func() bool { return slices.Equal(w.missing(), away) })
	var done sync.WaitGroup
	for _, f := range features {
		done.Go(func() {
			off := slices.Contains(away, f.needs) || slices.Contains(away, "postgresql") // everything needs that
			begun := time.Now()
			a, err := f.do()
			if off && err == nil && a.status < http.StatusBadRequest {
				// Readiness results are cached for a second.
				until(t, f.name+" is told that "+when, func() bool { begun = time.Now(); a, err = f.do(); return a.status >= http.StatusBadRequest })
			}
			if took := time.Since(begun); err != nil || took >= hangTime {
				t.Errorf("%s while %s: %v, %v", f.name, when, took, err)
			}
			if off {
				a.check(t, f.name+" while "+when, http.StatusServiceUnavailable)
			} else if a.status >= http.StatusBadRequest {
				t.Errorf("%s while %s: %d %.300s", f.name, when, a.status, a.body)
			}
			if off && bytes.Contains(a.body, []byte("127.0.0.1")) {
				t.Errorf("%s while %s reveals the address of a dependency: %.300s", f.name, when, a.body)
			}
		})
	}
	done.Wait()
	for path, status := range map[string]int{"/healthz": 200, "/readyz?of=nobody": 200, "/static/none": 404} {
		w.get(path).check(t, path+" while "+when, status)
	}
}

// missing returns the dependencies that /readyz names.
func (w *world) missing() []string {
	var said struct{ Missing []string }
	check(w.t, json.Unmarshal(w.get("/readyz").body, &said))
	return said.Missing
}

func (w *world) heal(t *testing.T) {
	t.Helper()
	for _, p := range []*stack.Proxy{w.PostgresProxy, w.S3Proxy, w.MailProxy, w.OIDCProxy} {
		check(t, p.Heal())
	}
	check(t, w.S3.Start(t.Context()))
	w.OIDC.Misbehave(stack.OIDCFaults{})
}

func (w *world) checkBack(t *testing.T, when string, features []feature) {
	t.Helper()
	until(t, "/readyz is content, "+when, func() bool { return w.get("/readyz").status == http.StatusOK })
	for _, f := range features {
		a, err := f.do()
		if err != nil || a.status >= http.StatusBadRequest {
			t.Errorf("%s, %s: %v %d %.300s", f.name, when, err, a.status, a.body)
		}
	}
}
