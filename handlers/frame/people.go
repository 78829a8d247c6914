package frame

import (
	"net/http"
	"strings"
	"time"

	"portico/store"
	"portico/views"
)

// RoleNames are the roles as pages name them.
var RoleNames = map[store.Role]string{
	store.RoleOwner:  "Owner",
	store.RoleAdmin:  "Admin",
	store.RoleMember: "Member",
	store.RoleViewer: "Viewer",
}

// Addressed returns a name with its address, wherever one of several people is chosen or
// told. Names may be the same or look the same; addresses differ, and people read them.
func Addressed(name, email string) string {
	if email == "" || name == email {
		return name
	}
	return name + " (" + email + ")"
}

// NameOr returns the name of somebody invited, or instead if the name only repeats their
// address: nobody has said yet what they are called.
func NameOr(name, email, instead string) string {
	local, _, _ := strings.Cut(email, "@")
	if name == email || name == local {
		return instead
	}
	return name
}

// StepUpAge is how old a step-up may be when a form that needs one is opened: a
// minute is left of the five to fill it in. The database decides when it is sent.
const StepUpAge = 4 * time.Minute

// SteppedUp says whether a form that needs a recent step-up may be opened.
func SteppedUp(p store.Person) bool {
	return p.SteppedUpAt != nil && time.Since(*p.SteppedUpAt) < StepUpAge
}

// StepUpFirst redirects to the step-up, which is on the main host, and from there to
// the path back on it.
func StepUpFirst(w http.ResponseWriter, r *http.Request, back string) error {
	http.Redirect(w, r, AddressOf(r).Platform+views.StepUpTo(back), http.StatusSeeOther)
	return nil
}

// OrZero is what p points to, or the zero value: pages show nothing for a missing
// column.
func OrZero[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
