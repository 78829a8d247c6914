package views

func (r ExpiredReason) title() string {
	switch r {
	case ReasonExpired:
		return "This link has run out"
	case ReasonUsed:
		return "This link was already used"
	case ReasonTooMany:
		return "That was one try too many"
	case ReasonOtherFlow:
		return "This code belongs to another browser"
	default:
		return "This link does not work"
	}
}

func (r ExpiredReason) sentence() string {
	switch r {
	case ReasonExpired:
		return "Links and codes are good for ten minutes. A new one is on its way as soon as you ask for it."
	case ReasonUsed:
		return "Each link works once. If it was not you who used it, sign in and look at your account's recent events."
	case ReasonTooMany:
		return "To keep others from guessing, codes end after a few tries. Get a new mail and use the link in it."
	case ReasonOtherFlow:
		return "A code works only in the browser that asked for it. Use the link of the mail, or ask for a new code here."
	default:
		return "It may have been cut short on its way. Get a new one below."
	}
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

// unlink tells apart what has one label.
func (l LinkedRow) unlink() string {
	if l.Email == "" {
		return "Unlink " + l.Label
	}
	return "Unlink " + l.Label + ", " + l.Email
}
