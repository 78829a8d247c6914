package stack

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Forgery is what is wrong with the ID tokens of one persona. It affects one
// persona only, so that attacks don't disturb parallel tests.
type Forgery struct {
	// Claims changes the claims before they are signed: "aud", "iss", "nonce",
	// "exp", "sub", "email_verified", "auth_time" and the others.
	Claims func(claims map[string]any)
	// ForeignKey signs with an unpublished key, under the name of a published one.
	ForeignKey bool
	// Unsigned omits the signature and declares that ("alg": "none").
	Unsigned bool
}

// Forge applies f to the later ID tokens of the persona with that address, until it
// is called with the zero value.
func (o *OIDC) Forge(email string, f Forgery) {
	p, ok := o.persona(func(p Persona) bool { return p.Email == email })
	o.mu.Lock()
	defer o.mu.Unlock()
	if !ok {
		return
	}
	o.forgeries[p.Subject] = f
}

// forging forwards requests and rewrites the ID tokens in the token endpoint's
// responses for personas that have a forgery.
func (o *OIDC) forging(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth/token" {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		if forged, err := o.forgeAnswer(body); err == nil {
			body = forged
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body)
	})
}

// forgeAnswer returns body with its ID token replaced. A response without an ID
// token is returned unchanged.
func (o *OIDC) forgeAnswer(body []byte) ([]byte, error) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	raw, ok := fields["id_token"].(string)
	if !ok {
		return body, nil
	}
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return nil, err
	}
	subject, _ := claims["sub"].(string)
	o.mu.Lock()
	forgery, ok := o.forgeries[subject]
	o.mu.Unlock()
	if !ok {
		return body, nil
	}
	if fields["id_token"], err = o.forgeToken(forgery, claims); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

func (o *OIDC) forgeToken(f Forgery, claims map[string]any) (string, error) {
	if f.Claims != nil {
		f.Claims(claims)
	}
	if f.Unsigned {
		payload, err := json.Marshal(claims)
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
		return head + "." + base64.RawURLEncoding.EncodeToString(payload) + ".", err
	}
	key := o.storage.key
	if f.ForeignKey {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return "", err
		}
		key.private = private
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key.private, KeyID: key.id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}
