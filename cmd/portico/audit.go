package main

import (
	"archive/zip"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"portico/certificate"
	"portico/handlers/sealed"
	"portico/store"
	"portico/trail"
)

const (
	auditVerifyDoes = `Checks the audit trail of a workspace without any server. ARCHIVE is a zip file or a directory, as
portico audit export or the activity page made it, or the .tlog-proof of one event; without it, the
current directory. Names each row that was changed, removed, added, moved or slipped in late, and
exits with 0 only if all is as it was sealed.`
	auditExportDoes = "Writes the audit trail of a workspace to a zip file, which portico audit verify checks. It reads the environment of serve."
)

// cantProve is what no check of a trail can tell.
const cantProve = `
What this can't prove: that everything that happened was written down. It proves that what was written
down and sealed is here, unchanged and complete, as of the newest checkpoint. Keep that checkpoint and
the public keys elsewhere: next time, --old shows whether this trail goes on from it.
`

func (p program) audit(ctx context.Context, args []string) error {
	verb, args, err := p.verb("audit", args, "verify", "export")
	switch verb {
	case "verify":
		return p.auditVerify(args)
	case "export":
		return p.auditExport(ctx, args)
	}
	return err
}

func (p program) auditVerify(args []string) error {
	options := p.flags("audit verify [ARCHIVE]", auditVerifyDoes)
	keyFile := options.String("keys", "", "file with the public keys that you kept; without it, those of the archive are used")
	keyID := options.String("key", "", "id of a public key that you know, such as a certificate prints; only this one counts")
	allowLate := options.Bool("allow-late", false, "name rows that were sealed late, but don't fail because of them")
	var old []string
	options.Func("old", "file with a checkpoint that you kept; may be repeated", func(file string) error {
		b, err := os.ReadFile(file)
		old = append(old, string(b))
		return err
	})
	name := "."
	if len(args) > 0 && args[0] != "" && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	if help, err := p.parse(options, args); help || err != nil {
		return err
	}
	known := knownKeys{file: *keyFile, id: *keyID}
	if proof, err := readProof(name); err != nil || proof != nil {
		if err != nil {
			return err
		}
		return p.verifyProof(proof, known)
	}
	archive, end, err := openArchive(name)
	if err != nil {
		return err
	}
	defer end()
	keys, err := known.keys(archive)
	if err != nil {
		return err
	}
	report, err := trail.Verify(archive, trail.Options{Keys: keys, Old: old})
	if err != nil {
		return err
	}
	return p.printReport(report, keys, known, *allowLate)
}

// readProof reads the proof of one event; nil if the file is none.
func readProof(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil || !trail.IsProof(b) {
		return nil, err
	}
	return b, nil
}

func (p program) verifyProof(proof []byte, known knownKeys) error {
	if known.file == "" {
		return errors.New("a proof has no keys with it: name those that you kept, with --keys")
	}
	keys, err := known.keys(nil)
	if err != nil {
		return err
	}
	row, c, err := trail.CheckProof(proof, keys)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s\n\nThis event is row %d of %s, as sealed by %s.\n", row.Event.Canonical(), row.Event.Position, c.Origin, c.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	if len(row.Salt) == 0 {
		fmt.Fprintln(p.stdout, "Its detail was erased.")
	} else {
		fmt.Fprintf(p.stdout, "Its detail: %s\n", row.Detail)
	}
	return nil
}

// openArchive opens a zip file or a directory.
func openArchive(name string) (archive fs.FS, end func(), err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		return os.DirFS(name), func() {}, nil
	}
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%s is no archive of an audit trail: %w", name, err)
	}
	return z, func() { _ = z.Close() }, nil // it was only read
}

// knownKeys are the keys that the verifier knows.
type knownKeys struct{ file, id string }

func (k knownKeys) keys(archive fs.FS) (keys []ed25519.PublicKey, err error) {
	if k.file != "" {
		text, err := os.ReadFile(k.file)
		if err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		if keys, err = certificate.ParseKeys(text); err != nil {
			return nil, fmt.Errorf("%s: %w", k.file, err)
		}
	} else if keys, err = trail.ReadKeys(archive, certificate.ParseKeys); err != nil {
		return nil, fmt.Errorf("the archive's keys: %w", err)
	}
	if k.id == "" {
		return keys, nil
	}
	keys = slices.DeleteFunc(keys, func(key ed25519.PublicKey) bool { return certificate.KeyID(key) != k.id })
	if len(keys) == 0 {
		return nil, fmt.Errorf("there is no key %s among the keys", k.id)
	}
	return keys, nil
}

// mostPrinted is how many findings are printed.
const mostPrinted = 40

func (p program) printReport(r trail.Report, keys []ed25519.PublicKey, known knownKeys, allowLate bool) error {
	fmt.Fprintf(p.stdout, "Audit trail of %s (%s), exported %s\n", r.Manifest.Name, r.Manifest.Tenant, r.Manifest.ExportedAt.UTC().Format("2006-01-02 15:04:05 UTC"))
	for _, l := range r.Logs {
		p.printLog(l)
	}
	if known.file == "" && known.id == "" {
		fmt.Fprintln(p.stdout, "\nThe keys came with the archive. Compare their ids with those in your certificates and mails:")
		for _, key := range keys {
			fmt.Fprintf(p.stdout, "  %s\n", certificate.KeyID(key))
		}
	}
	wrong := 0
	for i, f := range r.Findings {
		if f.Kind != trail.Late || !allowLate {
			wrong++
		}
		switch {
		case i == 0:
			fmt.Fprintln(p.stdout)
			fallthrough
		case i < mostPrinted:
			fmt.Fprintf(p.stdout, "%-9s %s\n", strings.ToUpper(string(f.Kind)), f)
		case i == mostPrinted:
			fmt.Fprintf(p.stdout, "and %d more\n", len(r.Findings)-i)
		}
	}
	if wrong == 0 {
		fmt.Fprintln(p.stdout, "\nEvery row is as it was sealed.")
	}
	fmt.Fprint(p.stdout, cantProve)
	if wrong > 0 {
		return fmt.Errorf("the trail is not as it was sealed: %d findings", wrong)
	}
	return nil
}

func (p program) printLog(l trail.LogReport) {
	if l.Checkpoints == 0 {
		fmt.Fprintf(p.stdout, "%s log: nothing is sealed, %d rows are not\n", l.Side, l.Unsealed)
		return
	}
	fmt.Fprintf(p.stdout, "%s log: %d rows, sealed %s in %d checkpoints, %d rows not sealed yet, %d with an erased detail\n",
		l.Side, l.Rows, l.SealedAt.UTC().Format("2006-01-02 15:04:05 UTC"), l.Checkpoints, l.Unsealed, l.Erased)
	if l.Before > 0 {
		fmt.Fprintf(p.stdout, "  %d of them are older than the log, which began %s: nothing proves when they were written\n", l.Before, l.BeganAt.UTC().Format("2006-01-02 15:04 UTC"))
	}
}

func (p program) auditExport(ctx context.Context, args []string) (err error) {
	options := p.flags("audit export --tenant SLUG --out FILE", auditExportDoes)
	slug := options.String("tenant", "", "slug of the workspace")
	file := options.String("out", "", "zip file to write")
	if help, err := p.parse(options, args); help || err != nil {
		return err
	}
	if *slug == "" || *file == "" {
		return errors.New("--tenant and --out are required")
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
	j, err := in.jobIn(tenants[0].ID)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(*file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	z := zip.NewWriter(out)
	source := sealed.Source{
		Read: func(ctx context.Context, read store.Read) error {
			return in.db.Work(ctx, j, func(tx *store.Tx) error { return tx.Read(ctx, read) })
		},
		Storage: in.storage, Tenant: tenants[0].ID, Name: tenants[0].Name, Keys: certificate.PublicKeys(in.config.signingKeys),
		Sides: []store.TrailSide{store.AgencySide, store.ClientSide},
	}
	if err := errors.Join(source.Archive(ctx, z), z.Close()); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "wrote %s\n", *file)
	return nil
}
