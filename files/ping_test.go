package files

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// refusing is a store that answers and refuses some requests.
func refusing(t *testing.T, status int, code string, refused func(*http.Request) bool) *Storage {
	t.Helper()
	return throughProxy(t, func(proxy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !refused(r) {
				proxy.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(status)
			if code != "" {
				_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>no</Message></Error>"))
			}
		})
	}, realisticTimeouts)
}

// A store that answers and refuses what an upload needs is not ready, and says that it refuses, not that it is away. So are
// its uploads. One that does everything is ready.
func TestPingTriesWhatUploadsNeed(t *testing.T) {
	t.Parallel()
	checksums := func(r *http.Request) bool {
		for name := range r.Header {
			if strings.HasPrefix(strings.ToLower(name), "x-amz-checksum") {
				return true
			}
		}
		return false
	}
	writes := func(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodPost }
	begins := func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploads") }
	completes := func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploadId") }
	for name, c := range map[string]struct {
		status  int
		code    string
		refused func(*http.Request) bool
		want    error
	}{
		"all is well":                  {0, "", func(*http.Request) bool { return false }, nil},
		"no checksums, invalid":        {400, "InvalidRequest", checksums, ErrRefused},
		"no checksums, bad argument":   {400, "InvalidArgument", checksums, ErrRefused},
		"no checksums, unknown":        {501, "NotImplemented", checksums, ErrRefused},
		"no checksums, without a word": {400, "", checksums, ErrRefused},
		"read only key":                {403, "AccessDenied", writes, ErrRefused},
		"read only bucket":             {405, "MethodNotAllowed", writes, ErrRefused},
		"no uploads in parts":          {501, "NotImplemented", begins, ErrRefused},
		"no conditional writes":        {501, "NotImplemented", completes, ErrRefused},
		"over its quota":               {403, "QuotaExceeded", writes, ErrRefused},
		"disk full":                    {507, "", writes, ErrUnavailable},
		"fails":                        {500, "InternalError", writes, ErrUnavailable},
		"asks to slow down":            {503, "SlowDown", writes, ErrUnavailable},
		"wrong key":                    {403, "SignatureDoesNotMatch", func(*http.Request) bool { return true }, ErrRefused},
		"moved":                        {301, "PermanentRedirect", writes, ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storage := refusing(t, c.status, c.code, c.refused)
			if err := storage.Ping(t.Context()); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("ping: %v, want %v", err, c.want)
			}
			b := setup(t)
			b.storage, b.vault = storage, storage.For(b.tenant)
			_, err := b.vault.Begin(t.Context(), b.key())
			if failed := err != nil; failed && !errors.Is(err, c.want) {
				t.Errorf("upload: %v, want %v", err, c.want)
			}
		})
	}
}

// The trial upload leaves nothing behind, and is not repeated for every ping.
func TestPingTriesSeldom(t *testing.T) {
	t.Parallel()
	tries := make(chan struct{}, 100)
	storage := refusing(t, 0, "", func(r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Query().Has("uploads") {
			tries <- struct{}{}
		}
		return false
	})
	for range 5 {
		if err := storage.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(tries) != 1 {
		t.Errorf("%d trials for five pings", len(tries))
	}
}
