package store_test

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// crowd fills a database with 200 tenants. Number 0 is large. Ids are derived from
// the kind of a row and its number.
const crowd = `
set session_replication_role = replica;
create function pg_temp.id(what text, n bigint) returns uuid language sql immutable as $$ select md5(what || n)::uuid $$;
create temp table t as
select n, pg_temp.id('tenant', n) as id, case when n = 0 then 10000 else 200 end as work, case when n = 0 then 400 else 15 end as projects
from generate_series(0, 200) n;
insert into tenants (id, kind, agency_id, slug, name)
select pg_temp.id('tenant', -1), 'agency', null, 'agency', 'Agency' union all select id, 'client', pg_temp.id('tenant', -1), 'client-' || n, 'Client' from t;
insert into billing (tenant_id) select id from t union all select pg_temp.id('payer', p) from generate_series(1, 5000) p;
insert into users (id, name) select pg_temp.id('user', u), 'Somebody' from generate_series(1, 40) u;
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name)
select id, pg_temp.id('user', u), 'client', case when u % 2 = 0 then 'agency' else 'client' end, 'member', 'Somebody ' || u from t, generate_series(1, 40) u;
insert into projects (tenant_id, id, name, position, shared_at, deleted_at, created_by)
select id, pg_temp.id('project', p), 'Project', p, now(), case when p % 50 = 7 then now() end, pg_temp.id('user', 2) from t, generate_series(1, t.projects) p;
insert into deliverables (tenant_id, id, project_id, title, state, position, shared_at, deleted_at, updated_at, created_by)
select id, pg_temp.id('deliverable', d), pg_temp.id('project', 1 + d % t.projects), 'Deliverable', 'in_review', d, now(),
       case when d % 200 = 7 then now() end, now() - d * interval '1 minute', pg_temp.id('user', 2)
from t, generate_series(1, t.work) d;
insert into versions (tenant_id, id, deliverable_id, number, shared_at, shared_by, created_by)
select tenant_id, pg_temp.id('version', position), id, 1, now() - position * interval '1 minute', created_by, created_by from deliverables;
insert into versions (tenant_id, id, deliverable_id, number, created_by)
select tenant_id, pg_temp.id('draft', position), id, 2, created_by from deliverables where position % 3 = 0;
update deliverables set shown_number = 1, shown_files = 1;
insert into files (tenant_id, id, version_id, name, state, size, sha256, content_type, object_key, position, shared_at, deleted_at, created_by)
select tenant_id, pg_temp.id('file', position), pg_temp.id('version', position), 'file', 'ready', 1, sha256('x'), 'text/plain',
       'tenants/' || tenant_id || '/files/' || pg_temp.id('file', position), 1, now(), case when position % 200 = 9 then now() end, created_by
from deliverables;
update versions set content_sha256 = sha256('x') where shared_at is not null;
insert into review_steps (tenant_id, version_id, number, rule, state)
select tenant_id, pg_temp.id('version', position), 1, 'all', 'open' from deliverables;
insert into review_requests (tenant_id, id, version_id, step, user_id, asked_by, asked_at, ended_at, ended_how)
select tenant_id, pg_temp.id('request', position), pg_temp.id('version', position), 1, pg_temp.id('user', 1 + 2 * (position % 20)), created_by, now(),
       case when position % 20 > 1 then now() end, case when position % 20 > 1 then 'answered' end
from deliverables;
insert into decisions (tenant_id, id, version_id, content_sha256, request_id, user_id, answer)
select tenant_id, pg_temp.id('decision', position), pg_temp.id('version', position), sha256('x'), pg_temp.id('request', position), pg_temp.id('user', 1 + 2 * (position % 20)), 'approved'
from deliverables;
insert into certificates (tenant_id, id, version_id, signed, key_id, outcome, decisions)
select tenant_id, pg_temp.id('certificate', position), pg_temp.id('version', position), 'x', '0123456789abcdef', 'approved', 1 from deliverables;
insert into file_parts (tenant_id, file_id, number, size, sha256, etag)
select tenant_id, pg_temp.id('file', position), 1, 1, sha256('x'), 'etag' from deliverables where position % 4 = 0;
insert into renditions (tenant_id, id, file_id, client_sees, page, width, height, content_type, size, sha256)
select d.tenant_id, pg_temp.id('rendition', d.position), f.id, f.client_sees, 1, 1, 1, 'image/png', 1, sha256('x')
from deliverables d join files f on f.tenant_id = d.tenant_id and f.id = pg_temp.id('file', d.position) where d.position % 4 = 0;
insert into differences (tenant_id, a_file, a_sees, a_page, b_file, b_sees, b_page)
select a.tenant_id, a.id, a.client_sees, 0, b.id, b.client_sees, 0
from deliverables d
join files a on a.tenant_id = d.tenant_id and a.id = pg_temp.id('file', d.position)
join files b on b.tenant_id = d.tenant_id and b.id = pg_temp.id('file', d.position + 4)
where d.position % 4 = 0;
insert into threads (tenant_id, id, version_id, visibility, number, created_by)
select tenant_id, pg_temp.id('thread', position * 10 + n), pg_temp.id('version', position), case when n = 1 then 'team' else 'client' end, n, created_by
from deliverables, generate_series(1, 4) n where position % 4 = 0;
insert into threads (tenant_id, id, project_id, project_shown, visibility, number, created_by)
select tenant_id, pg_temp.id('talk', position * 10 + n), id, shown, case when n = 1 then 'team' else 'client' end, n, created_by
from projects, generate_series(1, 4) n;
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key, created_by)
select tenant_id, gen_random_uuid(), id, visibility, visibility, 'Words', gen_random_uuid(), created_by from threads, generate_series(1, 3);
insert into mentions (tenant_id, comment_id, visibility, user_id)
select c.tenant_id, c.id, c.visibility, c.created_by from comments c;
insert into deliverable_views (tenant_id, user_id, deliverable_id, shown_at)
select tenant_id, pg_temp.id('user', u), id, now() from deliverables, generate_series(1, 3) u where position % 2 = 0;
insert into audit_events (tenant_id, id, at, actor_id, subject_id, party, verb, target_kind, target_id)
select tenant_id, id, updated_at, created_by, created_by, 'agency', 'deliverable.created', 'deliverable', id from deliverables;
insert into audit_leaves (tenant_id, side, position, event_id, leaf, detail_hash)
select tenant_id, 'agency', row_number() over (partition by tenant_id order by at, id) - 1, id, sha256('x'), sha256('x') from audit_events;
insert into audit_tiles (tenant_id, side, level, number, hashes)
select id, 'agency', 0, i, decode(repeat('00', 8192), 'hex') from t, generate_series(0, 39) i;
insert into audit_checkpoints (tenant_id, id, side, size, root, edge, note, until)
select id, gen_random_uuid(), 'agency', i, sha256('x'), '', 'x', now() - (200 - i) * interval '5 minutes' from t, generate_series(1, 200) i;
insert into support_grants (tenant_id, id, created_by, party, replaced_at, ends_at)
select id, pg_temp.id('grant', g), pg_temp.id('user', 2), 'agency', case when g > 1 then now() end, now() + interval '1 hour' from t, generate_series(1, 20) g;
insert into support_sessions (tenant_id, id, kind, grant_id, actor_id, actor_name, subject_id, subject_party, reason, ticket, ends_at)
select id, pg_temp.id('session', g), 'support', pg_temp.id('grant', g), pg_temp.id('user', 1), 'Sam', pg_temp.id('user', 2), 'agency', 'x', 'x', now() + interval '30 minutes'
from t, generate_series(1, 20) g;
insert into support_asks (tenant_id, id, actor_id, actor_name, mode, hours, reason, ticket, created_at, answer, answered_at)
select id, pg_temp.id('ask', g), pg_temp.id('user', g), 'Sam', 'read', 8, 'x', 'x', now() - g * interval '1 hour',
       case when g > 2 then 'denied' end, case when g > 2 then now() end
from t, generate_series(1, 40) g;
insert into support_codes (tenant_id, id, code, created_by, created_at, ends_at, used_at)
select id, pg_temp.id('code', g), '12345678', pg_temp.id('user', 2), now() - interval '1 hour', now() - interval '40 minutes', now() from t, generate_series(1, 40) g;
insert into support_reviews (tenant_id, id, verdict, created_by)
select id, pg_temp.id('session', g), 'accepted', pg_temp.id('user', 2) from t, generate_series(1, 20) g;
insert into invites (tenant_id, id, tenant_kind, party, role, name, email, invited_by, revoked_at)
select id, pg_temp.id('invite', i), 'client', case when i % 2 = 0 then 'agency' else 'client' end, 'viewer', 'Somebody', i || '@x.test', pg_temp.id('user', 2), case when i > 30 then now() end
from t, generate_series(1, 300) i;
insert into api_keys (tenant_id, id, user_id, party, name, token_hash, prefix, scopes, created_at, expires_at)
select id, pg_temp.id('key', k), pg_temp.id('user', 2), 'agency', 'Key', sha256(k::text::bytea), 'prefix', '{work:read}', now() - k * interval '1 day', now() from t, generate_series(1, 60) k;
insert into api_responses (tenant_id, party, key, request_hash, status, location, body)
select id, 'agency', 'key ' || k, sha256('x'), 201, '', '{}' from t, generate_series(1, 60) k;
insert into usage_events (tenant_id, id, metric, quantity, at, used, key, request_hash, api_key_id)
select id, pg_temp.id('usage', i), 'ai_runs', 1, now() - i * interval '1 hour', 1, 'usage ' || i, sha256('x'), pg_temp.id('key', 1 + i % 60) from t, generate_series(1, 300) i;
insert into usage_levels (tenant_id, metric, at, level)
select id, m, now() - i * interval '1 hour', i from t, generate_series(1, 100) i, unnest(array['users', 'projects', 'storage']) m;
insert into usage_hours (tenant_id, metric, hour, quantity)
select id, m, date_trunc('hour', now()) - i * interval '1 hour', i from t, generate_series(1, 100) i, unnest(array['users', 'projects', 'storage', 'ai_runs']) m;
insert into usage_months (tenant_id, metric, month, quantity)
select id, m, (date_trunc('month', now()) - i * interval '1 month')::date, i from t, generate_series(0, 24) i, unnest(array['users', 'projects', 'storage', 'ai_runs']) m;
insert into work_counts (tenant_id, projects, for_us) select id, projects, 3 from t;
insert into plan_usage (tenant_id, metric) select id, m from t, unnest(array['users', 'projects', 'storage', 'clients', 'ai_runs']) m;
insert into job_effects (tenant_id, key) select id, 'effect ' || g from t, generate_series(1, 50) g;
`

// readsToExplain are all reads of a tenant by the name of their function, with the
// arguments that pages and jobs use.
func readsToExplain() map[string][]store.Read {
	id := func(what string) uuid.UUID { return uuid.NewMD5(uuid.Nil, []byte(what)) }
	var some struct {
		placements      []store.Placement
		agencies        []store.OwnAgency
		activity        []store.Activity
		hashes          [][]byte
		tiles           []store.SealTile
		checkpoints     []store.SealCheckpoint
		sealed          []store.SealedRow
		unsealed        []store.SealableEvent
		place           *store.SealedPlace
		notes           []store.Note
		listed          []store.ListedNote
		comments        []store.Comment
		noteCounts      []store.NoteCount
		pins            []store.PinnedNote
		found           *store.FoundNote
		versionNames    *store.VersionNames
		noteNews        []store.NoteNews
		mention         store.MentionNotice
		openNotes       []store.OpenNote
		exported        []store.ExportedComment
		notePlaces      []store.NotePlace
		marks           []store.PageMarks
		differences     []store.Difference
		placed          store.PlacedNote
		bin             []store.BinItem
		deliverables    []store.DeliverableLine
		deliverable     store.Deliverable
		details         []store.Deliverable
		keys            []store.APIKey
		key             store.APIKey
		yes             bool
		id              uuid.UUID
		ids             []uuid.UUID
		news            []store.News
		files           []store.File
		file            store.File
		entries         []store.FileEntry
		entry           *store.FileEntry
		expired         bool
		held            *time.Time
		preview         store.FilePreview
		rendition       store.Rendition
		certificate     store.SignedCertificate
		renditions      []store.RenditionEntry
		invites         []store.Invite
		refused         store.RefusedInvite
		removable       []store.RemovableFile
		people          []store.Membership
		person          store.Membership
		count           store.PeopleCount
		byClient        bool
		known           []store.KnownAddress
		version         store.Version
		versions        []store.Version
		published       store.PublishedVersion
		notice          store.SupportNotice
		projects        []store.Project
		team            int
		open            int64
		project         store.Project
		consents        []store.Consent
		own             *store.OwnConsent
		sessions        []store.SupportSession
		settings        store.Settings
		plan            store.TenantPlan
		billing         store.BillingState
		customers       []store.StripeCustomer
		months          []store.MonthUsage
		keyUsage        []store.KeyUsage
		hours           []store.HourUsage
		clientUsage     []store.ClientUsage
		usage           []store.Usage
		upload          store.FileUpload
		parts           []store.Part
		workspaces      []store.Workspace
		domains         []store.Domain
		domain          store.Domain
		fresh           bool
		targets         []store.SupportTarget
		clients         []store.Client
		client          store.Client
		lines           []store.LedgerLine
		requests        []store.AccessRequest
		request         store.AccessRequest
		requestsAllowed bool
		supportCode     *store.SupportCode
		drift           []store.UsageDrift
		seen            store.Seen
		asked           []store.Request
		waiting         []store.WaitingRequest
		decisions       []store.Decision
		asking          store.RequestNotice
		decided         store.DecisionNotice
		passed          store.PassedOnNotice
	}
	before := store.ActivityFilter{Page: store.Page{After: store.Cursor{At: time.Now(), ID: uuid.Max}}}
	someone, session := before, before
	someone.Person, session.SupportSession = id("user"), id("session")
	at := store.NotesAt{Deliverable: id("deliverable"), Version: 1}
	onFile, onAll, alone := at, at, at
	onFile.File, onAll.AllFiles, alone.Alone = id("file"), true, &store.NoteLabel{Visibility: store.TeamOnly, Number: 1}
	further := store.LedgerPage{AfterSession: id("session"), Page: store.Page{After: store.Cursor{At: time.Now(), ID: uuid.Max}, Limit: 1000}}
	return map[string][]store.Read{
		"ListActivity": {store.ListActivity(store.ActivityFilter{}, &some.activity), store.ListActivity(before, &some.activity),
			store.ListActivity(someone, &some.activity), store.ListActivity(session, &some.activity),
			store.ListActivity(store.ActivityFilter{Kind: "project"}, &some.activity), store.ListActivity(store.ActivityFilter{Fold: true}, &some.activity),
			store.ListActivity(store.ActivityFilter{Kind: "viewed", Fold: true, Person: id("user")}, &some.activity), store.ListActivity(store.ActivityFilter{Denied: true}, &some.activity),
			store.ListActivity(store.ActivityFilter{Others: true}, &some.activity),
			store.ListActivity(store.ActivityFilter{Event: id("deliverable1"), Seal: true}, &some.activity),
			store.ListActivity(store.ActivityFilter{Verb: "deliverable.created", Seal: true}, &some.activity),
			store.ListActivity(store.ActivityFilter{Target: id("deliverable1"), Seal: true}, &some.activity),
			store.ListActivity(store.ActivityFilter{From: time.Now().AddDate(0, 0, -2), Until: time.Now(), Seal: true}, &some.activity),
			store.ListActivity(store.ActivityFilter{Whole: true, Seal: true, Page: store.Page{Limit: 1000}}, &some.activity),
			store.ListActivity(store.ActivityFilter{Support: true}, &some.activity)},
		"ListLeafHashes":    {store.ListLeafHashes(store.AgencySide, 0, 100, &some.hashes)},
		"ListTiles":         {store.ListTiles(store.AgencySide, 0, 0, 10, &some.tiles)},
		"ListCheckpoints":   {store.ListCheckpoints(store.AgencySide, 5, 1, &some.checkpoints)},
		"ListSealedRows":    {store.ListSealedRows(store.AgencySide, 5, 1000, &some.sealed)},
		"ListUnsealed":      {store.ListUnsealed(store.ClientSide, store.Cursor{}, 1000, &some.unsealed)},
		"GetSealedPlace":    {store.GetSealedPlace(id("deliverable1"), &some.place)},
		"ChangedByReader":   {store.ChangedByReader(id("project"), []string{"project.updated"}, &some.yes)},
		"ListBin":           {store.ListBin(&some.bin)},
		"BinHeldUntil":      {store.BinHeldUntil(&some.held)},
		"ListDomains":       {store.ListDomains(&some.domains)},
		"GetDomain":         {store.GetDomain(id("domain"), &some.domain)},
		"FreshStepUp":       {store.FreshStepUp(store.Member{}, &some.fresh)},
		"ListViewAsTargets": {store.ListViewAsTargets(&some.targets)},
		"PublishedBefore":   {store.PublishedBefore(id("deliverable"), 1, "note", &some.yes)},
		"ListDeliverables": {store.ListDeliverables(id("project"), store.Current, &some.deliverables),
			store.ListDeliverables(id("project"), store.Archived, &some.deliverables), store.ListDeliverables(id("project"), store.Binned, &some.deliverables)},
		"ListForUs":            {store.ListForUs(50, &some.deliverables)},
		"ListShown":            {store.ListShown("", 50, &some.deliverables)},
		"ListNew":              {store.ListNew(50, &some.deliverables)},
		"ListNewest":           {store.ListNewest("", 50, &some.deliverables), store.ListNewest("in_review", 50, &some.deliverables)},
		"GetDeliverable":       {store.GetDeliverable(id("deliverable"), &some.deliverable)},
		"ProjectOf":            {store.ProjectOf(id("deliverable"), &some.id)},
		"ListNews":             {store.ListNews(time.Now().AddDate(0, 0, -1), time.Now(), 100, &some.news)},
		"ListFiles":            {store.ListFiles(id("version"), &some.files)},
		"ListFilesOf":          {store.ListFilesOf(id("deliverable"), &some.files)},
		"ListFilesShown":       {store.ListFilesShown(id("deliverable"), 0, &some.files)},
		"GetFile":              {store.GetFile(id("file"), &some.file)},
		"GetPreview":           {store.GetPreview(id("file"), &some.preview)},
		"GetPoster":            {store.GetPoster(id("file"), &some.rendition)},
		"GetPlayable":          {store.GetPlayable(id("file"), &some.rendition)},
		"GetRendition":         {store.GetRendition(id("file"), 2, &some.rendition)},
		"ListRenditionEntries": {store.ListRenditionEntries(id("rendition"), &some.renditions)},
		"RenditionsWithoutRow": {store.RenditionsWithoutRow([]uuid.UUID{id("rendition"), id("another")}, &some.ids)},
		"FilesWithoutRow":      {store.FilesWithoutRow([]uuid.UUID{id("file"), id("another")}, &some.ids)},
		"FilesWithoutPreview":  {store.FilesWithoutPreview([]uuid.UUID{id("file"), id("another")}, &some.ids)},
		"ListFileEntries":      {store.ListFileEntries(uuid.Nil, time.Hour, &some.entries)},
		"GetFileEntry":         {store.GetFileEntry(id("file"), time.Hour, &some.entry)},
		"ListPartEntries":      {store.ListPartEntries(id("file"), &some.parts)},
		"IsExpired":            {store.IsExpired(id("file"), &some.expired)},
		"ExpiredFiles":         {store.ExpiredFiles(&some.removable)},
		"ListInvites":          {store.ListInvites(&some.invites)},
		"GetRefusedInvite":     {store.GetRefusedInvite(id("invite"), &some.refused)},
		"CountOpenInvites":     {store.CountOpenInvites(&some.open)},
		"CountTeam":            {store.CountTeam(&some.team)},
		"ListPeople":           {store.ListPeople(&some.people)},
		"SearchPeople":         {store.SearchPeople(store.PeopleFilter{Text: "some", Page: store.Page{After: store.Cursor{ID: id("user")}}}, &some.people), store.SearchPeople(store.PeopleFilter{}, &some.people)},
		"CountPeople":          {store.CountPeople("some", &some.count)},
		"GetPerson":            {store.GetPerson(id("user"), &some.person)},
		"ListKnownAddresses":   {store.ListKnownAddresses([]string{"1@x.test", "2@x.test"}, &some.known)},
		"ClientManagesPeople":  {store.ClientManagesPeople(&some.byClient)},
		"GetPublishedVersion":  {store.GetPublishedVersion(id("version"), &some.published)},
		"GetSupportNotice":     {store.GetSupportNotice(id("session"), &some.notice)},
		"ListProjects": {store.ListProjects(store.Current, &some.projects), store.ListProjects(store.Archived, &some.projects),
			store.ListProjects(store.Binned, &some.projects)},
		"ListAPIKeys":  {store.ListAPIKeys(&some.keys)},
		"GetAPIKey":    {store.GetAPIKey(id("key"), &some.key)},
		"PageProjects": {store.PageProjects(store.Page{After: store.Cursor{ID: id("project1")}, Limit: 51}, &some.projects)},
		"PageDeliverables": {store.PageDeliverables(store.DeliverableFilter{Page: store.Page{After: store.Cursor{ID: id("deliverable1")}, Limit: 51}}, &some.details),
			store.PageDeliverables(store.DeliverableFilter{Project: id("project1"), State: store.DeliverableInReview, Page: store.Page{Limit: 51}}, &some.details)},
		"GetProject":           {store.GetProject(id("project"), &some.project)},
		"GetBilling":           {store.GetBilling(&some.billing)},
		"ListStripeCustomers":  {store.ListStripeCustomers(false, &some.customers)},
		"GetPlan":              {store.GetPlan(&some.plan)},
		"ListUsage":            {store.ListUsage(&some.usage)},
		"ListMonthUsage":       {store.ListMonthUsage(time.Now(), &some.months)},
		"ListKeyUsage":         {store.ListKeyUsage(time.Now(), &some.keyUsage)},
		"ListHourUsage":        {store.ListHourUsage(time.Now(), &some.hours)},
		"ListClientUsage":      {store.ListClientUsage(time.Now(), &some.clientUsage)},
		"ListUsageDrift":       {store.ListUsageDrift(&some.drift)},
		"SeenFiles":            {store.SeenFiles(id("deliverable"), &some.seen)},
		"GetSettings":          {store.GetSettings(&some.settings)},
		"SeenConsent":          {store.SeenConsent(&some.seen)},
		"GetOwnConsent":        {store.GetOwnConsent(&some.own)},
		"SupportInForce":       {store.SupportInForce(&some.consents)},
		"ListSupportSessions":  {store.ListSupportSessions(store.Page{Limit: 26}, &some.sessions)},
		"GetUpload":            {store.GetUpload(id("file"), &some.upload)},
		"ListParts":            {store.ListParts(id("file"), &some.parts)},
		"ListRequests":         {store.ListRequests(id("deliverable"), &some.asked)},
		"ListWaiting":          {store.ListWaiting(100, &some.waiting)},
		"ListWaitingForReader": {store.ListWaitingForReader(50, &some.waiting)},
		"GetRequestNotice":     {store.GetRequestNotice(id("request"), &some.asking)},
		"GetMentionNotice":     {store.GetMentionNotice(id("comment"), &some.mention)},
		"GetDecisionNotice":    {store.GetDecisionNotice(id("decision"), &some.decided)},
		"GetPassedOnNotice":    {store.GetPassedOnNotice(id("request"), &some.passed)},
		"GetCertificate":       {store.GetCertificate(id("deliverable"), 1, &some.certificate)},
		"IsCertified":          {store.IsCertified(id("deliverable"), 1, &some.yes)},
		"ListDecisions":        {store.ListDecisions(id("deliverable"), 1, &some.decisions)},
		"ListVersionsShown":    {store.ListVersionsShown(id("deliverable"), &some.versions)},
		"GetVersionNames":      {store.GetVersionNames(id("deliverable"), 1, &some.versionNames)},
		"ListVersions":         {store.ListVersions(id("deliverable"), &some.versions)},
		"ListNotes": {store.ListNotes(at, &some.listed), store.ListNotes(onFile, &some.listed), store.ListNotes(onAll, &some.listed),
			store.ListNotes(alone, &some.listed)},
		"CountNotes":             {store.CountNotes(at, &some.noteCounts), store.CountNotes(onFile, &some.noteCounts)},
		"ListPins":               {store.ListPins(onFile, nil, &some.pins)},
		"FindNote":               {store.FindNote(id("deliverable"), 1, store.NoteLabel{Visibility: store.ClientVisible, Number: 2}, &some.found)},
		"ListComparedFiles":      {store.ListComparedFiles(id("deliverable"), 1, 2, &some.files)},
		"ListPageMarks":          {store.ListPageMarks(id("deliverable"), 1, 2, &some.marks)},
		"ListDifferences":        {store.ListDifferences(id("deliverable"), 1, 2, &some.differences)},
		"ListNotesToCarry":       {store.ListNotesToCarry(id("deliverable"), &some.openNotes)},
		"ListProjectNotes":       {store.ListProjectNotes(id("project"), &some.notes)},
		"ListProjectComments":    {store.ListProjectComments(id("project"), &some.comments)},
		"CountProjectNotes":      {store.CountProjectNotes(id("project"), &some.team)},
		"ListProjectNoteNews":    {store.ListProjectNoteNews(id("project"), time.Now(), 20, &some.noteNews)},
		"ExportNotes":            {store.ExportNotes(id("deliverable"), 1, &some.notes)},
		"ExportComments":         {store.ExportComments(id("deliverable"), 1, &some.exported)},
		"ListNotePlaces":         {store.ListNotePlaces(id("deliverable"), 1, &some.notePlaces)},
		"GetVersionNumber":       {store.GetVersionNumber(id("deliverable"), 1, &some.version)},
		"ListNoteNews":           {store.ListNoteNews(id("deliverable"), time.Now(), 20, &some.noteNews)},
		"PlaceNote":              {store.PlaceNote(id("thread"), &some.placed)},
		"PlaceComment":           {store.PlaceComment(id("thread"), &some.placed)},
		"GetVersion":             {store.GetVersion(id("version"), &some.version)},
		"SupportLedger":          {store.SupportLedger(store.LedgerPage{Page: store.Page{Limit: 1000}}, &some.lines), store.SupportLedger(further, &some.lines)},
		"GetAccessRequest":       {store.GetAccessRequest(id("ask"), &some.request)},
		"ListOpenAccessRequests": {store.ListOpenAccessRequests(&some.requests)},
		"GetSupportCode":         {store.GetSupportCode(&some.supportCode)},
		"AccessRequestsAllowed":  {store.AccessRequestsAllowed(&some.requestsAllowed)},
		// The agency's clients, through a narrow function.
		"ListClients":      {store.ListClients(store.ClientFilter{Page: store.Page{Limit: 51}}, &some.clients)},
		"ListPlacements":   {store.ListPlacements([]uuid.UUID{id("user")}, &some.placements)},
		"ListClientStaff":  {store.ListClientStaff(id("tenant"), &some.placements)},
		"ListOutsideStaff": {store.ListOutsideStaff("", &some.placements)},
		"GetOwnAgency":     {store.GetOwnAgency(&some.agencies)},
		"GetClient":        {store.GetClient(id("tenant"), &some.client)},
		// The person's own workspaces, through a narrow function.
		"SwitcherWorkspaces": {store.SwitcherWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 21}}, &some.workspaces)},
	}
}

// coveredBy are the indexes that hold all that a read of a list compares and shows, so
// that it reads no row of their tables. A column that a policy compares counts too.
var coveredBy = map[string][]string{
	"GetProject":       {"deliverables_of_project"},
	"ListProjects":     {"deliverables_of_project"},
	"ListDeliverables": {"deliverables_of_project", "versions_draft"},
	"ListNewest":       {"deliverables_newest", "versions_draft"},
}

// One large tenant among many: every read uses an index that begins with the tenant,
// for the agency and for the client. No read scans a table, and lists read the indexes
// that cover them alone.
func TestReadsUseTheTenantsIndex(t *testing.T) {
	t.Parallel()
	db, err := storetest.Open(t.Context(), "crowd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	conn, err := pgx.Connect(t.Context(), storetest.Server().AdminURL("crowd"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, sql := range []string{crowd, "vacuum analyze"} {
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	var tenant, user uuid.UUID
	if err := conn.QueryRow(t.Context(), `select md5('tenant0')::uuid, md5('user2')::uuid`).Scan(&tenant, &user); err != nil {
		t.Fatal(err)
	}
	reads := readsToExplain()
	explained := 0
	for _, name := range readsOfTheStore(t) {
		if len(reads[name]) == 0 {
			t.Errorf("store.%s is a read that is not explained: add it to readsToExplain in store/explain_test.go", name)
		}
		for i, read := range reads[name] {
			for _, party := range []store.Party{store.PartyAgency, store.PartyClient, store.PartySystem} {
				for _, opens := range []bool{false, true} {
					plan, err := db.ExplainForTest(t.Context(), tenant, user, party, read, opens)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					explained++
					wrong := scans(t, plan)
					if i == 0 {
						wrong = append(wrong, uncovered(t, plan, coveredBy[name])...)
					}
					for _, w := range wrong {
						t.Errorf("%s %d for the %s, opened %v: %s", name, i, party, opens, w)
					}
				}
			}
		}
	}
	t.Logf("%d plans", explained)
}

// The check finds a scan of a table and an index that is used without the tenant.
func TestExplainFindsScans(t *testing.T) {
	t.Parallel()
	for plan, says := range map[string]string{
		`[{"Plan": {"Node Type": "Limit", "Plans": [{"Node Type": "Seq Scan", "Relation Name": "projects"}]}}]`:                                              "Seq Scan",
		`[{"Plan": {"Node Type": "Index Scan", "Relation Name": "projects", "Index Cond": "(id = 'x'::uuid)"}}]`:                                             "without tenant_id",
		`[{"Plan": {"Node Type": "Bitmap Heap Scan", "Relation Name": "files", "Plans": [{"Node Type": "Bitmap Index Scan", "Index Cond": "(id = 'x')"}]}}]`: "without tenant_id",
	} {
		if found := strings.Join(scans(t, json.RawMessage(plan)), "; "); !strings.Contains(found, says) {
			t.Errorf("%s: found %q", plan, found)
		}
	}
}

// node is one step of a plan.
type node struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Plans    []node
}

// scans returns the steps of a plan that read a tenant table without an index on the
// tenant.
func scans(t *testing.T, plan json.RawMessage) (wrong []string) {
	t.Helper()
	ofTenant := func(name string) bool {
		return slices.ContainsFunc(store.Manifest.Tenant, func(table store.TenantTable) bool { return table.Name == name })
	}
	walk(t, plan, func(n node) {
		switch n.Type {
		case "Seq Scan":
			if ofTenant(n.Relation) {
				wrong = append(wrong, "Seq Scan of "+n.Relation)
			}
		case "Index Scan", "Index Only Scan":
			if ofTenant(n.Relation) && !strings.Contains(n.Cond, "tenant_id") {
				wrong = append(wrong, n.Type+" of "+n.Relation+" by "+n.Index+" without tenant_id: "+n.Cond)
			}
		case "Bitmap Index Scan":
			if !strings.Contains(n.Cond, "tenant_id") {
				wrong = append(wrong, n.Type+" by "+n.Index+" without tenant_id: "+n.Cond)
			}
		}
	})
	return wrong
}

// uncovered returns the indexes of which a plan makes no index-only scan.
func uncovered(t *testing.T, plan json.RawMessage, indexes []string) (wrong []string) {
	t.Helper()
	for _, index := range indexes {
		only := false
		walk(t, plan, func(n node) { only = only || n.Type == "Index Only Scan" && n.Index == index })
		if !only {
			wrong = append(wrong, "no index-only scan of "+index)
		}
	}
	return wrong
}

// walk calls visit for each step of a plan.
func walk(t *testing.T, plan json.RawMessage, visit func(node)) {
	t.Helper()
	var roots []struct{ Plan node }
	if err := json.Unmarshal(plan, &roots); err != nil {
		t.Fatal(err)
	}
	var down func(node)
	down = func(n node) {
		visit(n)
		for _, below := range n.Plans {
			down(below)
		}
	}
	down(roots[0].Plan)
}

// readsOfTheStore returns the names of the exported functions that return a
// [store.Read].
func readsOfTheStore(t *testing.T) (names []string) {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Results == nil {
				continue
			}
			if of, ok := fn.Type.Results.List[0].Type.(*ast.Ident); ok && of.Name == "Read" {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}
