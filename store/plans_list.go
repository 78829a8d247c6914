package store

import (
	"bytes"
	_ "embed" // for plans.json
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Plan is one plan of the installation.
type Plan struct {
	// Name is what the database keeps, such as "growth": at most 40 characters, a to z, 0 to
	// 9, - and _.
	Name string `json:"name"`
	// Limits is how much of each metric the plan allows. A metric that programs report and
	// that is missing here has no limit.
	Limits map[Metric]int64 `json:"limits"`
	// Hourly is how many times in an hour a tenant may do some deeds.
	Hourly map[act]int `json:"hourly"`
	// Daily is how many times in a day, in UTC, a tenant may do some of these deeds. A deed
	// that is missing here has no limit of the day.
	Daily map[act]int `json:"daily"`
	// Price is Stripe's id of the price that an agency pays for the plan; "" for a plan
	// that can't be bought.
	Price string `json:"price"`
	// Metered is what of the metrics is paid by use, besides the price.
	Metered map[Metric]Meter `json:"metered"`
}

// Meter is how Stripe counts a metric and what it costs.
type Meter struct {
	Event string `json:"meter"` // the event name of Stripe's meter, up to 100 characters
	Price string `json:"price"` // Stripe's id of the price by use
}

// AddedMetric is a metric of the installation's own, which programs report.
type AddedMetric struct {
	Name  Metric `json:"name"`
	Label string `json:"label"` // on pages, such as "Render minutes"
}

// Plans are the plans of an installation, from the smallest to the largest, and the metrics
// that it adds. It never changes. [ParsePlans] makes one.
type Plans struct {
	list  []Plan
	added []AddedMetric
}

//go:embed plans.json
var defaultPlans []byte

// DefaultPlans are the plans of an installation that configures none.
func DefaultPlans() Plans {
	p, err := ParsePlans(defaultPlans)
	if err != nil {
		panic(fmt.Sprintf("plans.json: %v", err)) // it is part of the binary, and a test reads it
	}
	return p
}

// planName is also the check of the table tenants.
var planName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// metricName is also the check of the tables of usage.
var metricName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParsePlans reads plans as JSON, in the form of plans.json. Every plan must have all
// limits and be no smaller than the one before. The error says what is wrong.
func ParsePlans(text []byte) (Plans, error) {
	var in struct {
		Plans   []Plan        `json:"plans"`
		Metrics []AddedMetric `json:"metrics"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return Plans{}, fmt.Errorf("is not a list of plans in JSON: %w", err)
	}
	if d.More() {
		return Plans{}, errors.New("has more than one JSON object")
	}
	p := Plans{list: in.Plans, added: in.Metrics}
	return p, p.check()
}

func (p Plans) check() error {
	if len(p.list) == 0 {
		return errors.New("has no plan")
	}
	for i, m := range p.added {
		switch {
		case !metricName.MatchString(string(m.Name)):
			return fmt.Errorf("has a metric %q: a name has up to 40 characters, a to z, 0 to 9 and _", m.Name)
		case slices.Contains(builtIn, m.Name), slices.ContainsFunc(p.added[:i], func(o AddedMetric) bool { return o.Name == m.Name }):
			return fmt.Errorf("has the metric %q twice, or it is one of Portico's own", m.Name)
		case strings.TrimSpace(m.Label) == "" || len(m.Label) > 60:
			return fmt.Errorf("has a metric %q without a label of up to 60 bytes", m.Name)
		}
	}
	for i, plan := range p.list {
		if !planName.MatchString(plan.Name) || slices.Contains(p.Names()[:i], plan.Name) {
			return fmt.Errorf("has a plan %q: a name has up to 40 characters, a to z, 0 to 9, - and _, and is there once", plan.Name)
		}
		if err := p.checkLimits(i); err != nil {
			return err
		}
	}
	return p.checkPrices()
}

// priceID is the form of Stripe's ids of prices.
var priceID = regexp.MustCompile(`^price_[A-Za-z0-9]{1,200}$`)

// meterName is the form of the event names of Stripe's meters.
var meterName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// checkPrices checks that each price leads to one plan and that what is paid by use adds
// up: the most people at a time of two hours have no sum.
func (p Plans) checkPrices() error {
	seen := map[string]bool{}
	for _, plan := range p.list {
		prices := []string{plan.Price}
		for m, meter := range plan.Metered {
			switch {
			case plan.Price == "":
				return fmt.Errorf("has a plan %q with meters and without a price", plan.Name)
			case m != Storage && m != Transfer && !p.IsReported(m):
				return fmt.Errorf("has a plan %q with a meter of %q, which doesn't add up", plan.Name, m)
			case !meterName.MatchString(meter.Event):
				return fmt.Errorf("has a plan %q with a meter of %q without the event name of Stripe's meter", plan.Name, m)
			case meter.Price == "":
				return fmt.Errorf("has a plan %q with a meter of %q without a price", plan.Name, m)
			}
			prices = append(prices, meter.Price)
		}
		for _, price := range prices {
			if price != "" && (!priceID.MatchString(price) || seen[price]) {
				return fmt.Errorf("has a plan %q with a price that isn't one of Stripe's, such as price_1AbC, or that is there twice", plan.Name)
			}
			seen[price] = true
		}
	}
	return nil
}

// Prices are all prices of the plans: the price and those by use.
func (p Plans) Prices() (all []string) {
	for _, plan := range p.list {
		all = append(all, plan.prices()...)
	}
	return all
}

func (plan Plan) prices() (all []string) {
	if plan.Price != "" {
		all = append(all, plan.Price)
	}
	for _, m := range slices.Sorted(maps.Keys(plan.Metered)) {
		all = append(all, plan.Metered[m].Price)
	}
	return all
}

// ToBuy returns the plan of a name and the prices that a subscription to it has; false if
// there is none, or it can't be bought.
func (p Plans) ToBuy(name string) (prices []string, ok bool) {
	i := p.index(name)
	if i < 0 || p.list[i].Price == "" {
		return nil, false
	}
	return p.list[i].prices(), true
}

// Sold are the plans that can be bought, from the smallest to the largest.
func (p Plans) Sold() (sold []Plan) {
	for _, plan := range p.list {
		if plan.Price != "" {
			sold = append(sold, plan)
		}
	}
	return sold
}

// Metered is what of a plan is paid by use.
func (p Plans) Metered(name string) map[Metric]Meter {
	if i := p.index(name); i >= 0 {
		return p.list[i].Metered
	}
	return nil
}

// ofPrices is the position of the largest plan of which all prices are there, -1 for none.
// Without a price by use nobody would pay for that use.
func (p Plans) ofPrices(prices []string) int {
	missing := func(price string) bool { return !slices.Contains(prices, price) }
	for i, plan := range slices.Backward(p.list) {
		if plan.Price != "" && !slices.ContainsFunc(plan.prices(), missing) {
			return i
		}
	}
	return -1
}

func (p Plans) checkLimits(i int) error {
	plan := p.list[i]
	for m, limit := range plan.Limits {
		if limit < 0 || !slices.Contains(limited, m) && !p.IsReported(m) {
			return fmt.Errorf("has a limit of plan %q that is negative or of an unknown metric: %q", plan.Name, m)
		}
	}
	for _, m := range slices.Concat(limited, p.Reported()) {
		limit, is := plan.Limits[m]
		if !is && slices.Contains(limited, m) {
			return fmt.Errorf("has a plan %q without a limit of %q", plan.Name, m)
		}
		if i == 0 {
			continue
		}
		before, was := p.list[i-1].Limits[m]
		if is && (!was || limit < before) {
			return fmt.Errorf("has a plan %q that allows less of %q than %q does", plan.Name, m, p.list[i-1].Name)
		}
	}
	for _, a := range planActs {
		if n, ok := plan.Hourly[a]; !ok || n < 1 || i > 0 && n < p.list[i-1].Hourly[a] {
			return fmt.Errorf("has a plan %q that allows no %q in an hour, or less than %q", plan.Name, a, p.list[max(0, i-1)].Name)
		}
	}
	if len(plan.Hourly) != len(planActs) {
		return fmt.Errorf("has a plan %q with hourly limits of unknown deeds", plan.Name)
	}
	return p.checkDaily(i)
}

func (p Plans) checkDaily(i int) error {
	plan := p.list[i]
	for a, n := range plan.Daily {
		if n < 1 || !slices.Contains(planActs, a) {
			return fmt.Errorf("has a plan %q that allows no %q in a day, or an unknown deed", plan.Name, a)
		}
	}
	if i == 0 {
		return nil
	}
	for _, a := range planActs {
		if p.daily(plan.Name, a) < p.daily(p.list[i-1].Name, a) {
			return fmt.Errorf("has a plan %q that allows less of %q in a day than %q", plan.Name, a, p.list[i-1].Name)
		}
	}
	return nil
}

// All returns the plans, from the smallest to the largest.
func (p Plans) All() []Plan { return slices.Clone(p.list) }

// Names returns the names of the plans, from the smallest to the largest.
func (p Plans) Names() []string {
	names := make([]string, len(p.list))
	for i, plan := range p.list {
		names[i] = plan.Name
	}
	return names
}

// First is the name of the smallest plan, with which tenants start.
func (p Plans) First() string { return p.list[0].Name }

// UpTo returns the names of the plans up to the given one: those that an agency with that
// plan may give its clients. There is none for an unknown plan.
func (p Plans) UpTo(plan string) []string { return p.Names()[:p.index(plan)+1] }

// index is the position of a plan, -1 for an unknown one.
func (p Plans) index(plan string) int { return slices.Index(p.Names(), plan) }

// Limit returns how much of a metric a tenant may use: what its plan allows or what that
// of its agency does, whichever is less. It is 0 for an unknown plan. Without a limit,
// limited is false.
func (p Plans) Limit(t TenantPlan, m Metric) (limit int64, limited bool) {
	i := p.index(p.inForce(t))
	if i < 0 {
		return 0, true
	}
	limit, limited = p.list[i].Limits[m]
	return limit, limited
}

// inForce is the smaller of a tenant's plan and its agency's. An unknown plan is the
// smallest of all.
func (p Plans) inForce(t TenantPlan) string {
	if p.index(t.Agency) < p.index(t.Plan) {
		return t.Agency
	}
	return t.Plan
}

// Capped says that a tenant gets less than its plan allows, because its agency's plan
// allows less.
func (p Plans) Capped(t TenantPlan) bool { return p.inForce(t) != t.Plan }

// Reported are the metrics that programs report, Portico's own first.
func (p Plans) Reported() []Metric {
	reported := []Metric{AIRuns}
	for _, m := range p.added {
		reported = append(reported, m.Name)
	}
	return reported
}

// Metrics are the metrics of a kind of tenant, in the order of pages. An agency's own tenant
// has people and clients, but no work.
func (p Plans) Metrics(kind TenantKind) []Metric {
	if kind == TenantAgency {
		return append([]Metric{Users, Clients}, p.Reported()...)
	}
	return append([]Metric{Users, Projects, Storage, Transfer}, p.Reported()...)
}

// IsReported says whether programs report the metric.
func (p Plans) IsReported(m Metric) bool { return slices.Contains(p.Reported(), m) }

// Label is the name of an added metric on pages, "" for another one.
func (p Plans) Label(m Metric) string {
	for _, a := range p.added {
		if a.Name == m {
			return a.Label
		}
	}
	return ""
}

// hourly returns how often a deed is allowed in an hour; 0 for an unknown plan.
func (p Plans) hourly(plan string, a act) int {
	if i := p.index(plan); i >= 0 {
		return p.list[i].Hourly[a]
	}
	return 0
}

// noLimit is more than anybody does in a day.
const noLimit = 1 << 40

// daily returns how often a deed is allowed in a day; 0 for an unknown plan.
func (p Plans) daily(plan string, a act) int {
	i := p.index(plan)
	if i < 0 {
		return 0
	}
	if n, limited := p.list[i].Daily[a]; limited {
		return n
	}
	return noLimit
}

// limitsDaily says whether a plan limits the deed in a day.
func (p Plans) limitsDaily(a act) bool { return p.daily(p.First(), a) < noLimit }

// Has says whether the installation has a plan of that name.
func (p Plans) Has(plan string) bool { return p.index(plan) >= 0 }
