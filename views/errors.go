package views

import (
	"cmp"
	"net/http"
)

// refusal is the text of the error page for a status.
type refusal struct {
	title, sentence, label string
}

var refusals = map[int]refusal{
	http.StatusBadRequest:            {"That didn't work", "The request was incomplete or came too late. Start again.", "Start again"},
	http.StatusPaymentRequired:       {"The plan is full", "This is more than the plan allows. Remove something first, or ask an owner of the agency for a larger plan.", "Go to your home page"},
	http.StatusForbidden:             {"You don't have permission", "You have access here, but your role doesn't allow this.", "Go to your home page"},
	http.StatusNotFound:              {"Page not found", "The address is wrong, the page has moved, or it isn't shared with you.", "Go to your home page"},
	http.StatusMethodNotAllowed:      {"That didn't work", "This address doesn't accept that kind of request.", "Go to your home page"},
	http.StatusRequestTimeout:        {"That took too long", "The connection was too slow. Try again, on a faster connection if you can.", "Go to your home page"},
	http.StatusConflict:              {"This has changed", "Someone changed this while you were viewing it. Reload the page and try again.", "Go to your home page"},
	http.StatusRequestEntityTooLarge: {"That is too large", "It is larger than we can accept at once. Try a smaller file.", "Go to your home page"},
	http.StatusRequestURITooLong:     {"That address is too long", "No page here has an address that long. Start again.", "Go to your home page"},
	http.StatusUnprocessableEntity:   {"Check what you entered", "Something is missing or not valid. Go back, correct it and try again.", "Go to your home page"},
	http.StatusTooManyRequests:       {"Too many requests", "Wait a minute, then try again.", "Try again"},
	// Usually caused by too many cookies.
	http.StatusRequestHeaderFieldsTooLarge: {"Your browser sent too much", "Delete the cookies of this site, then sign in again.", "Go to your home page"},
	http.StatusServiceUnavailable:          {"Temporarily unavailable", "A service we depend on isn't responding. Try again in a minute.", "Try again"},
}

var failure = refusal{"Something went wrong on our side", "It is logged and will be looked into.", "Go to your home page"}

func refusalOf(status int) refusal {
	if r, ok := refusals[status]; ok {
		return r
	}
	if status < http.StatusInternalServerError || status == http.StatusNotImplemented || status == http.StatusHTTPVersionNotSupported {
		return refusals[http.StatusBadRequest] // browsers never send such requests
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
	if p.LinkURL != "" {
		return p.LinkURL
	}
	return cmp.Or(p.Home, PathHome)
}

func errorLabel(p ErrorProps) string {
	if p.LinkLabel != "" {
		return p.LinkLabel
	}
	return refusalOf(p.Status).label
}
