package main

const (
	sealTables   = "migrations/0076_seal.sql"
	sealLookup   = "migrations/lookup/seal.sql"
	sealJob      = "handlers/jobs/seal.go"
	trailRoom    = "./trail"
	verifyRows   = "trail/verify_rows.go"
	tamperTests  = "TestTamperingIsNamed"
	sealedReader = "handlers/activity_export.go"
)

// ofTheSeal are the guards around the sealed trail.
var ofTheSeal = []mutant{
	{"clients can't read the agency's log", sealTables, "using (side = 'client' or current_setting('app.party', true) in ('agency', 'system'))", "using (true)", workRoom, "TestClientsReadOnlyTheirLog"},
	{"tenants can't read each other's logs", sealTables, "            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "            using (true)", storeRoom, "TestCatalogIsClosed"},
	{"only the job writes logs", sealTables, "with check (current_setting('app.party', true) = 'system')", "with check (true)", workRoom, "TestClientsReadOnlyTheirLog"},
	{"logs are append-only", sealTables, "grant select, insert (tenant_id, side, position", "grant update, delete, select, insert (tenant_id, side, position", storeRoom, "TestCatalogIsClosed|TestAppRole"},
	{"a log is continued from what was signed", sealJob, "	if err != nil || c.Size != head.Size || tree.Root() != c.Root || !", "	if err != nil || c.Size != head.Size || !", workRoom, "TestRewrittenLogsAreNotContinued"},
	{"a log is continued from a signature", sealJob, "		return nil, fmt.Errorf(\"%w: %w\", errOtherLog, err)\n", "		_ = err\n", workRoom, "TestRewrittenLogsAreNotContinued|TestKeysAreSigned"},
	{"one job seals a tenant at a time", "store/seal.go", "select pg_try_advisory_xact_lock(hashtextextended('seal of ' || @tenant_id::uuid, 0))", "select @tenant_id::uuid is not null", workRoom, "TestOneJobSealsATenant"},
	{"an erased person leaves no salts", sealLookup, "    set salt = null\n", "    set salt = l.salt\n", workRoom, "TestErasureKeepsTheProofs"},
	{"an erased person leaves no details", "migrations/lookup/forget.sql", "    perform lookup.erase_details_of(p_person);\n", "", workRoom, "TestErasureKeepsTheProofs"},
	{"the key before signs the next", "trail/checkpoint.go", "			signing = []ed25519.PrivateKey{keys[0], keys[last]}\n", "			signing = keys[:1]\n", workRoom, "TestKeysAreSignedByTheKeyBefore"},
	{"checkpoints are signed", "trail/checkpoint.go", "; err == nil {\n			return c, nil\n		}\n	}\n	return c, ErrUnsigned", "; err == nil || true {\n			return c, nil\n		}\n	}\n	return c, ErrUnsigned", trailRoom, "TestChangedCheckpointsAreRefused"},
	{"a changed row is named", verifyRows, "		case v.rows[p].hash != v.leaves[p]:", "		case false:", workRoom, tamperTests},
	{"a changed detail is named", verifyRows, "		case !v.rows[p].detail:", "		case false:", workRoom, tamperTests},
	{"a row without an event is named", verifyRows, "		case !v.rows[p].event:\n			v.find(Missing, p, uuid.Nil, \"row %d is missing\", p)\n		case v.rows", "		case v.rows", workRoom, tamperTests},
	{"a cut end is named", verifyRows, "	if have < size {", "	if have < size && false {", workRoom, tamperTests},
	{"rows beyond the checkpoint are named", verifyRows, "		if v.rows[p].there {", "		if false {", workRoom, tamperTests},
	{"an older copy is named", verifyRows, "	case c.Size > size:", "	case false:", workRoom, "TestOlderCopiesAndForks"},
	{"a fork is named", verifyRows, "	case v.root(c.Size) != c.Root:", "	case false:", workRoom, "TestOlderCopiesAndForks"},
	{"late rows are named", verifyRows, "c.At.Sub(time.UnixMicro(r.at)) < LateAfter", "true", workRoom, "TestRowsSlippedInLate"},
	{"rows that should be sealed are named", verifyRows, "newest.Sub(r.Event.At.Time) >= LateAfter", "false", workRoom, "TestRowsSlippedInLate|TestTamperingIsNamed"},
	{"tiles name what was changed with its leaf", verifyRows, "		copy(tiled[end-TileWidth:end], hashes)\n", "", workRoom, tamperTests},
	{"a proof is of its event", "trail/proof.go", "tlog.CheckRecord(path, c.Size, c.Root, index, r.Event.Leaf()) != nil", "false", workRoom, "TestProofsOfEvents"},
	{"a proof is of what the reader may read", "handlers/activity_show.go", "	if len(events) == 0 {\n		return store.ErrNotFound\n	}\n	proof", "	proof", handlerRoom, "TestBillingInTheTrail|TestEventsAreOpened"},
	{"an export is in the trail", sealedReader, "	if r.Method != http.MethodHead {\n		if err := s.db.Record", "	if false {\n		if err := s.db.Record", handlerRoom, "TestActivityIsExported"},
	{"an export has no formula", sealedReader, "				cells[i] = spreadsheet.SafeCell(cells[i])\n", "", handlerRoom, "TestActivityIsExported"},
	{"clients get no log of the agency", sealedReader, "	if me.Party == store.PartyAgency {\n		source", "	if true {\n		source", handlerRoom, "TestSealedLogIsDownloaded"},
}
