package store_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// Plans come from the operator, so a mistake is named and nothing starts with it.
func TestPlansAreChecked(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("plans.json")
	if err != nil {
		t.Fatal(err)
	}
	good := string(b)
	if p, err := store.ParsePlans(b); err != nil || p.First() != "starter" || len(p.All()) != 3 {
		t.Fatalf("the plans of the product: %v, %v", p.Names(), err)
	}
	change := func(old, now string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("plans.json has no %q", old)
		}
		return strings.Replace(good, old, now, 1)
	}
	for says, text := range map[string]string{
		"JSON":                    good[:len(good)/2],
		"more than one":           good + "{}",
		"no plan":                 `{"plans": []}`,
		"unknown field":           change(`"metrics"`, `"metrix"`),
		`plan "Star ter"`:         change(`"starter"`, `"Star ter"`),
		`plan "starter"`:          change(`"growth"`, `"starter"`),
		`without a limit of "sto`: change(`"storage": 10000000000,`, ``),
		"negative":                change(`"users": 5,`, `"users": -5,`),
		"unknown metric":          change(`"users": 5,`, `"users": 5, "moons": 5,`),
		`less of "users"`:         change(`"users": 50,`, `"users": 4,`),
		`less of "ai_runs"`:       change(`, "ai_runs": 500}`, `}`),
		`no "publication"`:        change(`, "publication": 60`, ``),
		"or an unknown deed":      change(`"daily": {"invitation mail": 60}`, `"daily": {"party": 60}`),
		`no "invitation mail" in`: change(`"daily": {"invitation mail": 60}`, `"daily": {"invitation mail": 0}`),
		`mail" in a day than`:     change(`"publication": 300}`, `"publication": 300}, "daily": {"invitation mail": 59}`),
		"unknown deeds":           change(`"publication": 60`, `"publication": 60, "party": 1`),
		`metric "ai_runs" twice`:  change(`"metrics": []`, `"metrics": [{"name": "ai_runs", "label": "Runs"}]`),
		`metric "users" twice`:    change(`"metrics": []`, `"metrics": [{"name": "users", "label": "Users"}]`),
		`metric "Render"`:         change(`"metrics": []`, `"metrics": [{"name": "Render", "label": "Render"}]`),
		"without a label":         change(`"metrics": []`, `"metrics": [{"name": "render", "label": " "}]`),
	} {
		_, err := store.ParsePlans([]byte(text))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	added, err := store.ParsePlans([]byte(change(`"metrics": []`, `"metrics": [{"name": "render_minutes", "label": "Render minutes"}]`)))
	if err != nil || !added.IsReported("render_minutes") || added.IsReported("users") || added.IsReported("transfer") || added.Label("render_minutes") != "Render minutes" {
		t.Errorf("a metric of the installation: %v, %v", added.Reported(), err)
	}
	if _, limited := added.Limit(store.TenantPlan{Plan: "starter", Agency: "starter"}, "render_minutes"); limited {
		t.Error("a metric without a limit is limited")
	}
}

// The plan of an agency bounds what it may give its clients, and what they may use when it
// has become smaller since. Nothing is lost then.
func TestAgencysPlanBoundsItsClients(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	storetest.Plan(t, a.Agency, "growth")
	dana, above := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Agency)
	give := func(plan string) error {
		return write(t, above, func(tx *store.Tx) error { return tx.SetClientPlan(t.Context(), dana.TenantID(), plan) })
	}
	open := func(plan string) error {
		return write(t, above, func(tx *store.Tx) error {
			_, _, err := tx.CreateClient(t.Context(), store.NewClient{Slug: "c-" + store.NewID().String()[:30], Name: "Client", Plan: plan})
			return err
		})
	}
	for what, err := range map[string]error{"given": give("enterprise"), "given to a new client": open("enterprise")} {
		if invalid := (store.InvalidError{}); !errors.As(err, &invalid) || invalid["plan"] == "" {
			t.Errorf("a larger plan than its own, %s: %v", what, err)
		}
	}
	for what, err := range map[string]error{"given": give("growth"), "given to a new client": open("growth"), "smaller": open("starter")} {
		if err != nil {
			t.Errorf("a plan that is no larger, %s: %v", what, err)
		}
	}
	var last uuid.UUID
	for range 21 {
		last = storetest.Project(t, dana, "Kept")
	}
	storetest.Plan(t, a.Agency, "starter")
	more := func() error {
		return write(t, dana, func(tx *store.Tx) error {
			_, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "One more"})
			return err
		})
	}
	var limit *store.PlanLimitError
	if err := more(); !errors.As(err, &limit) || limit.Limit != 20 || limit.Plan != "starter" || !limit.Capped {
		t.Errorf("a client on growth of an agency on starter: %+v, %v", limit, err)
	}
	var p store.Project
	if err := read(t, dana, store.GetProject(last, &p)); err != nil {
		t.Errorf("what was there before: %v", err)
	}
	var plan store.TenantPlan
	if err := read(t, dana, store.GetPlan(&plan)); err != nil || !db.Plans().Capped(plan) || plan.Plan != "growth" {
		t.Errorf("the plan is %+v, %v", plan, err)
	}
	storetest.Plan(t, a.Agency, "enterprise")
	if err := more(); err != nil {
		t.Errorf("the agency has a larger plan again: %v", err)
	}
}

// A plan that the installation doesn't have any more allows nothing to be added.
func TestUnknownPlanAllowsNothing(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	storetest.Plan(t, a.Acme, "gone")
	err := write(t, a.Member(t, a.Dana, a.Acme), func(tx *store.Tx) error {
		_, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "One more"})
		return err
	})
	if err == nil {
		t.Error("a project on an unknown plan")
	}
	if limit, limited := store.DefaultPlans().Limit(store.TenantPlan{Plan: "gone", Agency: "growth"}, store.Users); limit != 0 || !limited {
		t.Errorf("it allows %d people, %v", limit, limited)
	}
}
