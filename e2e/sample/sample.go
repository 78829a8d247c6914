// Package sample loads realistic data of agencies into an empty Portico, for the demo
// and for tests.
//
// It uses the same functions as the product. The operator creates agencies, people sign
// in with mailed codes, every change is made by a member who may make it, and files are
// uploaded in parts as a browser does. So the sample can't contain what the product
// refuses.
package sample

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"portico/e2e/stack"
	"portico/files"
	"portico/handlers/signin"
	"portico/store"
	"portico/store/queue"
)

// Config says which Portico to load into.
type Config struct {
	OwnerURL string       // as portico_owner, to create agencies and agents
	AppURL   string       // as portico_app, for everything else
	Signer   queue.Signer // with the keys of that Portico, which verifies the signature of jobs
	Files    files.Config
}

// ConfigOf returns the configuration for the Portico of a stack.
func ConfigOf(env stack.Env) (Config, error) {
	secret, err := base64.RawURLEncoding.DecodeString(env["SESSION_KEYS"])
	if err != nil {
		return Config{}, fmt.Errorf("SESSION_KEYS: %w", err)
	}
	keys, err := signin.NewKeys(secret)
	if err != nil {
		return Config{}, err
	}
	return Config{
		OwnerURL: env["DATABASE_OWNER_URL"],
		AppURL:   env["DATABASE_URL"],
		Signer:   queue.NewSigner(keys.For(signin.PurposeJobSignature)...),
		Files: files.Config{
			Endpoint:        env["S3_ENDPOINT"],
			Region:          env["S3_REGION"],
			Bucket:          env["S3_BUCKET"],
			AccessKeyID:     env["S3_ACCESS_KEY_ID"],
			SecretAccessKey: env["S3_SECRET_ACCESS_KEY"],
		},
	}, nil
}

// Load loads the sample data. It does nothing if the first agency already exists, so
// an interrupted load can't be continued.
func Load(ctx context.Context, c Config) error {
	all := agencies()
	loaded, err := createAgencies(ctx, c.OwnerURL, all)
	if err != nil || loaded {
		return err
	}
	db, err := store.Open(ctx, store.Config{URL: c.AppURL, Signer: c.Signer})
	if err != nil {
		return err
	}
	defer db.Close()
	bucket, err := files.Open(c.Files)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := &loader{
		db: db, bucket: bucket, tokens: map[string]*store.Token{},
		drawings: draw(ctx, artworks(all)),
		today:    time.Now().UTC().Truncate(24 * time.Hour),
	}
	for _, a := range all {
		if err := l.agency(ctx, a); err != nil {
			return fmt.Errorf("%s: %w", a.slug, err)
		}
	}
	return l.signOutEverybody(ctx)
}

// createAgencies creates the agencies and the agent. If the first agency exists, the
// sample was loaded before.
func createAgencies(ctx context.Context, ownerURL string, all []agency) (already bool, err error) {
	op, err := store.OpenOperator(ctx, ownerURL)
	if err != nil {
		return false, err
	}
	defer op.Close(context.WithoutCancel(ctx))
	for i, a := range all {
		_, err := op.CreateAgency(ctx, a.slug, a.name, a.owner, nameOf(a.owner), "growth")
		if i == 0 && errors.Is(err, store.ErrConflict) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	const agent = "sam@portico.test"
	return false, op.AddAgent(ctx, agent, nameOf(agent))
}
