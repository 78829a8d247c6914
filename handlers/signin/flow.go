package signin

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/google/uuid"

	"portico/store"
)

// Flow cookies bind a sign-in under way to the browser that began it. The one
// for providers is apart, so that a look at another way to sign in does not make
// a mailed code useless.
const (
	flowCookie     = "__Host-portico-flow"
	providerCookie = "__Host-portico-provider"
)

// flow is what a browser remembers of a sign-in or step-up under way. It is
// sealed in the cookie, because it names an address.
type flow struct {
	ID      uuid.UUID `json:"i,omitzero"`
	Secret  []byte    `json:"s"`           // 32 random bytes, of which the database holds a hash
	Email   string    `json:"e,omitempty"` // as folded, to show it again
	Session uuid.UUID `json:"u,omitzero"`  // of a step-up
}

func newFlow() flow {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	return flow{Secret: secret}
}

// readFlow returns the flow of this browser; false when there is none, it ran
// out, or it is not of our making.
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

// mailedCode is what a typed code has to prove.
func (f flow) mailedCode(keys Keys, code string) store.MailedCode {
	return store.MailedCode{Flow: f.ID, Cookie: f.Secret, Codes: codeSecrets(keys, f.ID, code)}
}
