package store

import "slices"

// Party is the side of a membership. The database hides restricted rows from clients,
// and from every unknown party.
type Party string

// The parties. System is a job without a recipient or requester.
const (
	PartyAgency Party = "agency"
	PartyClient Party = "client"
	PartySystem Party = "system"
)

// Role is a rank within a party.
type Role string

// The roles, highest first.
const (
	RoleOwner  Role = "owner"
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
	RoleViewer Role = "viewer"
)

// Capability is one thing that a member may or may not do. Every check and every
// hidden button calls [May].
type Capability string

// The capabilities.
const (
	SeeWork           Capability = "see work"
	EditWork          Capability = "edit work"           // create, rename, reorder, archive, bin
	Upload            Capability = "upload"              // files of a version
	Publish           Capability = "publish"             // show a version to the client
	Decide            Capability = "decide"              // on a published version, in person
	WriteNotes        Capability = "write notes"         // on versions, in person
	SeeBin            Capability = "see bin"             // and restore from it
	SeePeople         Capability = "see people"          // names and addresses in this tenant
	SeeActivity       Capability = "see activity"        // the tenant's audit trail
	ExportActivity    Capability = "export activity"     // as a file
	SeeSupport        Capability = "see support"         // grants and the ledger
	GrantSupport      Capability = "grant support"       // give and revoke support access
	ViewAs            Capability = "view as"             // view as one of the client's people, read-only
	SeeSettings       Capability = "see settings"        //
	EditSettings      Capability = "edit settings"       // name, portal name, accent
	ManageDomains     Capability = "manage domains"      // hosts of the tenant's own
	ManageClients     Capability = "manage clients"      // of an agency
	PlanClients       Capability = "plan clients"        // give an agency's client another plan
	ManageStaff       Capability = "manage staff"        // memberships of party agency
	ManageClientUsers Capability = "manage client users" // memberships of party client
	UseAPI            Capability = "use the API"         // with any key: ask which key it is
	SeeUsage          Capability = "see usage"           // the plan, and how much of it is used
	ExportUsage       Capability = "export usage"        // as a table; it counts drafts
	ReportUsage       Capability = "report usage"        // by programs, of what counts against the plan
	SeeBilling        Capability = "see billing"         // of an agency: what it pays
	PayBills          Capability = "pay bills"           // of an agency: choose a plan and pay for it at Stripe
	ManageKeys        Capability = "manage keys"         // API keys of the own side; the agency's also the client's
)

type ranks []Role

var (
	everyone   = ranks{RoleOwner, RoleAdmin, RoleMember, RoleViewer}
	editors    = ranks{RoleOwner, RoleAdmin, RoleMember}
	management = ranks{RoleOwner, RoleAdmin}
	owners     = ranks{RoleOwner}
	nobody     = ranks{}
)

// rights says who may do what.
var rights = map[Capability]map[Party]ranks{
	SeeWork:           {PartyAgency: everyone, PartyClient: everyone},
	EditWork:          {PartyAgency: editors, PartyClient: nobody},
	Upload:            {PartyAgency: editors, PartyClient: nobody},
	Publish:           {PartyAgency: editors, PartyClient: nobody},
	Decide:            {PartyAgency: nobody, PartyClient: editors},
	WriteNotes:        {PartyAgency: editors, PartyClient: editors},
	SeeBin:            {PartyAgency: editors, PartyClient: nobody},
	SeePeople:         {PartyAgency: everyone, PartyClient: editors},
	SeeActivity:       {PartyAgency: everyone, PartyClient: management},
	ExportActivity:    {PartyAgency: management, PartyClient: management},
	SeeSupport:        {PartyAgency: management, PartyClient: management},
	GrantSupport:      {PartyAgency: management, PartyClient: management},
	ViewAs:            {PartyAgency: management, PartyClient: nobody},
	SeeSettings:       {PartyAgency: management, PartyClient: management},
	EditSettings:      {PartyAgency: management, PartyClient: nobody},
	ManageDomains:     {PartyAgency: owners, PartyClient: owners},
	ManageClients:     {PartyAgency: management, PartyClient: nobody},
	PlanClients:       {PartyAgency: owners, PartyClient: nobody},
	ManageStaff:       {PartyAgency: management, PartyClient: nobody},
	ManageClientUsers: {PartyAgency: management, PartyClient: management},
	UseAPI:            {PartyAgency: everyone, PartyClient: everyone},
	SeeUsage:          {PartyAgency: management, PartyClient: management},
	ExportUsage:       {PartyAgency: management, PartyClient: nobody},
	ReportUsage:       {PartyAgency: management, PartyClient: nobody},
	SeeBilling:        {PartyAgency: management, PartyClient: nobody},
	PayBills:          {PartyAgency: owners, PartyClient: nobody},
	ManageKeys:        {PartyAgency: management, PartyClient: management},
}

// KeyScope is what an API key may be used for.
type KeyScope string

// The scopes.
const (
	ScopeReadWork    KeyScope = "work:read"
	ScopeDeliverWork KeyScope = "work:deliver"
	ScopeWriteUsage  KeyScope = "usage:write"
)

// KeyScopes are the scopes, in the order in which people choose from them.
var KeyScopes = []KeyScope{ScopeReadWork, ScopeDeliverWork, ScopeWriteUsage}

// scopes says which capabilities a scope opens to a key, if its maker has them.
var scopes = map[KeyScope][]Capability{
	ScopeReadWork:    {UseAPI, SeeWork},
	ScopeDeliverWork: {UseAPI, SeeWork, EditWork, Upload, Publish},
	ScopeWriteUsage:  {UseAPI, SeeUsage, ReportUsage},
}

// MayScope says whether a member of this party and role may make a key with the scope:
// they have all that it opens.
func MayScope(s KeyScope, p Party, r Role) bool {
	for _, c := range scopes[s] {
		if !May(c, p, r) {
			return false
		}
	}
	return len(scopes[s]) > 0
}

// May says whether a member of this party and role has the capability. Anything that
// is not in the table is refused.
func May(c Capability, p Party, r Role) bool {
	for _, allowed := range rights[c][p] {
		if allowed == r {
			return true
		}
	}
	return false
}

// rolesThatMay are the roles of a party that have the capability.
func rolesThatMay(c Capability, p Party) (roles []string) {
	for _, r := range rights[c][p] {
		roles = append(roles, string(r))
	}
	return roles
}

// MayGive says whether a member of this party and role may give that party and role
// to somebody, or take it from them: they must manage that side, and can't act above
// their own role on their own side.
func MayGive(p Party, r Role, party Party, role Role) bool {
	manages := ManageClientUsers
	if party == PartyAgency {
		manages = ManageStaff
	}
	return May(manages, p, r) && (p != party || rank(r) <= rank(role))
}

// mayGiveInTenant is [MayGive] in a tenant, where client users may give roles only while
// the agency lets them.
func mayGiveInTenant(p Party, r Role, party Party, role Role, byClient bool) bool {
	return MayGive(p, r, party, role) && (p == PartyAgency || byClient)
}

// rank returns the position of a role, highest first; unknown roles come last.
func rank(r Role) int {
	if i := slices.Index(everyone, r); i >= 0 {
		return i
	}
	return len(everyone)
}

// Roles lists the roles, highest first.
func Roles() []Role { return slices.Clone(everyone) }

// Capabilities lists every capability in the table, for tests that walk it.
func Capabilities() []Capability {
	all := make([]Capability, 0, len(rights))
	for c := range rights {
		all = append(all, c)
	}
	return all
}
