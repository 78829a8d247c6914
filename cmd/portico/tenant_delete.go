package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"portico/handlers/archives"
	"portico/store"
)

const deleteDoes = `Closes a tenant, as suspend does, and says when "tenant wipe" may delete it: after 30 days. Until then
--undo opens it again, and so does resuming it. Nothing is deleted yet. Export it first, if its
owner wants to take it along. An agency's clients are deleted before it.`

func (p program) tenantDelete(ctx context.Context, args []string) error {
	options := p.flags("tenant delete SLUG [--undo]", deleteDoes)
	undo := options.Bool("undo", false, "keep the tenant after all")
	slug, rest := "", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		slug, rest = args[0], args[1:]
	}
	if help, err := p.parse(options, rest); help || err != nil {
		return err
	}
	if slug == "" {
		return errors.New("name the tenant: portico tenant delete SLUG")
	}
	return p.operate(ctx, func(op *store.Operator) error {
		if *undo {
			err := op.UndoDeletion(ctx, slug)
			if errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("no tenant with the slug %q is to be deleted", slug)
			}
			if err == nil {
				fmt.Fprintf(p.stdout, "kept: %s\n", slug)
			}
			return err
		}
		until, err := op.ScheduleDeletion(ctx, slug)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("there is no tenant %q", slug)
		case errors.Is(err, store.ErrHasClients):
			return errors.New("the agency still has clients; delete them first")
		case err != nil:
			return err
		}
		fmt.Fprintf(p.stdout, "closed: %s. Nothing is deleted yet; portico tenant wipe deletes it from %s on\n", slug, until.Format(time.RFC3339))
		return nil
	})
}

const wipeDoes = `Deletes the tenants whose 30 days are over: uploads, files with all their versions, every row,
waiting jobs, hosts. Then it counts again everywhere. Only if all counts are 0 they are deleted; else
all rows stay, and it says what is left. For each it writes a signed receipt. Run it every day, for
example by a timer; if it was killed, run it again. It reads the environment of serve, and
DATABASE_OWNER_URL.`

func (p program) tenantWipe(ctx context.Context, args []string) error {
	options := p.flags("tenant wipe --receipts DIRECTORY", wipeDoes)
	dir := options.String("receipts", "", "directory to write the receipts into, deletion-<id>.txt each")
	backups := options.String("backups", "backups of the database and of the files have it until they are deleted", "what the receipt says of backups: which have it, and until when")
	if help, err := p.parse(options, args); help || err != nil {
		return err
	}
	if info, err := os.Stat(*dir); err != nil || !info.IsDir() {
		return errors.New("--receipts must be a directory")
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer in.close(ctx)
	owner, err := p.owner()
	if err != nil {
		return err
	}
	op, err := store.OpenOperator(ctx, owner)
	if err != nil {
		return err
	}
	defer op.Close(context.WithoutCancel(ctx))
	due, err := op.DueDeletions(ctx)
	if err != nil {
		return err
	}
	w := archives.Wiper{Operator: op, Storage: in.storage, Key: in.config.signingKeys[0], Backups: *backups}
	for _, d := range due {
		receipt, err := w.Wipe(ctx, d)
		if errors.Is(err, store.ErrConflict) {
			fmt.Fprintf(p.stdout, "kept: %s\n", d.Slug)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", d.ID, err)
		}
		file := filepath.Join(*dir, "deletion-"+d.ID.String()+".txt")
		if err := os.WriteFile(file, receipt, 0o600); err != nil {
			return fmt.Errorf("deleted %s, but the receipt can't be written; the table tombstones has it: %w", d.ID, err)
		}
		fmt.Fprintf(p.stdout, "deleted: %s, counted again: 0; receipt: %s\n", d.ID, file)
	}
	if len(due) == 0 {
		fmt.Fprintln(p.stdout, "nothing is to be deleted")
	}
	return nil
}
