package main

const (
	archiveTable = "migrations/0079_archives.sql"
	archiveRoom  = "./archive"
)

// ofArchives are the guards around export, restore and deletion of a tenant.
var ofArchives = []mutant{
	{"a restore writes rows of one tenant only", archiveTable, "            with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "            with check (true)", storeRoom, "TestOperatorWritesOneTenantOnly"},
	{"a restore sees rows of one tenant only", archiveTable, "            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "            using (true)", storeRoom, "TestOperatorWritesOneTenantOnly"},
	{"no archive has the hashes of invitations", "store/manifest.go", `Restore: Stays, Secret: []string{"token_hash"}`, `Restore: Stays`, storeRoom, "TestManifestNamesItsColumns"},
	{"restored people have no access", "store/manifest.go", `"ended_at": "coalesce(ended_at, now())"`, `"ended_at": "ended_at"`, operator, "TestRestoreBeside|TestRestoreElsewhere"},
	{"a restore is rehearsed and undone", "store/restore.go", "		if what.Rehearse {\n", "		if false {\n", operator, "TestRestoreCutOffChangesNothing"},
	{"restored rows are compared with the archive", "handlers/archives/write.go", "	if err == nil && got != want.List {", "	if false {", operator, "TestDoctoredArchivesChangeNothing"},
	{"an archive of a newer schema is refused", "handlers/archives/restore.go", "made > here || ", "", operator, "TestDoctoredArchivesChangeNothing"},
	{"a file that a row names is in the archive", "handlers/archives/check.go", "	case has || !r.IsMissing(o.SHA256):\n", "	case false:\n", operator, "TestDoctoredArchivesChangeNothing"},
	{"missing files are marked", "handlers/archives/restore.go", "			what.MissingFiles = append(what.MissingFiles, o.ID)\n", "", operator, "TestMissingFilesAreListed"},
	{"an archive is signed by a known key", "archive/sign.go", "	if err != nil || !ed25519.Verify(key, signedText(manifest), raw) {", "	if err != nil || !ed25519.Verify(key, signedText(manifest), raw) && false {", archiveRoom, "TestDoctoredArchivesAreNotRead"},
	{"rows are those of the manifest", "archive/reader.go", "s.Err() != nil || got != want {", "s.Err() != nil || got != want && false {", archiveRoom, "TestDoctoredArchivesAreNotRead"},
	{"bytes are those of their name", "archive/body.go", "(b.left != 0 || hex.EncodeToString(b.sum.Sum(nil)) != b.want)", "(b.left != 0 || hex.EncodeToString(b.sum.Sum(nil)) != b.want && false)", archiveRoom, "TestDoctoredArchivesAreNotRead"},
	{"an archive has no other entries", "archive/reader.go", "		return fmt.Errorf(\"%w: %.100q\", ErrExtra, name)\n", "", archiveRoom, "TestDoctoredArchivesAreNotRead"},
	{"an archive has no entry twice", "archive/reader.go", "	if r.entries[name] != nil {", "	if false {", archiveRoom, "TestDoctoredArchivesAreNotRead"},
	{"entries of an archive don't overlap", "archive/reader.go", "stored > uint64(size) {", "stored > uint64(size) && false {", archiveRoom, "TestOverlappingEntriesAreRefused"},
	{"a row has its columns only", "archive/reader.go", "t != json.Delim('}') || d.InputOffset() != int64(len(line)) {", "t == nil {", archiveRoom, "TestRowsHaveTheirColumns"},
	{"a deleted tenant is counted again", "store/wipe.go", "		if left != 0 {\n", "		if false {\n", operator, "TestDeletionIsNotClaimedBeforeTheCount"},
	{"a tenant is deleted after 30 days", "migrations/lookup/deletion.sql", "where t.deleting_at <= now() and", "where t.deleting_at is not null and", operator, "TestDeletedTenantsAreGone"},
}
