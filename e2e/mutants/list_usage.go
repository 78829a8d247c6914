package main

const (
	usageTables = "migrations/0052_usage.sql"
	plansLookup = "migrations/lookup/plans.sql"
)

// ofUsage are the guards around plans and metering.
var ofUsage = []mutant{
	{"tenants can't see each other's usage", usageTables, "create policy tenant on %I to portico_app\n            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "create policy tenant on %I to portico_app\n            using (true)", storeRoom, "TestUsageStaysInTheTenant"},
	{"tenants can't write each other's usage", usageTables, "            with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);\n        -- It", "            with check (true)$p$, t);\n        -- It", storeRoom, "TestUsageStaysInTheTenant"},
	{"clients can't see usage", usageTables, "using (current_setting('app.party', true) in ('agency', 'system'))$p$", "using (true)$p$", storeRoom, "TestUsageStaysInTheTenant"},
	{"support without consent can't see usage", usageTables, "using (coalesce(current_setting('app.drafts', true), '') <> 'hidden')$p$", "using (true)$p$", storeRoom, "TestUsageIsHiddenWithDrafts"},
	{"only the server counts downloads", usageTables, "then current_setting('app.party', true) = 'system' and metric = 'transfer'", "then metric = 'transfer'", storeRoom, "TestUsageStaysInTheTenant"},
	{"only programs report", usageTables, "then current_setting('app.party', true) = 'system' and metric = 'transfer'", "then true", storeRoom, "TestUsageStaysInTheTenant"},
	{"programs don't report downloads", usageTables, "::uuid and metric <> 'transfer' end", "::uuid end", storeRoom, "TestUsageStaysInTheTenant"},
	{"people don't add months", usageTables, "create policy counted_insert on usage_months as restrictive for insert to portico_app\n    with check (current", "create policy counted_insert on usage_months as restrictive for insert to portico_app\n    with check (true or current", storeRoom, "TestUsageStaysInTheTenant"},
	{"people don't change months", usageTables, "create policy counted_update on usage_months as restrictive for update to portico_app\n    using (current", "create policy counted_update on usage_months as restrictive for update to portico_app\n    using (true or current", storeRoom, "TestUsageStaysInTheTenant"},
	{"only jobs add hours", usageTables, "create policy counted_insert on usage_hours as restrictive for insert to portico_app\n    with check (current", "create policy counted_insert on usage_hours as restrictive for insert to portico_app\n    with check (true or current", storeRoom, "TestUsageStaysInTheTenant"},
	{"a report counts once", "store/usage_report.go", "      and not exists (select from before)\n", "", storeRoom, "TestReportsCountOnce"},
	{"an idempotency key of a report belongs to one report", "store/usage_report.go", "	case !row.Same:\n", "	case !row.Same && false:\n", storeRoom, "TestReportsCountOnce"},
	{"two of the same reports at once count once", "store/usage_report.go", `same.Constraint == "usage_events_tenant_id_key_key"`, `same.Constraint == ""`, storeRoom, "TestReportsCountOnce"},
	{"the first report of a month stays in the plan", "store/usage_report.go", "      and @quantity::bigint <= coalesce(may.most, @quantity)\n", "", storeRoom, "TestReportsAtOnceStayInThePlan"},
	{"reports at once stay in the plan", "store/usage_report.go", "    where m.quantity + excluded.quantity <= coalesce((select most from may), m.quantity + excluded.quantity)\n", "", storeRoom, "TestReportsAtOnceStayInThePlan"},
	{"the agency's plan limits reports too", "store/usage_report.go", "then least((@limits::jsonb ->> t.plan)::bigint, (@limits::jsonb ->> t.agency_plan)::bigint)", "then (@limits::jsonb ->> t.plan)::bigint", storeRoom, "TestReportsAtOnceStayInThePlan"},
	{"a report asks again whether the key works", "store/usage_report.go", "me.scope, `lookup.key_may_still_act(@role)`", "me.scope, `@role <> ''`", storeRoom, "TestOnlyKeysForUsageReport"},
	{"only keys for it report usage", "store/usage_report.go", "me.Key == nil || !me.May(ReportUsage)", "me.Key == nil", storeRoom, "TestOnlyKeysForUsageReport"},
	{"programs don't change what isn't reported", usageTables, "        or metric not in ('users', 'projects', 'storage', 'clients', 'transfer') and nullif", "        or nullif", storeRoom, "TestUsageStaysInTheTenant"},
	{"clients note no levels but their people", usageTables, "    with check ((metric = 'users' or current_setting('app.party', true) in ('agency', 'system'))\n        and ", "    with check (", storeRoom, "TestUsageStaysInTheTenant"},
	{"support notes no levels but of work", usageTables, "\n        and (metric in ('projects', 'storage') or nullif(current_setting('app.support_session_id', true), '') is null));", ");", storeRoom, "TestUsageStaysInTheTenant"},
	{"an event is of something that is reported", usageTables, " and metric not in ('users', 'projects', 'storage', 'clients')),\n    quantity      bigint not null check (quantity between", "),\n    quantity      bigint not null check (quantity between", storeRoom, "TestUsageStaysInTheTenant"},
	{"an event is of our time", usageTables, "    check (at between received_at - interval '36 days' and received_at + interval '10 minutes'),\n", "", storeRoom, "TestUsageStaysInTheTenant"},
	{"a program enters no client of its agency", "migrations/lookup/clients.sql", "       and nullif(current_setting('app.api_key_id', true), '') is null\n       and exists", "       and exists", storeRoom, "TestProgramsAreNoAgency"},
	{"a program has no role in its agency", "migrations/lookup/clients.sql", "      and nullif(current_setting('app.api_key_id', true), '') is null\n$$;", "$$;", storeRoom, "TestProgramsAreNoAgency"},
	{"a report that is full at first may be a repeat", "store/usage_report.go", "	if isFull || isSame", "	if isFull && false || isSame", storeRoom, "TestRepeatsAtTheLimitAreRepeats"},
	{"reports of the future don't count", "store/usage_report.go", "case in.At.After(now.Add(MaxReportAhead)):", "case false:", storeRoom, "TestWrongReportsAreRefused"},
	{"reports that are too late don't count", "store/usage_report.go", "case in.At.Before(now.Add(-MaxReportAge)):", "case false:", storeRoom, "TestWrongReportsAreRefused"},
	{"a meter never goes backwards", "store/usage_report.go", "in.Quantity < 1 ||", "in.Quantity == 0 ||", storeRoom, "TestWrongReportsAreRefused"},
	{"programs report what is reported", "store/usage_report.go", "if !plans.IsReported(in.Metric) {", "if false {", storeRoom, "TestWrongReportsAreRefused"},
	{"a wrong month is corrected", "store/usage_sums.go", "where r.quantity is distinct from s.quantity", "where false", storeRoom, "TestUsageSumsAgreeWithEvents"},
	{"a change of a count is a level", "store/plans.go", "    where @by::bigint <> 0\n)", "    where false\n)", storeRoom, "TestEveryCountIsALevel"},
	{"the first count is a level", "store/plans.go", "select @tenant_id, metric, used\nfrom counted`", "select @tenant_id, metric, used\nfrom counted where false`", storeRoom, "TestEveryCountIsALevel"},
	{"an agency sees its own clients' usage alone", plansLookup, "    where t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid\n      and (select lookup.my_agency_role())", "    where (select lookup.my_agency_role())", storeRoom, "TestAgencySeesItsClientsUsage"},
	{"owners and admins of the agency alone see its clients' usage", plansLookup, "      and (select lookup.my_agency_role()) in ('owner', 'admin')\n      and t.discarded_at is null\n    order by t.name, t.id, m.metric", "      and t.discarded_at is null\n    order by t.name, t.id, m.metric", storeRoom, "TestAgencySeesItsClientsUsage"},
	{"an agency gives no larger plan than its own", "store/plans.go", "case !slices.Contains(tx.plans.UpTo(own.Plan), plan):", "case false:", storeRoom, "TestAgencysPlanBoundsItsClients"},
	{"a new client gets no larger plan than its agency's", "store/clients.go", "	if err := tx.mayGivePlan(ctx, n.Plan); err != nil {\n\t\treturn uuid.Nil, nil, err\n\t}\n", "", storeRoom, "TestAgencysPlanBoundsItsClients"},
	{"the agency's plan limits its clients", "store/plans_list.go", "	if p.index(t.Agency) < p.index(t.Plan) {\n\t\treturn t.Agency\n\t}\n", "", storeRoom, "TestAgencysPlanBoundsItsClients"},
	{"an unknown plan allows nothing", "store/plans_list.go", "		return 0, true\n", "		return 0, false\n", storeRoom, "TestUnknownPlanAllowsNothing"},
	{"clients don't export usage", "store/rights.go", "ExportUsage:       {PartyAgency: management, PartyClient: nobody}", "ExportUsage:       {PartyAgency: management, PartyClient: management}", handlerRoom, "TestUsageExportIsATable"},
	{"the table of usage has no formula", "handlers/usage.go", "row[i] = spreadsheet.SafeCell(row[i])", "row[i] = spreadsheet.SafeCell(\"\") + row[i]", handlerRoom, "TestUsageExportIsATable"},
	{"a form makes one key", "handlers/keys.go", "in.ID, _ = web.ParseID(f.Raw(\"new_key\"))", "_, _ = web.ParseID(f.Raw(\"new_key\"))", handlerRoom, "TestKeysAreMadeOnThePage"},
	{"a body that is cut off isn't accepted", "handlers/web/json.go", "	return nil, ErrBodyCut", "	return b.Bytes(), nil", handlerRoom, "TestCutBodiesAreRefused"},
	{"a report needs an idempotency key", "handlers/api/usage.go", `err == nil && key == ""`, `err == nil && key == "" && false`, handlerRoom, "TestProgramsReportUsage"},
}
