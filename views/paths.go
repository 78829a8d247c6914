package views

import (
	"net/url"
	"strconv"
	"strings"
)

// This file makes every URL of the product. Paths of the platform (sign-in, account, support console) are functions.
// Paths inside a tenant are methods of its Base.

// Paths of the platform, on the host of PORTICO_URL.
const (
	PathHome              = "/"
	PathSwitcher          = "/switcher"
	PathLogin             = "/login"
	PathLoginSent         = "/login/sent"
	PathLoginCode         = "/login/code"
	PathLoginPasskey      = "/login/passkey"
	PathSignUp            = "/signup"        // asks for the address; there while sign-up is on
	PathSignUpAgency      = "/signup/agency" // the form for a new agency, after the address is proved
	PathLogout            = "/logout"
	PathSignedOut         = "/signed-out"
	PathHandover          = "/handover"
	PathHandoverOver      = "/handover/over" // without a token: says that the session has ended
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
	// PathConsoleWriteConfirm takes a second agent's confirmation.
	PathConsoleWriteConfirm = "/support/write/confirm"
	PathAPI                 = "/api"                              // describes the API to people
	PathTrust               = "/trust"                            // what the installation claims
	PathSigningKeys         = "/.well-known/portico-signing-keys" // verify certificates of approval
	PathDocument            = "/api/v1/openapi.json"              // describes it to programs
	// PathViewAsStop exists on every host, because view as stops on the host where it runs.
	PathViewAsStop = "/view-as/stop"
)

// LoginTo is the sign-in page that then redirects to a local path.
func LoginTo(returnTo string) string { return withQuery(PathLogin, "return_to", returnTo) }

// LoginBecause is the sign-in page with the message that why names.
func LoginBecause(why, returnTo string) string {
	return PathLogin + "?" + url.Values{"why": {why}, "return_to": {returnTo}}.Encode()
}

// HandoverEnded is the page of a tenant's host that says that the session has ended, and leads back to the form.
func HandoverEnded(returnTo string) string { return withQuery(PathHandoverOver, "return_to", returnTo) }

// LoginSentTo is the page that asks for the mailed code and then redirects to a local path.
func LoginSentTo(returnTo string) string { return withQuery(PathLoginSent, "return_to", returnTo) }

// LoginLink is the mailed sign-in link; its GET shows a button, its POST spends the token.
func LoginLink(token string) string { return PathLogin + "/" + url.PathEscape(token) }

// Handover is the page of the main host that hands a browser's session over to a tenant's host. The hash is of a
// secret that the browser keeps for that host.
func Handover(host, browser, to string) string {
	return PathHandover + "?" + url.Values{"host": {host}, "browser": {browser}, "to": {to}}.Encode()
}

// HandoverSpend is the URL where a tenant's host receives a session from the main host.
func HandoverSpend(token string) string { return PathHandover + "/" + url.PathEscape(token) }

// AuthStart starts a sign-in with a provider. It is a GET because the form-action of our content security policy
// forbids a redirect to another site after a form.
func AuthStart(provider, returnTo string) string {
	return withQuery("/auth/"+url.PathEscape(provider), "return_to", returnTo)
}

// AuthCallback is the URL to which a provider sends the browser back.
func AuthCallback(provider string) string { return "/auth/" + url.PathEscape(provider) + "/callback" }

// AuthLink starts linking an account at a provider.
func AuthLink(provider string) string { return "/auth/" + url.PathEscape(provider) + "/link" }

// AuthStepUp starts a step-up at a provider.
func AuthStepUp(provider string) string { return "/auth/" + url.PathEscape(provider) + "/step-up" }

// Unlink takes a POST that unlinks one of a person's accounts at a provider.
func Unlink(id string) string { return PathAccount + "/identities/" + id + "/unlink" }

// StepUpTo is the step-up page that then redirects to a local path.
func StepUpTo(returnTo string) string { return withQuery(PathStepUp, "return_to", returnTo) }

// StepUpSent is the step-up page after the code was sent. It says so if the browser kept no cookie. from is the page
// that "Not now" leads back to.
func StepUpSent(returnTo, from string) string {
	to := StepUpTo(returnTo) + "&sent=1"
	if from != "" {
		to += "&" + url.Values{"from": {from}}.Encode()
	}
	return to
}

// SignedOutEverywhere is the page that confirms that every browser was signed out.
func SignedOutEverywhere() string { return withQuery(PathSignedOut, "everywhere", "1") }

// SignedOutForgotten is the page that confirms that an account was erased.
func SignedOutForgotten() string { return withQuery(PathSignedOut, "erased", "1") }

// AccountDid is the account page with a message about the last change.
func AccountDid(deed string) string { return withQuery(PathAccount, "did", deed) }

// BrowserSignOut takes a POST that ends one of a person's own sessions.
func BrowserSignOut(id string) string { return PathAccount + "/browsers/" + id + "/sign-out" }

// LoginPasskey starts a sign-in with a passkey, which then redirects to a local path.
func LoginPasskey(returnTo string) string { return withQuery(PathLoginPasskey, "return_to", returnTo) }

// StepUpPasskey starts a step-up with a passkey, which then redirects to a local path.
func StepUpPasskey(returnTo string) string {
	return withQuery(PathStepUpPasskey, "return_to", returnTo)
}

// PasskeyAnswer takes the device's response to LoginPasskey or StepUpPasskey.
func PasskeyAnswer(path string) string { return path + "/answer" }

// PasskeyBegin starts adding a passkey.
func PasskeyBegin() string { return PathPasskeys + "/begin" }

// PasskeyRemove takes a POST that removes one of a person's own passkeys.
func PasskeyRemove(id string) string { return PathPasskeys + "/" + id + "/remove" }

// ConsoleSearch is the support console with the results of a search.
func ConsoleSearch(q string) string { return withQuery(PathConsole, "q", q) }

// ConsoleTenant is the support console with the form that starts a session in one tenant.
func ConsoleTenant(slug string) string { return withQuery(PathConsole, "tenant", slug) }

// ConsoleAskFor is the support console with the form that requests access to one tenant.
func ConsoleAskFor(slug string) string { return withQuery(PathConsole, "ask", slug) }

// Invite is the page behind an invitation's link; its GET shows what it is for, its POST accepts it.
func Invite(token string) string { return "/invites/" + url.PathEscape(token) }

// Base is the prefix of a tenant's URLs: "/w/acme", or "" on the tenant's own host.
type Base string

// PathBase is the base of a tenant reached by its path.
func PathBase(slug string) Base { return Base("/w/" + url.PathEscape(slug)) }

// Home is the workspace's or portal's first page.
func (b Base) Home() string { return string(b) + "/" }

// Again redirects to the page of the workspace that the person visited last.
func (b Base) Again() string { return string(b) + "/again" }

// Projects lists the projects that are not archived.
func (b Base) Projects() string { return string(b) + "/projects" }

// ProjectsIn lists projects by filter: "archived"; anything else is the plain list.
func (b Base) ProjectsIn(filter string) string { return withQuery(b.Projects(), "show", filter) }

// ProjectsToOrder is the list of projects with a form in each row that changes the order without scripts.
func (b Base) ProjectsToOrder() string { return withQuery(b.Projects(), "order", "1") }

// ProjectToOrder is a project with such forms in the rows of its deliverables.
func (b Base) ProjectToOrder(id string) string { return withQuery(b.Project(id), "order", "1") }

// ProjectArchived lists a project's archived deliverables.
func (b Base) ProjectArchived(id string) string { return withQuery(b.Project(id), "show", "archived") }

// ProjectNew is the form for a new project; it posts to Projects.
func (b Base) ProjectNew() string { return b.Projects() + "/new" }

// Project is one project; a POST changes it.
func (b Base) Project(id string) string { return b.Projects() + "/" + id }

// ProjectEdit is the form for a project.
func (b Base) ProjectEdit(id string) string { return b.Project(id) + "/edit" }

// ProjectMove takes a POST with "after": the id of the project to place it after, empty for the first place.
func (b Base) ProjectMove(id string) string { return b.Project(id) + "/move" }

// ProjectArchive takes a POST that archives a project.
func (b Base) ProjectArchive(id string) string { return b.Project(id) + "/archive" }

// ProjectUnarchive takes a POST that unarchives a project.
func (b Base) ProjectUnarchive(id string) string { return b.Project(id) + "/unarchive" }

// ProjectDelete takes a POST that moves a project to the bin.
func (b Base) ProjectDelete(id string) string { return b.Project(id) + "/delete" }

// ProjectRestore takes a POST that restores a project from the bin.
func (b Base) ProjectRestore(id string) string { return b.Project(id) + "/restore" }

// ProjectDeliverables takes a POST that adds a deliverable to a project.
func (b Base) ProjectDeliverables(id string) string { return b.Project(id) + "/deliverables" }

// DeliverableNew is the form for a new deliverable of a project.
func (b Base) DeliverableNew(projectID string) string {
	return b.ProjectDeliverables(projectID) + "/new"
}

// Deliverable is one deliverable; a POST changes it.
func (b Base) Deliverable(id string) string { return string(b) + "/deliverables/" + id }

// DeliverableVersion is the page of a deliverable that shows one of its versions.
func (b Base) DeliverableVersion(id string, number int) string {
	return withQuery(b.Deliverable(id), "version", strconv.Itoa(number))
}

// DeliverableEdit is the form for a deliverable.
func (b Base) DeliverableEdit(id string) string { return b.Deliverable(id) + "/edit" }

// DeliverableMove takes a POST with "after", as ProjectMove does.
func (b Base) DeliverableMove(id string) string { return b.Deliverable(id) + "/move" }

// DeliverableArchive takes a POST that archives a deliverable.
func (b Base) DeliverableArchive(id string) string { return b.Deliverable(id) + "/archive" }

// DeliverableUnarchive takes a POST that unarchives a deliverable.
func (b Base) DeliverableUnarchive(id string) string { return b.Deliverable(id) + "/unarchive" }

// DeliverableDelete takes a POST that moves a deliverable to the bin.
func (b Base) DeliverableDelete(id string) string { return b.Deliverable(id) + "/delete" }

// DeliverableRestore takes a POST that restores a deliverable from the bin.
func (b Base) DeliverableRestore(id string) string { return b.Deliverable(id) + "/restore" }

// DeliverableFile is the page of a deliverable with one file of a version shown large.
func (b Base) DeliverableFile(id string, version int, fileID string) string {
	return b.Deliverable(id) + "?" + url.Values{"version": {strconv.Itoa(version)}, "file": {fileID}}.Encode() + "#stage"
}

// DeliverableFilePage is [Base.DeliverableFile] with one page of a document.
func (b Base) DeliverableFilePage(id string, version int, fileID string, page int) string {
	return b.Deliverable(id) + "?" + url.Values{"version": {strconv.Itoa(version)}, "file": {fileID}, "page": {strconv.Itoa(page)}}.Encode() + "#stage"
}

// DeliverablePlace is DeliverableFile at a place of the file: a page, a moment or a pin.
func (b Base) DeliverablePlace(id string, version int, fileID, key, value, fragment string) string {
	q := url.Values{"version": {strconv.Itoa(version)}, "file": {fileID}}
	if key != "" {
		q.Set(key, value)
	}
	return b.Deliverable(id) + "?" + q.Encode() + "#" + fragment
}

// Versions takes a POST that creates the next version as a draft.
func (b Base) Versions(deliverableID string) string {
	return b.Deliverable(deliverableID) + "/versions"
}

// VersionUnlock takes a POST that unlocks an earlier version.
func (b Base) VersionUnlock(deliverableID string, number int) string {
	return b.Versions(deliverableID) + "/" + strconv.Itoa(number) + "/unlock"
}

// VersionPublish takes a POST that publishes a draft version to the client.
func (b Base) VersionPublish(deliverableID string, number int) string {
	return b.Versions(deliverableID) + "/" + strconv.Itoa(number) + "/publish"
}

// Decide takes a POST with what a client user decides on a version.
func (b Base) Decide(deliverableID string, number int) string {
	return b.ofVersion(deliverableID, number, "decide")
}

// DecideForm is the page of a version with the form that decides so, or that passes it on: "pass-on".
func (b Base) DecideForm(deliverableID string, number int, answer string) string {
	return b.Deliverable(deliverableID) + "?" + url.Values{"version": {strconv.Itoa(number)}, "decide": {answer}}.Encode() + "#decide"
}

// PassOn takes a POST that passes the request to decide on to someone else.
func (b Base) PassOn(deliverableID string, number int) string {
	return b.ofVersion(deliverableID, number, "pass-on")
}

// AskForDecision takes a POST that asks client users to decide on a version.
func (b Base) AskForDecision(deliverableID string, number int) string {
	return b.ofVersion(deliverableID, number, "ask")
}

// CloseReview takes a POST that closes a version without an answer.
func (b Base) CloseReview(deliverableID string, number int) string {
	return b.ofVersion(deliverableID, number, "close")
}

// WithdrawReview takes a POST that withdraws what was asked about a version.
func (b Base) WithdrawReview(deliverableID string, number int) string {
	return b.ofVersion(deliverableID, number, "withdraw")
}

// Certificate is the certificate of approval of a version.
func (b Base) Certificate(deliverableID string, number int) string {
	return b.ofVersion(deliverableID, number, "certificate")
}

// CertificateText is the certificate as it was signed.
func (b Base) CertificateText(deliverableID string, number int) string {
	return b.ofVersion(deliverableID, number, "certificate.txt")
}

// CertificatePDF is the certificate to print.
func (b Base) CertificatePDF(deliverableID string, number int) string {
	return b.ofVersion(deliverableID, number, "certificate.pdf")
}

func (b Base) ofVersion(deliverableID string, number int, deed string) string {
	return b.Versions(deliverableID) + "/" + strconv.Itoa(number) + "/" + deed
}

// VersionNotes takes a POST that writes a note on a version.
func (b Base) VersionNotes(deliverableID string, number int) string {
	return b.Versions(deliverableID) + "/" + strconv.Itoa(number) + "/notes"
}

// NotesExport is the notes on a version as a file: csv or pdf, and for one of its recordings edl or fcpxml.
func (b Base) NotesExport(deliverableID string, number int, format, fileID string) string {
	at := b.ofVersion(deliverableID, number, "notes."+format)
	if fileID == "" {
		return at
	}
	return withQuery(at, "file", fileID)
}

// note is a note of a version.
func (b Base) note(id string) string { return string(b) + "/notes/" + id }

// NoteReply takes a POST that replies to a note.
func (b Base) NoteReply(id string) string { return b.note(id) + "/replies" }

// NoteResolve takes a POST that marks a note as done.
func (b Base) NoteResolve(id string) string { return b.note(id) + "/resolve" }

// NoteReopen takes a POST that reopens a note.
func (b Base) NoteReopen(id string) string { return b.note(id) + "/reopen" }

// NoteShow takes a POST that shows a note, and some of its replies, to the client.
func (b Base) NoteShow(id string) string { return b.note(id) + "/show" }

// Comment takes a POST that changes the words of a note or a reply.
func (b Base) Comment(id string) string { return string(b) + "/comments/" + id }

// Files takes the plain upload form (multipart) of a draft version.
func (b Base) Files(versionID string) string { return string(b) + "/versions/" + versionID + "/files" }

// FilesZip downloads all files of a version as one archive.
func (b Base) FilesZip(versionID string) string {
	return string(b) + "/versions/" + versionID + "/files.zip"
}

// Uploads takes a POST of JSON that starts an upload into a draft version.
func (b Base) Uploads(versionID string) string {
	return string(b) + "/versions/" + versionID + "/uploads"
}

// Upload returns the state of one upload; a DELETE cancels it.
func (b Base) Upload(id string) string { return string(b) + "/uploads/" + id }

// UploadPart takes a PUT of part n, starting at 1. With n "{n}" it is the pattern that the browser fills in.
func (b Base) UploadPart(id, n string) string { return b.Upload(id) + "/parts/" + n }

// UploadFinish takes a POST that assembles the parts and verifies the file.
func (b Base) UploadFinish(id string) string { return b.Upload(id) + "/finish" }

// File downloads a file.
func (b Base) File(id string) string { return string(b) + "/files/" + id }

// FileDrawing is a drawing for an img element.
func (b Base) FileDrawing(id string) string { return b.File(id) + "/drawing" }

// FileText shows the beginning of a text or of source code.
func (b Base) FileText(id string) string { return b.File(id) + "/text" }

// FileLead takes a POST that makes a file the one that its version shows first.
func (b Base) FileLead(id string) string { return b.File(id) + "/lead" }

// FileInline shows a file in the page: images, PDF, video and sound. The address ends with the file's name, because
// browsers take the title of the tab and of a PDF viewer from there. The server doesn't read it.
func (b Base) FileInline(id, name string) string {
	at := b.File(id) + "/inline"
	if name == "" || name == "." || name == ".." { // browsers resolve dots, even escaped ones
		return at
	}
	return at + "/" + url.PathEscape(name)
}

// FilePreview is the preview image of a file that has one.
func (b Base) FilePreview(id string) string { return b.File(id) + "/preview" }

// FilePage is the picture of a page of a document; pages count from 1.
func (b Base) FilePage(id string, page int) string {
	return b.File(id) + "/pages/" + strconv.Itoa(page)
}

// FilePoster is the picture of a recording: the poster of a video, the wave of a sound.
func (b Base) FilePoster(id string) string { return b.File(id) + "/poster" }

// FilePlayable is the copy of a recording that browsers play.
func (b Base) FilePlayable(id string) string { return b.File(id) + "/playable" }

// FileDelete takes a POST that moves a file to the bin.
func (b Base) FileDelete(id string) string { return b.File(id) + "/delete" }

// FileRestore takes a POST that restores a file from the bin.
func (b Base) FileRestore(id string) string { return b.File(id) + "/restore" }

// Bin lists what was deleted and can still be restored.
func (b Base) Bin() string { return string(b) + "/bin" }

// Members lists the people of the tenant.
func (b Base) Members() string { return string(b) + "/members" }

// MembersIn is the list of people, searched and paged: "q" is the search text, "after" the id of the last person
// shown.
func (b Base) MembersIn(q url.Values) string {
	if len(q) == 0 {
		return b.Members()
	}
	return b.Members() + "?" + q.Encode()
}

// Member is one person of the tenant.
func (b Base) Member(id string) string { return b.Members() + "/" + id }

// MemberAs is the page of a person with another role chosen in the form.
func (b Base) MemberAs(id, role string) string { return withQuery(b.Member(id), "role", role) }

// MemberRole takes a POST that changes a person's role.
func (b Base) MemberRole(id string) string { return b.Member(id) + "/role" }

// MemberClients takes a POST that assigns a person of an agency to its clients.
func (b Base) MemberClients(id string) string { return b.Member(id) + "/clients" }

// MemberRemove takes a POST that ends a person's access.
func (b Base) MemberRemove(id string) string { return b.Member(id) + "/remove" }

// MembersByClient takes a POST that sets whether a client manages its own people.
func (b Base) MembersByClient() string { return b.Members() + "/by-client" }

// MembersImport is the form for a list of people. Its POST shows how the list was read, and then sends the
// invitations.
func (b Base) MembersImport() string { return b.Members() + "/import" }

// Leave is the page that asks for confirmation before leaving the tenant; its POST leaves.
func (b Base) Leave() string { return string(b) + "/leave" }

// Invites takes a POST that invites a person.
func (b Base) Invites() string { return string(b) + "/invites" }

// InviteNew is the form for an invitation.
func (b Base) InviteNew() string { return b.Invites() + "/new" }

// InviteNewOwner is the form for inviting an owner. It requires a step-up first.
func (b Base) InviteNewOwner() string { return withQuery(b.InviteNew(), "role", "owner") }

// InviteResend takes a POST that sends an open invitation again.
func (b Base) InviteResend(id string) string { return b.Invites() + "/" + id + "/resend" }

// InviteRevoke takes a POST that revokes an open invitation.
func (b Base) InviteRevoke(id string) string { return b.Invites() + "/" + id + "/revoke" }

// Activity lists the tenant's events; the query holds its filters.
func (b Base) Activity(q url.Values) string {
	if len(q) == 0 {
		return string(b) + "/activity"
	}
	return string(b) + "/activity?" + q.Encode()
}

// ActivityEvent is the page of one event.
func (b Base) ActivityEvent(id string) string { return b.Activity(nil) + "/" + id }

// ActivityProof is the proof that an event is sealed, which any tool that knows C2SP's format checks.
func (b Base) ActivityProof(id string) string { return b.ActivityEvent(id) + "/proof" }

// ActivityExport is the list of events as a file: "csv" or "jsonl"; the query holds the filters of the page.
func (b Base) ActivityExport(format string, q url.Values) string {
	path := string(b) + "/activity." + format
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// ActivityArchive is the sealed trail as a file that portico audit verify checks.
func (b Base) ActivityArchive() string { return string(b) + "/activity.zip" }

// Support is the tenant's own page about support access, with the ledger.
func (b Base) Support() string { return string(b) + "/support" }

// SupportGrant takes a POST that allows support access until a time.
func (b Base) SupportGrant() string { return string(b) + "/support/grant" }

// SupportRevoke takes a POST that ends support access.
func (b Base) SupportRevoke() string { return string(b) + "/support/revoke" }

// SupportLedger downloads the whole ledger as comma-separated values.
func (b Base) SupportLedger() string { return b.Support() + "/ledger.csv" }

// SupportAsking takes a POST that sets whether support may request access.
func (b Base) SupportAsking() string { return string(b) + "/support/asking" }

// SupportAsk is the page of one access request. The mail links to it.
func (b Base) SupportAsk(id string) string { return string(b) + "/support/asks/" + id }

// SupportAskGrant takes a POST that grants an access request.
func (b Base) SupportAskGrant(id string) string { return b.SupportAsk(id) + "/grant" }

// SupportAskDeny takes a POST that denies an access request.
func (b Base) SupportAskDeny(id string) string { return b.SupportAsk(id) + "/deny" }

// SupportCode takes a POST that makes a code for a support agent.
func (b Base) SupportCode() string { return string(b) + "/support/code" }

// SupportSessionReview takes a POST with what somebody says of a support session.
func (b Base) SupportSessionReview(id string) string {
	return string(b) + "/support/sessions/" + id + "/review"
}

// SupportSessionEnd takes a POST with which the tenant ends a support session.
func (b Base) SupportSessionEnd(id string) string {
	return string(b) + "/support/sessions/" + id + "/end"
}

// ViewAs takes a POST with which staff start to view the workspace as one of the client's people.
func (b Base) ViewAs() string { return string(b) + "/view-as" }

// Settings is the page of the tenant's settings; a POST changes them.
func (b Base) Settings() string { return string(b) + "/settings" }

// BrandStylesheet is the stylesheet with the workspace's accent. The hash changes with the accent, so browsers may
// cache it for ever.
func (b Base) BrandStylesheet(hash string) string { return string(b) + "/brand-" + hash + ".css" }

// Clients lists an agency's clients; a POST creates a client.
func (b Base) Clients() string { return string(b) + "/clients" }

// ClientsIn lists clients by filter: "archived"; anything else is the plain list.
func (b Base) ClientsIn(filter string) string { return withQuery(b.Clients(), "show", filter) }

// ClientNew is the form for a new client.
func (b Base) ClientNew() string { return b.Clients() + "/new" }

// Client is the agency's page about one client; a POST renames it.
func (b Base) Client(id string) string { return b.Clients() + "/" + id }

// ClientPlan takes a POST that changes a client's plan.
func (b Base) ClientPlan(id string) string { return b.Client(id) + "/plan" }

// ClientSuspend takes a POST that suspends a client.
func (b Base) ClientSuspend(id string) string { return b.Client(id) + "/suspend" }

// ClientResume takes a POST that resumes a suspended client.
func (b Base) ClientResume(id string) string { return b.Client(id) + "/resume" }

// ClientArchive takes a POST that archives a client.
func (b Base) ClientArchive(id string) string { return b.Client(id) + "/archive" }

// ClientDiscard takes a POST that deletes a client that nobody used.
func (b Base) ClientDiscard(id string) string { return b.Client(id) + "/discard" }

// ClientUnarchive takes a POST that unarchives a client.
func (b Base) ClientUnarchive(id string) string { return b.Client(id) + "/unarchive" }

// ClientStaff takes a POST that assigns people of the agency to a client.
func (b Base) ClientStaff(id string) string { return b.Client(id) + "/staff" }

// ClientJoin takes a POST with which the reader joins a client's workspace.
func (b Base) ClientJoin(id string) string { return b.Client(id) + "/join" }

// ClientLeave takes a POST with which the reader leaves a client's workspace.
func (b Base) ClientLeave(id string) string { return b.Client(id) + "/leave" }

// Usage is the page of the plan's limits and how much of them is in use.
func (b Base) Usage() string { return string(b) + "/usage" }

// UsageExport is the same as a table for a spreadsheet.
func (b Base) UsageExport() string { return b.Usage() + ".csv" }

// Billing is the page of what an agency pays. It exists on the main host only.
func (b Base) Billing() string { return b.Settings() + "/billing" }

// BillingCheckout takes a POST that leads to Stripe, to subscribe to a plan.
func (b Base) BillingCheckout() string { return b.Billing() + "/checkout" }

// BillingPortal takes a POST that leads to Stripe, to change or end what is paid.
func (b Base) BillingPortal() string { return b.Billing() + "/portal" }

// BillingNotPaid is the page of billing for somebody who left Stripe without paying.
func (b Base) BillingNotPaid() string { return withQuery(b.Billing(), "not_paid", "1") }

// BillingBack is the page of billing for somebody who comes back from Stripe.
func (b Base) BillingBack() string { return withQuery(b.Billing(), "back", "1") }

// Domains lists the tenant's own domains; a POST adds one.
func (b Base) Domains() string { return b.Settings() + "/domains" }

// DomainCheck takes a POST that checks a domain now.
func (b Base) DomainCheck(id string) string { return b.Domains() + "/" + id + "/check" }

// DomainRemove takes a POST that removes a domain.
func (b Base) DomainRemove(id string) string { return b.Domains() + "/" + id + "/remove" }

// Keys lists the workspace's API keys; a POST makes one.
func (b Base) Keys() string { return b.Settings() + "/keys" }

// KeyRevoke takes a POST that revokes an API key.
func (b Base) KeyRevoke(id string) string { return b.Keys() + "/" + id + "/revoke" }

// SettingsLogo takes a POST that uploads the tenant's own logo.
func (b Base) SettingsLogo() string { return string(b) + "/settings/logo" }

// SettingsLogoOver is SettingsLogo for a form that shows the logo with that id, or "none".
func (b Base) SettingsLogoOver(seen string) string { return withQuery(b.SettingsLogo(), "seen", seen) }

// SettingsLogoRemove takes a POST that removes the tenant's own logo.
func (b Base) SettingsLogoRemove() string { return string(b) + "/settings/logo/remove" }

// Logo is the URL of a logo, public and the same on every host; "" for no logo.
func Logo(id string) string {
	if id == "" {
		return ""
	}
	return "/logo/" + id
}

// AccentStylesheet is the stylesheet of a colour ("#rrggbb"), public and the same on every host; "" for no colour.
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
