package views

import "cmp"

func (r ExpiredReason) title() string {
	switch r {
	case ReasonExpired:
		return "This link has expired"
	case ReasonUsed:
		return "This link was already used"
	case ReasonTooMany:
		return "Too many attempts"
	case ReasonCodeExpired:
		return "This code has expired"
	case ReasonCodeUsed:
		return "This email was already used"
	case ReasonOtherFlow:
		return "This code is for another browser"
	default:
		return "This link doesn't work"
	}
}

func (r ExpiredReason) sentence() string {
	switch r {
	case ReasonExpired, ReasonCodeExpired:
		return "Links and codes expire after ten minutes. Request a new one below."
	case ReasonUsed:
		return "Each link works once. If you didn't use it, sign in and check the recent events of your account."
	case ReasonTooMany:
		return "To prevent guessing, a code stops working after a few attempts. Request a new email and use the link in it."
	case ReasonCodeUsed:
		return "Its link or code signed somebody in, perhaps you on another device. Each email works once. Request a new one below."
	case ReasonOtherFlow:
		return "A code works only in the browser that requested it. Use the link in the email, or request a new code here."
	default:
		return "It may be incomplete. Request a new one below."
	}
}

// mailed says of an address when a mail is sent to it, and nothing of whether it is.
func (p SignInSentProps) mailed() string {
	if p.SignUp {
		return "can sign up here"
	}
	return "is registered here"
}

func (p SignInSentProps) button() string {
	if p.SignUp {
		return "Confirm"
	}
	return "Sign in"
}

// startURL is the page on which the address was typed.
func (p SignInSentProps) startURL() string {
	if p.SignUp {
		return PathSignUp
	}
	return LoginTo(p.ReturnTo)
}

func (p SignInLinkProps) title() string {
	if p.SignUp {
		return "Confirm your address"
	}
	return "Sign in"
}

func codeDescription(problem string) string {
	if problem != "" {
		return "code-hint code-error"
	}
	return "code-hint"
}

func forPurpose(purpose string) string {
	if purpose == "" {
		return ""
	}
	return " " + purpose
}

// unlink returns the label of an Unlink button. The address tells accounts at the
// same provider apart.
func (l LinkedRow) unlink() string {
	if l.Email == "" {
		return "Unlink " + l.Label
	}
	return "Unlink " + l.Label + ", " + l.Email
}

// whyAgain says why somebody is asked who has just confirmed.
func whyAgain(own bool) string {
	if !own {
		return ""
	}
	return " Making changes needs a confirmation of its own, during the session. The one that started the session doesn't count."
}

func notNow(page string) string { return cmp.Or(page, PathHome) }
