package main

const (
	certificateTable = "migrations/0063_certificates.sql"
	certificateRoom  = "./certificate"
)

// ofCertificates are the guards around certificates of approval.
var ofCertificates = []mutant{
	{"tenants can't read each other's certificates", certificateTable, "    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "    using (true)", storeRoom, "TestCatalogIsClosed"},
	{"only the job writes certificates", certificateTable, "    with check (current_setting('app.party', true) = 'system');", "    with check (true);", workRoom, "TestCertificatesStayInTheTenant"},
	{"certificates have none of the team's words", "store/certificates.go", "	client.Party = string(PartyClient)\n", "", workRoom, "TestDecisionsAreCertified"},
	{"a version without an outcome isn't certified", "store/certificates.go", "		if err != nil || outcome == nil {", "		if err != nil {", workRoom, "TestDecisionsAreCertified"},
	{"a decision enqueues a certificate", "store/decisions.go", "	return tx.certify(ctx, r.version.ID)\n", "	return nil\n", workRoom, "TestDecisionsAreCertified"},
	{"a certificate counts for its own decisions only", "store/certificates.go", "x.outcome is not distinct from v.outcome and x.decisions = (", "x.outcome is not distinct from v.outcome and 0 < (", workRoom, "TestCertificatesOfEarlierDecisions"},
	{"a certificate counts for its own outcome only", "store/certificates.go", "(x.outcome is not distinct from v.outcome and x.decisions", "(x.decisions", workRoom, "TestCertificatesOfEarlierDecisions"},
	{"a certificate that doesn't count isn't served", "handlers/certificates.go", "			if !x.Current {\n", "			if false {\n", handlerRoom, "TestCertificatesAreServed"},
	{"a certificate has room for so many words", "store/certificates.go", "where said.bytes <= @bytes and said.place <= @most", "where said.bytes > 0 or said.place <= @most or @bytes > 0", workRoom, "TestManyWordsAreCertified"},
	{"a certificate has room for so many decisions", "store/certificates.go", "where not superseded or place <= @most", "where not superseded or @most > 0", workRoom, "TestManyDecisionsGiveOneCertificate"},
	{"many decisions give one certificate", "store/certificates.go", "	if err != nil || !first {\n", "	if err != nil || !first && false {\n", workRoom, "TestManyDecisionsGiveOneCertificate"},
	{"a certificate that is there isn't made again", "store/certificates.go", "x.version_id = v.id and `+standing+`)\n", "x.version_id = v.id and `+standing+` and false)\n", workRoom, "TestMissingCertificatesAreMade"},
	{"a certificate in the queue isn't made twice", "store/certificates.go", "x.version_id = v.id and x.created_at > now() - interval '1 hour')", "x.version_id = v.id and x.created_at > now())", workRoom, "TestMissingCertificatesAreMade"},
	{"nobody waits for a PDF of a certificate who is gone", "certificate/pdf.go", "		if err := ctx.Err(); err != nil {\n", "		if err := ctx.Err(); err != nil && false {\n", certificateRoom, "TestLongLinesAreDrawnInTime"},
	{"decisions are in the order of deciding", mendedReview, "alter table decisions alter column created_at set default clock_timestamp();\n", "", storeRoom, "TestDecisionsAreInTheOrderOfDeciding"},
	{"a changed certificate fails", "certificate/sign.go", "		if !ed25519.Verify(key, text, signature) {", "		if !ed25519.Verify(key, text, signature) && false {", certificateRoom, "TestChangedCertificatesFail"},
	{"a certificate ends with its signature", "certificate/sign.go", " || lines[3] != \"\" {", " {", certificateRoom, "TestChangedCertificatesFail"},
	{"typed words are indented", "certificate/certificate.go", "		w.WriteString(\"    \" + line + \"\\n\")", "		w.WriteString(line + \"\\n\")", certificateRoom, "TestTypedWordsForgeNoLine"},
	{"names stay on one line", "certificate/certificate.go", `strings.ReplaceAll(plain(value), "\n", " ")`, "plain(value)", certificateRoom, "TestTypedWordsForgeNoLine"},
	{"the keys that are shown are public", "certificate/sign.go", `pem.Encode(&out, &pem.Block{Type: "PUBLIC KEY", Bytes: der})`, `pem.Encode(&out, &pem.Block{Type: "PRIVATE KEY", Bytes: append(k, der...)})`, handlerRoom, "TestCertificatesAreServed"},
}
