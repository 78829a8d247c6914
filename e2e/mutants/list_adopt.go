package main

const adoptRoom = "./adopt"

// ofAdoption are the guards around data that never had tenants.
var ofAdoption = []mutant{
	{"a mapping can't write to the other database", "adopt/source.go", ", AccessMode: pgx.ReadOnly}", "}", adoptRoom, "TestMappingCannotWrite"},
	{"what maps to nobody stops constrain", "adopt/constrain.go", "if unplaced+unsettled > 0 {", "if unplaced+unsettled > 0 && false {", adoptRoom, "TestWhatMapsToNobodyStopsConstrain"},
	{"proposals have to be accepted", "adopt/problems.go", "	done := slices.Clone(accepted)\n", "	done := slices.Concat(accepted, []string{\"same_address\"})\n", adoptRoom, "TestEachProposalHasToBeAccepted"},
	{"phases run in their order", "adopt/adopt.go", "case at(r.Phase) > done+1:", "case at(r.Phase) > done+9:", adoptRoom, "TestWhatMapsToNobodyStopsConstrain"},
	{"nobody enters while rows are written", "adopt/policies.go", "		err = r.operator.SuspendAgency(ctx, s.Slug)", "		err = nil", adoptRoom, "TestAttackFindsAMissingGuard"},
	{"the attack reads", "adopt/attack.go", "	if foreign > 0 {", "	if foreign > 0 && false {", adoptRoom, "TestAttackFindsAMissingGuard"},
	{"the attack changes", "adopt/attack.go", "	case n > 0:\n		a.changed += n\n		a.leak(\"changes", "	case n > 0 && false:\n		a.changed += n\n		a.leak(\"changes", adoptRoom, "TestAttackFindsAMissingGuard"},
	{"the attack adds", "adopt/attack.go", "			case n > 0:\n				a.changed += n\n				a.leak(\"adds", "			case n > 0 && false:\n				a.changed += n\n				a.leak(\"adds", adoptRoom, "TestAttackFindsAMissingGuard"},
	{"the attack looks for what only the team may see", "adopt/attack.go", "	if n > 0 {\n		a.leak(\"reads %d rows of %s that", "	if n > 0 && false {\n		a.leak(\"reads %d rows of %s that", adoptRoom, "TestAttackFindsAMissingGuard"},
	{"a leak keeps the agency closed", "adopt/attack.go", "	if len(leaks) > 0 {", "	if len(leaks) > 0 && false {", adoptRoom, "TestAttackFindsAMissingGuard"},
	{"there is no way back over new work", "adopt/remove.go", "	if len(used) > 0 {", "	if len(used) > 0 && false {", adoptRoom, "TestNoWayBackOverNewWork"},
	{"people of elsewhere stay when an adoption goes back", "adopt/policies.go", "set user_id = $2, new_id = '00000000-0000-0000-0000-000000000000' where", "set user_id = $2, new_id = $2 where", adoptRoom, "TestPeopleOfElsewhereStay"},
	{"the owner reaches the rows of adopted tenants only", "store/operator_adopt.go", "using (`+theirs+`) with check (`+theirs+`)`)", "using (true or `+theirs+`) with check (true)`)", storeRoom, "TestOperatorReachesAdoptedTenantsOnly"},
	{"only jobs adopt", "store/adopt.go", "	if tx.scope.Party != string(PartySystem) {", "	if tx.scope.Party == \"\" {", storeRoom, "TestOnlyJobsAdopt"},
	{"the staging is the owner's", "store/catalog.go", "    select 1 from aclexplode(n.nspacl) a where a.grantee <> n.nspowner))`", "    select 1 where false))`", adoptRoom, "TestAppCannotReadTheStaging"},
}
