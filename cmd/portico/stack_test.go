package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers/signin"
)

func TestMain(m *testing.M) { storetest.Main(m, stopDependencies) }

// dependencies are the services that all tests of this package share, apart from the
// database. A test that breaks one starts its own.
type dependencies struct {
	s3   *stack.S3
	mail *stack.Mail
	oidc *stack.OIDC
}

var shared = sync.OnceValues(func() (n dependencies, err error) {
	ctx := context.Background()
	var errs [3]error
	n.s3, errs[0] = stack.StartS3(ctx, stack.S3Options{})
	n.mail, errs[1] = stack.StartMail(ctx, stack.MailOptions{})
	n.oidc, errs[2] = stack.StartOIDC(ctx, stack.OIDCOptions{RedirectURIs: []string{"http://localhost/auth/demo/callback"}})
	started = n
	return n, errors.Join(errs[:]...)
})

var started dependencies

func stopDependencies() {
	if started.s3 != nil {
		_ = started.s3.Stop()
	}
	if started.mail != nil {
		_ = started.mail.Stop()
	}
	if started.oidc != nil {
		_ = started.oidc.Stop()
	}
}

// healthy returns the environment of a healthy installation.
func healthy(t *testing.T) map[string]string {
	t.Helper()
	n, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	env := good()
	maps.Copy(env, map[string]string{
		"PORTICO_URL":        "http://localhost:1", // where nobody answers
		"DATABASE_URL":       storetest.Server().AppURL(stack.DatabaseName),
		"DATABASE_OWNER_URL": storetest.Server().OwnerURL(stack.DatabaseName),
	})
	useS3(env, n.s3)
	useMail(env, n.mail)
	useOIDC(env, n.oidc)
	return env
}

func useS3(env map[string]string, s *stack.S3) {
	maps.Copy(env, map[string]string{
		"S3_ENDPOINT": s.Endpoint(), "S3_REGION": s.Region(), "S3_BUCKET": s.Bucket(),
		"S3_ACCESS_KEY_ID": s.AccessKeyID(), "S3_SECRET_ACCESS_KEY": s.SecretAccessKey(),
	})
}

func useMail(env map[string]string, m *stack.Mail) { env["SMTP_URL"] = m.URL() }

func useOIDC(env map[string]string, o *stack.OIDC) {
	maps.Copy(env, map[string]string{
		"AUTH_DEMO_KIND": "oidc", "AUTH_DEMO_ISSUER": o.Issuer(),
		"AUTH_DEMO_CLIENT_ID": o.ClientID(), "AUTH_DEMO_CLIENT_SECRET": o.ClientSecret(),
	})
}

// running is a portico process that serves inside the test.
type running struct {
	t     *testing.T
	url   string // the portal's URL
	admin string // the admin listener
	stop  func()
}

// serving runs portico with these arguments until the test stops it or ends.
func serving(t *testing.T, env map[string]string, args ...string) *running {
	t.Helper()
	r := starting(t, env, args...)
	r.until("it is ready", func() bool {
		res, err := http.Get(r.url + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return r
}

// starting runs portico without waiting for it.
func starting(t *testing.T, env map[string]string, args ...string) *running {
	t.Helper()
	r := &running{t: t}
	for name, to := range map[string]*string{"PORTICO_ADDR": &r.url, "PORTICO_ADMIN_ADDR": &r.admin} {
		port, err := stack.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		env[name] = fmt.Sprintf("127.0.0.1:%d", port)
		*to = "http://" + env[name]
	}
	env["PORTICO_URL"] = cmp.Or(env["BEHIND"], r.url) // the address of a proxy in front, or our own
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	p := program{getenv: func(name string) string { return env[name] }, stdout: io.Discard, stderr: io.Discard}
	for name, value := range env {
		p.environ = append(p.environ, name+"="+value)
	}
	go func() { ended <- p.run(ctx, args) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// until polls for a result of another goroutine.
func (r *running) until(what string, holds func() bool) {
	r.t.Helper()
	ctx := storetest.Within(r.t, 30*time.Second)
	for !holds() {
		select {
		case <-ctx.Done():
			r.t.Fatalf("never: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// get requests a page, with the given cookie if there is one.
func (r *running) get(url, cookie string) (int, string) {
	r.t.Helper()
	return r.do(http.MethodGet, url, cookie, "", "")
}

func (r *running) do(method, url, cookie, contentType, body string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(all)
}

// cookieOf signs a person in and returns their cookie.
func cookieOf(t *testing.T, env map[string]string, email string) string {
	t.Helper()
	c, err := loadConfig(func(name string) string { return env[name] }, nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	if err := signin.NewCookies(c.keys).Write(rec, storetest.SignIn(t, email)); err != nil {
		t.Fatal(err)
	}
	cookie := rec.Result().Cookies()[0]
	return cookie.Name + "=" + cookie.Value
}
