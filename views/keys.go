package views

// KeyActor names a program in the trail: the name of its key, and whose it is.
func KeyActor(key, maker string) string { return key + ", a key of " + maker }

// ScopeWords says what a key with a scope does, on pages and in mails.
func ScopeWords(scope string) string {
	switch scope {
	case "work:read":
		return "reads work"
	case "usage:write":
		return "reports usage"
	case "work:deliver":
		return "delivers work"
	}
	return scope
}
