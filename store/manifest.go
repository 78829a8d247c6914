package store

// Manifest lists every table of schema public. Whatever reads or moves a whole tenant
// (hashes in tests; export, restore and delete) uses it, and the catalog check fails
// for an unlisted table.
var Manifest = struct {
	// Tenant tables in the order in which a tenant can be restored: no table
	// references a later one.
	Tenant []TenantTable
	// Global tables, each with the reason why it doesn't belong to a tenant.
	Global map[string]string
	// InPerson are the global tables that a support session can't use.
	InPerson []string
	// Restrictive are the other restrictive policies of global tables, as table.policy.
	Restrictive []string
}{
	Tenant: []TenantTable{
		{Name: "memberships", Restrictive: []string{"in_person_insert", "in_person_update"}, Lookup: true},
		{Name: "logos", Restrictive: []string{"staff_delete", "staff_insert"}, Lookup: true},
		{Name: "invites", Restrictive: []string{"in_person_insert", "in_person_update", "party"}, Lookup: true},
		{Name: "projects", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update", "support_drafts"}},
		{Name: "deliverables", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update", "support_drafts"}},
		{Name: "deliverable_views", Restrictive: []string{"in_person_insert", "in_person_update", "party"}},
		{Name: "versions", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update", "support_drafts"}},
		{Name: "files", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update", "support_drafts"}},
		{Name: "renditions", Restrictive: []string{"party", "support_drafts", "system_delete", "system_insert"}},
		{Name: "differences", Restrictive: []string{"party", "support_drafts", "system_insert", "system_update"}},
		{Name: "file_parts", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update"}},
		{Name: "threads", Restrictive: []string{"in_person_insert", "in_person_update", "own_resolve", "party", "support_drafts"}},
		{Name: "comments", Restrictive: []string{"in_person_insert", "in_person_update", "own_update", "party", "support_drafts"}},
		{Name: "mentions", Restrictive: []string{"in_person_insert", "party", "support_drafts"}, AppendOnly: true},
		{Name: "review_steps", Restrictive: []string{"staff_insert", "staff_update"}},
		{Name: "review_requests", Restrictive: []string{"in_person_insert", "staff_insert", "staff_update"}, Lookup: true},
		{Name: "decisions", Restrictive: []string{"in_person_insert"}, AppendOnly: true},
		{Name: "certificates", Restrictive: []string{"system_insert"}, AppendOnly: true},
		{Name: "job_effects"},
		{Name: "work_counts", Restrictive: []string{"party", "support_drafts"}, Lookup: true},
		{Name: "plan_usage", Restrictive: []string{"in_person_insert", "in_person_update", "party", "support_drafts"}, Lookup: true},
		{Name: "support_grants", Restrictive: []string{"in_person", "in_person_still_open"}, Lookup: true},
		{Name: "support_asks", Restrictive: []string{"in_person_still_open"}, Lookup: true},
		{Name: "support_sessions", Restrictive: []string{"in_person_still_open"}, Lookup: true},
		{Name: "api_responses", Restrictive: []string{"party"}},
		{Name: "api_keys", Restrictive: []string{"in_person_insert", "in_person_update", "party"}, Lookup: true},
		{Name: "usage_levels", Restrictive: []string{"counted_insert", "party", "support_drafts"}, Lookup: true, AppendOnly: true},
		{Name: "usage_events", Restrictive: []string{"party", "support_drafts", "truthful"}, AppendOnly: true},
		{Name: "usage_hours", Restrictive: []string{"counted_insert", "counted_update", "party", "support_drafts"}, Lookup: true},
		{Name: "usage_months", Restrictive: []string{"counted_insert", "counted_update", "party", "support_drafts"}, Lookup: true},
		{Name: "billing", Restrictive: []string{"in_person", "party", "system_insert", "system_update"}, Lookup: true},
		{Name: "billing_subscriptions", Restrictive: []string{"in_person", "party", "system_insert", "system_update"}},
		{Name: "billing_sent", Restrictive: []string{"in_person", "party", "system_insert", "system_update"}},
		{Name: "billing_invoices", Restrictive: []string{"in_person", "party", "system_insert", "system_update"}},
		{Name: "audit_events", Restrictive: []string{"in_person_billing", "party", "support_drafts", "truthful"}, Lookup: true, AppendOnly: true},
		{Name: "audit_leaves", Restrictive: []string{"in_person_read", "party", "system_insert"}, Lookup: true, AppendOnly: true},
		{Name: "audit_tiles", Restrictive: []string{"in_person_read", "party", "system_insert"}, AppendOnly: true},
		{Name: "audit_checkpoints", Restrictive: []string{"in_person_read", "party", "system_insert"}, Lookup: true, AppendOnly: true},
	},
	Global: map[string]string{
		"tenants":              "the boundary itself; the app sees only the row of its own tenant",
		"users":                "people exist before and outside any tenant",
		"identities":           "who a provider says a person is, found before any tenant",
		"sessions":             "a browser, found by its cookie before any tenant",
		"passkeys":             "a person's key, found by what their device calls it",
		"sign_in_flows":        "a sign-in under way, before anybody is known",
		"support_agents":       "agents belong to the platform",
		"account_events":       "a person's own history, apart from tenants on purpose",
		"domains":              "a host is looked up before any tenant is known",
		"handovers":            "a session on its way to a host where nobody is known yet",
		"rate_counters":        "keyed by HMAC, names nobody",
		"kept_slugs":           "names that no tenant may take",
		"job_refusals":         "the tenant in it is a claim and not a fact",
		"schema_migrations":    "the state of the schema",
		"stripe_customers":     "a webhook names the customer before any tenant is known, and a customer is one agency's for ever",
		"stripe_subscriptions": "which customer a subscription is of, before any tenant is known",
		"stripe_events":        "a webhook is stored before it is known which agency it is about, if any",
		"sign_up_invites":      "addresses that may sign up, before they are anybody",
	},
	InPerson:    []string{"account_events", "domains", "identities", "passkeys", "sessions", "users"},
	Restrictive: []string{"domains.system_update", "tenants.staff_update"},
}

// TenantTable is a tenant table and the policies it has besides the canonical one.
type TenantTable struct {
	Name        string
	Restrictive []string // names of restrictive policies, in order
	Lookup      bool     // has the one policy for portico_lookup
	AppendOnly  bool     // the app may not change or delete rows
}
