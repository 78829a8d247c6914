// Command portico is the product: it prepares a database, serves the portal and
// runs its jobs. `portico help` lists what it can do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"portico/handlers/difference"
	"portico/handlers/media"
	"portico/handlers/pdf"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	p := program{getenv: os.Getenv, environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr}
	if err := p.run(ctx, os.Args[1:]); err != nil {
		if !errors.Is(err, errUsage) {
			fmt.Fprintln(os.Stderr, "portico:", err)
		}
		os.Exit(1)
	}
}

// program is a command's environment and its input and output.
type program struct {
	getenv  func(string) string
	environ []string
	stdout  io.Writer
	stderr  io.Writer
}

// errUsage is a usage error that was already explained to the user.
var errUsage = errors.New("usage")

type command struct {
	name string
	does string
	run  func(program, context.Context, []string) error
}

func commands() []command {
	return []command{
		{"bootstrap", "create the database roles and the database", program.bootstrap},
		{"migrate", "bring the schema up to date", program.migrate},
		{"serve", "serve the portal and run its jobs", program.serve},
		{"work", "run jobs only", program.work},
		{"doctor", "say what is wrong with an installation, and how to fix it", program.doctor},
		{"agency", "create: create an agency with its first owner", program.agency},
		{"signup", "invite|withdraw|list: say which addresses may create an agency while SIGNUP=invite", program.signUp},
		{"support", "add, disable or list support agents, list reported sessions", program.support},
		{"person", "forget: erase a person's account on their written request", program.person},
		{"tenant", "list|plan|suspend|resume|export|restore|delete|wipe: list the tenants, set a plan, close an agency, export, restore or delete a tenant", program.tenant},
		{"billing", "check: compare with Stripe, and name each difference", program.billing},
		{"certificate", "verify: check a certificate of approval, without any server", program.certificate},
		{"audit", "verify|export: check the audit trail of a workspace, without any server, or write it to a file", program.audit},
		{"files", "check|repair|forget: check or repair object storage, record lost files", program.files},
		{"adopt", "map|backfill|constrain|policies|attack: convert data that never had tenants", program.adopt},
	}
}

func (p program) run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == media.Child {
		return media.RunChild(args[1:])
	}
	if len(args) > 0 && args[0] == pdf.Child {
		return pdf.RunChild(args[1:], p.stdout)
	}
	if len(args) > 0 && args[0] == difference.Child {
		return difference.RunChild(args[1:], p.stdout)
	}
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name == args[0] {
				return c.run(p, ctx, args[1:])
			}
		}
		if args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
			p.usage(p.stdout)
			return nil
		}
		fmt.Fprintf(p.stderr, "portico: there is no command %q\n\n", args[0])
	}
	p.usage(p.stderr)
	return errUsage
}

func (p program) usage(w io.Writer) {
	fmt.Fprintln(w, "usage: portico COMMAND [options]; run portico COMMAND --help for details")
	fmt.Fprintln(w)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.does)
	}
}
