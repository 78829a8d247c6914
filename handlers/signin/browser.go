package signin

import "strings"

// What a browser calls itself names half its ancestors, so the order counts: the
// first word found is what it is.
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

// browserName says a User-Agent in words: "Firefox on Linux".
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
