package views

import "net/http"

// refusal is what a status says to a person.
type refusal struct {
	title, sentence, label, url string
}

var refusals = map[int]refusal{
	http.StatusBadRequest:            {"That did not work", "The request was not complete, or it came too late. Start again from the beginning.", "Start again", PathHome},
	http.StatusPaymentRequired:       {"The plan is full", "There is no room for this in the plan. Make room, or ask the agency's owner for a larger one.", "Go back home", PathHome},
	http.StatusForbidden:             {"That is not yours to do", "You can see this place, but your role does not include that.", "Go back home", PathHome},
	http.StatusNotFound:              {"There is nothing here", "The address is wrong, it was moved, or it is not shared with you.", "Go to your home page", PathHome},
	http.StatusMethodNotAllowed:      {"That did not work", "This address does not take that kind of request.", "Go to your home page", PathHome},
	http.StatusRequestTimeout:        {"That took too long", "The connection was too slow to finish. Try again, on a better line if you can.", "Go to your home page", PathHome},
	http.StatusConflict:              {"Somebody was faster", "This was changed while you looked at it. Load it again and see what is new.", "Go to your home page", PathHome},
	http.StatusRequestEntityTooLarge: {"That is too large", "It is more than we can take in one piece. Try a smaller file.", "Go to your home page", PathHome},
	http.StatusRequestURITooLong:     {"That address is too long", "No page of ours has such an address. Start again from the beginning.", "Go to your home page", PathHome},
	http.StatusUnprocessableEntity:   {"That cannot be taken as it is", "Something in it is missing or not as it should be. Go back and look at it again.", "Go to your home page", PathHome},
	http.StatusTooManyRequests:       {"That was a lot at once", "Wait a minute, then try again. Nothing is lost.", "Try again", PathHome},
	// Most often cookies that piled up.
	http.StatusRequestHeaderFieldsTooLarge: {"Your browser sent too much", "Delete the cookies of this site, then sign in again.", "Go to your home page", PathHome},
	http.StatusServiceUnavailable:          {"We are out for a moment", "Something we depend on does not answer. Your work is safe; try again in a minute.", "Try again", PathHome},
}

var failure = refusal{"Something broke on our side", "It is written down and will be looked at. Your work is safe.", "Go to your home page", PathHome}

func refusalOf(status int) refusal {
	if r, ok := refusals[status]; ok {
		return r
	}
	if status < http.StatusInternalServerError || status == http.StatusNotImplemented || status == http.StatusHTTPVersionNotSupported {
		return refusals[http.StatusBadRequest] // what no browser sends
	}
	return failure
}

func errorTitle(p ErrorProps) string {
	if p.Title != "" {
		return p.Title
	}
	return refusalOf(p.Status).title
}

func errorSentence(p ErrorProps) string {
	if p.Sentence != "" {
		return p.Sentence
	}
	return refusalOf(p.Status).sentence
}

func errorURL(p ErrorProps) string {
	if p.WayURL != "" {
		return p.WayURL
	}
	return refusalOf(p.Status).url
}

func errorLabel(p ErrorProps) string {
	if p.WayLabel != "" {
		return p.WayLabel
	}
	return refusalOf(p.Status).label
}
