package views

import "strconv"

func forUs(n int) string { return strconv.Itoa(n) + " for us" }

func forTheClient(n int) string { return strconv.Itoa(n) + " for the client" }

func greeting(firstName string) string {
	if firstName == "" {
		return "Hello"
	}
	return "Hello, " + firstName
}
