package signin

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/google/uuid"

	"portico/store"
)

// Flow cookies bind a sign-in to the browser that began it. Providers have a cookie of
// their own, so that trying a provider does not invalidate a mailed code.
const (
	flowCookie     = "__Host-portico-flow"
	providerCookie = "__Host-portico-provider"
)

// flow is the content of the cookie during a sign-in or step-up. The cookie is
// encrypted, because the flow holds an address.
type flow struct {
	ID      uuid.UUID `json:"i,omitzero"`
	Secret  []byte    `json:"s"`           // 32 random bytes, of which the database holds a hash
	Email   string    `json:"e,omitempty"` // folded, to show it again
	Session uuid.UUID `json:"u,omitzero"`  // of a step-up
}

func newFlow() flow {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	return flow{Secret: secret}
}

// readFlow returns the flow of this browser, or false if the cookie is missing, expired
// or forged.
func (c *Cookies) readFlow(r *http.Request, name string) (flow, bool) {
	cookie, err := r.Cookie(name)
	if err != nil {
		return flow{}, false
	}
	for _, codec := range c.flow {
		var f flow
		if codec.Decode(name, cookie.Value, &f) == nil {
			return f, len(f.Secret) == 32
		}
	}
	return flow{}, false
}

func (c *Cookies) writeFlow(w http.ResponseWriter, name string, f flow) error {
	value, err := c.flow[0].Encode(name, f)
	if err != nil {
		return err
	}
	setCookie(w, newCookie(name, value, flowCookieAge))
	return nil
}

func (c *Cookies) clearFlow(w http.ResponseWriter, name string) {
	setCookie(w, newCookie(name, "", -time.Second))
}

// mailedCode returns what the database needs to check a typed code.
func (f flow) mailedCode(keys Keys, code string) store.MailedCode {
	return store.MailedCode{Flow: f.ID, Cookie: f.Secret, Codes: codeSecrets(keys, f.ID, code)}
}
