package main

import (
	"context"
	"errors"
	"flag"

	"portico/adopt"
)

const adoptDoes = `Converts the data of a portal that never had tenants: docs/adopt.md has an example.

  map        reads their database, read-only, and names what can't be placed
  backfill   gives each row its tenant, its id and its author
  constrain  refuses rows without a tenant, and keys that cross one
  policies   writes the rows into the tenants' tables, where policies check each
  attack     tries, as each client, to reach what belongs to others; then opens the agency
  status     says which phase is done
  finish     drops the schema adopt; after that there is no way back

The phases run in this order. Each can be stopped at any time and run again. It reads the
environment of serve, and DATABASE_OWNER_URL.
`

// adopt runs one phase of an adoption.
func (p program) adopt(ctx context.Context, args []string) error {
	verb, args, err := p.verb("adopt", args, append(adopt.Phases, "status", "finish")...)
	if verb == "" {
		if err == nil {
			p.printAdopt()
		}
		return err
	}
	o := adopt.Options{Phase: verb}
	fs := p.flags("adopt "+verb, adoptDoes)
	if verb == adopt.Map {
		fs.StringVar(&o.From, "from", "", "connection of their PostgreSQL database; a role that can only read is enough")
		fs.StringVar(&o.Mapping, "mapping", "", "file that says where each of our rows comes from")
		fs.StringVar(&o.Decisions, "decisions", "", "file with [decisions] in place of the mapping's")
	}
	if verb != "status" && verb != "finish" {
		phaseFlags(fs, &o)
	}
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	if verb == adopt.Map && !o.Back && (o.From == "" || o.Mapping == "") {
		return errors.New("--from and --mapping are both required")
	}
	return p.runAdopt(ctx, verb, o)
}

func (p program) printAdopt() { _, _ = p.stdout.Write([]byte("\n" + adoptDoes)) }

func phaseFlags(fs *flag.FlagSet, o *adopt.Options) {
	fs.BoolVar(&o.DryRun, "dry-run", false, "say what would be done, and change nothing")
	fs.BoolVar(&o.Back, "back", false, "undo the phase; the last one that is done comes first")
}

func (p program) runAdopt(ctx context.Context, verb string, o adopt.Options) error {
	owner, err := p.owner()
	if err != nil {
		return err
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer in.close(ctx)
	c := adopt.Config{OwnerURL: owner, AppURL: in.config.databaseURL, DB: in.db, Signer: in.signer, Storage: in.storage, Out: p.stdout}
	switch verb {
	case "status":
		return adopt.Status(ctx, c)
	case "finish":
		return adopt.Finish(ctx, c)
	}
	return adopt.Run(ctx, c, o)
}
