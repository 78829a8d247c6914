package main

// equivalent are the conditions of narrow functions and deeds whose removal changes nothing,
// each with the reason. They are not tried.
var equivalent = map[string]string{
	"lookup.support_allows: n.revoked_at is not null": "revoked_party is only set together with revoked_at",
	"lookup.support_over: g.tenant_id = s.tenant_id":  "the id names one consent, of whatever tenant",
}
