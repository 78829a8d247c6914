package handlers

import (
	"net/http"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// The words for what nobody can change, because the agency didn't pay in time. They don't
// say why.
const (
	unpaidTitle    = "This workspace is read-only"
	unpaidSentence = "Nobody can change anything at the moment. Viewing and downloading still work, and nothing is deleted."
)

// unpaid says who can end it. Only the agency's own people in person learn why, also by the
// status.
func (s *Server) unpaid(r *http.Request, me store.Member) error {
	p := &web.Problem{Status: http.StatusPaymentRequired, Title: unpaidTitle, Sentence: "The agency has an open invoice, so nobody can change anything. Viewing and downloading still work, and nothing is deleted.", Cause: store.ErrUnpaid}
	switch {
	case me.Support != nil:
		p.Status, p.Sentence = http.StatusForbidden, unpaidSentence
	case me.Party == store.PartyClient:
		p.Status, p.Title = http.StatusForbidden, "This portal is read-only"
		p.Sentence = "Nobody can change anything at the moment. You can view and download everything. Ask " + me.Tenant.AgencyName + " when it opens again."
	case me.Tenant.Kind == store.TenantAgency && me.May(store.PayBills):
		p.Sentence += " Pay the invoice to open it again."
		p.Link = web.Link{URL: frame.AddressOf(r).Platform + views.PathBase(me.Tenant.Slug).Billing(), Label: "Open billing"}
	default:
		p.Sentence += " An owner of the agency can pay it."
	}
	return p
}
