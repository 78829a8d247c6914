package views

import "strconv"

func unread(n int) string { return strconv.Itoa(n) + " new" }

func forUs(n int) string { return strconv.Itoa(n) + " for us" }

func forTheClient(n int) string { return strconv.Itoa(n) + " for the client" }

func greeting(firstName string) string {
	if firstName == "" {
		return "Hello"
	}
	return "Hello, " + firstName
}

// openKind returns the kind of a row's Open button.
func openKind(main bool) string {
	if main {
		return "primary"
	}
	return ""
}
