package main

const (
	roundTables = "migrations/0069_rounds.sql"
	unlocking   = "store/versions_unlock.go"
)

// ofRounds are the guards around agreed rounds and unlocking versions.
var ofRounds = []mutant{
	{"rounds beyond those agreed are confirmed", "store/versions.go", "	case !confirmed:\n", "	case false:\n", storeRoom, "TestRoundsBeyond"},
	{"the trail says that a round is beyond those agreed", "store/versions.go", "	return tx.audit(Event{Verb: \"version.beyond_rounds\", TargetKind: KindDeliverable, TargetID: deliverable,\n		Detail: map[string]any{\"round\": round, \"agreed\": *agreed}})", "	return nil", storeRoom, "TestRoundsBeyond"},
	{"rounds are few", roundTables, "check (rounds between 1 and 99)", "check (rounds > -9)", storeRoom, "TestOnlyStaffAgreeOnRounds"},
	{"one version is open", roundTables, "create unique index versions_open", "create index versions_open", storeRoom, "TestOnlyStaffUnlock"},
	{"staff unlock in person", unlocking, "	if !tx.inPerson() || !May(Publish, Party(tx.scope.Party), tx.role) {", "	if !May(Publish, Party(tx.scope.Party), tx.role) {", storeRoom, "TestOnlyStaffUnlock"},
	{"staff alone unlock", unlocking, "	if !tx.inPerson() || !May(Publish, Party(tx.scope.Party), tx.role) {", "	if !tx.inPerson() {", storeRoom, "TestOnlyStaffUnlock"},
	{"drafts aren't unlocked", unlocking, "  and v.number = @number\n  and v.shared_at is not null`", "  and v.number = @number`", storeRoom, "TestOnlyStaffUnlock"},
	{"versions in the bin aren't unlocked", unlocking, "d.id = v.deliverable_id and d.deleted_at is null", "d.id = v.deliverable_id", storeRoom, "TestOnlyStaffUnlock"},
	{"unlocking approves no second version", unlocking, "	case v.Outcome.approves() && v.Approved != 0:\n", "	case false:\n", storeRoom, "TestUnlockingApprovesNoSecond"},
	{"unlocking locks the other version", unlocking, "	tx.supersede(v.ID, deliverable)\n", "", storeRoom, "TestEarlierVersionIsUnlocked"},
	{"requests of an unlocked version go on", unlocking, "set ended_at = null, ended_how = null\n", "set ended_how = ended_how\n", storeRoom, "TestEarlierVersionIsUnlocked"},
	{"who may not decide any more isn't asked again", unlocking, "  and not `+mayDecideSQL, args)", "  and false and `+mayDecideSQL, args)", storeRoom, "TestEarlierVersionIsUnlocked"},
	{"unlocking waits for publications and decisions", unlocking, "	if err := tx.get(ctx, lockVersions(deliverable, math.MaxInt32, &locked)); err != nil {\n		return err\n	}\n", "	_ = math.MaxInt32\n	_ = locked\n", storeRoom, "TestUnlockingInRaces"},
	{"pages in a session don't unlock", "handlers/deliverable_props.go", "p.Unlock = open.Locked && me.MayNow(store.Publish) && me.Support == nil", "p.Unlock = open.Locked && me.MayNow(store.Publish)", handlerRoom, "TestOnlyStaffAreOfferedToUnlock"},
}
