package signin_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"portico/handlers/signin"
	"portico/store"
)

func newKeys(t testing.TB, secrets ...string) signin.Keys {
	t.Helper()
	var list [][]byte
	for _, s := range secrets {
		list = append(list, []byte(strings.Repeat(s, 32)))
	}
	keys, err := signin.NewKeys(list...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func newToken() (token store.Token) {
	_, _ = rand.Read(token[:])
	return token
}

// cookieFor returns the cookie that c sets for the token.
func cookieFor(t *testing.T, c *signin.Cookies, token store.Token) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := c.Write(w, token); err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()[0]
}

func readCookie(c *signin.Cookies, value string) (*store.Token, bool) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", signin.SessionCookie+"="+value)
	return c.Read(r)
}

// The session cookie is bound to its host, hidden from scripts, and lasts 30 days.
func TestSessionCookieAttributes(t *testing.T) {
	t.Parallel()
	cookie := cookieFor(t, signin.NewCookies(newKeys(t, "a")), newToken())
	if cookie.Name != "__Host-portico" || !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode ||
		cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge != 30*24*60*60 {
		t.Errorf("cookie = %s", cookie)
	}
}

// Case 27: after a key rotation an old cookie is still valid and is written again. Once
// the old key is removed, it is ignored.
func TestCookieSurvivesKeyRotation(t *testing.T) {
	t.Parallel()
	token := newToken()
	old := cookieFor(t, signin.NewCookies(newKeys(t, "a")), token)
	rotated := signin.NewCookies(newKeys(t, "b", "a"))

	got, renew := readCookie(rotated, old.Value)
	if got == nil || *got != token || !renew {
		t.Fatalf("old cookie: token found %v, renew %v", got != nil, renew)
	}
	got, renew = readCookie(rotated, cookieFor(t, rotated, token).Value)
	if got == nil || *got != token || renew {
		t.Errorf("new cookie: token found %v, renew %v", got != nil, renew)
	}
	if got, _ = readCookie(signin.NewCookies(newKeys(t, "b")), old.Value); got != nil {
		t.Error("a cookie signed with a removed key is still valid")
	}
}

// Case 27: any other cookie value is ignored without an error.
func TestForgedCookieIsIgnored(t *testing.T) {
	t.Parallel()
	cookies := signin.NewCookies(newKeys(t, "a"))
	good := cookieFor(t, cookies, newToken()).Value
	foreign := cookieFor(t, signin.NewCookies(newKeys(t, "x")), newToken()).Value
	for name, value := range map[string]string{
		"empty": "", "text": "admin", "truncated": good[:len(good)-4], "longer": good + "AA", "foreign key": foreign,
		"oversized": strings.Repeat("A", 100_000), "good and oversized": good + strings.Repeat("A", 5000),
		"flipped": string(good[0]^1) + good[1:], "not base64": "%%%|||", "quoted": `"` + strings.Repeat("=", 400) + `"`,
	} {
		if token, _ := readCookie(cookies, value); token != nil {
			t.Errorf("%s: a session", name)
		}
	}
	if token, _ := readCookie(cookies, good); token == nil {
		t.Error("the good cookie is refused")
	}
}

// Each purpose and each secret gives another key. Short secrets are refused.
func TestPurposeKeys(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, "b", "a")
	seen := map[string]bool{}
	for _, purpose := range []string{signin.PurposeSessionCookie, signin.PurposeJobSignature, signin.PurposeRateLimit} {
		for _, key := range keys.For(purpose) {
			if len(key) != 32 || seen[string(key)] {
				t.Errorf("%s: key of %d bytes, seen before: %v", purpose, len(key), seen[string(key)])
			}
			seen[string(key)] = true
		}
	}
	if got, want := keys.For("x")[1], newKeys(t, "a").For("x")[0]; string(got) != string(want) {
		t.Error("a key depends on the place of its secret")
	}
	for _, weak := range [][][]byte{{}, {[]byte("short")}, {[]byte(strings.Repeat("a", 32)), nil}} {
		if _, err := signin.NewKeys(weak...); err == nil {
			t.Errorf("%d keys accepted", len(weak))
		}
	}
}
