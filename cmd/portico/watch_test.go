package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"portico/e2e/storetest"
)

// receiver is an OpenTelemetry collector that keeps what it receives.
type receiver struct {
	url string

	mu    sync.Mutex
	raw   []byte
	spans []*traces.Span
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	rc := &receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(r.Body)
		}
		raw, err := io.ReadAll(body)
		var sent collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(raw, &sent) != nil || r.URL.Path != "/v1/traces" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		rc.mu.Lock()
		defer rc.mu.Unlock()
		rc.raw = append(rc.raw, raw...)
		for _, of := range sent.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				rc.spans = append(rc.spans, scope.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	rc.url = server.URL
	return rc
}

// canary is part of every name and text that people type in these tests. Nothing
// that an operator is shown may contain it.
const canary = "c4n4ry"

// someWork does what people do in a portal, so that the operator has something to
// watch: a page, a change, an upload, a download, a refusal, wrong codes, and a
// forged job. It returns the tenant and every word that must stay private.
func someWork(t *testing.T, r *running, env map[string]string) (tenant uuid.UUID, secrets []string) {
	t.Helper()
	a := storetest.Agency(t)
	cookie := cookieOf(t, env, a.Dana)
	me := a.Member(t, a.Dana, a.Acme)
	version := storetest.Draft(t, me, storetest.Deliverable(t, me, storetest.Project(t, me, canary), canary))
	base := r.url + "/w/" + a.Acme
	expect := func(what string, want, got int) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: status %d", what, got)
		}
	}
	status, _ := r.get(base+"/projects?q="+canary, cookie)
	expect("list", http.StatusOK, status)
	status, _ = r.do(http.MethodPost, base+"/projects", cookie, "application/x-www-form-urlencoded", "name="+canary)
	expect("deed", http.StatusSeeOther, status)
	status, _ = r.get(base+"/projects/"+uuid.NewString(), cookie)
	expect("foreign", http.StatusNotFound, status)
	status, _ = r.get(r.url+"/"+canary, "")
	expect("nowhere", http.StatusNotFound, status)
	status, _ = r.do("X"+strings.ToUpper(canary), r.url+"/login", "", "", "")
	expect("no method", http.StatusNotFound, status)

	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", canary+".txt")
	if err == nil {
		_, err = io.WriteString(part, canary)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	status, _ = r.do(http.MethodPost, base+"/versions/"+version.String()+"/files", cookie, w.FormDataContentType(), form.String())
	expect("upload", http.StatusSeeOther, status)
	var file uuid.UUID
	if err := storetest.Admin(t).QueryRow(t.Context(), `select id from files where version_id = $1`, version).Scan(&file); err != nil {
		t.Fatal(err)
	}
	status, body := r.get(base+"/files/"+file.String(), cookie)
	expect("download", http.StatusOK, status)
	if body != canary {
		t.Fatalf("downloaded %q", body)
	}
	// Signed with another installation's key.
	if err := storetest.DB().EnqueueCleanups(t.Context(), []uuid.UUID{me.TenantID()}); err != nil {
		t.Fatal(err)
	}
	return me.TenantID(), []string{canary, a.Suffix, cookie[20:], env["SESSION_KEYS"], "secret-word", "select ", "localhost"}
}

var aUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-`)

// The operator sees activity in metrics, on the queue page and in traces, and none
// of them reveals personal data.
func TestOperatorSees(t *testing.T) {
	t.Parallel()
	rc := newReceiver(t)
	env := healthy(t)
	env["OTEL_EXPORTER_OTLP_ENDPOINT"] = rc.url
	r := serving(t, env, "serve")
	tenant, secrets := someWork(t, r, env)
	var page string
	r.until("the forged job is on the page of the queue", func() bool {
		_, page = r.get(r.admin+"/queue", "")
		return strings.Contains(page, "its signature is not valid")
	})
	_, numbers := r.get(r.admin+"/metrics", "")
	r.stop() // stopping sends the last traces
	numbersAreThere(t, numbers)
	for what, text := range map[string]string{"the numbers": numbers, "the page of the queue": page} {
		saysNothingOf(t, what, text, secrets)
		if id := aUUID.FindString(text); id != "" {
			t.Errorf("an id, %s, is in %s", id, what)
		}
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	tracesAreThere(t, rc.spans)
	if !bytes.Contains(rc.raw, []byte(tenant.String())) {
		t.Error("the tenant's id is not in the traces")
	}
	saysNothingOf(t, "the traces", string(rc.raw), secrets)
}

func saysNothingOf(t *testing.T, what, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			t.Errorf("%q is in %s", secret, what)
		}
	}
}

func numbersAreThere(t *testing.T, numbers string) {
	t.Helper()
	for _, line := range []string{
		`portico_http_requests_total{method="GET",route="/w/{tenant}/projects",status="2xx"} 1`,
		`portico_http_requests_total{method="POST",route="/w/{tenant}/projects",status="3xx"} 1`,
		`portico_http_requests_total{method="other",route="/",status="4xx"} 1`,
		`portico_http_request_duration_seconds_count{method="GET",route="/w/{tenant}/projects"} 1`,
		`portico_refusals_total{status="404"} 3`,
		`portico_file_bytes_total{direction="upload"} 6`,
		`portico_file_bytes_total{direction="download"} 6`,
		`portico_jobs_total{kind="tidy",outcome="refused"} `,
		`portico_db_connections{state="idle"} `,
		`portico_dependency_up{dependency="s3"} 1`,
		`portico_dependency_up{dependency="auth:demo"} 1`,
		`portico_queue_jobs{queue="default",state="cancelled"} `,
		`go_goroutines `,
	} {
		if !strings.Contains(numbers, line) {
			t.Errorf("not among the numbers: %s", line)
		}
	}
}

// tracesAreThere checks that traces follow a request to S3 and a job to its end.
func tracesAreThere(t *testing.T, spans []*traces.Span) {
	t.Helper()
	parents := map[string]string{}
	names := map[string]string{}
	for _, s := range spans {
		names[string(s.SpanId)] = s.Name
	}
	for _, s := range spans {
		parents[s.Name] = names[string(s.ParentSpanId)]
	}
	for span, within := range map[string]string{
		"GET /w/{tenant}/projects":   "",
		"POST /w/{tenant}/projects":  "",
		"GET /w/{tenant}/files/{id}": "",
		"other /":                    "",
		"job tidy":                   "",
		"s3 GetObject":               "GET /w/{tenant}/files/{id}",
		"s3 CompleteMultipartUpload": "POST /w/{tenant}/versions/{id}/files",
	} {
		if got, ok := parents[span]; !ok || got != within {
			t.Errorf("span %q: there %v, within %q", span, ok, got)
		}
	}
	for _, span := range []string{"who is asking", "read", "deed"} {
		if _, ok := parents[span]; !ok {
			t.Errorf("no span %q", span)
		}
	}
}

// The admin listener has the profiles, and refuses requests for any host name
// but this machine's. The public listener has none of them.
func TestOperatorsListenerIsItsOwn(t *testing.T) {
	t.Parallel()
	r := serving(t, healthy(t), "serve", "--jobs=false")
	for _, path := range []string{"/", "/metrics", "/queue", "/debug/pprof/", "/debug/pprof/goroutine?debug=1"} {
		if status, _ := r.get(r.admin+path, ""); status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "rebound.example"
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s by another name: status %d", path, res.StatusCode)
		}
		if path == "/" {
			continue
		}
		if status, _ := r.get(r.url+path, ""); status != http.StatusNotFound {
			t.Errorf("%s on the public listener: status %d", path, status)
		}
	}
}
