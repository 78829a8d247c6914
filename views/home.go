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

// verbKind makes the first thing that waits for a client the page's main action.
func verbKind(verb string, i int) string {
	if verb == "Look" && i == 0 {
		return "primary"
	}
	return ""
}
