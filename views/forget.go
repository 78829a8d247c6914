package views

import "portico/views/ui"

func forgetPlaces(n int) string {
	switch n {
	case 0:
		return "everything here"
	case 1:
		return "your workspace"
	}
	return "your " + ui.Count(n, "workspace", "workspaces")
}

func forgetName(p ForgetProps) string {
	switch {
	case len(p.Nameless) == 0:
		return "Your name on your work, so others know who made it."
	case len(p.Nameless) == p.Places:
		return "Not your name: your work says “Former member”."
	}
	return "Your name on your work, so others know who made it. It says “Former member” instead in:"
}
