package views

import (
	"net/url"
	"strconv"
	"strings"
)

// Every URL of the product is made in this file, and nowhere else. Paths of the platform (sign-in, account, support
// console) are functions; paths inside a tenant are methods of its Base.

// Paths of the platform, on the host of PORTICO_URL.
const (
	PathHome              = "/"
	PathSwitcher          = "/switcher"
	PathLogin             = "/login"
	PathLoginSent         = "/login/sent"
	PathLoginCode         = "/login/code"
	PathLoginPasskey      = "/login/passkey"
	PathLogout            = "/logout"
	PathSignedOut         = "/signed-out"
	PathHandover          = "/handover"
	PathHandoverOver      = "/handover/over" // no token: says that the way in is over, and begins anew
	PathStepUp            = "/step-up"
	PathStepUpCode        = "/step-up/code"
	PathStepUpPasskey     = "/step-up/passkey"
	PathAccount           = "/account"
	PathAccountName       = "/account/name"
	PathAccountDates      = "/account/dates"
	PathForget            = "/account/forget"
	PathPasskeys          = "/account/passkeys"
	PathSignOutEverywhere = "/account/sign-out-everywhere"
	PathConsole           = "/support"
	PathConsoleStart      = "/support/sessions"
	PathConsoleStop       = "/support/stop"
	PathConsoleAsks       = "/support/asks"
	PathConsoleWrite      = "/support/write"
	// PathConsoleWriteConfirm takes a second agent's word.
	PathConsoleWriteConfirm = "/support/write/confirm"
	// PathViewAsStop is on every host: who looks as somebody else stops where they are.
	PathViewAsStop = "/view-as/stop"
)

// LoginTo is the sign-in page that leads on to a local path.
func LoginTo(returnTo string) string { return withQuery(PathLogin, "return_to", returnTo) }

// LoginBecause is the sign-in page with a sentence that why names.
func LoginBecause(why, returnTo string) string {
	return PathLogin + "?" + url.Values{"why": {why}, "return_to": {returnTo}}.Encode()
}

// LoginSentTo is the page that asks for the mailed code and then leads on to a local path.
func LoginSentTo(returnTo string) string { return withQuery(PathLoginSent, "return_to", returnTo) }

// LoginLink is the mailed sign-in link; its GET shows a button, its POST spends the token.
func LoginLink(token string) string { return PathLogin + "/" + url.PathEscape(token) }

// Handover is the page of the main host that hands a browser's session over to a tenant's host. The hash is that of a
// secret which the browser keeps there.
func Handover(host, browser, to string) string {
	return PathHandover + "?" + url.Values{"host": {host}, "browser": {browser}, "to": {to}}.Encode()
}

// HandoverSpend is where a tenant's host takes a session that was handed over.
func HandoverSpend(token string) string { return PathHandover + "/" + url.PathEscape(token) }

// AuthStart begins signing in with a provider. It is a GET because a redirect to another site after a form is refused
// by the form-action of our content security policy.
func AuthStart(provider, returnTo string) string {
	return withQuery("/auth/"+url.PathEscape(provider), "return_to", returnTo)
}

// AuthCallback is where a provider sends the browser back to.
func AuthCallback(provider string) string { return "/auth/" + url.PathEscape(provider) + "/callback" }

// AuthLink begins linking an account at a provider.
func AuthLink(provider string) string { return "/auth/" + url.PathEscape(provider) + "/link" }

// AuthStepUp asks for a fresh proof at a provider.
func AuthStepUp(provider string) string { return "/auth/" + url.PathEscape(provider) + "/step-up" }

// Unlink takes one of a person's own accounts at a provider away.
func Unlink(id string) string { return PathAccount + "/identities/" + id + "/unlink" }

// StepUpTo asks for a fresh proof and then leads on to a local path.
func StepUpTo(returnTo string) string { return withQuery(PathStepUp, "return_to", returnTo) }

// SignedOutEverywhere confirms that every browser was signed out.
func SignedOutEverywhere() string { return withQuery(PathSignedOut, "everywhere", "1") }

// SignedOutForgotten confirms that an account is erased.
func SignedOutForgotten() string { return withQuery(PathSignedOut, "erased", "1") }

// AccountDid is the account page, saying what the last change there did.
func AccountDid(deed string) string { return withQuery(PathAccount, "did", deed) }

// BrowserSignOut ends one of a person's own sessions.
func BrowserSignOut(id string) string { return PathAccount + "/browsers/" + id + "/sign-out" }

// LoginPasskey begins signing in with a passkey, and then leads on to a local path.
func LoginPasskey(returnTo string) string { return withQuery(PathLoginPasskey, "return_to", returnTo) }

// StepUpPasskey begins a fresh proof with a passkey, and then leads on to a local path.
func StepUpPasskey(returnTo string) string {
	return withQuery(PathStepUpPasskey, "return_to", returnTo)
}

// PasskeyAnswer is where the answer of a device goes, for each of the two above.
func PasskeyAnswer(path string) string { return path + "/answer" }

// PasskeyBegin begins adding a passkey.
func PasskeyBegin() string { return PathPasskeys + "/begin" }

// PasskeyRemove takes one of a person's own passkeys away.
func PasskeyRemove(id string) string { return PathPasskeys + "/" + id + "/remove" }

// ConsoleSearch is the support console with the answers to a search.
func ConsoleSearch(q string) string { return withQuery(PathConsole, "q", q) }

// ConsoleTenant is the support console with the form that starts a session in one tenant.
func ConsoleTenant(slug string) string { return withQuery(PathConsole, "tenant", slug) }

// ConsoleAskFor is the support console with the form that asks one tenant to be let in.
func ConsoleAskFor(slug string) string { return withQuery(PathConsole, "ask", slug) }

// Invite is the page behind an invitation's link; its GET shows what it is for, its POST accepts it.
func Invite(token string) string { return "/invites/" + url.PathEscape(token) }

// Base is where a tenant's pages begin: "/w/acme", or "" on the tenant's own host.
type Base string

// PathBase is the base of a tenant reached by its path.
func PathBase(slug string) Base { return Base("/w/" + url.PathEscape(slug)) }

// Home is the workspace's or portal's first page.
func (b Base) Home() string { return string(b) + "/" }

// Again leads to where somebody was last in the workspace.
func (b Base) Again() string { return string(b) + "/again" }

// Projects lists the projects in use.
func (b Base) Projects() string { return string(b) + "/projects" }

// ProjectsIn lists projects by filter: "archived"; anything else is the plain list.
func (b Base) ProjectsIn(filter string) string { return withQuery(b.Projects(), "show", filter) }

// ProjectNew is the form for a new project; it posts to Projects.
func (b Base) ProjectNew() string { return b.Projects() + "/new" }

// Project is one project; a POST changes it.
func (b Base) Project(id string) string { return b.Projects() + "/" + id }

// ProjectEdit is the form for a project.
func (b Base) ProjectEdit(id string) string { return b.Project(id) + "/edit" }

// ProjectMove takes a POST with "after": the id of the project it now follows, empty for the first place.
func (b Base) ProjectMove(id string) string { return b.Project(id) + "/move" }

// ProjectArchive takes a POST that puts a project away.
func (b Base) ProjectArchive(id string) string { return b.Project(id) + "/archive" }

// ProjectUnarchive takes a POST that brings an archived project back.
func (b Base) ProjectUnarchive(id string) string { return b.Project(id) + "/unarchive" }

// ProjectDelete takes a POST that moves a project to the bin.
func (b Base) ProjectDelete(id string) string { return b.Project(id) + "/delete" }

// ProjectRestore takes a POST that takes a project out of the bin.
func (b Base) ProjectRestore(id string) string { return b.Project(id) + "/restore" }

// ProjectDeliverables takes a POST that adds a deliverable to a project.
func (b Base) ProjectDeliverables(id string) string { return b.Project(id) + "/deliverables" }

// DeliverableNew is the form for a new deliverable of a project.
func (b Base) DeliverableNew(projectID string) string {
	return b.ProjectDeliverables(projectID) + "/new"
}

// Deliverable is one deliverable; a POST changes it.
func (b Base) Deliverable(id string) string { return string(b) + "/deliverables/" + id }

// DeliverableVersion is a deliverable with one of its versions open.
func (b Base) DeliverableVersion(id string, number int) string {
	return withQuery(b.Deliverable(id), "version", strconv.Itoa(number))
}

// DeliverableEdit is the form for a deliverable.
func (b Base) DeliverableEdit(id string) string { return b.Deliverable(id) + "/edit" }

// DeliverableMove takes a POST with "after", as ProjectMove does.
func (b Base) DeliverableMove(id string) string { return b.Deliverable(id) + "/move" }

// DeliverableArchive takes a POST that puts a deliverable away.
func (b Base) DeliverableArchive(id string) string { return b.Deliverable(id) + "/archive" }

// DeliverableUnarchive takes a POST that brings an archived deliverable back.
func (b Base) DeliverableUnarchive(id string) string { return b.Deliverable(id) + "/unarchive" }

// DeliverableDelete takes a POST that moves a deliverable to the bin.
func (b Base) DeliverableDelete(id string) string { return b.Deliverable(id) + "/delete" }

// DeliverableRestore takes a POST that takes a deliverable out of the bin.
func (b Base) DeliverableRestore(id string) string { return b.Deliverable(id) + "/restore" }

// Versions takes a POST that begins the next version as a draft.
func (b Base) Versions(deliverableID string) string {
	return b.Deliverable(deliverableID) + "/versions"
}

// VersionPublish takes a POST that shows a draft version to the client.
func (b Base) VersionPublish(deliverableID string, number int) string {
	return b.Versions(deliverableID) + "/" + strconv.Itoa(number) + "/publish"
}

// Files takes the plain upload form (multipart) of a draft version.
func (b Base) Files(versionID string) string { return string(b) + "/versions/" + versionID + "/files" }

// Uploads takes a POST of JSON that begins an upload into a draft version.
func (b Base) Uploads(versionID string) string {
	return string(b) + "/versions/" + versionID + "/uploads"
}

// Upload answers with the state of one upload; a DELETE gives it up.
func (b Base) Upload(id string) string { return string(b) + "/uploads/" + id }

// UploadPart takes a PUT of part n, counted from 1. With n "{n}" it is the pattern the browser fills in.
func (b Base) UploadPart(id, n string) string { return b.Upload(id) + "/parts/" + n }

// UploadFinish takes a POST that puts the parts together and has them verified.
func (b Base) UploadFinish(id string) string { return b.Upload(id) + "/finish" }

// File downloads a file.
func (b Base) File(id string) string { return string(b) + "/files/" + id }

// FileInline shows a file in the page: images, PDF, video and sound.
func (b Base) FileInline(id string) string { return b.File(id) + "/inline" }

// FilePreview is the small picture of a file that has one.
func (b Base) FilePreview(id string) string { return b.File(id) + "/preview" }

// FileDelete takes a POST that moves a file to the bin.
func (b Base) FileDelete(id string) string { return b.File(id) + "/delete" }

// FileRestore takes a POST that takes a file out of the bin.
func (b Base) FileRestore(id string) string { return b.File(id) + "/restore" }

// Bin lists what was deleted and can still be restored.
func (b Base) Bin() string { return string(b) + "/bin" }

// Members lists the people of the tenant.
func (b Base) Members() string { return string(b) + "/members" }

// MembersIn is that list narrowed and paged: "q" is a text, "after" somebody's id.
func (b Base) MembersIn(q url.Values) string {
	if len(q) == 0 {
		return b.Members()
	}
	return b.Members() + "?" + q.Encode()
}

// Member is one person of the tenant.
func (b Base) Member(id string) string { return b.Members() + "/" + id }

// MemberAs is that page with another role chosen.
func (b Base) MemberAs(id, role string) string { return withQuery(b.Member(id), "role", role) }

// MemberRole takes a POST that gives somebody another role.
func (b Base) MemberRole(id string) string { return b.Member(id) + "/role" }

// MemberRemove takes a POST that ends somebody's access.
func (b Base) MemberRemove(id string) string { return b.Member(id) + "/remove" }

// MembersByClient takes a POST that says whether a client manages its own people.
func (b Base) MembersByClient() string { return b.Members() + "/by-client" }

// MembersImport is the form for a list of people; its POST shows what it read, and then invites them.
func (b Base) MembersImport() string { return b.Members() + "/import" }

// Leave asks whether somebody wants to leave the tenant; its POST leaves.
func (b Base) Leave() string { return string(b) + "/leave" }

// Invites takes a POST that invites somebody.
func (b Base) Invites() string { return string(b) + "/invites" }

// InviteNew is the form for that.
func (b Base) InviteNew() string { return b.Invites() + "/new" }

// InviteNewOwner is the form for inviting an owner, which wants a fresh proof first.
func (b Base) InviteNewOwner() string { return withQuery(b.InviteNew(), "role", "owner") }

// InviteResend takes a POST that sends an open invitation once more.
func (b Base) InviteResend(id string) string { return b.Invites() + "/" + id + "/resend" }

// InviteRevoke takes a POST that takes an open invitation back.
func (b Base) InviteRevoke(id string) string { return b.Invites() + "/" + id + "/revoke" }

// Activity is what happened here; the query holds its filters.
func (b Base) Activity(q url.Values) string {
	if len(q) == 0 {
		return string(b) + "/activity"
	}
	return string(b) + "/activity?" + q.Encode()
}

// Support is the tenant's own page about support: its consent and its ledger.
func (b Base) Support() string { return string(b) + "/support" }

// SupportGrant takes a POST that lets support in until a time.
func (b Base) SupportGrant() string { return string(b) + "/support/grant" }

// SupportRevoke takes a POST that takes the consent back.
func (b Base) SupportRevoke() string { return string(b) + "/support/revoke" }

// SupportLedger is the whole ledger as a table of comma-separated values.
func (b Base) SupportLedger() string { return b.Support() + "/ledger.csv" }

// SupportAsking takes a POST that says whether support may ask to come in.
func (b Base) SupportAsking() string { return string(b) + "/support/asking" }

// SupportAsk is one request of support to come in; the mail's button leads there.
func (b Base) SupportAsk(id string) string { return string(b) + "/support/asks/" + id }

// SupportAskGrant takes a POST that lets support in.
func (b Base) SupportAskGrant(id string) string { return b.SupportAsk(id) + "/grant" }

// SupportAskDeny takes a POST that says no.
func (b Base) SupportAskDeny(id string) string { return b.SupportAsk(id) + "/deny" }

// SupportSessionEnd takes a POST by which the tenant ends a support session.
func (b Base) SupportSessionEnd(id string) string {
	return string(b) + "/support/sessions/" + id + "/end"
}

// ViewAs takes a POST by which staff look as one of their client's people.
func (b Base) ViewAs() string { return string(b) + "/view-as" }

// Settings shows and takes the tenant's settings.
func (b Base) Settings() string { return string(b) + "/settings" }

// BrandStylesheet is the stylesheet with the workspace's accent; the hash lets it be kept for ever.
func (b Base) BrandStylesheet(hash string) string { return string(b) + "/brand-" + hash + ".css" }

// Clients lists an agency's clients; a POST opens a workspace for another.
func (b Base) Clients() string { return string(b) + "/clients" }

// ClientsIn lists clients by filter: "archived"; anything else is the plain list.
func (b Base) ClientsIn(filter string) string { return withQuery(b.Clients(), "show", filter) }

// ClientNew is the form for a new client.
func (b Base) ClientNew() string { return b.Clients() + "/new" }

// Client is one client from without; a POST renames it.
func (b Base) Client(id string) string { return b.Clients() + "/" + id }

// ClientPlan takes a POST that gives a client another plan.
func (b Base) ClientPlan(id string) string { return b.Client(id) + "/plan" }

// ClientSuspend takes a POST that closes a client for a while.
func (b Base) ClientSuspend(id string) string { return b.Client(id) + "/suspend" }

// ClientResume takes a POST that opens a suspended client again.
func (b Base) ClientResume(id string) string { return b.Client(id) + "/resume" }

// ClientArchive takes a POST that puts a client away.
func (b Base) ClientArchive(id string) string { return b.Client(id) + "/archive" }

// ClientUnarchive takes a POST that brings an archived client back.
func (b Base) ClientUnarchive(id string) string { return b.Client(id) + "/unarchive" }

// ClientJoin takes a POST that makes the reader one of a client's staff.
func (b Base) ClientJoin(id string) string { return b.Client(id) + "/join" }

// ClientLeave takes a POST that ends that.
func (b Base) ClientLeave(id string) string { return b.Client(id) + "/leave" }

// Usage is what the plan has room for, and how much of it is in use.
func (b Base) Usage() string { return string(b) + "/usage" }

// Domains lists the tenant's own domains; a POST adds one.
func (b Base) Domains() string { return b.Settings() + "/domains" }

// DomainCheck takes a POST that has a domain looked at now.
func (b Base) DomainCheck(id string) string { return b.Domains() + "/" + id + "/check" }

// DomainRemove takes a POST that gives a domain up.
func (b Base) DomainRemove(id string) string { return b.Domains() + "/" + id + "/remove" }

// SettingsLogo takes a POST with a picture; SettingsLogoRemove one that takes it away.
func (b Base) SettingsLogo() string { return string(b) + "/settings/logo" }

// SettingsLogoRemove takes a POST that takes the tenant's own logo away.
func (b Base) SettingsLogoRemove() string { return string(b) + "/settings/logo/remove" }

// Logo is where a logo is shown, for everybody and on every host; "" for no logo.
func Logo(id string) string {
	if id == "" {
		return ""
	}
	return "/logo/" + id
}

// AccentStylesheet is the stylesheet of a colour ("#rrggbb"), for everybody and on every host; "" for no colour.
func AccentStylesheet(accent string) string {
	if accent == "" {
		return ""
	}
	return "/brand/" + strings.TrimPrefix(accent, "#") + ".css"
}

func withQuery(path, key, value string) string {
	if value == "" {
		return path
	}
	return path + "?" + url.Values{key: {value}}.Encode()
}
