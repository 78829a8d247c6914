package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/mail"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/handlers/web"
	"portico/names"
	"portico/store"
	"portico/views"
)

// flags returns a flag set whose --help says what the command does.
func (p program) flags(name, does string) *flag.FlagSet {
	fs := flag.NewFlagSet("portico "+name, flag.ContinueOnError)
	fs.SetOutput(p.stderr)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: portico %s\n\n%s\n\n", name, does)
		fs.PrintDefaults()
	}
	return fs
}

// parse reads the options. A request for help is not an error.
func (p program) parse(fs *flag.FlagSet, args []string) (help bool, err error) {
	for _, a := range args {
		if a == "--help" || a == "-help" || a == "-h" {
			fs.SetOutput(p.stdout)
		}
	}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return true, nil
	case err != nil:
		return false, errUsage
	case fs.NArg() > 0:
		fmt.Fprintf(p.stderr, "portico: %q is not an option\n", fs.Arg(0))
		fs.Usage()
		return false, errUsage
	}
	return false, nil
}

func (p program) bootstrap(ctx context.Context, args []string) error {
	fs := p.flags("bootstrap --admin-dsn DSN | --print",
		"Creates the roles portico_owner, portico_app and portico_lookup, and the database of\nDATABASE_OWNER_URL, with the passwords of DATABASE_OWNER_URL and DATABASE_URL. Safe to run again.")
	admin := fs.String("admin-dsn", "", "connection of a PostgreSQL superuser")
	show := fs.Bool("print", false, "print the SQL instead of running it")
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	rd := &reader{getenv: p.getenv}
	owner := rd.secret("DATABASE_OWNER_URL")
	if *show {
		database := "portico"
		if c, err := pgx.ParseConfig(owner); err == nil && owner != "" && c.Database != "" {
			database = c.Database
		}
		fmt.Fprint(p.stdout, store.BootstrapSQL(database))
		return nil
	}
	app := rd.secret("DATABASE_URL")
	if *admin == "" {
		rd.errs = append(rd.errs, errors.New("--admin-dsn is missing"))
	}
	if err := errors.Join(rd.errs...); err != nil {
		return err
	}
	return store.Bootstrap(ctx, *admin, owner, app)
}

func (p program) migrate(ctx context.Context, args []string) error {
	fs := p.flags("migrate", "Brings the schema and the job queue up to date, as portico_owner (DATABASE_OWNER_URL).")
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	owner, err := p.owner()
	if err != nil {
		return err
	}
	n, err := store.Migrate(ctx, owner)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "applied %d migrations\n", n)
	return nil
}

func (p program) owner() (string, error) {
	rd := &reader{getenv: p.getenv}
	v := rd.database("DATABASE_OWNER_URL")
	return v, errors.Join(rd.errs...)
}

// operate opens the operator's connection for one command.
func (p program) operate(ctx context.Context, act func(*store.Operator) error) error {
	owner, err := p.owner()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	op, err := store.OpenOperator(ctx, owner)
	if err != nil {
		return err
	}
	defer op.Close(context.WithoutCancel(ctx))
	return act(op)
}

// verb returns the second word of a command.
func (p program) verb(name string, args []string, verbs ...string) (string, []string, error) {
	if len(args) > 0 {
		for _, v := range verbs {
			if args[0] == v {
				return v, args[1:], nil
			}
		}
		if args[0] == "--help" || args[0] == "-h" {
			fmt.Fprintf(p.stdout, "usage: portico %s %s [options]\n", name, strings.Join(verbs, "|"))
			return "", nil, nil
		}
	}
	fmt.Fprintf(p.stderr, "usage: portico %s %s [options]\n", name, strings.Join(verbs, "|"))
	return "", nil, errUsage
}

func (p program) agency(ctx context.Context, args []string) error {
	verb, args, err := p.verb("agency", args, "create")
	if verb == "" {
		return err
	}
	plans, err := p.plans()
	if err != nil {
		return err
	}
	fs := p.flags("agency create --slug SLUG --name NAME --owner-email ADDRESS --owner-name NAME", "Creates an agency with its first owner, who signs in by email.")
	slug := fs.String("slug", "", "name in addresses: a to z, 0 to 9 and -")
	name := fs.String("name", "", "name of the agency")
	email := fs.String("owner-email", "", "email address of the owner")
	owner := fs.String("owner-name", "", "name of the owner")
	plan := fs.String("plan", plans.First(), strings.Join(plans.Names(), ", "))
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	if *slug == "" || !names.Visible(names.CleanLine(*name)) || !names.Visible(names.CleanLine(*owner)) {
		return errors.New("--slug, --name, --owner-email and --owner-name are all required")
	}
	address, err := fold(*email)
	if err != nil {
		return fmt.Errorf("--owner-email: %w", err)
	}
	if !plans.Has(*plan) {
		return fmt.Errorf("--plan must be one of %s", strings.Join(plans.Names(), ", "))
	}
	return p.operate(ctx, func(op *store.Operator) error {
		id, err := op.CreateAgency(ctx, *slug, names.CleanLine(*name), address, names.CleanLine(*owner), *plan)
		switch {
		case errors.Is(err, store.ErrConflict):
			return fmt.Errorf("the slug %q is not available", *slug)
		case errors.Is(err, store.ErrInvalid):
			return errors.New("not accepted: a slug has 1 to 40 characters (a to z, 0 to 9 and -), a name at most 120, and a support agent can't own an agency")
		case err != nil:
			return err
		}
		fmt.Fprintf(p.stdout, "created agency %s, id %s\n", *slug, id)
		p.sayWhatNext(*slug, address)
		return nil
	})
}

// site returns PORTICO_URL, which may be unset on the machine of the operator.
func (p program) site() string {
	return cmp.Or(strings.TrimRight(p.getenv("PORTICO_URL"), "/"), "PORTICO_URL")
}

// sayWhatNext says where the owner of a new agency signs in, and what to do there.
func (p program) sayWhatNext(slug, address string) {
	at := p.site()
	fmt.Fprintf(p.stdout, `
Next: %s signs in at %s/ with this address.
No invitation is sent, so tell them. They add the first client at %s
and invite colleagues at %s.
`, address, at, at+views.PathBase(slug).Clients(), at+views.PathBase(slug).Members())
}

func (p program) support(ctx context.Context, args []string) error {
	verb, args, err := p.verb("support", args, "add", "disable", "list", "flags")
	if verb == "" {
		return err
	}
	fs := p.flags("support "+verb, "Support agents belong to the platform and are not members of any tenant.")
	var email, name *string
	if verb != "list" && verb != "flags" {
		email = fs.String("email", "", "email address of the agent")
	}
	if verb == "add" {
		name = fs.String("name", "", "name of the agent, shown to tenants")
	}
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	if verb == "list" {
		return p.operate(ctx, func(op *store.Operator) error { return p.listAgents(ctx, op) })
	}
	if verb == "flags" {
		return p.operate(ctx, func(op *store.Operator) error { return p.listFlags(ctx, op) })
	}
	address, err := fold(*email)
	if err != nil {
		return fmt.Errorf("--email: %w", err)
	}
	return p.operate(ctx, func(op *store.Operator) error {
		if verb == "disable" {
			return p.disableAgent(ctx, op, address)
		}
		if !names.Visible(names.CleanLine(*name)) {
			return errors.New("--name is missing")
		}
		return p.addAgent(ctx, op, address, names.CleanLine(*name))
	})
}

// listFlags prints the support sessions that tenants flagged, and what they wrote.
func (p program) listFlags(ctx context.Context, op *store.Operator) error {
	flags, err := op.Flags(ctx)
	if err != nil {
		return err
	}
	for _, f := range flags {
		fmt.Fprintf(p.stdout, "%s  %s  %s  %s  %s  %q\n", f.CreatedAt.UTC().Format(time.RFC3339), f.ID, f.Slug, f.AgentName, f.Ticket, f.Words)
	}
	return nil
}

func (p program) addAgent(ctx context.Context, op *store.Operator, email, name string) error {
	err := op.AddAgent(ctx, email, name)
	if errors.Is(err, store.ErrConflict) {
		return errors.New("that address is already in use")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "added agent %s\n", email)
	return nil
}

func (p program) disableAgent(ctx context.Context, op *store.Operator, email string) error {
	err := op.DisableAgent(ctx, email)
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("there is no agent with that address")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "disabled agent %s\n", email)
	return nil
}

func (p program) listAgents(ctx context.Context, op *store.Operator) error {
	agents, err := op.Agents(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ADDRESS\tNAME\tADDED\tSTATE")
	for _, a := range agents {
		state := "active"
		if a.DisabledAt != nil {
			state = "disabled " + a.DisabledAt.Format(time.DateOnly)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", a.Email, a.Name, a.AddedAt.Format(time.DateOnly), state)
	}
	return w.Flush()
}

func (p program) person(ctx context.Context, args []string) error {
	verb, args, err := p.verb("person", args, "forget")
	if verb == "" {
		return err
	}
	fs := p.flags("person forget ADDRESS", `Erases the account with that address, immediately and permanently: the address,
every way to sign in, all sessions and access to every tenant. What the person did
stays, with or without their name, as each tenant's settings say. If the address was
only invited, the invitations are deleted. To remove a support agent, disable them.`)
	var typed string
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		typed, args = args[0], args[1:]
	}
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	address, err := foldKept(typed)
	if err != nil {
		return fmt.Errorf("ADDRESS: %w", err)
	}
	return p.operate(ctx, func(op *store.Operator) error { return p.forget(ctx, op, address) })
}

func (p program) forget(ctx context.Context, op *store.Operator, address string) error {
	slugs, err := op.Forget(ctx, address)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errors.New("no account and no invitation has that address")
	case errors.Is(err, store.ErrForbidden):
		return errors.New("that is a support agent; use portico support disable")
	case errors.Is(err, store.ErrLastOwner):
		return fmt.Errorf("not erased: the person is the only owner of %s; make someone else an owner first", strings.Join(slugs, ", "))
	case err != nil:
		return err
	}
	fmt.Fprintf(p.stdout, "erased the account of %s\n", address)
	return nil
}

func (p program) tenant(ctx context.Context, args []string) error {
	verb, args, err := p.verb("tenant", args, "list", "plan", "suspend", "resume", "export", "restore", "delete", "wipe")
	if verb == "" {
		return err
	}
	switch verb {
	case "plan":
		return p.tenantPlan(ctx, args)
	case "export":
		return p.tenantExport(ctx, args)
	case "restore":
		return p.tenantRestore(ctx, args)
	case "delete":
		return p.tenantDelete(ctx, args)
	case "wipe":
		return p.tenantWipe(ctx, args)
	case "suspend":
		return p.agencyState(ctx, args, verb, "Closes an agency and all of its clients: nobody can change anything, no mail goes out, and\nthe clients' people can't open them. Everything is kept.", (*store.Operator).SuspendAgency)
	case "resume":
		return p.agencyState(ctx, args, verb, "Opens an agency again that was suspended, and those of its clients that weren't.", (*store.Operator).ResumeAgency)
	}
	fs := p.flags("tenant list", "Lists the tenants of this installation by slug.")
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	return p.operate(ctx, func(op *store.Operator) error {
		w := tabwriter.NewWriter(p.stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "SLUG\tKIND\tAGENCY\tSTATE\tCREATED\tID")
		after := ""
		for {
			page, err := op.Tenants(ctx, after, 500)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				return w.Flush()
			}
			for _, t := range page {
				agency := "-"
				if t.AgencySlug != nil {
					agency = *t.AgencySlug
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Slug, t.Kind, agency, t.State, t.CreatedAt.Format(time.DateOnly), t.ID)
			}
			after = page[len(page)-1].Slug
		}
	})
}

// agencyState suspends or resumes the agency whose slug is the argument.
func (p program) agencyState(ctx context.Context, args []string, verb, does string, set func(*store.Operator, context.Context, string) error) error {
	fs := p.flags("tenant "+verb+" SLUG", does)
	slug, rest := "", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		slug, rest = args[0], args[1:]
	}
	if help, err := p.parse(fs, rest); help || err != nil {
		return err
	}
	if slug == "" {
		return errors.New("name the agency: portico tenant " + verb + " SLUG")
	}
	return p.operate(ctx, func(op *store.Operator) error {
		err := set(op, ctx, slug)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("there is no agency %q", slug)
		case err != nil:
			return err
		}
		fmt.Fprintf(p.stdout, "%s: %s\n", map[string]string{"suspend": "suspended", "resume": "resumed"}[verb], slug)
		return nil
	})
}

func (p program) tenantPlan(ctx context.Context, args []string) error {
	plans, err := p.plans()
	if err != nil {
		return err
	}
	all := strings.Join(plans.Names(), ", ")
	fs := p.flags("tenant plan --slug SLUG --plan PLAN", "Gives a tenant another plan: "+all+". What exceeds its limits is kept and can be read.\nA client gets at most what its agency's plan allows.")
	slug := fs.String("slug", "", "name in addresses")
	plan := fs.String("plan", "", all)
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	if !plans.Has(*plan) {
		return fmt.Errorf("--plan must be one of %s", all)
	}
	return p.operate(ctx, func(op *store.Operator) error {
		err := op.SetPlan(ctx, *slug, *plan)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("there is no tenant %q", *slug)
		case err != nil:
			return err
		}
		fmt.Fprintf(p.stdout, "%s now has the plan %s\n", *slug, *plan)
		return nil
	})
}

// plans are the plans of the installation.
func (p program) plans() (store.Plans, error) {
	rd := &reader{getenv: p.getenv}
	plans := rd.plans()
	return plans, errors.Join(rd.errs...)
}

// fold returns an address in the form that the database stores.
func fold(address string) (string, error) {
	_, email, err := web.ParseMailbox(address)
	return email, err
}

// foldKept is fold for an address that may have been kept before such were refused, as
// nora@acme was.
func foldKept(address string) (string, error) {
	email, err := fold(address)
	if err == nil {
		return email, nil
	}
	old, oldErr := mail.ParseAddress(strings.TrimSpace(address))
	if oldErr != nil {
		return "", err
	}
	return strings.ToLower(old.Address), nil
}
