package store

// actorName is the SQL for who did something, as everybody reads it: a member by name,
// and a support session as "Sam of support, as Dana". member and session are the aliases
// of the joined rows; both may be missing.
func actorName(member, session string) string {
	return `coalesce(case when ` + session + `.id is null then ` + member + `.name else ` + session + `.actor_name || ' of support, as ' || ` + member + `.name end, '')`
}

// joinSession joins the support session in the given column, as alias.
func joinSession(alias, tenant, column string) string {
	return `
left join support_sessions ` + alias + ` on ` + alias + `.tenant_id = ` + tenant + ` and ` + alias + `.id = ` + column
}
