package store

import (
	"slices"
	"strings"
)

// Kind is a kind of thing that the audit trail, the bin and pages speak of. The
// trail stores the word, so only a migration may change one.
type Kind string

// The kinds. Each has its row in [kinds], and its words in views/kinds.go.
const (
	KindProject        Kind = "project"
	KindDeliverable    Kind = "deliverable"
	KindVersion        Kind = "version"
	KindFile           Kind = "file"
	KindMembership     Kind = "membership"
	KindInvite         Kind = "invite"
	KindTenant         Kind = "tenant"
	KindPlan           Kind = "plan"
	KindDomain         Kind = "domain"
	KindSupportGrant   Kind = "support_grant"
	KindSupportSession Kind = "support_session"
	KindAccessRequest  Kind = "access_request"
	KindJob            Kind = "job"
	KindAccess         Kind = "access" // to a page or a form; only refusals are about it
)

// kindRow is all that this package knows of one kind. A kind that is archived,
// binned, moved or purged needs no other code for it than its row.
type kindRow struct {
	kind Kind
	// table holds the things; "" for those that the trail only mentions.
	table string
	// id and name are the columns by which the trail finds what an event is about
	// and what it is called. Without a name the trail shows none.
	id, name string
	// verbs are all that the trail can say of it. A verb on no row is refused.
	verbs []string
	// archives says that it has archived_at, and the verbs archived and unarchived.
	archives bool
	// siblings narrows a table with a position to the rows that are ordered
	// together with row @id; "true" is all of the tenant's. "" has no position.
	siblings string
	// bin is for what has deleted_at; nil is deleted at once, or never.
	bin *binRow
	// purge deletes what has expired and holds nothing any more, and returns its
	// ids; "" is purged with its storage, see [Tx.Purge], or never.
	purge string
}

// binRow is what the bin knows of a kind.
type binRow struct {
	alias  string // of the table in counted[Storage] and in files
	metric Metric // that one of it counts as 1 against, next to the storage of its files; "" for none
	list   string // what is binned: kind, id, name, within, deleted_at
	files  string // the ids of files whose own or whose container's days in the bin are over
}

// kinds is one row per kind of thing. What can be binned comes from the bottom up,
// each kind before those that contain it: that is the order of purging.
var kinds = []kindRow{
	{kind: KindFile, table: "files", id: "id", name: "name",
		verbs: []string{"file.uploaded", "file.downloaded", "file.viewed", "file.binned", "file.restored", "file.purged",
			"file.upload_cancelled", "file.missing", "file.recovered", "file.marked_lost"},
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
		verbs: []string{"version.created", "version.published", "version.mail_sent", "version.purged"},
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

	{kind: KindMembership, table: "memberships", id: "user_id", name: "name",
		verbs: []string{"member.added", "member.joined", "member.role_changed", "member.removed", "member.left",
			"member.forgotten", "member.staff_joined", "member.staff_left"}},
	{kind: KindInvite, table: "invites", id: "id", name: "name",
		verbs: []string{"member.invited", "member.list_invited", "member.invite_resent", "member.invite_revoked", "member.mail_sent"}},
	{kind: KindTenant, table: "tenants",
		verbs: []string{"tenant.created", "tenant.updated", "tenant.renamed", "tenant.suspended", "tenant.resumed", "tenant.archived",
			"tenant.unarchived", "tenant.people_managers_changed", "tenant.logo_set", "tenant.logo_removed"}},
	{kind: KindPlan, verbs: []string{"plan.changed", "plan.usage_corrected"}},
	{kind: KindDomain, table: "domains",
		verbs: []string{"domain.added", "domain.removed", "domain.verified", "domain.lapsed"}},
	{kind: KindSupportGrant, table: "support_grants", verbs: []string{"support.granted", "support.revoked"}},
	{kind: KindAccessRequest, table: "support_asks",
		verbs: []string{"support.access_requested", "support.access_approved", "support.access_denied",
			"support.request_mail_sent", "support.requests_allowed", "support.requests_blocked"}},
	{kind: KindSupportSession, table: "support_sessions",
		verbs: []string{"support.started", "support.refused", "support.stopped", "support.expired", "support.ended", "support.mail_sent",
			"support.view_started", "support.page_seen", "support.write_requested", "support.write_started", "support.write_confirmed",
			"support.ledger_exported"}},
	{kind: KindJob, verbs: []string{"job.cancelled"}},
	{kind: KindAccess, verbs: []string{"access.refused", "access.refused_often"}},
}

// row is the row of a kind; one that is in no row has none of everything.
func (k Kind) row() kindRow {
	i := slices.IndexFunc(kinds, func(r kindRow) bool { return r.kind == k })
	if i < 0 {
		return kindRow{}
	}
	return kinds[i]
}

// Verbs are all verbs that the trail of a tenant can hold, by kind.
func Verbs() map[Kind][]string {
	all := map[Kind][]string{}
	for _, r := range kinds {
		all[r.kind] = slices.Clone(r.verbs)
	}
	return all
}

// BinKinds are the kinds of thing that the bin can hold.
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

// ofBins joins what pick takes from the row of each kind that can be binned.
func ofBins(pick func(*binRow) string) string {
	var parts []string
	for _, r := range kinds {
		if r.bin != nil {
			parts = append(parts, pick(r.bin))
		}
	}
	return strings.Join(parts, "\nunion all")
}

// targetNames is how a query over audit events e finds what each was about: the
// joins, and the column of the name. With binned only of what the bin can hold.
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
