package stripe

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"
)

// Tolerance is how old the signature of a webhook may be. Stripe signs each attempt anew,
// so one that comes late is signed late, and a copy of an old request is refused.
const Tolerance = 5 * time.Minute

// MaxEvent is the largest webhook that is read, in bytes.
const MaxEvent = 512 << 10

// ErrForged means that a webhook isn't signed by Stripe, or was signed too long ago.
var ErrForged = errors.New("webhook without a valid signature")

// Event is the envelope of a webhook.
type Event struct {
	ID      string
	Kind    string
	Created time.Time
	Live    bool
	Account string // of a connected account; "" is our own
	Object  json.RawMessage
}

// Verify checks the signature of a webhook with each of the secrets. A webhook that none of
// them signed is [ErrForged]. What is signed and no event is an error of JSON.
func (c *Client) Verify(payload []byte, signature string) (Event, error) {
	ok := false
	if signedAhead(signature, time.Now()) {
		return Event{}, ErrForged
	}
	for _, secret := range c.secrets {
		// Each is tried, so that the time doesn't tell which one matches.
		ok = webhook.ValidatePayloadWithTolerance(payload, signature, secret, Tolerance) == nil || ok
	}
	if !ok {
		return Event{}, ErrForged
	}
	return ReadEvent(payload)
}

// signedAhead says whether a signature is of the future: the library looks for old ones only.
func signedAhead(signature string, now time.Time) bool {
	for part := range strings.SplitSeq(signature, ",") {
		if at, ok := strings.CutPrefix(part, "t="); ok {
			unix, err := strconv.ParseInt(at, 10, 64)
			if err != nil || unix > now.Add(Tolerance).Unix() {
				return true
			}
		}
	}
	return false
}

// MaxTime is the latest time that is read, the end of the year 9999.
const MaxTime = 253402300799

// isText says whether the database can keep a text of Stripe's. It keeps no NUL.
func isText(s string, most int) bool {
	return s != "" && len(s) <= most && !strings.ContainsRune(s, 0)
}

// ReadEvent reads the envelope of a webhook that was verified before.
func ReadEvent(payload []byte) (Event, error) {
	var in struct {
		ID       string `json:"id"`
		Object   string `json:"object"`
		Type     string `json:"type"`
		Created  int64  `json:"created"`
		Livemode bool   `json:"livemode"`
		Account  string `json:"account"`
		Data     struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return Event{}, err
	}
	if in.Object != "event" || !isText(in.ID, 255) || !isText(in.Type, 100) || in.Created <= 0 || in.Created > MaxTime {
		return Event{}, errors.New("webhook is no event")
	}
	return Event{ID: in.ID, Kind: in.Type, Created: time.Unix(in.Created, 0).UTC(), Live: in.Livemode, Account: in.Account, Object: in.Data.Object}, nil
}
