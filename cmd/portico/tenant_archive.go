package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"portico/archive"
	"portico/certificate"
	"portico/handlers/archives"
	"portico/handlers/jobs"
	"portico/names"
	"portico/store"
)

const exportDoes = `Writes an archive of one tenant, as it is at one moment, while people work on: a ZIP file with the
rows of every table, all files, the trail, a signed list of everything, and a README.txt. Nothing
in it opens a door. It reads the environment of serve, and DATABASE_OWNER_URL.`

func (p program) tenantExport(ctx context.Context, args []string) error {
	options := p.flags("tenant export --tenant SLUG --to FILE", exportDoes)
	slug := options.String("tenant", "", "slug of the tenant")
	to := options.String("to", "", "file to write; it must not exist")
	if help, err := p.parse(options, args); help || err != nil {
		return err
	}
	if *slug == "" || *to == "" {
		return errors.New("--tenant (a slug) and --to (a file) are both required")
	}
	if _, err := os.Lstat(*to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s exists already, or its directory can't be read", *to)
	}
	tenants, err := p.tenants(ctx, *slug)
	if err != nil {
		return err
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer in.close(ctx)
	m, err := in.export(ctx, tenants[0], *to)
	if err != nil {
		return fmt.Errorf("export %s: %w", *slug, err)
	}
	rows := int64(0)
	for _, t := range m.Tables {
		rows += t.Rows
	}
	fmt.Fprintf(p.stdout, "exported %s to %s: %d rows and %d files, as of %s\n", *slug, *to, rows, m.Objects.Rows, m.At.Format(time.RFC3339))
	if m.Missing.Rows > 0 {
		fmt.Fprintf(p.stdout, "%d files are missing from storage; missing.jsonl in the archive lists them, and portico files check names them\n", m.Missing.Rows)
	}
	return nil
}

// export writes the archive beside its name and renames it when it is whole, so that a file with
// that name always is.
func (in *installation) export(ctx context.Context, t store.TenantLine, to string) (m archive.Manifest, err error) {
	j, err := in.jobIn(t.ID)
	if err != nil {
		return m, err
	}
	part := to + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return m, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	m, err = archives.Exporter{DB: in.db, Storage: in.storage, Key: in.config.signingKeys[0]}.Export(ctx, j, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return m, err
	}
	return m, os.Rename(part, to)
}

const restoreDoes = `Restores an archive. First all of it is read and checked, and the database does everything once and
undoes it. Only then something is changed: all of it or nothing. Run it again if it was killed.

  --in-place   the work of the tenant becomes that of the archive. People, access, invitations,
               API keys, domains, plan and billing stay as they are now. The trail goes on
  --beside     a new tenant, with the trail of the archive. Nobody has access: staff of the
               agency join a client; an agency gets the owner that you name

Files that neither the archive nor storage has are listed, and marked as missing. The archive must be
signed with one of SIGNING_KEYS, or with one of --keys. It reads the environment of serve, and
DATABASE_OWNER_URL.`

type restoreOptions struct {
	file, keys      string
	inPlace, beside bool
	store.Beside
}

func (p program) tenantRestore(ctx context.Context, args []string) error {
	var o restoreOptions
	options := p.flags("tenant restore FILE --in-place | --beside", restoreDoes)
	options.BoolVar(&o.inPlace, "in-place", false, "into the tenant that the archive is of")
	options.BoolVar(&o.beside, "beside", false, "into a new tenant")
	options.StringVar(&o.Slug, "slug", "", "with --beside: slug of the new tenant; default: that of the archive and -restored.\nwith --in-place: slug of the tenant now, to make sure")
	options.StringVar(&o.Agency, "agency", "", "slug of the new client's agency; default: that of the archive")
	options.StringVar(&o.OwnerEmail, "owner-email", "", "email address of the new agency's owner")
	options.StringVar(&o.OwnerName, "owner-name", "", "name of the new agency's owner")
	options.StringVar(&o.keys, "keys", "", "file with the public keys of the installation that made the archive, as saved from its\n/.well-known/portico-signing-keys")
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		o.file, args = args[0], args[1:]
	}
	if help, err := p.parse(options, args); help || err != nil {
		return err
	}
	if o.file == "" || o.inPlace == o.beside {
		return errors.New("name the archive and where to: portico tenant restore FILE --in-place, or --beside")
	}
	if o.OwnerEmail != "" {
		address, err := fold(o.OwnerEmail)
		if err != nil {
			return fmt.Errorf("--owner-email: %w", err)
		}
		o.OwnerEmail, o.OwnerName = address, names.CleanLine(o.OwnerName)
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer in.close(ctx)
	return p.restore(ctx, in, o)
}

func (p program) restore(ctx context.Context, in *installation, o restoreOptions) error {
	owner, err := p.owner()
	if err != nil {
		return err
	}
	op, err := store.OpenOperator(ctx, owner)
	if err != nil {
		return err
	}
	defer op.Close(context.WithoutCancel(ctx))
	keys, err := archiveKeys(in.config.signingKeys, o.keys)
	if err != nil {
		return err
	}
	f, err := os.Open(o.file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	restorer := archives.Restorer{Operator: op, Storage: in.storage, Plans: in.db.Plans(), Keys: keys, Slug: o.Slug,
		Say: func(format string, args ...any) { fmt.Fprintf(p.stdout, format+"\n", args...) }}
	done, err := restorer.Restore(ctx, f, info.Size(), o.how())
	if err != nil {
		return fmt.Errorf("nothing was restored: %w", err)
	}
	fmt.Fprintf(p.stdout, "restored %s, id %s; %d files were put into storage\n", done.Target.Slug, done.Target.ID, done.Stored)
	for _, o := range done.Missing {
		fmt.Fprintf(p.stdout, "missing: %s %s, %d bytes, SHA-256 %s\n", o.Kind, o.ID, o.Size, o.SHA256)
	}
	return p.recountRestored(ctx, in, done.Target)
}

// how says how to restore: nil is in place.
func (o restoreOptions) how() *store.Beside {
	if o.inPlace {
		return nil
	}
	return &o.Beside
}

// recountRestored counts again what lists and plans show, and makes pictures again that are
// missing. The nightly clean-up does the same.
func (p program) recountRestored(ctx context.Context, in *installation, t store.RestoreTarget) error {
	j, err := in.jobIn(t.ID)
	if err != nil {
		return err
	}
	if err := in.db.Work(ctx, j, func(tx *store.Tx) error { return tx.ReconcileUsage(ctx) }); err != nil {
		return fmt.Errorf("restored, but not counted again; the clean-up of the night does it: %w", err)
	}
	// Nothing is old enough to be removed: what the archive doesn't have, the clean-up removes.
	const never = 100 * 365 * 24 * time.Hour
	err = in.runner.Reconcile(ctx, j, jobs.Reconcile{Grace: never, Repair: true, Found: func(f jobs.Finding) {
		if f.Kind != jobs.LostFile {
			fmt.Fprintf(p.stdout, "%s: %s\n", idOrDash(f.File), sentence(f))
		}
	}})
	if err != nil {
		return fmt.Errorf("restored, but not compared with storage; the clean-up of the night does it: %w", err)
	}
	return nil
}

// archiveKeys are the installation's own keys, and those in the file.
func archiveKeys(own []ed25519.PrivateKey, file string) (archive.Keys, error) {
	keys := archive.Keys{}
	for _, k := range own {
		public := k.Public().(ed25519.PublicKey)
		keys[certificate.KeyID(public)] = public
	}
	if file == "" {
		return keys, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	others, err := certificate.ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, k := range others {
		keys[certificate.KeyID(k)] = k
	}
	return keys, nil
}
