package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"portico/store"
	"portico/views"
)

func (p program) signUp(ctx context.Context, args []string) error {
	verb, args, err := p.verb("signup", args, "invite", "withdraw", "list")
	if verb == "" {
		return err
	}
	name := "signup " + verb
	if verb != "list" {
		name += " ADDRESS"
	}
	fs := p.flags(name, "While SIGNUP=invite, the listed addresses may each create one agency. No mail is sent to them.")
	var typed string
	if verb != "list" && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		typed, args = args[0], args[1:]
	}
	if help, err := p.parse(fs, args); help || err != nil {
		return err
	}
	if verb == "list" {
		return p.operate(ctx, func(op *store.Operator) error { return p.listSignUps(ctx, op) })
	}
	address, err := fold(typed)
	if err != nil {
		return fmt.Errorf("ADDRESS: %w", err)
	}
	return p.operate(ctx, func(op *store.Operator) error {
		if verb == "withdraw" {
			return p.withdrawSignUp(ctx, op, address)
		}
		return p.inviteSignUp(ctx, op, address)
	})
}

func (p program) inviteSignUp(ctx context.Context, op *store.Operator, address string) error {
	if err := op.InviteSignUp(ctx, address); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "invited %s\n\nNext: no mail is sent, so tell them. They create their agency at %s while SIGNUP=invite.\n", address, p.site()+views.PathSignUp)
	return nil
}

func (p program) withdrawSignUp(ctx context.Context, op *store.Operator, address string) error {
	err := op.WithdrawSignUp(ctx, address)
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("that address is not invited, or it has created its agency")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "withdrew the invitation of %s\n", address)
	return nil
}

func (p program) listSignUps(ctx context.Context, op *store.Operator) error {
	invites, err := op.SignUpInvites(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ADDRESS\tINVITED")
	for _, i := range invites {
		fmt.Fprintf(w, "%s\t%s\n", i.Email, i.InvitedAt.Format(time.DateOnly))
	}
	return w.Flush()
}
