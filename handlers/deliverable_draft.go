package handlers

import (
	"slices"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/store"
	"portico/views"
)

// draftRead is what only the page of a draft shows: who could see it, what is carried into it,
// and how large its files may be.
type draftRead struct {
	plan     store.TenantPlan
	used     []store.Usage
	invites  []store.Invite
	byClient bool
	carry    []store.OpenNote
}

// reads are those that the page of p needs, none for a published version.
func (d *draftRead) reads(p views.DeliverableShowProps) (reads []store.Read) {
	if p.Upload != nil {
		reads = append(reads, store.GetPlan(&d.plan), store.ListUsage(&d.used))
	}
	if p.CanPublish {
		reads = append(reads, store.ListInvites(&d.invites), store.ClientManagesPeople(&d.byClient), store.ListNotesToCarry(uuid.MustParse(p.ID), &d.carry))
	}
	return reads
}

// withDraft adds what was read.
func (s *Server) withDraft(p *views.DeliverableShowProps, c views.Chrome, me store.Member, d draftRead) {
	if p.Upload != nil {
		p.Upload.MaxSize = s.maxUpload(d.plan, d.used)
	}
	if p.CanPublish && len(p.WillSee) == 0 {
		withInvited(p, c, me, d.invites, d.byClient)
	}
	if p.CanPublish && me.Support == nil {
		withCarry(p, d.carry)
	}
}

// withInvited adds who could see the version if they joined, while nobody of the client has.
func withInvited(p *views.DeliverableShowProps, c views.Chrome, me store.Member, invites []store.Invite, byClient bool) {
	for _, i := range invites {
		if i.Party == store.PartyClient && !i.Expired && !i.InviterLostRight(byClient) {
			p.Invited = append(p.Invited, frame.Addressed(frame.NameOr(i.Name, i.Email, i.Email), i.Email))
		}
	}
	if slices.Contains(invitableParties(me, byClient), store.PartyClient) {
		p.InviteURL = c.Base.InviteNew()
	}
}

// stripShown is how many versions the strip has, the newest, besides the open one.
const stripShown = 6

// shortStrip leaves older versions out of the strip, and leads to one with all.
func shortStrip(p *views.DeliverableShowProps, base views.Base, q workQuery) {
	if q.allVersions || len(p.Versions) <= stripShown+1 {
		return
	}
	shown := slices.Clone(p.Versions[:stripShown])
	number := p.Versions[0].Number
	for _, v := range p.Versions {
		if v.Current {
			number = v.Number
		}
	}
	for _, v := range p.Versions[stripShown:] {
		if v.Current {
			shown = append(shown, v)
		}
	}
	p.MoreVersions, p.AllVersionsURL = len(p.Versions)-len(shown), base.AllVersions(p.ID, number)
	p.Versions = shown
}
