package store

// OldestArchive is the schema of the oldest archive that can be restored: later migrations only
// added columns and tables. A migration that changes what rows mean sets it to its own number.
const OldestArchive = 79

// Manifest lists every table of schema public. Whatever reads, moves or erases a whole
// tenant uses it: export, restore, delete, and hashes in tests. The catalog check fails for
// an unlisted table.
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
		{Name: "memberships", Restrictive: []string{"in_person_insert", "in_person_update"}, Lookup: true, Reference: true, Restore: AsNames, Instead: formerMember},
		{Name: "logos", Restrictive: []string{"staff_delete", "staff_insert"}, Lookup: true, Reference: true, Restore: Replaced},
		{Name: "invites", Restrictive: []string{"in_person_insert", "in_person_update", "party"}, Lookup: true, Reference: true, Restore: Stays, Secret: []string{"token_hash"}},
		{Name: "projects", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update", "support_drafts"}, Restore: Replaced},
		{Name: "deliverables", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update", "support_drafts"}, Restore: Replaced},
		{Name: "deliverable_views", Restrictive: []string{"in_person_insert", "in_person_update", "party"}, Restore: Replaced},
		{Name: "versions", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update", "support_drafts"}, Restore: Replaced},
		{Name: "files", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update", "support_drafts"}, Where: "state = 'ready'", Derived: map[string]string{"object_key": fileKey}, Secret: []string{"upload_id", "hash_state", "hashed_parts", "finishing_at"}, Objects: fileObjects, Restore: Replaced},
		{Name: "renditions", Restrictive: []string{"party", "support_drafts", "system_delete", "system_insert"}, Objects: renditionObjects, Restore: Replaced},
		{Name: "differences", Restrictive: []string{"party", "support_drafts", "system_insert", "system_update"}, Restore: Replaced},
		{Name: "file_parts", Restrictive: []string{"party", "staff_delete", "staff_insert", "staff_update"}, Restore: Stays, Export: Never},
		{Name: "threads", Restrictive: []string{"in_person_insert", "in_person_update", "own_resolve", "party", "support_drafts"}, RefersToItself: true, Restore: Replaced},
		{Name: "comments", Restrictive: []string{"in_person_insert", "in_person_update", "own_update", "party", "support_drafts"}, Restore: Replaced},
		{Name: "mentions", Restrictive: []string{"in_person_insert", "party", "support_drafts"}, AppendOnly: true, Restore: Replaced},
		{Name: "review_steps", Restrictive: []string{"staff_insert", "staff_update"}, Restore: Replaced},
		{Name: "review_requests", Restrictive: []string{"in_person_insert", "staff_insert", "staff_update"}, Lookup: true, Reference: true, Restore: Replaced},
		{Name: "decisions", Restrictive: []string{"in_person_insert"}, AppendOnly: true, RefersToItself: true, Restore: Replaced},
		{Name: "certificates", Restrictive: []string{"system_insert"}, AppendOnly: true, Restore: Replaced},
		{Name: "job_effects", Restore: Continues},
		{Name: "work_counts", Restrictive: []string{"party", "support_drafts"}, Lookup: true, Reference: true, Restore: Recounted, Export: Never},
		{Name: "plan_usage", Restrictive: []string{"in_person_insert", "in_person_update", "party", "support_drafts"}, Lookup: true, Reference: true, Restore: Recounted, Export: Never},
		{Name: "support_grants", Restrictive: []string{"in_person", "in_person_still_open"}, Lookup: true, Reference: true, Restore: Stays},
		{Name: "support_asks", Restrictive: []string{"in_person_still_open"}, Lookup: true, Reference: true, Restore: Stays},
		{Name: "support_sessions", Restrictive: []string{"in_person_still_open"}, Lookup: true, Reference: true, Restore: Stays},
		{Name: "support_codes", Restrictive: []string{"in_person"}, Lookup: true, Reference: true, Restore: Stays, Export: Never},
		{Name: "support_reviews", Restrictive: []string{"in_person_insert"}, Lookup: true, AppendOnly: true, Reference: true, Restore: Stays},
		{Name: "api_responses", Restrictive: []string{"party"}, Restore: Stays, Export: Never},
		{Name: "api_keys", Restrictive: []string{"in_person_insert", "in_person_update", "party"}, Lookup: true, Reference: true, Restore: AsNames, Secret: []string{"token_hash"}, Instead: revokedKey},
		{Name: "usage_levels", Restrictive: []string{"counted_insert", "party", "support_drafts"}, Lookup: true, AppendOnly: true, Reference: true, Restore: Stays},
		{Name: "usage_events", Restrictive: []string{"party", "support_drafts", "truthful"}, AppendOnly: true, Restore: Stays},
		{Name: "usage_hours", Restrictive: []string{"counted_insert", "counted_update", "party", "support_drafts"}, Lookup: true, Reference: true, Restore: Stays},
		{Name: "usage_months", Restrictive: []string{"counted_insert", "counted_update", "party", "support_drafts"}, Lookup: true, Reference: true, Restore: Stays},
		{Name: "billing", Restrictive: []string{"in_person", "party", "system_insert", "system_update"}, Lookup: true, Reference: true, Restore: Stays},
		{Name: "billing_subscriptions", Restrictive: []string{"in_person", "party", "system_insert", "system_update"}, Restore: Stays},
		{Name: "billing_sent", Restrictive: []string{"in_person", "party", "system_insert", "system_update"}, Restore: Stays},
		{Name: "billing_invoices", Restrictive: []string{"in_person", "party", "system_insert", "system_update"}, Restore: Stays},
		{Name: "audit_events", Restrictive: []string{"in_person_billing", "party", "support_drafts", "truthful"}, Lookup: true, AppendOnly: true, Restore: Continues},
		{Name: "audit_leaves", Restrictive: []string{"in_person_read", "party", "system_insert"}, Lookup: true, AppendOnly: true, Reference: true, Restore: Stays, Export: Never},
		{Name: "audit_tiles", Restrictive: []string{"in_person_read", "party", "system_insert"}, AppendOnly: true, Restore: Stays, Export: Never},
		{Name: "audit_checkpoints", Restrictive: []string{"in_person_read", "party", "system_insert"}, Lookup: true, AppendOnly: true, Reference: true, Restore: Stays, Export: Never},
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
		"proofs":               "claims are about the whole installation",
		"tombstones":           "what is left of a tenant that is gone: its id, how much there was, and no name",
		"sign_up_invites":      "addresses that may sign up, before they are anybody",
	},
	InPerson:    []string{"account_events", "domains", "identities", "passkeys", "sessions", "users"},
	Restrictive: []string{"domains.system_update", "tenants.staff_update"},
}

// TenantTable is a tenant table: the policies it has besides the canonical ones, where it
// may lie, and what export and restore do with it. Deleting a tenant deletes the rows of
// every table, from the last to the first.
type TenantTable struct {
	Name        string
	Restrictive []string // names of restrictive policies, in order
	Lookup      bool     // has the one policy for portico_lookup
	AppendOnly  bool     // the app may not change or delete rows
	// Reference: in a database that is distributed by tenant_id, every node has all rows of
	// it. Narrow functions read only such tables.
	Reference bool
	// Export says whether archives have its rows.
	Export Export
	// Restore says what restoring an archive does with its rows.
	Restore Restore
	// Where chooses the rows that archives have; "" is all.
	Where string
	// Secret columns are in no archive: what opens a door, and what only this installation
	// can use.
	Secret []string
	// Derived columns are in no archive either. Restoring computes them: SQL in which
	// @tenant_id is the tenant.
	Derived map[string]string
	// Instead is what [AsNames] restores in place of what the archive says of a column, as SQL.
	Instead map[string]string
	// RefersToItself: rows refer to others of the same table.
	RefersToItself bool
	// Objects are what its rows have in object storage.
	Objects []TableObject
}

// Export says whether the archive of a tenant has the rows of a table.
type Export int

// What archives have.
const (
	Whole Export = iota
	// Never: counts that are counted again, and what is of use for a day.
	Never
)

// Restore says what restoring an archive does with the rows of a table.
type Restore int

// What restoring does. Each table says it: a trail that is replaced would be rolled back.
const (
	// Replaced: the rows become those of the archive.
	Replaced Restore = iota + 1
	// Stays: the rows stay as they are now. A tenant beside the first gets none.
	Stays
	// Continues: no row goes. A tenant beside the first gets those of the archive.
	Continues
	// AsNames: no row goes. Those that are missing come back as names without access, so
	// that the work keeps its authors.
	AsNames
	// Recounted: the rows are counted again from those that were restored.
	Recounted
)

// TableObject says how a row names its object in storage: tenants/<tenant>/<Kind>/<ID>.
type TableObject struct {
	Kind   string // of the key, as package files has it
	ID     string // column
	Size   string // column, in bytes
	SHA256 string // column
	Where  string // rows that have one
}

var (
	// formerMember is somebody who once was a member, and whose address nobody needs.
	formerMember = map[string]string{
		"email": "null", "ended_at": "coalesce(ended_at, now())", "every_client_role": "null", "unread": "0", "waiting": "0", "next_due_on": "null",
		"last_activity_at": "null", "last_seen_at": "null", "seen_before_at": "null", "last_place": "null", "used_at": "created_at",
		"mail_refused_at": "null", "mail_refused_code": "null",
	}
	// revokedKey is an API key that opens nothing: nobody has its secret.
	revokedKey = map[string]string{
		"token_hash": "sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))",
		"revoked_at": "coalesce(revoked_at, now())",
	}
)

const fileKey = `'tenants/' || @tenant_id::text || '/files/' || id::text`

var (
	fileObjects = []TableObject{
		{Kind: "files", ID: "id", Size: "size", SHA256: "sha256", Where: "state = 'ready'"},
		{Kind: "previews", ID: "id", Size: "preview_size", SHA256: "preview_sha256", Where: "preview_size is not null"},
	}
	renditionObjects = []TableObject{{Kind: "renditions", ID: "id", Size: "size", SHA256: "sha256", Where: "true"}}
)
