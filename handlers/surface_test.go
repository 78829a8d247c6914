package handlers_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers"
)

// protected checks the security headers that every answer must have.
func protected(t *testing.T, what string, a answer) {
	t.Helper()
	for name, value := range map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
	} {
		if got := a.header.Values(name); len(got) != 1 || got[0] != value {
			t.Errorf("%s: %d with %s %q, want %q", what, a.status, name, got, value)
		}
	}
	policy := a.header.Get("Content-Security-Policy")
	// The browser's PDF viewer needs styles, so its policy has no default-src.
	viewer := strings.HasPrefix(policy, "script-src 'none'; object-src 'none'; connect-src 'none'; frame-src 'none'; ")
	for _, part := range []string{"default-src 'none'; ", "base-uri 'none'; ", "frame-ancestors "} {
		if !strings.Contains(policy, part) && !(viewer && part == "default-src 'none'; ") {
			t.Errorf("%s: %d with the policy %q", what, a.status, policy)
		}
	}
	if strings.HasPrefix(a.header.Get("Content-Type"), "image/") {
		// The browser's page of a picture styles it, in a sandbox and without anything else.
		policy = strings.TrimPrefix(policy, "sandbox; default-src 'none'; style-src 'unsafe-inline'; ")
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("%s: %d with a lax policy: %q", what, a.status, policy)
	}
	if frame := a.header.Get("X-Frame-Options"); frame != "DENY" && frame != "SAMEORIGIN" {
		t.Errorf("%s: %d may be framed: %q", what, a.status, frame)
	}
	if referrer := a.header.Get("Referrer-Policy"); referrer != "same-origin" && referrer != "no-referrer" {
		t.Errorf("%s: %d tells referrers: %q", what, a.status, referrer)
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Errorf("%s: %d without a request id", what, a.status)
	}
	for _, name := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} {
		if got := a.header.Get(name); got != "" {
			t.Errorf("%s: %d with %s %q", what, a.status, name, got)
		}
	}
}

// raw sends the bytes on a new connection and reads all answers. No HTTP client would
// send such requests.
func (s *site) raw(t *testing.T, bytes string) (answers []answer) {
	t.Helper()
	c, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The server may answer and close the connection before it has read everything.
	go func() { _, _ = io.WriteString(c, bytes) }()
	for in := bufio.NewReader(c); ; {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return answers
		}
		body, _ := io.ReadAll(res.Body)
		answers = append(answers, answer{res.StatusCode, res.Header, string(body)})
	}
}

// Case 64: every kind of answer has the security headers: pages, redirects, refusals,
// errors, files, and what the mux and net/http answer by themselves. TestMatrix checks
// every route for every visitor.
func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	s := newSiteWith(t, storetest.DB(), storage(t), func(c *handlers.Config) { c.URL = &url.URL{Scheme: "https", Host: c.URL.Host} })
	e := newFixture(t, s, a, a.Acme)
	dana, nobody := s.as(t, a.Dana), s.nobody()
	file := e.at("/files/" + e.things["files"].String())
	page := dana.get(t, e.at("/projects"))
	form := "application/x-www-form-urlencoded"
	post := func(b *browser, path, body string) answer {
		return b.do(t, http.MethodPost, path, strings.NewReader(body), form)
	}
	broken, away := brokenSite(t, brokenDB(t, "headers")), brokenSite(t, unreachableDB(t, "headersaway"))
	kinds := map[string]struct {
		answer answer
		status int
	}{
		"page":                  {page, 200},
		"head of a page":        {dana.do(t, http.MethodHead, e.at("/projects"), nil, ""), 200},
		"sign-in page":          {nobody.get(t, "/login"), 200},
		"to sign-in":            {nobody.get(t, e.at("/projects")), 302},
		"after a change":        {post(dana, e.at("/projects"), "name=Spring"), 303},
		"program not signed in": {nobody.with("Accept", "application/json").get(t, "/account"), 401},
		"refused":               {s.as(t, a.Leo).get(t, e.at("/bin")), 403},
		"from another site":     {post(dana.with("Sec-Fetch-Site", "cross-site"), e.at("/projects"), "name=x"), 403},
		"nowhere":               {nobody.get(t, "/nowhere"), 404},
		"by another method":     {dana.do(t, http.MethodDelete, e.at("/projects"), nil, ""), 404},
		"trace":                 {nobody.do(t, http.MethodTrace, "/", nil, ""), 404},
		"spent link":            {nobody.get(t, "/login/"+strings.Repeat("a", 43)), 410},
		"too large":             {post(dana, e.at("/projects"), strings.Repeat("a", 2<<20)), 413},
		"too many fields":       {post(dana, e.at("/projects"), strings.Repeat("a&", 300)), 413},
		"too long":              {nobody.get(t, "/login?q="+strings.Repeat("a", 9<<10)), 414},
		"too many questions":    {nobody.get(t, "/login?"+strings.Repeat("a&", 300)), 400},
		"typed wrong":           {post(dana, e.at("/projects"), "name="), 422},
		"broken":                {broken.nobody().get(t, "/login"), 500},
		"broken for a program":  {broken.nobody().with("Accept", "application/json").get(t, "/login"), 500},
		"away":                  {away.nobody().get(t, "/login"), 503},
		"download":              {dana.get(t, file), 200},
		"shown":                 {dana.get(t, file+"/inline"), 200},
		"range":                 {dana.with("Range", "bytes=0-0").get(t, file), 206},
		"no such range":         {dana.with("Range", "bytes=999999-").get(t, file), 416},
		"preview":               {dana.get(t, file+"/preview"), 200},
		"stylesheet":            {nobody.get(t, "/static/"+between(page.body, `/static/`, `"`)), 200},
		"no asset":              {nobody.get(t, "/static/app.css"), 404},
		"folder":                {nobody.get(t, "/static/"), 404},
		"posted to an asset":    {post(nobody, "/static/app.css", "a=b"), 404},
		"alive":                 {nobody.get(t, "/healthz"), 200},
		"ready":                 {nobody.get(t, "/readyz"), 200},
		"the mux's redirect":    {nobody.get(t, "/w//"+a.Acme+"/projects"), 307},
		"another host":          {nobody.with("Host", "evil.test").get(t, "/"), 404},
		"another host's path":   {nobody.with("Host", a.Acme+".portals.test").get(t, "/x//y"), 307},
	}
	for what, k := range kinds {
		want(t, what, k.answer, k.status)
		protected(t, what, k.answer)
	}
	for what, k := range map[string]struct {
		bytes  string
		status int
	}{
		"no request":                {"GARBAGE\r\n\r\n", 400},
		"no host":                   {"GET / HTTP/1.1\r\n\r\n", 400},
		"two hosts":                 {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"two lengths":               {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
		"hidden header":             {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400},
		"headers without end":       {"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 64<<10), 431},
		"another transfer encoding": {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
		"another version":           {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
		"another expectation":       {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: gold\r\n\r\na", 417},
		"of everything":             {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		"upgrade":                   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
		"after a good one":          {"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n", 400},
	} {
		answers := s.raw(t, k.bytes)
		if len(answers) == 0 {
			t.Errorf("%s: no answer", what)
			continue
		}
		for _, got := range answers {
			protected(t, what, got)
		}
		last := answers[len(answers)-1]
		want(t, what, last, k.status)
		if what == "after a good one" && answers[0].status != http.StatusOK {
			t.Errorf("%s: the good one is answered %d", what, answers[0].status)
		}
		hasNot(t, what, last, "net/http")
	}
	for what, got := range map[string]answer{"page": page, "asset": nobody.get(t, "/static/app.css"), "unread": s.raw(t, "GARBAGE\r\n\r\n")[0]} {
		if hsts := got.header.Get("Strict-Transport-Security"); !strings.HasPrefix(hsts, "max-age=63072000") {
			t.Errorf("%s over https: HSTS %q", what, hsts)
		}
	}
	if got := newSite(t).nobody().get(t, "/login").header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("over http: HSTS %q", got)
	}
}

// File content that looks like an answer of net/http is sent unchanged.
func TestFileContentIsSentUnchanged(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	said := "HTTP/1.1 400"
	content := strings.Repeat(said, 100_000)
	dana := a.Member(t, a.Dana, a.Acme)
	draft := storetest.Draft(t, dana, storetest.Deliverable(t, dana, storetest.Project(t, dana, "P"), "D"))
	b := s.as(t, a.Dana)
	body, contentType := formOf(t, formFile{"file", "said.txt", []byte(content)})
	want(t, "upload", b.do(t, http.MethodPost, "/w/"+a.Acme+"/versions/"+draft.String()+"/files", body, contentType), http.StatusSeeOther)
	var id string
	if err := storetest.Admin(t).QueryRow(t.Context(), `select id::text from files where tenant_id = $1`, dana.TenantID()).Scan(&id); err != nil {
		t.Fatal(err)
	}
	// So many offsets that a write to the connection begins with the text.
	for from := 100; from < 100+len(said); from++ {
		if got := b.with("Range", fmt.Sprintf("bytes=%d-", from)).get(t, fmt.Sprintf("/w/%s/files/%s", a.Acme, id)); got.body != content[from:] {
			t.Errorf("from %d: %d bytes came back of %d", from, len(got.body), len(content)-from)
		}
	}
}

// The public listener serves no directory listing, no profile and no version.
func TestPublicListenerRevealsNothing(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	missing := s.nobody().get(t, "/nowhere")
	for _, path := range []string{
		"/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/debug", "/metrics", "/version", "/status", "/server-status", "/env", "/health",
		"/.git/config", "/.env", "/robots.txt", "/static", "/static/../go.mod", "/river", "/queue", "/admin", "/swagger.json", "/graphql",
		"/%2e%2e/go.mod", "/static/..%2f..%2fgo.mod", "/w/", "/w", "/sitemap.xml", "/migrations/", "/.well-known/",
	} {
		got := s.nobody().get(t, path)
		if got.status/100 == 3 {
			got = s.nobody().get(t, got.location())
		}
		if got.status != http.StatusNotFound {
			t.Errorf("%s: %d %.100s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/static/", "/static/css/", "/static/js", "/static/fonts/"} {
		got := s.nobody().get(t, path)
		want(t, path, got, http.StatusNotFound)
		hasNot(t, path, got, "href")
	}
	for what, got := range map[string]answer{
		"missing": missing, "page": s.as(t, a.Dana).get(t, "/w/"+a.Acme+"/"), "alive": s.nobody().get(t, "/healthz"), "ready": s.nobody().get(t, "/readyz"),
	} {
		var all strings.Builder
		_ = got.header.Write(&all)
		for _, tells := range []string{"go1.", "Go/", "portico/", "PostgreSQL", "versitygw", "pgx", "v0.", "v1."} {
			if strings.Contains(all.String()+got.body, tells) {
				t.Errorf("%s tells %q", what, tells)
			}
		}
	}
}
