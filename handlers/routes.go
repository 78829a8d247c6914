package handlers

import "portico/store"

// routes is the product, one sentence a line: who may enter, what they need, and
// what a support session may do there, and how often a minute anybody may come
// where that is limited. A route that says nothing of support refuses it. Tenant
// routes are written as they read on a tenant's own host; on the main host they
// begin with /w/{tenant}.
func (s *Server) routes() []Route {
	return []Route{
		// Everybody. How often is for the rooms of sign-in to say, address by address,
		// so that nobody is kept out by the attempts of a neighbour.
		s.public("GET /login", s.signin.Show),
		s.public("POST /login", s.signin.Begin),
		s.public("GET /login/sent", s.signin.Sent),
		s.public("POST /login/code", s.signin.Code),
		s.public("GET /login/{token}", s.signin.Link),
		s.public("POST /login/{token}", s.signin.SpendLink),
		s.public("POST /login/passkey", s.signin.PasskeyBegin).json().limited(120),
		s.public("POST /login/passkey/answer", s.signin.PasskeySignIn).json().limited(120),
		s.public("GET /auth/{provider}", s.signin.ProviderBegin),
		s.public("GET /auth/{provider}/callback", s.signin.ProviderReturn).limited(120),
		s.public("POST /logout", s.signin.SignOut).everyHost(),
		s.public("GET /signed-out", s.signin.SignedOut).everyHost(),
		s.public("GET /handover/{token}", s.handoverSpend).everyHost().limited(120),
		s.public("GET /logo/{logo}", s.logoShow).asset().everyHost(),
		s.public("GET /brand/{stylesheet}", s.accentStylesheet).asset().everyHost(),
		s.public("GET /invites/{token}", s.inviteShow),

		// A person, in no tenant; an agent of support is one only where it says so.
		s.person("GET /{$}", s.home).agentsToo(),
		s.person("GET /switcher", s.switcher),
		s.person("GET /handover", s.handoverBegin).limited(120),
		s.person("POST /invites/{token}", s.inviteAccept),
		s.person("GET /account", s.signin.Account).agentsToo(),
		s.person("POST /account/name", s.signin.AccountName),
		s.person("POST /account/browsers/{id}/sign-out", s.signin.SignOutBrowser).agentsToo(),
		s.person("POST /account/sign-out-everywhere", s.signin.SignOutEverywhere).agentsToo(),
		s.person("POST /account/passkeys/begin", s.signin.PasskeyAddBegin).agentsToo().json().limited(30),
		s.person("POST /account/passkeys", s.signin.PasskeyAdd).agentsToo().json().limited(30),
		s.person("POST /account/passkeys/{id}/remove", s.signin.PasskeyRemove).agentsToo(),
		s.person("GET /account/forget", s.signin.Forget),
		s.person("POST /account/forget", s.signin.ForgetMe).limited(30),
		s.person("GET /step-up", s.signin.StepUp).agentsToo(),
		s.person("POST /step-up", s.signin.StepUpBegin).agentsToo().limited(30),
		s.person("POST /step-up/code", s.signin.StepUpCode).agentsToo().limited(60),
		s.person("POST /step-up/passkey", s.signin.PasskeyStepUpBegin).agentsToo().json().limited(30),
		s.person("POST /step-up/passkey/answer", s.signin.PasskeyStepUp).agentsToo().json().limited(30),

		// Staff who look as their client stop on whatever host they are.
		s.person("POST /view-as/stop", s.viewAsStop).everyHost(),

		// An agent of support, who is a member of nothing.
		s.agent("GET /support", s.consoleShow).limited(120),
		s.agent("POST /support/asks", s.whileOn(s.consoleAsk)).limited(30),
		s.agent("POST /support/sessions", s.whileOn(s.consoleStart)).limited(30),
		s.agent("GET /support/write", s.whileOn(s.consoleWrite)).limited(30),
		s.agent("POST /support/write", s.whileOn(s.consoleWriteStart)).limited(30),
		s.agent("POST /support/write/confirm", s.whileOn(s.consoleWriteConfirm)).limited(30),
		s.agent("POST /support/stop", s.consoleStop),

		// A member of the tenant.
		s.member("GET /{$}", store.SeeWork, s.tenantHome).supportReads().place(),
		s.member("GET /again", store.SeeWork, s.again),
		s.member("GET /{stylesheet}", store.SeeWork, s.brandStylesheet).supportReads().asset(),

		s.member("GET /projects", store.SeeWork, s.projectList).supportReads().place(),
		s.member("POST /projects", store.EditWork, s.projectCreate).supportWrites(),
		s.member("GET /projects/new", store.EditWork, s.projectNew).supportReads(),
		s.member("GET /projects/{id}", store.SeeWork, s.projectShow).supportReads().place(),
		s.member("POST /projects/{id}", store.EditWork, s.projectUpdate).supportWrites(),
		s.member("GET /projects/{id}/edit", store.EditWork, s.projectEdit).supportReads(),
		s.member("POST /projects/{id}/move", store.EditWork, s.projectMove).supportWrites(),
		s.member("POST /projects/{id}/archive", store.EditWork, s.projectArchive).supportWrites(),
		s.member("POST /projects/{id}/unarchive", store.EditWork, s.projectUnarchive).supportWrites(),
		s.member("POST /projects/{id}/delete", store.EditWork, s.projectDelete).supportWrites(),
		s.member("POST /projects/{id}/restore", store.SeeBin, s.projectRestore).supportWrites(),

		s.member("POST /projects/{id}/deliverables", store.EditWork, s.deliverableCreate).supportWrites(),
		s.member("GET /projects/{id}/deliverables/new", store.EditWork, s.deliverableNew).supportReads(),
		s.member("GET /deliverables", store.SeeWork, s.deliverableList).supportReads().place(),
		s.member("GET /deliverables/{id}", store.SeeWork, s.deliverableShow).supportReads().place(),
		s.member("POST /deliverables/{id}", store.EditWork, s.deliverableUpdate).supportWrites(),
		s.member("GET /deliverables/{id}/edit", store.EditWork, s.deliverableEdit).supportReads(),
		s.member("POST /deliverables/{id}/move", store.EditWork, s.deliverableMove).supportWrites(),
		s.member("POST /deliverables/{id}/archive", store.EditWork, s.deliverableArchive).supportWrites(),
		s.member("POST /deliverables/{id}/unarchive", store.EditWork, s.deliverableUnarchive).supportWrites(),
		s.member("POST /deliverables/{id}/delete", store.EditWork, s.deliverableDelete).supportWrites(),
		s.member("POST /deliverables/{id}/restore", store.SeeBin, s.deliverableRestore).supportWrites(),
		s.member("POST /deliverables/{id}/versions", store.EditWork, s.versionCreate).supportWrites(),
		s.member("POST /deliverables/{id}/versions/{number}/publish", store.Publish, s.versionPublish).supportWrites(),

		s.member("POST /versions/{id}/files", store.Upload, s.fileCreate).supportWrites().streams(),
		s.member("POST /versions/{id}/uploads", store.Upload, s.uploadCreate).supportWrites().json(),
		s.member("GET /uploads/{id}", store.Upload, s.uploadStatus).supportWrites().json(),
		s.member("PUT /uploads/{id}/parts/{n}", store.Upload, s.uploadPart).supportWrites().json().streams(),
		s.member("POST /uploads/{id}/finish", store.Upload, s.uploadFinish).supportWrites().json().streams(),
		s.member("DELETE /uploads/{id}", store.Upload, s.uploadCancel).supportWrites().json(),
		s.member("GET /files/{id}", store.SeeWork, s.fileDownload).supportReads().streams(),
		s.member("GET /files/{id}/inline", store.SeeWork, s.fileInline).supportReads().streams(),
		s.member("GET /files/{id}/preview", store.SeeWork, s.filePreview).supportReads().asset(),
		s.member("POST /files/{id}/delete", store.EditWork, s.fileDelete).supportWrites(),
		s.member("POST /files/{id}/restore", store.SeeBin, s.fileRestore).supportWrites(),

		s.member("GET /bin", store.SeeBin, s.binShow).supportReads(),
		s.member("GET /members", store.SeePeople, s.memberList).supportReads(),
		s.member("GET /members/{id}", store.SeePeople, s.memberShow).supportReads(),
		s.member("POST /members/{id}/role", store.ManageClientUsers, s.memberRole),
		s.member("POST /members/{id}/remove", store.ManageClientUsers, s.memberRemove),
		s.member("POST /members/by-client", store.ManageStaff, s.membersByClient),
		s.member("GET /members/import", store.ManageClientUsers, s.importShow),
		s.member("POST /members/import", store.ManageClientUsers, s.importPeople).limited(60),
		s.member("GET /invites/new", store.ManageClientUsers, s.inviteNew),
		s.member("POST /invites", store.ManageClientUsers, s.inviteCreate).limited(60),
		s.member("POST /invites/{id}/resend", store.ManageClientUsers, s.inviteResend),
		s.member("POST /invites/{id}/revoke", store.ManageClientUsers, s.inviteRevoke),
		s.member("GET /leave", store.SeeWork, s.leaveShow),
		s.member("POST /leave", store.SeeWork, s.leave),
		s.member("GET /activity", store.SeeActivity, s.activityList).supportReads(),
		s.member("GET /settings", store.SeeSettings, s.settingsShow).supportReads(),
		s.member("POST /settings", store.EditSettings, s.settingsUpdate),
		s.member("GET /usage", store.SeeSettings, s.usageShow).supportReads(),
		s.member("GET /settings/domains", store.ManageDomains, s.onMain(s.domainsShow)),
		s.member("POST /settings/domains", store.ManageDomains, s.onMain(s.domainAdd)).limited(30),
		s.member("POST /settings/domains/{id}/check", store.ManageDomains, s.onMain(s.domainCheck)).limited(120),
		s.member("POST /settings/domains/{id}/remove", store.ManageDomains, s.onMain(s.domainRemove)),
		s.member("POST /settings/logo", store.EditSettings, s.logoSet).streams(),
		s.member("POST /settings/logo/remove", store.EditSettings, s.logoRemove),

		// An agency's own place: what it does about its clients, and never support.
		s.member("GET /clients", store.ManageClients, s.clientList).agency(),
		s.member("POST /clients", store.ManageClients, s.clientCreate).agency().limited(60),
		s.member("GET /clients/new", store.ManageClients, s.clientNew).agency(),
		s.member("GET /clients/{id}", store.ManageClients, s.clientShow).agency(),
		s.member("POST /clients/{id}", store.ManageClients, s.clientRename).agency(),
		s.member("POST /clients/{id}/plan", store.PlanClients, s.clientPlan).agency(),
		s.member("POST /clients/{id}/suspend", store.ManageClients, s.clientAct("client.suspended", (*store.Tx).SuspendClient)).agency(),
		s.member("POST /clients/{id}/resume", store.ManageClients, s.clientAct("client.resumed", (*store.Tx).ResumeClient)).agency(),
		s.member("POST /clients/{id}/archive", store.ManageClients, s.clientAct("client.archived", (*store.Tx).ArchiveClient)).agency(),
		s.member("POST /clients/{id}/unarchive", store.ManageClients, s.clientAct("client.unarchived", (*store.Tx).UnarchiveClient)).agency(),
		s.member("POST /clients/{id}/join", store.ManageClients, s.clientAct("client.joined", (*store.Tx).JoinClient)).agency(),
		s.member("POST /clients/{id}/leave", store.ManageClients, s.clientAct("client.left", (*store.Tx).LeaveClient)).agency(),

		s.member("GET /support", store.SeeSupport, s.supportShow).supportReads(),
		s.member("POST /support/grant", store.GrantSupport, s.supportGrant).limited(30),
		s.member("GET /support/ledger.csv", store.SeeSupport, s.supportLedger).streams().limited(30),
		s.member("POST /support/asking", store.GrantSupport, s.supportAsking).limited(30),
		s.member("GET /support/asks/{id}", store.SeeSupport, s.supportAskShow),
		s.member("POST /support/asks/{id}/grant", store.GrantSupport, s.supportAskGrant),
		s.member("POST /support/asks/{id}/deny", store.GrantSupport, s.supportAskDeny),
		s.member("POST /support/revoke", store.GrantSupport, s.supportRevoke),
		s.member("POST /support/sessions/{id}/end", store.GrantSupport, s.supportSessionEnd),

		s.member("POST /view-as", store.ViewAs, s.viewAsStart).limited(30),

		// Whatever else: not there, and it says so to members alike.
		s.member("/", store.SeeWork, s.nothing).supportReads(),
		s.public("/", s.nowhere),
	}
}
