package store

// ActedAs spells who acted in a session as somebody else, everywhere it is shown or
// mailed: "Sam of support, as Dana", and of staff who view as a client "Dana of Northwind,
// as Mia".
func ActedAs(actor, of, subject string) string { return actor + " of " + of + ", as " + subject }

// support is whose people agents are.
const support = "support"

func actedAs(viewAs bool, actor, agency, subject string) string {
	if viewAs {
		return ActedAs(actor, agency, subject)
	}
	return ActedAs(actor, support, subject)
}

// By returns who did it, as everybody reads it. Staff who viewed as a client are of the
// agency.
func (a Activity) By(agency string) string {
	if a.SupportSessionID == nil {
		return a.ActorName
	}
	return actedAs(a.ViewAs, a.ActorName, agency, a.SubjectName)
}

// By is [Activity.By] of a session.
func (s SupportSession) By(agency string) string {
	return actedAs(s.Kind == SupportViewAs, s.AgentName, agency, s.SubjectName)
}

// By is [Activity.By] of a line.
func (l LedgerLine) By(agency string) string {
	return actedAs(l.Kind == SupportViewAs, l.AgentName, agency, l.SubjectName)
}

// actorName is the SQL for who did something, as everybody reads it: a member by name,
// and a support session as [ActedAs] spells it. Sessions of staff who view as a client
// write nothing. member and session are the aliases of the joined rows; both may be
// missing.
func actorName(member, session string) string {
	return `coalesce(case when ` + session + `.id is null then ` + member + `.name else ` + session + `.actor_name || '` + ActedAs("", support, "") + `' || ` + member + `.name end, '')`
}

// joinSession joins the support session in the given column, as alias.
func joinSession(alias, tenant, column string) string {
	return `
left join support_sessions ` + alias + ` on ` + alias + `.tenant_id = ` + tenant + ` and ` + alias + `.id = ` + column
}
