package store

import (
	"slices"
	"strings"
)

// Kind is a kind of thing in the audit trail, the bin and on pages. The trail stores
// the word, so renaming one needs a migration.
type Kind string

// The kinds. Each has a row in [kinds], and its words in views/kinds.go.
const (
	KindProject        Kind = "project"
	KindDeliverable    Kind = "deliverable"
	KindVersion        Kind = "version"
	KindFile           Kind = "file"
	KindReview         Kind = "review"
	KindNote           Kind = "note" // a thread; its events have the deliverable or project as target
	KindMembership     Kind = "membership"
	KindInvite         Kind = "invite"
	KindTenant         Kind = "tenant"
	KindPlan           Kind = "plan"
	KindBilling        Kind = "billing"
	KindDomain         Kind = "domain"
	KindSupportGrant   Kind = "support_grant"
	KindSupportSession Kind = "support_session"
	KindAccessRequest  Kind = "access_request"
	KindJob            Kind = "job"
	KindAPIKey         Kind = "api_key"
	KindActivity       Kind = "activity" // the trail itself
	KindAccess         Kind = "access"   // a page or a form; only refusals have this target
)

// kindRow is everything that this package knows of one kind. To archive, bin, move or
// purge a kind, its row is enough.
type kindRow struct {
	kind Kind
	// table holds the things; "" for kinds that only the trail names.
	table string
	// id and name are the columns by which the trail finds the target of an event and
	// its name. Without a name column the trail shows none.
	id, name string
	// verbs are all its audit verbs. A verb without a row is refused.
	verbs []string
	// archives says that it has archived_at, and the verbs archived and unarchived.
	archives bool
	// siblings limits a table with a position to the rows that are ordered together
	// with row @id; "true" is all rows of the tenant. "" means that it has no
	// position.
	siblings string
	// bin is for tables with deleted_at; nil for kinds without a bin.
	bin *binRow
	// purge deletes the expired things that contain nothing any more and returns
	// their ids; "" for kinds that [Tx.Purge] deletes with their storage, or that are
	// never purged.
	purge string
}

// binRow is how the bin handles a kind.
type binRow struct {
	alias  string // of the table in counted[Storage] and in files
	metric Metric // the limit that one of them counts against, besides the storage of its files; "" for none
	list   string // selects binned things: kind, id, name, within, deleted_at
	files  string // selects the files that expired, alone or with what contains them
}

// kinds has one row per kind. Kinds with a bin come bottom-up, each before those that
// contain it: that is the order of purging.
var kinds = []kindRow{
	{kind: KindFile, table: "files", id: "id", name: "name",
		verbs: []string{"file.uploaded", "file.downloaded", "file.viewed", "file.binned", "file.restored", "file.purged",
			"file.upload_cancelled", "file.missing", "file.recovered", "file.marked_lost", "file.lead_chosen"},
		bin: &binRow{alias: "f", list: `
select 'file' as kind, f.id, f.name, d.title as within, f.deleted_at
from files f
join versions v on v.tenant_id = f.tenant_id and v.id = f.version_id
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id
where f.tenant_id = @tenant_id and f.deleted_at is not null`, files: `
select f.id
from files f
where f.tenant_id = @tenant_id
  and ` + expired("f")}},

	{kind: KindVersion, table: "versions",
		verbs: []string{"version.created", "version.published", "version.beyond_rounds", "version.unlocked", "version.mail_sent", "version.certified", "version.purged"},
		purge: `
delete from versions v
using deliverables d, projects p
where v.tenant_id = @tenant_id
  and d.tenant_id = @tenant_id and d.id = v.deliverable_id
  and p.tenant_id = @tenant_id and p.id = d.project_id
  and (` + expired("d") + ` or ` + expired("p") + `)
  and not exists (select 1 from files f where f.tenant_id = @tenant_id and f.version_id = v.id)
returning v.id`},

	{kind: KindDeliverable, table: "deliverables", id: "id", name: "title", archives: true,
		verbs: []string{"deliverable.created", "deliverable.updated", "deliverable.moved", "deliverable.archived",
			"deliverable.unarchived", "deliverable.binned", "deliverable.restored", "deliverable.purged"},
		siblings: `project_id = (select project_id from deliverables where tenant_id = @tenant_id and id = @id)`,
		bin: &binRow{alias: "d", list: `
select 'deliverable' as kind, d.id, d.title as name, p.name as within, d.deleted_at
from deliverables d
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id
where d.tenant_id = @tenant_id and d.deleted_at is not null`, files: `
select f.id
from deliverables d
join versions v on v.tenant_id = d.tenant_id and v.deliverable_id = d.id
join files f on f.tenant_id = v.tenant_id and f.version_id = v.id
where d.tenant_id = @tenant_id
  and ` + expired("d")},
		purge: `
delete from deliverables d
using projects p
where d.tenant_id = @tenant_id
  and p.tenant_id = @tenant_id and p.id = d.project_id
  and (` + expired("d") + ` or ` + expired("p") + `)
  and not exists (select 1 from versions v where v.tenant_id = @tenant_id and v.deliverable_id = d.id)
returning d.id`},

	{kind: KindProject, table: "projects", id: "id", name: "name", archives: true,
		verbs: []string{"project.created", "project.updated", "project.moved", "project.archived",
			"project.unarchived", "project.binned", "project.restored", "project.purged", "project.digest_sent"},
		siblings: "true",
		bin: &binRow{alias: "p", metric: Projects, list: `
select 'project' as kind, p.id, p.name, '' as within, p.deleted_at
from projects p
where p.tenant_id = @tenant_id and p.deleted_at is not null`, files: `
select f.id
from projects p
join deliverables d on d.tenant_id = p.tenant_id and d.project_id = p.id
join versions v on v.tenant_id = d.tenant_id and v.deliverable_id = d.id
join files f on f.tenant_id = v.tenant_id and f.version_id = v.id
where p.tenant_id = @tenant_id
  and ` + expired("p")},
		purge: `
delete from projects p
where p.tenant_id = @tenant_id
  and ` + expired("p") + `
  and not exists (select 1 from deliverables d where d.tenant_id = @tenant_id and d.project_id = p.id)
returning p.id`},

	{kind: KindReview, verbs: []string{"review.asked", "review.passed_on", "review.approved", "review.approved_with_changes", "review.changes_required",
		"review.closed", "review.withdrawn", "review.mail_sent"}},
	{kind: KindNote, table: "threads",
		verbs: []string{"note.written", "note.replied", "note.edited", "note.resolved", "note.reopened", "note.shown", "note.exported", "note.mail_sent"}},
	{kind: KindMembership, table: "memberships", id: "user_id", name: "name",
		verbs: []string{"member.added", "member.joined", "member.role_changed", "member.removed", "member.left",
			"member.forgotten", "member.staff_joined", "member.staff_left", "member.assigned", "member.unassigned",
			"member.assigned_everywhere", "member.unassigned_everywhere"}},
	{kind: KindInvite, table: "invites", id: "id", name: "name",
		verbs: []string{"member.invited", "member.list_invited", "member.invite_resent", "member.invite_revoked", "member.mail_sent", "member.mail_refused"}},
	{kind: KindTenant, table: "tenants",
		verbs: []string{"tenant.created", "tenant.updated", "tenant.renamed", "tenant.suspended", "tenant.resumed", "tenant.archived",
			"tenant.unarchived", "tenant.discarded", "tenant.people_managers_changed", "tenant.logo_set", "tenant.logo_removed", "tenant.exported", "tenant.restored",
			"tenant.deletion_scheduled", "tenant.deletion_undone", "tenant.adopted"}},
	{kind: KindPlan, verbs: []string{"plan.changed", "plan.usage_corrected"}},
	{kind: KindBilling, verbs: []string{"billing.customer_bound", "billing.checkout_opened", "billing.portal_opened", "billing.payment_failed",
		"billing.grace_ends", "billing.read_only", "billing.paid", "billing.cancelled", "billing.continued", "billing.difference_found", "billing.mail_sent"}},
	{kind: KindDomain, table: "domains",
		verbs: []string{"domain.added", "domain.removed", "domain.verified", "domain.lapsed"}},
	{kind: KindSupportGrant, table: "support_grants", verbs: []string{"support.granted", "support.revoked"}},
	{kind: KindAccessRequest, table: "support_asks",
		verbs: []string{"support.access_requested", "support.access_approved", "support.access_denied",
			"support.request_mail_sent", "support.answer_mail_sent", "support.requests_allowed", "support.requests_blocked", "support.code_made"}},
	{kind: KindSupportSession, table: "support_sessions",
		verbs: []string{"support.started", "support.refused", "support.stopped", "support.expired", "support.ended", "support.mail_sent",
			"support.view_started", "support.page_seen", "support.asset_seen", "support.found", "support.people_listed", "support.write_requested", "support.write_started", "support.write_confirmed",
			"support.ledger_exported", "support.session_accepted", "support.session_flagged"}},
	{kind: KindAPIKey, table: "api_keys", id: "id", name: "name", verbs: []string{"api_key.created", "api_key.revoked"}},
	{kind: KindJob, verbs: []string{"job.cancelled"}},
	{kind: KindActivity, verbs: []string{"activity.exported"}},
	{kind: KindAccess, verbs: []string{"access.refused", "access.refused_often"}},
}

// row returns the row of a kind, or an empty row for an unknown kind.
func (k Kind) row() kindRow {
	i := slices.IndexFunc(kinds, func(r kindRow) bool { return r.kind == k })
	if i < 0 {
		return kindRow{}
	}
	return kinds[i]
}

// Verbs returns all verbs of tenants' trails, by kind.
func Verbs() map[Kind][]string {
	all := map[Kind][]string{}
	for _, r := range kinds {
		all[r.kind] = slices.Clone(r.verbs)
	}
	return all
}

// BinKinds returns the kinds that have a bin.
func BinKinds() (all []Kind) {
	for _, r := range kinds {
		if r.bin != nil {
			all = append(all, r.kind)
		}
	}
	return all
}

func isVerb(verb string) bool {
	return slices.ContainsFunc(kinds, func(r kindRow) bool { return slices.Contains(r.verbs, verb) })
}

// joinBins joins the strings that pick returns for each kind with a bin.
func joinBins(pick func(*binRow) string) string {
	var parts []string
	for _, r := range kinds {
		if r.bin != nil {
			parts = append(parts, pick(r.bin))
		}
	}
	return strings.Join(parts, "\nunion all")
}

// targetShown is the SQL condition that a session to which the agency's drafts are hidden
// sees the target of an audit event e0. The policies decide what it sees.
func targetShown() string {
	shown := "case e0.target_kind"
	for _, r := range kinds {
		if r.bin == nil && r.kind != KindVersion {
			continue
		}
		shown += "\n          when '" + string(r.kind) + "' then exists (select from " + r.table + " x where x.tenant_id = @tenant_id and x.id = e0.target_id)"
	}
	return "((select coalesce(current_setting('app.drafts', true), '')) <> 'hidden' or e0.verb <> 'version.created' and " + shown + "\n          else true end)"
}

// targetNames returns the joins and the column by which a query over audit events e
// finds each target's name. With binned it covers only kinds with a bin.
func targetNames(binned bool) (joins, name string) {
	var names []string
	for _, r := range kinds {
		if r.name == "" || binned && r.bin == nil {
			continue
		}
		alias := "target_" + r.table
		joins += "\nleft join " + r.table + " " + alias + " on " + alias + ".tenant_id = e.tenant_id and " +
			alias + "." + r.id + " = e.target_id and e.target_kind = '" + string(r.kind) + "'"
		names = append(names, alias+"."+r.name)
	}
	return joins, "coalesce(" + strings.Join(names, ", ") + ", '') as target_name"
}
