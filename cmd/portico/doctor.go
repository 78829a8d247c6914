package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"portico/files"
	"portico/handlers/jobs"
	"portico/handlers/signin"
	"portico/store"
)

// finding is the doctor's result for one check. Neither sentence ever holds a
// secret, an address that contains one, or tenant data other than a slug and counts.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"` // well, ill, or skipped because something it needs is ill
	Says  string `json:"says"`
	Fix   string `json:"fix,omitempty"`
}

const (
	well    = "well"
	ill     = "ill"
	skipped = "skipped"
)

// doctorPatience is the time limit for all checks together.
const doctorPatience = 40 * time.Second

func (p program) doctor(ctx context.Context, args []string) error {
	fs := p.flags("doctor [--json]", "Checks the configuration, the database and its boundary, stored counts, object storage,\n"+
		"email, the sign-in providers, Stripe, the keys, the queue and PORTICO_URL itself, and says what is wrong and how to fix it.\n"+
		"Exits with 0 if every check passes. It reads the environment of serve and prints none of it.")
	asJSON := fs.Bool("json", false, "print JSON, for programs")
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	findings := p.examine(ctx)
	sick := 0
	for _, f := range findings {
		if f.State == ill {
			sick++
		}
	}
	if *asJSON {
		report := map[string]any{"well": sick == 0, "checks": findings}
		if err := json.NewEncoder(p.stdout).Encode(report); err != nil {
			return err
		}
	} else {
		p.report(findings)
	}
	if sick > 0 {
		return fmt.Errorf("%d of %d checks fail", sick, len(findings))
	}
	return nil
}

func (p program) report(findings []finding) {
	for _, f := range findings {
		fmt.Fprintf(p.stdout, "%-8s %-15s %s\n", f.State, f.Check, f.Says)
		if f.Fix != "" {
			fmt.Fprintf(p.stdout, "%24s %s\n", "", f.Fix)
		}
	}
}

// examine runs all checks at once and reports in a fixed order.
func (p program) examine(ctx context.Context) []finding {
	c, mistakes := p.checkConfiguration()
	if len(mistakes) > 0 {
		return append(mistakes, finding{"everything else", skipped, "Checked once the configuration is valid.", ""})
	}
	parts := []func() []finding{
		func() []finding { return p.checkKeys() },
		func() []finding { return checkDatabase(ctx, c.databaseURL, c.plans) },
		func() []finding { return checkStorage(ctx, c.files) },
		func() []finding { return checkMail(ctx, c) },
		func() []finding { return checkProviders(ctx, c.providers) },
		func() []finding { return []finding{checkSignUp(c.signUp)} },
		func() []finding { return checkStripe(ctx, c) },
		func() []finding { return []finding{checkOutside(ctx, c.url)} },
	}
	found := make([][]finding, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() { found[i] = part() })
	}
	wg.Wait()
	all := []finding{{"configuration", well, "Every required setting is present and readable.", ""}}
	for _, part := range found {
		all = append(all, part...)
	}
	return all
}

// checkConfiguration finds errors that would keep serve from starting.
func (p program) checkConfiguration() (config, []finding) {
	c, err := loadConfig(p.getenv, p.environ)
	mistakes := each(err)
	if len(mistakes) == 0 {
		_, providers := signin.NewProviders(c.providers...)
		_, storage := files.Open(c.files)
		_, mailer := jobs.NewMailer(c.smtpURL, c.mailFrom)
		for _, err := range []error{providers, storage, mailer} {
			mistakes = append(mistakes, each(err)...)
		}
	}
	var findings []finding
	for _, mistake := range mistakes {
		findings = append(findings, finding{"configuration", ill, inWords(mistake.Error()), "Correct it. docs/configuration.md explains each variable."})
	}
	return c, findings
}

// each splits a joined error into its parts.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

func inWords(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// bestKeys is the usual number of keys in a list: one in use, and a few being
// retired. More than this suggests forgotten keys.
const bestKeys = 4

// checkKeys finds keys that are valid alone but conflict with each other.
func (p program) checkKeys() []finding {
	rd := &reader{getenv: p.getenv}
	seen := map[string]string{}
	var findings []finding
	for _, name := range []string{"SESSION_KEYS", "SIGNING_KEYS"} {
		list := rd.list(name)
		for _, text := range list {
			key := decodeKey(text)
			switch before, again := seen[string(key)]; {
			case again && before == name:
				findings = append(findings, finding{"keys", ill, name + " has a key twice.", "Remove one. A key that is listed twice was probably not rotated."})
			case again:
				findings = append(findings, finding{"keys", ill, name + " has a key that is also in " + before + ".", "Make a new key: each key has one purpose."})
			case variety(key) < 8:
				findings = append(findings, finding{"keys", ill, name + " has a key that isn't random.", "Make a new key with: openssl rand -base64 32"})
			}
			seen[string(key)] = name
		}
		if len(list) > bestKeys {
			findings = append(findings, finding{"keys", ill, fmt.Sprintf("%s has %d keys.", name, len(list)), "Remove the oldest: anyone who has one of them can still use it."})
		}
	}
	if len(findings) == 0 {
		return []finding{{"keys", well, fmt.Sprintf("%d keys, each long enough and listed once.", len(seen)), ""}}
	}
	return findings
}

// checkSignUp says who may create an agency, because an operator may not expect it.
func checkSignUp(rule store.SignUpRule) finding {
	says := "It is off: agencies are created with portico agency create."
	switch rule {
	case store.SignUpOpen:
		says = "It is open: everybody with an email address can create an agency."
	case store.SignUpByInvite:
		says = "It is by invitation: addresses that portico signup list shows can create an agency."
	}
	return finding{"sign-up", well, says, ""}
}

// variety returns how many different bytes a key has; a random 32-byte key has
// about thirty.
func variety(key []byte) int {
	bytes := map[byte]bool{}
	for _, b := range key {
		bytes[b] = true
	}
	return len(bytes)
}

func checkMail(ctx context.Context, c config) []finding {
	err := jobs.ProbeMail(ctx, c.smtpURL, c.mailFrom)
	fix := ""
	switch {
	case err == nil:
		return []finding{{"mail", well, "The mail server answers, and accepts our login and our sender.", ""}}
	case errors.Is(err, jobs.ErrMailUnavailable):
		fix = "Start it, allow connections to it, or correct host and port in SMTP_URL."
	case errors.Is(err, jobs.ErrMailTLS):
		fix = "Use smtps:// for a port with TLS from the first byte, smtp:// for one with STARTTLS, and a host name that is in its certificate."
	case errors.Is(err, jobs.ErrMailCertificate):
		fix = "Use a host name that is in its certificate, install its authority on this machine, or say ?tls=unverified in SMTP_URL: then anyone in between can read the mail."
	case errors.Is(err, jobs.ErrMailName):
		fix = "Say ?helo=name in SMTP_URL, with a whole host name that leads to this machine."
	case errors.Is(err, jobs.ErrMailMechanism):
		fix = "Switch on PLAIN or LOGIN with TLS at the mail server, or remove user and password from SMTP_URL if it wants none."
	case errors.Is(err, jobs.ErrMailCredentials):
		fix = "Correct user and password in SMTP_URL. Percent-encode special characters."
	case errors.Is(err, jobs.ErrMailLogin):
		fix = "Add user and password: smtp://user:password@host."
	case errors.Is(err, jobs.ErrMailSender):
		fix = "Allow this user to send as the address in MAIL_FROM at the mail server, or change MAIL_FROM."
	default:
		fix = "Correct host and port in SMTP_URL: something else listens there."
	}
	return []finding{{"mail", ill, inWords(err.Error()), fix}}
}

func checkProviders(ctx context.Context, configs []signin.ProviderConfig) []finding {
	providers, err := signin.NewProviders(configs...)
	if err != nil {
		return nil // reported by checkConfiguration
	}
	findings := make([]finding, len(providers))
	var wg sync.WaitGroup
	for i, provider := range providers {
		wg.Go(func() { findings[i] = checkProvider(ctx, provider.(*signin.OAuthProvider)) })
	}
	wg.Wait()
	return findings
}

func checkProvider(ctx context.Context, p *signin.OAuthProvider) finding {
	check := "auth:" + p.Name()
	err := p.Probe(ctx)
	probe, _ := errors.AsType[*signin.ProbeError](err)
	variable := "AUTH_" + strings.ToUpper(p.Name())
	switch {
	case err == nil:
		return finding{check, well, "It has metadata and keys, and accepts our client.", ""}
	case probe.Client:
		return finding{check, ill, inWords(err.Error()), "Correct " + variable + "_CLIENT_ID and _CLIENT_SECRET, or register the client with the provider again."}
	}
	return finding{check, ill, inWords(err.Error()), "Correct " + variable + "_ISSUER, or allow connections to it. People can sign in by email meanwhile."}
}

// storageFixes says how to fix each thing that object storage fails to do.
var storageFixes = map[files.Step]string{
	files.StepReach:     "Start it, or correct S3_ENDPOINT, S3_REGION, S3_BUCKET and the keys. The bucket must already exist.",
	files.StepClock:     "Synchronize the clocks of both machines with NTP.",
	files.StepWrite:     "Allow the key to write to the bucket (s3:PutObject), and check that there is space.",
	files.StepChecksum:  "Use a store that checks x-amz-checksum-sha256. Without it, damage in transit goes unnoticed.",
	files.StepRead:      "Allow the key to read from the bucket (s3:GetObject), and remove any proxy that changes the answers of the store.",
	files.StepMultipart: "Use a store that keeps composite SHA-256 checksums of multipart uploads, and allow the key to abort them (s3:AbortMultipartUpload).",
	files.StepOverwrite: "Use a store that respects If-None-Match when it completes an upload. Without it, one upload can overwrite another.",
	files.StepList:      "Allow the key to list the bucket (s3:ListBucket, s3:ListBucketMultipartUploads).",
	files.StepStrangers: "Make the bucket private immediately. Files must only be served through Portico.",
	files.StepDelete:    "Allow the key to delete from the bucket (s3:DeleteObject).",
}

func checkStorage(ctx context.Context, c files.Config) []finding {
	storage, err := files.Open(c)
	if err != nil {
		return nil // reported by checkConfiguration
	}
	var findings []finding
	for _, failed := range storage.Probe(ctx) {
		findings = append(findings, finding{"s3:" + string(failed.Step), ill, inWords(failed.Error()), storageFixes[failed.Step]})
	}
	if len(findings) == 0 {
		return []finding{{"s3", well, "The bucket can be written, read, listed and deleted from, checks what it stores, is private, and its clock is right.", ""}}
	}
	return findings
}

func checkDatabase(ctx context.Context, url string, plans store.Plans) []finding {
	e, err := store.OpenInspector(ctx, url, plans)
	if err != nil {
		fix := "Start PostgreSQL, allow connections to it, or correct host and port in DATABASE_URL."
		if errors.Is(err, store.ErrPooler) {
			fix = poolerFix
		}
		if errors.Is(err, store.ErrPassword) || errors.Is(err, store.ErrNoDatabase) {
			fix = "Correct DATABASE_URL, or run portico bootstrap again, which sets the passwords and creates the database."
		}
		return []finding{
			{"database", ill, inWords(err.Error()), fix},
			{"boundary", skipped, "Checked once the database answers.", ""},
		}
	}
	defer e.Close()
	d := databaseDoctor{ctx, e, plans}
	findings := d.session()
	if findings[0].Fix == poolerFix {
		return append(findings, finding{"boundary", skipped, "Checked once the database keeps our sessions.", ""})
	}
	findings = append(findings, d.role()...)
	schema := d.schema()
	findings = append(findings, schema...)
	if schema[0].State != well {
		return append(findings, finding{"boundary", skipped, "Checked once the schema is up to date.", ""})
	}
	return slices.Concat(findings, d.boundary(), d.queue(), d.webhooks(), d.usage())
}
