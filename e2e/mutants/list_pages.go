package main

const (
	renditions = "migrations/0062_renditions.sql"
	pdfRoom    = "./handlers/pdf"
)

// ofPages are the guards around the pages of documents.
var ofPages = []mutant{
	{"tenants can't see each other's pages", renditions, "    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "    using (true)", storeRoom, "TestOtherTenantsPagesAreNotFound"},
	{"clients can't see a draft's pages", renditions, "    using (client_sees or current_setting('app.party', true) in ('agency', 'system'));", "    using (true);", storeRoom, "TestPagesAreVisibleLikeTheirDocument"},
	{"a page can't claim that the client sees it", renditions, "    foreign key (tenant_id, file_id, client_sees) references files (tenant_id, id, client_sees)", "    foreign key (tenant_id, file_id) references files (tenant_id, id)", storeRoom, "TestPagesCannotClaimToBeVisible|TestPagesAreVisibleLikeTheirDocument"},
	{"only the job adds pages", renditions, "    with check (current_setting('app.party', true) = 'system');", "    with check (true);", storeRoom, "TestOtherTenantsPagesAreNotFound"},
	{"only the job deletes pages", renditions, "    using (current_setting('app.party', true) = 'system');", "    using (true);", storeRoom, "TestOtherTenantsPagesAreNotFound"},
	{"pages in the bin aren't shown", mediaFiles, "join files f on f.tenant_id = r.tenant_id and f.id = r.file_id and f.deleted_at is null", "join files f on f.tenant_id = r.tenant_id and f.id = r.file_id", handlerRoom, "TestPagesInTheBinAreRefused|TestMediaIsServedLikeItsFile"},
	{"pages are recorded once", "store/files_pages.go", "	if from != d.Drawn+1 || d.Unfit != \"\" {\n		return fmt", "	if from != d.Drawn+1 && false {\n		return fmt", storeRoom, "TestPagesAreRecordedOnce"},
	{"an endless document is given up", "handlers/pdf/pdf.go", "bounded, cancel := context.WithTimeout(ctx, r.timeout)", "bounded, cancel := context.WithCancel(ctx)", pdfRoom, "TestEndlessDocumentsAreGivenUp"},
	{"the child gets no secret", "handlers/pdf/pdf.go", `cmd.Env = []string{"GOMEMLIMIT=1GiB", "GOMAXPROCS=1"}`, `cmd.Env = append(os.Environ(), "GOMEMLIMIT=1GiB")`, pdfRoom, "TestChildHasNoSecret"},
	{"what the child sends is bounded", "handlers/pdf/pdf.go", "h.Size > MaxPage || ", "", pdfRoom, "TestNonsenseIsRefused"},
	{"the child sends pictures only", "handlers/pdf/pdf.go", `drawn := h.Type == "image/png" || h.Type == "image/jpeg"`, `drawn := h.Size > 0`, pdfRoom, "TestNonsenseIsRefused"},
	{"the child sees no files", "handlers/pdf/child.go", "		FSConfig: wazero.NewFSConfig(),\n", "", pdfRoom, "TestGuestSeesNoFiles"},
	{"a document that is too large isn't drawn", "store/files_pages.go", "	case d.Size > maxDocument:", "	case false:", workRoom, "TestUnfitDocumentsSayWhy"},
	{"purged documents leave no pages in storage", "handlers/upload/remove.go", "	for _, id := range l.Renditions {", "	for _, id := range l.Renditions[:0] {", workRoom, "TestPagesAreKeptTidy"},
}
