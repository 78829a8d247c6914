// Package sample loads data that resembles that of real agencies into an empty
// Portico: for the demo, and for tests that look at the product as people do.
//
// It has no way in of its own. Agencies come from the operator, people sign in
// with mailed codes, every change is a deed of a member who may do it, and files
// go up in parts as a browser sends them. What the product refuses, the sample
// does not have.
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
	OwnerURL string       // as portico_owner, who may make agencies and agents
	AppURL   string       // as portico_app, who does all the rest
	Seal     queue.Signer // with the keys of that Portico, so that it believes jobs that deeds ask for
	Files    files.Config
}

// ConfigOf is the Portico that uses a stack.
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
		Seal:     queue.NewSigner(keys.For(signin.PurposeJobSignature)...),
		Files: files.Config{
			Endpoint:        env["S3_ENDPOINT"],
			Region:          env["S3_REGION"],
			Bucket:          env["S3_BUCKET"],
			AccessKeyID:     env["S3_ACCESS_KEY_ID"],
			SecretAccessKey: env["S3_SECRET_ACCESS_KEY"],
		},
	}, nil
}

// Load loads the sample, and does nothing where its first agency exists already.
// A load that broke off cannot be continued.
func Load(ctx context.Context, c Config) error {
	all := stories()
	loaded, err := found(ctx, c.OwnerURL, all)
	if err != nil || loaded {
		return err
	}
	db, err := store.Open(ctx, store.Config{URL: c.AppURL, Signer: c.Seal})
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
		drawn: draw(ctx, pieces(all)),
		today: time.Now().UTC().Truncate(24 * time.Hour),
	}
	for _, a := range all {
		if err := l.agency(ctx, a); err != nil {
			return fmt.Errorf("%s: %w", a.slug, err)
		}
	}
	return l.everybodyLeaves(ctx)
}

// found makes the agencies and the agent. The first agency is the mark of a
// sample that is there already.
func found(ctx context.Context, ownerURL string, all []agency) (already bool, err error) {
	op, err := store.OpenOperator(ctx, ownerURL)
	if err != nil {
		return false, err
	}
	defer op.Close(context.WithoutCancel(ctx))
	for i, a := range all {
		_, err := op.CreateAgency(ctx, a.slug, a.name, a.owner, nameOf(a.owner))
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
