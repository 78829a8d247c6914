package views

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// KeptText is one field of a refused form as it was typed, with its label.
type KeptText struct{ Label, Text string }

// keptFields are the fields whose text a refusal shows again, in the order of the forms. Codes, confirmations and what
// the page itself put into a form are not here. A test compares this list with all forms.
var keptFields = []struct{ name, label string }{
	{"name", "Name"},
	{"title", "Title"},
	{"portal_name", "Name of the portal"},
	{"slug", "Address of the workspace"},
	{"owner", "Your name"},
	{"email", "Email address"},
	{"email_1", "Email address"},
	{"email_2", "Second email address"},
	{"email_3", "Third email address"},
	{"email_4", "Fourth email address"},
	{"people", "The list"},
	{"host", "Domain"},
	{"due", "Due date"},
	{"rounds", "Agreed rounds"},
	{"summary", "Summary"},
	{"brief", "Brief"},
	{"note", "What's new"},
	{"welcome", "Welcome message"},
	{"mail_name", "Sender name"},
	{"accent", "Colour"},
	{"reason", "Reason"},
	{"ticket", "Ticket"},
	{"word", "Message"},
	{"words", "Your words"},
	{"page", "Page"},
	{"time", "Time"},
}

// KeptTexts returns what the fields of a form hold.
func KeptTexts(form url.Values) (kept []KeptText) {
	for _, f := range keptFields {
		if text := strings.TrimSpace(form.Get(f.name)); text != "" {
			kept = append(kept, KeptText{Label: f.label, Text: strings.ToValidUTF8(text, "?")})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if text := strings.TrimSpace(form.Get(name)); text != "" && strings.HasPrefix(name, "line_") {
			kept = append(kept, KeptText{Label: "Line about a note", Text: strings.ToValidUTF8(text, "?")})
		}
	}
	return kept
}
