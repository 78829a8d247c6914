package views

import "time"

// TrustClaim is something that the trust page claims.
type TrustClaim struct {
	ID       string // of the proof that the installation makes by itself, or "" if there is none
	Says     string // the claim, one sentence
	Enforced string // what enforces it
	Command  string // what proves it
	Where    string // who runs the command, and where
}

// Who can run the command that proves a claim.
const (
	byOperator = "The operator runs it on this installation."
	byAnybody  = "Anybody runs it, without this installation."
	inSource   = "Anybody runs it in the source code."
)

// trustClaims are the claims of the trust page. docs/security.md repeats them, and a test compares.
var trustClaims = []TrustClaim{
	{ID: "isolation", Says: "No customer sees another customer's data.",
		Enforced: "PostgreSQL refuses first: every table with customer data forces row level security, and the server doesn't start with a role that could bypass it. The compiler and the tests come second and third.",
		Command:  "portico doctor", Where: byOperator},
	{ID: "support", Says: "Support enters only with your consent, for at most 60 minutes.",
		Enforced: "An owner or admin allows it for a time and can end it at once. A session needs a reason and a ticket, and every page that support opens is in your activity log. Support never decides, invites, pays or changes roles.",
		Command:  "go test ./store ./handlers -run Support", Where: inSource},
	{Says: "Nobody changes a decision after it was made.",
		Enforced: "A decision names the SHA-256 of the files that the person saw. The server may add decisions but not change or delete them. Who decided what is in a signed certificate.",
		Command:  "portico certificate verify certificate.txt --keys keys.pem", Where: byAnybody},
	{Says: "The server can't change or delete a row of the activity log.",
		Enforced: "Its role in PostgreSQL may only add and read them. A change and its row are written in the same transaction, or neither is.",
		Command:  "go test ./store -run 'TestTrailIsAppendOnly|TestAuditRowsNameTheActor'", Where: inSource},
	{Says: "A file arrives as it was uploaded, or not at all.",
		Enforced: "Every file has its SHA-256. The bytes are compared when they arrive and each time they leave. If one differs, the download is cut off.",
		Command:  "go test ./files -run Flipped", Where: inSource},
	{Says: "Logs of the servers hold no names, addresses, codes or contents.",
		Enforced: "A line of a log holds ids. Anything that looks like a secret is removed from it.",
		Command:  "go test ./handlers ./handlers/web -run 'TestLogs'", Where: inSource},
}

// TrustClaims are the claims of the trust page.
func TrustClaims() []TrustClaim { return trustClaims }

// TrustProof is when a claim was last tried on this installation, and when it last held.
type TrustProof struct {
	TriedAt time.Time
	HeldAt  time.Time // zero if it never held
}

// Failed reports whether the last try failed.
func (p TrustProof) Failed() bool { return p.HeldAt.Before(p.TriedAt) }

// TrustProps holds everything that the page may show.
type TrustProps struct {
	Proofs        map[string]TrustProof // by claim
	Subprocessors []string              // whom the operator named
}
