package signin

import "strings"

// A User-Agent names many browsers for compatibility, so the order matters: the first
// word found decides.
var (
	browsers = []struct{ word, name string }{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Vivaldi", "Vivaldi"}, {"SamsungBrowser", "Samsung Internet"},
		{"FxiOS", "Firefox"}, {"CriOS", "Chrome"}, {"Firefox/", "Firefox"},
		{"HeadlessChrome", "Chromium"}, {"Chromium", "Chromium"}, {"Chrome/", "Chrome"},
		{"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systems = []struct{ word, name string }{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"},
		{"Windows", "Windows"}, {"Mac OS X", "Mac"}, {"Linux", "Linux"},
	}
)

// browserName describes a User-Agent for people: "Firefox on Linux".
func browserName(agent string) string {
	name, system := "", ""
	for _, b := range browsers {
		if strings.Contains(agent, b.word) {
			name = b.name
			break
		}
	}
	for _, s := range systems {
		if strings.Contains(agent, s.word) {
			system = s.name
			break
		}
	}
	switch {
	case name == "" && system == "":
		return "Unknown browser"
	case name == "":
		return "A browser on " + system
	case system == "":
		return name
	}
	return name + " on " + system
}
