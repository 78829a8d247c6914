package billing

import (
	"bytes"
	"encoding/json"
)

// keptKeys are what of a webhook is stored: what [ReadChange] reads. The rest is what Stripe
// knows of a customer, such as names and addresses, and a person who is erased here would
// stay in it.
var keptKeys = map[string]bool{
	"id": true, "object": true, "type": true, "created": true, "livemode": true, "account": true, "data": true,
	"customer": true, "subscription": true, "parent": true, "subscription_details": true,
	"status": true, "cancel_at": true, "cancel_at_period_end": true, "ended_at": true, "current_period_end": true,
	"items": true, "price": true, "billing_reason": true,
}

// kept is the payload of a webhook without what isn't read.
func kept(payload []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var all any
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	return json.Marshal(keep(all))
}

func keep(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if keptKeys[key] {
				v[key] = keep(inner)
			} else {
				delete(v, key)
			}
		}
	case []any:
		for i := range v {
			v[i] = keep(v[i])
		}
	}
	return v
}
