package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"portico/files"
	"portico/handlers/jobs"
	"portico/handlers/signin"
	"portico/store"
)

// finding is what the doctor has to say of one thing. Neither sentence ever holds
// a secret, an address with one, or anything of a tenant.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"` // well, ill, or skipped for something that is ill
	Says  string `json:"says"`
	Mend  string `json:"mend,omitempty"`
}

const (
	well    = "well"
	ill     = "ill"
	skipped = "skipped"
)

// doctorPatience bounds everything that is asked.
const doctorPatience = 40 * time.Second

func (p program) doctor(ctx context.Context, args []string) error {
	fs := p.flags("doctor [--json]", "Looks at the configuration, the database and its boundary, object storage, mail, the\n"+
		"sign-in providers, the keys and the queue, and says what is wrong and how to mend it.\n"+
		"Ends with 0 when all is well. The environment is that of serve; nothing of it is printed.")
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
		if f.Mend != "" {
			fmt.Fprintf(p.stdout, "%24s %s\n", "", f.Mend)
		}
	}
}

// examine asks everybody at once and reports in a fixed order.
func (p program) examine(ctx context.Context) []finding {
	c, mistakes := p.checkConfiguration()
	if len(mistakes) > 0 {
		return append(mistakes, finding{"everything else", skipped, "Asked once the configuration is right.", ""})
	}
	parts := []func() []finding{
		func() []finding { return p.checkKeys() },
		func() []finding { return checkDatabase(ctx, c.databaseURL) },
		func() []finding { return checkStorage(ctx, c.files) },
		func() []finding { return checkMail(ctx, c) },
		func() []finding { return checkProviders(ctx, c.providers) },
	}
	found := make([][]finding, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() { found[i] = part() })
	}
	wg.Wait()
	all := []finding{{"configuration", well, "Everything that is needed is set, and readable.", ""}}
	for _, part := range found {
		all = append(all, part...)
	}
	return all
}

// checkConfiguration finds what would keep serve from starting.
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
		findings = append(findings, finding{"configuration", ill, inWords(mistake.Error()), "Correct it; docs/configuration.md says what each variable means."})
	}
	return c, findings
}

// each takes apart what was joined.
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

// bestKeys is how many keys in a list are usual: one in use, and some that are on
// their way out. More than this were forgotten.
const bestKeys = 4

// checkKeys finds keys that are fine one by one and not together.
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
				findings = append(findings, finding{"keys", ill, name + " has a key twice.", "Remove one; a key that is listed twice was probably not rotated."})
			case again:
				findings = append(findings, finding{"keys", ill, name + " has a key that is also in " + before + ".", "Make a new one: a key serves one purpose."})
			case variety(key) < 8:
				findings = append(findings, finding{"keys", ill, name + " has a key that somebody made up.", "Make a new one with: openssl rand -base64 32"})
			}
			seen[string(key)] = name
		}
		if len(list) > bestKeys {
			findings = append(findings, finding{"keys", ill, fmt.Sprintf("%s has %d keys.", name, len(list)), "Remove the oldest: whoever has one of them can still use it."})
		}
	}
	if len(findings) == 0 {
		return []finding{{"keys", well, fmt.Sprintf("%d keys, each long enough and there once.", len(seen)), ""}}
	}
	return findings
}

// variety is how many different bytes a key has; 32 random ones have about thirty.
func variety(key []byte) int {
	bytes := map[byte]bool{}
	for _, b := range key {
		bytes[b] = true
	}
	return len(bytes)
}

func checkMail(ctx context.Context, c config) []finding {
	err := jobs.ProbeMail(ctx, c.smtpURL, c.mailFrom)
	mend := ""
	switch {
	case err == nil:
		return []finding{{"mail", well, "The mail server answers and lets us in.", ""}}
	case errors.Is(err, jobs.ErrMailAway):
		mend = "Start it, open the way to it, or correct host and port in SMTP_URL."
	case errors.Is(err, jobs.ErrMailTLS):
		mend = "Use smtps:// for a port with TLS from the first byte, smtp:// for one with STARTTLS, and a host name that its certificate has."
	case errors.Is(err, jobs.ErrMailSignIn):
		mend = "Correct user and password in SMTP_URL, with percent signs for special characters."
	default:
		mend = "Correct host and port in SMTP_URL: something else listens there."
	}
	return []finding{{"mail", ill, inWords(err.Error()), mend}}
}

func checkProviders(ctx context.Context, configs []signin.ProviderConfig) []finding {
	providers, err := signin.NewProviders(configs...)
	if err != nil {
		return nil // told as configuration
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
		return finding{check, well, "It has metadata and keys, and knows our client.", ""}
	case probe.Client:
		return finding{check, ill, inWords(err.Error()), "Correct " + variable + "_CLIENT_ID and _CLIENT_SECRET, or register the client with the provider anew."}
	}
	return finding{check, ill, inWords(err.Error()), "Correct " + variable + "_ISSUER, or open the way to it; others can sign in by mail meanwhile."}
}

// storageMends is how to mend what object storage does not do.
var storageMends = map[files.Step]string{
	files.StepReach:     "Start it, or correct S3_ENDPOINT, S3_REGION, S3_BUCKET and the keys; the bucket must be there already.",
	files.StepClock:     "Let both machines keep time by NTP.",
	files.StepWrite:     "Let the key write to the bucket (s3:PutObject), and see that there is space.",
	files.StepChecksum:  "Use a store that checks x-amz-checksum-sha256: without it damage on the way goes unnoticed.",
	files.StepRead:      "Let the key read from the bucket (s3:GetObject), and take away what stands between us and the store and changes answers.",
	files.StepMultipart: "Use a store that keeps composite SHA-256 checksums of uploads in parts, and let the key abort them (s3:AbortMultipartUpload).",
	files.StepOverwrite: "Use a store that heeds If-None-Match when it completes an upload: without it two uploads can become one.",
	files.StepList:      "Let the key list the bucket (s3:ListBucket, s3:ListBucketMultipartUploads).",
	files.StepStrangers: "Close the bucket to the public at once: files are only ever shown through Portico.",
	files.StepDelete:    "Let the key delete from the bucket (s3:DeleteObject).",
}

func checkStorage(ctx context.Context, c files.Config) []finding {
	storage, err := files.Open(c)
	if err != nil {
		return nil // told as configuration
	}
	var findings []finding
	for _, failed := range storage.Probe(ctx) {
		findings = append(findings, finding{"s3:" + string(failed.Step), ill, inWords(failed.Error()), storageMends[failed.Step]})
	}
	if len(findings) == 0 {
		return []finding{{"s3", well, "The bucket takes, checks, gives back, lists and deletes, keeps strangers out, and its clock is right.", ""}}
	}
	return findings
}

func checkDatabase(ctx context.Context, url string) []finding {
	e, err := store.OpenInspector(ctx, url)
	if err != nil {
		mend := "Start PostgreSQL, open the way to it, or correct host and port in DATABASE_URL."
		if errors.Is(err, store.ErrPassword) || errors.Is(err, store.ErrNoDatabase) {
			mend = "Correct DATABASE_URL, or run portico bootstrap again, which sets passwords and makes the database."
		}
		return []finding{
			{"database", ill, inWords(err.Error()), mend},
			{"boundary", skipped, "Asked once the database answers.", ""},
		}
	}
	defer e.Close()
	d := databaseDoctor{ctx, e}
	findings := append([]finding{{"database", well, "PostgreSQL answers.", ""}}, d.role()...)
	schema := d.schema()
	findings = append(findings, schema...)
	if schema[0].State != well {
		return append(findings, finding{"boundary", skipped, "Asked once the schema is as this program knows it.", ""})
	}
	return append(append(findings, d.boundary()...), d.queue()...)
}
