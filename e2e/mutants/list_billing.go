package main

const (
	billingTables = "migrations/0056_billing.sql"
	billingLookup = "migrations/lookup/billing.sql"
	billingRoom   = "./handlers/billing"
	stripeRoom    = "./handlers/stripe"
)

// ofBilling are the guards around paying by Stripe.
var ofBilling = []mutant{
	// What Stripe sends.
	{"webhooks are signed", "handlers/stripe/webhook.go", "	if !ok {\n\t\treturn Event{}, ErrForged", "	if false {\n\t\treturn Event{}, ErrForged", billingRoom, "TestForgedWebhooksAreRefused"},
	{"old copies of webhooks are refused", "handlers/stripe/webhook.go", "webhook.ValidatePayloadWithTolerance(payload, signature, secret, Tolerance)", "webhook.ValidatePayloadIgnoringTolerance(payload, signature, secret)", billingRoom, "TestForgedWebhooksAreRefused"},
	{"webhooks aren't signed in the future", "handlers/stripe/webhook.go", "	if signedAhead(signature, time.Now()) {", "	if false {", billingRoom, "TestForgedWebhooksAreRefused"},
	{"webhooks have a largest size", "handlers/billing/webhook.go", "http.MaxBytesReader(w, r.Body, stripe.MaxEvent)", "r.Body", billingRoom, "TestForgedWebhooksAreRefused"},
	{"a webhook is worked off once", billingLookup, "    on conflict (id) do nothing;\n    return found;", "    on conflict (id) do update set payload = excluded.payload;\n    return found;", billingRoom, "TestWebhookIsWorkedOffOnce"},
	{"live webhooks are for live keys", "handlers/billing/webhook.go", "case e.Live != s.stripe.Live():", "case false:", billingRoom, "TestOddWebhooksChangeNothing"},
	{"webhooks of connected accounts change nothing", "handlers/billing/webhook.go", `case e.Account != "":`, "case false:", billingRoom, "TestOddWebhooksChangeNothing"},
	{"years-old webhooks change nothing", "store/billing.go", "case e.Created.Before(e.ReceivedAt.Add(-MaxEventAge)):", "case false:", billingRoom, "TestOddWebhooksChangeNothing"},
	{"webhooks of the future change nothing", "store/billing.go", "case e.Created.After(e.ReceivedAt.Add(maxEventAhead)):", "case false:", billingRoom, "TestOddWebhooksChangeNothing"},
	{"unknown states are unreadable", "handlers/billing/events.go", "!in.Status.IsKnown() ||", "in.Status == \"\" ||", billingRoom, "TestStrangeWebhooksAreUnreadable"},
	{"absurd times are unreadable", "handlers/billing/events.go", "		if max(latest, end) > stripe.MaxTime {", "		if latest < 0 {", billingRoom, "TestStrangeWebhooksAreUnreadable"},
	{"webhooks of an absurd time are no events", "handlers/stripe/webhook.go", " || in.Created > MaxTime {", " {", billingRoom, "TestStrangeWebhooksAreUnreadable"},
	{"prices with NUL are unreadable", "handlers/billing/events.go", "			if !isID(item.Price.ID) {", "			if item.Price.ID == \"\" {", billingRoom, "TestStrangeWebhooksAreUnreadable"},
	{"only the doctor's program names unworked webhooks", billingLookup, "interval '1 hour' and lookup.nobody_asks()", "interval '1 hour'", storeRoom, "TestNarrowFunctionsOfBilling"},
	// Which agency it is about.
	{"a subscription stays with its customer", billingLookup, "            why := 'subscription of another customer';", "            why := null;", billingRoom, "TestWebhookReachesNoOtherTenant"},
	{"a customer is one agency's", billingLookup, "where c.id = p_customer and c.agency_id = agency and c.live = p_live and c.ended_at is null);", "where c.id = p_customer and c.live = p_live and c.ended_at is null);", billingRoom, "TestWebhookReachesNoOtherTenant"},
	{"a former customer isn't bound again", billingLookup, "where c.id = p_customer and c.agency_id = agency and c.live = p_live and c.ended_at is null);", "where c.id = p_customer and c.agency_id = agency and c.live = p_live);", billingRoom, "TestWebhookReachesNoOtherTenant"},
	{"a customer of the other mode isn't bound", billingLookup, " and c.live = p_live and c.ended_at", " and c.ended_at", billingRoom, "TestCustomerOfTheOtherModeIsNotUsed"},
	{"a customer of the other mode isn't used", billingLookup, "      and c.live = p_live\n", "", billingRoom, "TestCustomerOfTheOtherModeIsNotUsed"},
	{"former customers count for nothing", "store/billing_state.go", "if sub.CustomerID != f.customer || !counts {", "if !counts {", billingRoom, "TestWebhookReachesNoOtherTenant"},
	{"owners alone bind a customer", billingLookup, "coalesce(lookup.my_agency_role(), '') <> 'owner' or current_setting", "current_setting", storeRoom, "TestNarrowFunctionsOfBilling"},
	{"jobs that somebody caused don't bind a customer", billingLookup, "or current_setting('app.party', true) <> 'agency' or", "or", storeRoom, "TestNarrowFunctionsOfBilling"},
	{"jobs that somebody caused don't change billing", billingLookup, "      and current_setting('app.party', true) = 'system'\n      and coalesce(current_setting('app.user_id', true), '') = ''", "      and current_setting('app.party', true) = 'system'", storeRoom, "TestNarrowFunctionsOfBilling"},
	{"people don't change billing", billingLookup, "      and current_setting('app.party', true) = 'system'\n", "", storeRoom, "TestNarrowFunctionsOfBilling|TestOnlyOwners"},
	{"nobody's functions are for nobody", billingLookup, "    select coalesce(current_setting('app.tenant_id', true), '') = ''\n", "    select true\n", storeRoom, "TestNarrowFunctionsOfBilling"},
	{"a job reads webhooks of its own agency", billingLookup, "      and c.agency_id = lookup.billed_agency()\n$$;\ngrant execute on function lookup.stripe_event to", "$$;\ngrant execute on function lookup.stripe_event to", storeRoom, "TestNarrowFunctionsOfBilling"},
	{"use of other agencies isn't rolled up", billingLookup, "t.id = a.id or t.agency_id = a.id", "true", storeRoom, "TestNarrowFunctionsOfBilling"},
	// What follows from it.
	{"the newest webhook of a subscription counts", "store/billing.go", "\nwhere (s.event_at, s.event_rank, s.event_id) < (excluded.event_at, excluded.event_rank, excluded.event_id)`", "`", billingRoom, "TestEveryOrderOfWebhooksEndsInOneState"},
	{"the first failure of an invoice counts", "store/billing.go", "set failed_at = least(i.failed_at, excluded.failed_at)", "set failed_at = excluded.failed_at", billingRoom, "TestGraceStartsWithTheFirstFailure"},
	{"a settled invoice stays settled", "store/billing.go", "settled_at = least(i.settled_at, excluded.settled_at)", "settled_at = excluded.settled_at", billingRoom, "TestEveryOrderOfWebhooksEndsInOneState|TestWholeStory"},
	{"the first invoice of a subscription starts no grace", "store/billing_state.go", "return !i.IsFirst || ", "return true || ", billingRoom, "TestFirstInvoiceStartsNoGrace"},
	{"a first payment that fails late is owed", "store/billing_state.go", "return !i.IsFirst || slices.ContainsFunc(f.subscriptions, began)", "_ = began\n\treturn !i.IsFirst", billingRoom, "TestFirstPaymentThatFailsLateIsOwed"},
	{"the grace comes before read-only", "store/billing_state.go", "		if !now.Before(until) {\n", "		if true {\n", billingRoom, "TestUnpaidAgencyBecomesReadOnly"},
	{"the grace ends", "store/billing_state.go", "			s.ReadOnlySince = &until\n", "", billingRoom, "TestUnpaidAgencyBecomesReadOnly"},
	{"a cancelled plan ends", "store/billing_state.go", "return s.EndsAt != nil && now.Before(*s.EndsAt), s.EndsAt", "return s.PeriodEnd != nil && now.Before(*s.PeriodEnd), s.PeriodEnd", billingRoom, "TestCancelledPlanEndsWhenStripeEndsIt"},
	{"a plan needs all its prices", "store/plans_list.go", "!slices.ContainsFunc(plan.prices(), missing)", "!missing(plan.Price)", billingRoom, "TestPlanNeedsAllItsPrices"},
	{"a price of no plan gives none", "store/billing_state.go", "		if plan >= 0 {\n\t\t\ts.Plan", "		if true {\n\t\t\tplan = max(plan, len(p.list)-1)\n\t\t\ts.Plan", billingRoom, "TestUnknownPriceGivesNoPlan"},
	// Read-only.
	{"deeds ask whether the agency paid", "store/tx.go", "	if !despiteUnpaid {\n", "	if false {\n", billingRoom, "TestUnpaidAgencyBecomesReadOnly"},
	{"read-only workspaces change nothing", "handlers/access.go", "if me.Unpaid && !route.DespiteUnpaid && !web.IsSafe(r.Method) {", "if false {", handlerRoom, "TestUnpaidAgencyIsReadOnly"},
	{"stored webhooks name nobody", "handlers/billing/kept.go", "delete(v, key)", "v[key] = inner", billingRoom, "TestStoredWebhooksNameNobody"},
	{"sign-ups of a site count together", "handlers/signin/signup.go", "{signUpFromNetwork, web.Site(r)}", "{signUpFromNetwork, web.Network(r)}", signinRoom, "TestSignUpCountsAWholeSite"},
	{"6to4 networks count as their IPv4 one", "handlers/web/request.go", "ip = netip.AddrFrom4([4]byte(b[2:6]))", "_ = b", signinRoom, "TestSignUpCountsAWholeSite"},
	{"a day of a tenant has a limit", "store/acts.go", "tx.plans.daily(tx.plans.inForce(t), a)", "noLimit", storeRoom, "TestInvitationsAreLimitedInADay"},
	{"nobody gets a higher role unpaid", "store/people.go", "if rank(to) < rank(m.Role) {\n\t\ttx.refuseUnpaid()", "if rank(to) < rank(m.Role) {\n\t\t_ = ctx", handlerRoom, "TestUnpaidAgencyTakesAccessAway"},
	{"nobody is assigned unpaid", "store/staff.go", "	tx.refuseUnpaid() // to", "	// to", handlerRoom, "TestUnpaidAgencyTakesAccessAway"},
	{"clients get no right over people unpaid", "store/people.go", "	if may {\n\t\ttx.refuseUnpaid()\n\t}\n", "", handlerRoom, "TestUnpaidAgencyTakesAccessAway"},
	{"support gets no right to ask unpaid", "store/support_requests.go", "	if may {\n\t\ttx.refuseUnpaid()\n\t}\n", "", handlerRoom, "TestUnpaidAgencyTakesAccessAway"},
	{"nobody joins a read-only workspace", "store/invites_accept.go", "		tx.refuseUnpaid() // whoever", "		// whoever", handlerRoom, "TestUnpaidAgencyIsReadOnly"},
	{"without billing nothing is read-only", "store/tx.go", "	if tx.billing == nil {\n\t\treturn\n\t}\n", "", billingRoom, "TestUnpaidAgencyBecomesReadOnly"},
	{"nothing is purged while read-only", "handlers/upload/remove.go", "		if err != nil || !may {\n\t\t\treturn err\n\t\t}\n\t\tids", "		if err != nil {\n\t\t\treturn err\n\t\t}\n\t\tids", workRoom, "TestCleanupPurgesNothingWhileReadOnly"},
	{"the bin is kept after read-only", billingLookup, "then now() + interval '30 days' else g.bin_held_until end", "then now() + interval '30 days' end", workRoom, "TestCleanupPurgesNothingWhileReadOnly"},
	{"what is kept can be restored", "store/bin.go", " or deleted_at is not null and @held)", " or false and @held)", workRoom, "TestCleanupPurgesNothingWhileReadOnly"},
	{"members read no billing in the trail", "store/audit.go", "(@billing or not starts_with(verb, 'billing.'))", "(@billing or true)", handlerRoom, "TestBillingInTheTrailIsForWhoMaySeeIt"},
	{"support reads no billing in the trail", "migrations/0064_bin_held.sql", "    using (not starts_with(verb, 'billing.')\n", "    using (true\n", handlerRoom, "TestBillingInTheTrailIsForWhoMaySeeIt"},
	{"support doesn't read why", "views/chrome.go", "	case c.Staff && c.Support != nil:", "	case false:", handlerRoom, "TestUnpaidAgencyIsReadOnly"},
	{"clients' refusals don't say why", "handlers/unpaid.go", "		p.Status, p.Title = http.StatusForbidden,", "		p.Title =", handlerRoom, "TestUnpaidAgencyIsReadOnly"},
	{"clients don't read why", "views/chrome.go", "	case c.Staff:\n\t\treturn \"The agency has", "	case true:\n\t\treturn \"The agency has", handlerRoom, "TestUnpaidAgencyIsReadOnly"},
	// Who pays.
	{"owners alone pay", "store/billing.go", "if !May(PayBills, party, role) {", "if false && !May(PayBills, party, role) {", billingRoom, "TestOnlyOwnersInPersonPay"},
	{"paying needs a step-up", "store/billing.go", "	if err := tx.requireStepUp(ctx); err != nil {\n\t\treturn err\n\t}\n\tvar detail", "	var detail", billingRoom, "TestOnlyOwnersInPersonPay"},
	{"a second subscription isn't begun", "handlers/billing/pages.go", "	if err := s.refuseSecond(ctx, customer); err != nil {\n\t\treturn \"\", err\n\t}\n", "", handlerRoom, "TestSecondSubscriptionIsRefused"},
	{"who paid meanwhile doesn't pay again", "handlers/billing/pages.go", "if err := s.refuseSecond(ctx, customer); err != nil {\n\t\treturn \"\", errors.Join", "if err := error(nil); err != nil {\n\t\treturn \"\", errors.Join", handlerRoom, "TestSecondSubscriptionIsRefused"},
	{"nobody pays on two pages", "handlers/billing/pages.go", "if err := s.stripe.EndCheckouts(ctx, customer, id); err != nil {", "if id == \"\" {", handlerRoom, "TestSecondSubscriptionIsRefused"},
	{"owed money is paid first", "handlers/billing/pages.go", "case a.now.OwedSince != nil:", "case false:", handlerRoom, "TestOwedMoneyIsPaidFirst"},
	{"a plan without a price can't be bought", "store/plans_list.go", `if i < 0 || p.list[i].Price == "" {`, "if i < 0 {", handlerRoom, "TestBrowserDecidesNoPlan"},
	{"without billing there are no routes", "handlers/server.go", "if route.Billing && s.billing == nil ||", "if", handlerRoom, "TestBillingOffHasNoRoutes"},
	// The tables.
	{"agencies can't see each other's billing", billingTables, "create policy tenant on %I to portico_app\n            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "create policy tenant on %I to portico_app\n            using (true)", storeRoom, "TestBillingStaysInTheAgency"},
	{"clients can't see billing", billingTables, "using (current_setting('app.party', true) in ('agency', 'system'))$p$", "using (true)$p$", storeRoom, "TestBillingStaysInTheAgency|TestCatalog"},
	{"support can't see billing", billingTables, "using (nullif(current_setting('app.support_session_id', true), '') is null\n                   and", "using (true\n                   and", storeRoom, "TestBillingStaysInTheAgency"},
	{"programs can't see billing", billingTables, "\n                   and nullif(current_setting('app.api_key_id', true), '') is null)$p$", ")$p$", storeRoom, "TestBillingStaysInTheAgency"},
	{"people can't add to billing", billingTables, "with check (current_setting('app.party', true) = 'system' and nullif(current_setting('app.user_id', true), '') is null)$p$", "with check (true)$p$", storeRoom, "TestBillingStaysInTheAgency"},
	{"people can't change billing", billingTables, "for update to portico_app\n            using (current_setting('app.party', true) = 'system' and nullif(current_setting('app.user_id', true), '') is null)$p$", "for update to portico_app\n            using (true)$p$", storeRoom, "TestBillingStaysInTheAgency"},
	// Use.
	{"an hour is sent once", "store/billing_usage.go", "u.quantity - coalesce(s.quantity, 0), m.meter", "u.quantity, m.meter", workRoom, "TestUseIsSentOnce"},
	{"use before a plan ends is noted", "store/billing.go", "	if err := tx.noteUseBefore(ctx, after, now); err != nil {\n\t\treturn err\n\t}\n", "", workRoom, "TestUseBeforeAPlanEndsIsSent"},
	{"uncertain use isn't sent again", "store/billing_usage.go", "  and noted_at > @resend\n", "", workRoom, "TestUncertainUseIsNotSentAgain"},
	{"refused use is sent later", "handlers/jobs/billing_usage.go", "			if stripe.IsRefused(err) {\n", "			if false {\n", workRoom, "TestRefusedUseIsSentLater"},
	{"use that is sent later may arrive", "store/billing_usage.go", "    uncounted_at = null,\n", "", workRoom, "TestRefusedUseIsSentLater"},
	{"one meter stops no other", "handlers/jobs/billing_usage.go", "if silent[u.Meter] {", "if len(wrong) > 0 {", workRoom, "TestRefusedUseIsSentLater"},
	{"days are compared when Stripe added them up", "store/billing_usage.go", "midnight(now.Add(-summaryLag))", "midnight(now)", workRoom, "TestDifferencesAreNamed"},
	{"two subscriptions are named", "handlers/jobs/billing_usage.go", "if len(charged) > 1 {", "if false {", workRoom, "TestDifferencesAreNamed"},
	{"use before the agency was a customer isn't sent", "store/billing_usage.go", "	if c.BoundAt.After(since) {\n", "	if false {\n", workRoom, "TestUseIsSentOnce"},
	// The client.
	{"the client follows no redirect", "handlers/stripe/client.go", `		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("stopped after 0 redirects") },`, "", stripeRoom, "TestClientFollowsNoRedirect"},
	{"errors of the client hold no secret", "handlers/stripe/client.go", "return &Error{what, refused.HTTPStatusCode, string(refused.Type), string(refused.Code), refused.RequestID}", "return refused", stripeRoom, "TestClientFollowsNoRedirect"},
	{"only this machine stands in for Stripe", "handlers/stripe/client.go", `return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()`, "return true || ip != nil", stripeRoom, "TestOddSettingsAreRefused"},
}
