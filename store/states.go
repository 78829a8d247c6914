package store

// The types in this file are values of columns with a CHECK. Values that come from a
// form are checked where they are used.

// TenantKind says whether a tenant is an agency or one of its clients.
type TenantKind string

// The kinds of tenant.
const (
	TenantAgency TenantKind = "agency"
	TenantClient TenantKind = "client"
)

// TenantState says who may use a tenant.
type TenantState string

// The states of a tenant. One that is not active is closed to its people.
const (
	TenantActive    TenantState = "active"
	TenantSuspended TenantState = "suspended"
	TenantArchived  TenantState = "archived"
)

// DeliverableState says how far the review of a deliverable is.
type DeliverableState string

// The states of a deliverable. "" in a filter is any.
const (
	DeliverableDraft    DeliverableState = "draft"
	DeliverableInReview DeliverableState = "in_review"
	DeliverableChanges  DeliverableState = "changes"
	DeliverableApproved DeliverableState = "approved"
)

// IsKnown reports whether it is a state and not some other word.
func (s DeliverableState) IsKnown() bool {
	switch s {
	case DeliverableDraft, DeliverableInReview, DeliverableChanges, DeliverableApproved:
		return true
	}
	return false
}

// Outcome is what somebody decided on a version, and what follows for a step and for the
// version from all who decided.
type Outcome string

// The outcomes. Nobody chooses Closed as an answer. "" is none yet.
const (
	Approved            Outcome = "approved"
	ApprovedWithChanges Outcome = "approved_with_changes"
	ChangesRequired     Outcome = "changes_required"
	Closed              Outcome = "closed" // by staff, without an answer
)

// IsAnswer says that a person can decide so.
func (o Outcome) IsAnswer() bool { return o == ChangesRequired || o.approves() }

func (o Outcome) approves() bool { return o == Approved || o == ApprovedWithChanges }

// state is that of a deliverable whose open version has the outcome.
func (o Outcome) state() DeliverableState {
	switch {
	case o.approves():
		return DeliverableApproved
	case o == ChangesRequired:
		return DeliverableChanges
	}
	return DeliverableInReview
}

// worse returns the worse of two answers. "" is better than any.
func worse(a, b Outcome) Outcome {
	for _, o := range []Outcome{ChangesRequired, ApprovedWithChanges, Approved} {
		if a == o || b == o {
			return o
		}
	}
	return ""
}

// AskRule says how many of the people who are asked have to approve.
type AskRule string

// The rules. A step of a version has one of the first two.
const (
	AskAll     AskRule = "all"
	AskAny     AskRule = "any"
	AskInOrder AskRule = "order" // one after another: a step for each
)

// RequestEnd says how a request to decide ended.
type RequestEnd string

// The ends of a request.
const (
	EndedAnswered   RequestEnd = "answered"
	EndedPassedOn   RequestEnd = "passed_on"
	EndedStepClosed RequestEnd = "step_closed" // others decided, so this answer isn't needed
	EndedSuperseded RequestEnd = "superseded"  // a later version was published
	EndedClosed     RequestEnd = "closed"      // by staff
	EndedPersonGone RequestEnd = "person_gone"
)

// FileState says how much of a file is stored.
type FileState string

// The states of a file.
const (
	FilePending FileState = "pending" // its parts are arriving
	FileReady   FileState = "ready"   // whole, verified, never to change again
	FileFailed  FileState = "failed"  // cancelled; its storage is about to be removed
)

// Which says which rows of a list to read.
type Which string

// The rows of a list of projects or deliverables.
const (
	Current  Which = "current"
	Archived Which = "archived"
	Binned   Which = "bin"
)

// SupportKind says who views as somebody else.
type SupportKind string

// The kinds of support session.
const (
	SupportByAgent SupportKind = "support"
	SupportViewAs  SupportKind = "view_as" // staff view as one of their client's people
)

// SupportMode says what a support session, a grant or an access request is for.
type SupportMode string

// The modes. A write grant lets a read session be switched to writing.
const (
	SupportRead  SupportMode = "read"
	SupportWrite SupportMode = "write"
)

func (m SupportMode) valid() bool { return m == SupportRead || m == SupportWrite }

// SupportEnd says how a support session ended.
type SupportEnd string

// The ends of a support session.
const (
	SupportStopped         SupportEnd = "stopped" // by the agent or the staff member
	SupportExpired         SupportEnd = "expired"
	SupportRevoked         SupportEnd = "revoked" // by the tenant
	SupportAgentDisabled   SupportEnd = "agent_disabled"
	SupportActorGone       SupportEnd = "actor_gone"  // staff who lost the right to view as a client
	SupportTargetGone      SupportEnd = "target_gone" // the subject is no longer a member
	SupportTenantSuspended SupportEnd = "tenant_suspended"
)

// Answer is the answer to an access request.
type Answer string

// The answers to an access request.
const (
	AnswerGranted   Answer = "granted"
	AnswerDenied    Answer = "denied"
	AnswerWithdrawn Answer = "withdrawn" // by the agent, or by a newer request
)

// EventResult says whether the deed of an event was done or refused.
type EventResult string

// The results of an event.
const (
	ResultOK     EventResult = "ok"
	ResultDenied EventResult = "denied"
)
