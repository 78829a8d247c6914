package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// served is a file on a test web server.
type served struct {
	bundle
	content  []byte
	download Download
	url      string
	failed   chan error // what Serve returned instead of answering
	aborted  chan any   // what it panicked with
}

func serve(t *testing.T, content []byte, edit func(*Download)) served {
	t.Helper()
	s := served{bundle: setup(t), content: content, failed: make(chan error, 10), aborted: make(chan any, 10)}
	s.download = Download{
		Key:         s.put(t, content),
		Name:        "report.bin",
		ContentType: "application/octet-stream",
		Size:        int64(len(content)),
		Digest:      digestOf(content),
		Stored:      time.Date(2026, 1, 2, 3, 4, 5, 6789, time.UTC),
	}
	if edit != nil {
		edit(&s.download)
	}
	s.listen(t, s.vault)
	return s
}

func (s *served) listen(t *testing.T, vault Vault) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				s.aborted <- p
				panic(p)
			}
		}()
		if err := vault.Serve(w, r, s.download); err != nil {
			s.failed <- err
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
}

// do sends a request and returns the response and the part of its body that arrived.
func (s served) do(t *testing.T, method string, header map[string]string) (*http.Response, []byte, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

// A download has all bytes, and headers that keep it private, inert and resumable. HEAD returns the same headers.
func TestServeWholeFile(t *testing.T) {
	t.Parallel()
	s := serve(t, randomBytes(60, 300_000), nil)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		response, body, err := s.do(t, method, nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response.Status, err)
		}
		if method == http.MethodGet && !bytes.Equal(body, s.content) {
			t.Error("other bytes")
		}
		for name, want := range map[string]string{
			"Content-Length":               "300000",
			"Content-Type":                 "application/octet-stream",
			"Content-Disposition":          `attachment; filename="report.bin"`,
			"Accept-Ranges":                "bytes",
			"Cache-Control":                "private, no-store",
			"X-Content-Type-Options":       "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy":      sandboxPolicy,
			"Last-Modified":                "Fri, 02 Jan 2026 03:04:05 GMT",
			"Etag":                         `"` + s.download.Key.ID().String() + `"`,
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", method, name, got, want)
			}
		}
	}
}

// An empty file can be downloaded.
func TestServeEmptyFile(t *testing.T) {
	t.Parallel()
	response, body, err := serve(t, nil, nil).do(t, http.MethodGet, nil)
	if err != nil || response.StatusCode != http.StatusOK || len(body) != 0 || response.ContentLength != 0 {
		t.Error(response.Status, len(body), err)
	}
}

// Ranges as players, download managers and attackers request them.
func TestServeRange(t *testing.T) {
	t.Parallel()
	const size = 1000
	s := serve(t, randomBytes(61, size), nil)
	whole := Range{}
	refused := Range{-1, -1}
	for header, want := range map[string]Range{
		"bytes=0-0":                    {0, 1},
		"bytes=0-":                     {0, size},
		"bytes=100-199":                {100, 100},
		"bytes=999-":                   {999, 1},
		"bytes=990-2000":               {990, 10},
		"bytes=-1":                     {999, 1},
		"bytes=-5000":                  {0, size},
		"Bytes=1-2":                    {1, 2},
		"bytes= 1-2 ":                  {1, 2},
		"bytes=0-9223372036854775807":  {0, size},
		"pages=1-2":                    whole,
		"nonsense":                     whole,
		"bytes=0-99999999999999999999": {0, size},
		"bytes=-99999999999999999999":  {0, size},
		"bytes=,0-1":                   {0, 2},
		"bytes=0-1, ":                  {0, 2},
		"bytes=\t0-1":                  {0, 2},
		"bytes":                        whole,
		"none":                         whole,
		// Several ranges: all of it.
		"bytes=0-1,5-6":       whole,
		"bytes=0-1, 5-6":      whole,
		"bytes=0-1 , 5-6":     whole,
		"bytes=0-1,0-1":       whole,
		"bytes=500-,0-499":    whole,
		"bytes=0-0,-1":        whole,
		"bytes=0-1,5000-6000": whole,
		"bytes=5000-,-1":      whole,
		"bytes=0-,0-,0-":      whole,
		"bytes=-0,0-1":        whole,
		"bytes=" + strings.TrimSuffix(strings.Repeat("0-,", 100), ","): whole,
		// No byte of the file, or no range.
		"bytes=":                              refused,
		"bytes=,":                             refused,
		"bytes=-":                             refused,
		"bytes=-0":                            refused,
		"bytes=1000-":                         refused,
		"bytes=1000-2000,3000-":               refused,
		"bytes=5-4":                           refused,
		"bytes=0-1,5-4":                       refused,
		"bytes=0-1,a-b":                       refused,
		"bytes=a-b":                           refused,
		"bytes=+1-2":                          refused,
		"bytes=--1":                           refused,
		"bytes=1-2-3":                         refused,
		"bytes=0x1-2":                         refused,
		"bytes=1 - 2":                         refused,
		"bytes=99999999999999999999-":         refused,
		"bytes=" + strings.Repeat("0-,", 101): refused,
	} {
		response, body, err := s.do(t, http.MethodGet, map[string]string{"Range": header})
		if err != nil {
			t.Fatal(err)
		}
		switch want {
		case whole:
			if response.StatusCode != http.StatusOK || !bytes.Equal(body, s.content) {
				t.Errorf("%q: %s", header, response.Status)
			}
		case refused:
			if response.StatusCode != http.StatusRequestedRangeNotSatisfiable || len(body) != 0 ||
				response.Header.Get("Content-Range") != "bytes */1000" {
				t.Errorf("%q: %s, %d bytes", header, response.Status, len(body))
			}
		default:
			last := want.Start + want.Length - 1
			if response.StatusCode != http.StatusPartialContent ||
				!bytes.Equal(body, s.content[want.Start:last+1]) ||
				response.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/1000", want.Start, last) ||
				response.Header.Get("Content-Length") != strconv.FormatInt(want.Length, 10) {
				t.Errorf("%q: %s, %d bytes, %v", header, response.Status, len(body), response.Header)
			}
		}
		if response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: no nosniff", header)
		}
	}
}

// Two lines of Range are no header that the RFC knows: all of it.
func TestServeTwoRangeLines(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header["Range"] = []string{"bytes=0-1", "bytes=5-6"}
	if span, ok := requestedRange(r, `"tag"`, 1000, time.Time{}); !ok || !span.whole() {
		t.Errorf("%+v, %t", span, ok)
	}
}

// A download is resumed only for the same file. For another file or a weak tag it starts over. HEAD ignores ranges.
func TestServeIfRange(t *testing.T) {
	t.Parallel()
	s := serve(t, randomBytes(62, 1000), nil)
	tag := `"` + s.download.Key.ID().String() + `"`
	for condition, want := range map[string]int{
		tag:                             http.StatusPartialContent,
		"W/" + tag:                      http.StatusOK,
		`"another"`:                     http.StatusOK,
		"Fri, 02 Jan 2026 03:04:05 GMT": http.StatusPartialContent,
		"Fri, 02 Jan 2026 03:04:06 GMT": http.StatusOK,
		"Fri, 02 Jan 2026 03:04:04 GMT": http.StatusOK,
		"yesterday":                     http.StatusOK,
	} {
		response, _, err := s.do(t, http.MethodGet, map[string]string{"Range": "bytes=1-2", "If-Range": condition})
		if err != nil || response.StatusCode != want {
			t.Errorf("If-Range %s: %s, %v", condition, response.Status, err)
		}
	}
	response, _, err := s.do(t, http.MethodHead, map[string]string{"Range": "bytes=1-2"})
	if err != nil || response.StatusCode != http.StatusOK || response.ContentLength != 1000 {
		t.Errorf("HEAD: %s, %v", response.Status, err)
	}
}

// A file is shown only if its type is safe and the caller asked for it. Any other type is saved as
// application/octet-stream.
func TestServeInline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contentType      string
		inline           bool
		disposition      string
		wantType, policy string
	}{
		{"image/png", true, "inline", "image/png", picturePolicy},
		{"image/png", false, "attachment", "image/png", sandboxPolicy},
		{"video/mp4", true, "inline", "video/mp4", mediaPolicy},
		{"video/quicktime", true, "inline", "video/mp4", mediaPolicy},
		{"video/quicktime", false, "attachment", "video/quicktime", sandboxPolicy},
		{"audio/mpeg", true, "inline", "audio/mpeg", mediaPolicy},
		{"audio/x-m4a", true, "inline", "audio/mp4", mediaPolicy},
		{"video/mp4", false, "attachment", "video/mp4", sandboxPolicy},
		{"application/pdf", true, "inline", "application/pdf", pdfPolicy},
		{"application/pdf", false, "attachment", "application/pdf", sandboxPolicy},
		{"image/svg+xml", true, "attachment", "application/octet-stream", sandboxPolicy},
		{"image/svg+xml", false, "attachment", "application/octet-stream", sandboxPolicy},
		{"text/html; charset=utf-8", true, "attachment", "application/octet-stream", sandboxPolicy},
		{"text/xml; charset=utf-8", true, "attachment", "application/octet-stream", sandboxPolicy},
		{"", true, "attachment", "application/octet-stream", sandboxPolicy},
		{"image/png\r\nSet-Cookie: a=b", true, "attachment", "application/octet-stream", sandboxPolicy},
	} {
		header := http.Header{}
		Download{ContentType: c.contentType, Inline: c.inline, Name: "x"}.writeHeader(header, `"tag"`)
		if got := header.Get("Content-Disposition"); got != c.disposition+`; filename="x"` {
			t.Errorf("%s: %s", c.contentType, got)
		}
		if header.Get("Content-Type") != c.wantType || header.Get("Content-Security-Policy") != c.policy {
			t.Errorf("%s: %v", c.contentType, header)
		}
	}
}

// A drawing is served for an img element, and saved when it is opened as a document.
func TestServeDrawing(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]string{
		"image/svg+xml":            "image/svg+xml",
		"text/html; charset=utf-8": "application/octet-stream",
		"text/xml; charset=utf-8":  "application/octet-stream",
		"image/png":                "image/png",
	} {
		header := http.Header{}
		Download{ContentType: contentType, Drawing: true, Name: "x"}.writeHeader(header, `"tag"`)
		if header.Get("Content-Type") != want || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment") ||
			header.Get("Content-Security-Policy") != sandboxPolicy {
			t.Errorf("%s: %v", contentType, header)
		}
	}
}

// Before the first byte, Serve returns an error for the caller to answer: the object is deleted, another tenant's or cut
// short, or storage is unavailable.
func TestServeReturnsErrorsBeforeFirstByte(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(*testing.T, *served)
		want error
	}{
		"deleted":       {func(t *testing.T, s *served) { _ = s.vault.Delete(t.Context(), s.download.Key) }, ErrNotFound},
		"foreign":       {func(t *testing.T, s *served) { s.listen(t, setup(t).vault) }, ErrWrongTenant},
		"cut on disk":   {func(t *testing.T, s *served) { s.truncateOnDisk(t, s.download.Key, 10) }, ErrSize},
		"store is away": {func(t *testing.T, s *served) { s.listen(t, closedStorage(t).For(s.tenant)) }, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, randomBytes(63, 1000), nil)
			c.harm(t, &s)
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				response, _, err := s.do(t, method, nil)
				if err != nil || response.StatusCode != http.StatusTeapot {
					t.Fatal(method, response.Status, err)
				}
				if err := <-s.failed; !errors.Is(err, c.want) {
					t.Errorf("%s: got %v, want %v", method, err, c.want)
				}
				if len(response.Header["Etag"])+len(response.Header["Content-Disposition"]) > 0 {
					t.Errorf("%s: headers of a file on a refusal: %v", method, response.Header)
				}
			}
		})
	}
}

// After the first byte, a damaged object closes the connection, so the client doesn't take it for a whole file.
func TestServeAbortsOnDamagedObject(t *testing.T) {
	t.Parallel()
	t.Run("flipped on disk", func(t *testing.T) {
		t.Parallel()
		s := serve(t, randomBytes(64, 2_000_000), nil)
		s.flipOnDisk(t, s.download.Key, 1_000_000)
		response, body, err := s.do(t, http.MethodGet, nil)
		if response.StatusCode != http.StatusOK || err == nil || len(body) >= len(s.content) {
			t.Errorf("%s, %d bytes, %v", response.Status, len(body), err)
		}
		if p := <-s.aborted; p != http.ErrAbortHandler {
			t.Errorf("panicked with %v", p)
		}
	})
	t.Run("store breaks off", func(t *testing.T) {
		t.Parallel()
		s := serve(t, randomBytes(65, 2_000_000), nil)
		harmed := tamperDownload(t, func(w http.ResponseWriter, body []byte) {
			_, _ = w.Write(body[:1_000_000])
			panic(http.ErrAbortHandler)
		})
		s.listen(t, harmed.For(s.tenant))
		_, body, err := s.do(t, http.MethodGet, nil)
		if err == nil || len(body) > 1_000_000 {
			t.Errorf("%d bytes, %v", len(body), err)
		}
		if p := <-s.aborted; p != http.ErrAbortHandler {
			t.Errorf("panicked with %v", p)
		}
	})
}
