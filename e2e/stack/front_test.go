package stack

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Any host name gets a valid certificate. The application gets the visitor's
// address from the front, never from the visitor's own headers.
func TestFrontForwardsHonestly(t *testing.T) {
	t.Parallel()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{
			"host":      r.Host,
			"for":       r.Header.Get("X-Forwarded-For"),
			"proto":     r.Header.Get("X-Forwarded-Proto"),
			"forwarded": r.Header.Get("X-Forwarded-Host"),
			"standard":  r.Header.Get("Forwarded"),
		})
	}))
	defer app.Close()
	front, err := StartFront(t.Context(), app.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer front.Stop()
	for _, host := range []string{"acme.portico.test", "portal.acme.example"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-For", "203.0.113.9")
		req.Header.Set("X-Forwarded-Host", "evil.example")
		req.Header.Set("Forwarded", "host=evil.example")
		res, err := (&http.Client{Transport: front.Transport()}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		err = json.NewDecoder(res.Body).Decode(&got)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got["host"] != host || got["for"] != "127.0.0.1" || got["proto"] != "https" ||
			got["forwarded"] != host || got["standard"] != "" {
			t.Errorf("%s: the application was told %v", host, got)
		}
	}
}

// A client that doesn't trust the test authority can't connect.
func TestFrontIsNotTrustedByDefault(t *testing.T) {
	t.Parallel()
	front, err := StartFront(t.Context(), "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer front.Stop()
	if err := expectOK(t.Context(), http.DefaultClient, "https://"+front.Addr()); err == nil {
		t.Error("an unknown authority was trusted")
	}
}
