package handlers

import (
	"net/http"

	"portico/store"
	"portico/views"
)

var roleWords = map[store.Role]string{
	store.RoleOwner:  "Owner",
	store.RoleAdmin:  "Admin",
	store.RoleMember: "Member",
	store.RoleViewer: "Viewer",
}

func (s *Server) memberList(w http.ResponseWriter, r *http.Request, me store.Member) error {
	var people []store.Membership
	if err := s.db.Read(r.Context(), me, store.ListPeople(&people)); err != nil {
		return err
	}
	clients := views.MemberGroup{Title: me.Tenant.Name}
	team := views.MemberGroup{Title: me.Tenant.AgencyName}
	if me.Party == store.PartyAgency {
		clients.Hint, team.Hint = "Your client's people.", "Your team in this workspace."
	}
	if me.Tenant.Kind == "agency" {
		team = views.MemberGroup{Title: me.Tenant.Name, Hint: "Everybody who works here."}
	}
	for _, p := range people {
		row := views.MemberRow{
			Name:     p.Name,
			Email:    p.Email,
			Role:     roleWords[p.Role],
			LastSeen: orZero(p.LastSeenAt),
			You:      p.UserID == me.ID(),
		}
		if p.Party == store.PartyClient {
			if viewsAs(me) {
				row.ViewAs = p.UserID.String()
			}
			clients.People = append(clients.People, row)
		} else {
			team.People = append(team.People, row)
		}
	}
	var props views.MembersProps
	for _, g := range []views.MemberGroup{clients, team} {
		if len(g.People) > 0 {
			props.Groups = append(props.Groups, g)
		}
	}
	return s.page(w, r, http.StatusOK, views.Members(s.chrome(r, me), props))
}
