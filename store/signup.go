package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SignUpRule says who may create an agency by themselves.
type SignUpRule string

// The rules. SignUpOff is the zero value.
const (
	SignUpOff      SignUpRule = ""
	SignUpOpen     SignUpRule = "open"   // everybody with an address
	SignUpByInvite SignUpRule = "invite" // addresses that the operator invited
)

// orNull is the rule as flows store it.
func (r SignUpRule) orNull() *string {
	if r == SignUpOff {
		return nil
	}
	return (*string)(&r)
}

// MaySignUp reads whether the person may create an agency under the rule.
func MaySignUp(rule SignUpRule, dst *bool) OwnRead {
	return OwnRead{value("may sign up", dst, `select lookup.i_may_sign_up(@rule)`, pgx.StrictNamedArgs{"rule": string(rule)})}
}

// NewAgency is an agency that its first owner creates.
type NewAgency struct {
	Slug  string
	Name  string
	Owner string // the owner's name there; also their own, if they have none
}

// SignUp creates an agency on the first plan, of which the person is the owner. If they own
// it already, because the form was sent twice, made is false and nothing changes. An
// unavailable slug is an [InvalidError] of the field "slug", which doesn't say why. A person
// who may not sign up gets [ErrForbidden], in a support session [ErrInSupportSession]. A slug
// or name that the database refuses is [ErrInvalid].
func (db *DB) SignUp(ctx context.Context, me Person, rule SignUpRule, n NewAgency) (made bool, err error) {
	err = db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		var verdict string
		err := tx.get(ctx, value("sign up", &verdict, `
select lookup.sign_up(@id, @slug, @name, @owner, @plan, @rule, @event, @request)`,
			pgx.StrictNamedArgs{"id": NewID(), "slug": n.Slug, "name": n.Name, "owner": n.Owner, "plan": db.plans.First(),
				"rule": string(rule), "event": NewID(), "request": me.RequestID}))
		if err != nil {
			return err
		}
		made = verdict == "made"
		return signUpVerdict(verdict)
	})
	if err != nil {
		return false, fmt.Errorf("sign up: %w", err)
	}
	return made, nil
}

func signUpVerdict(verdict string) error {
	switch verdict {
	case "made", "again":
		return nil
	case "taken":
		return InvalidError{"slug": "That address is not available."}
	case "inside":
		return ErrInSupportSession
	}
	return ErrForbidden
}
