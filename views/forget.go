package views

import "portico/views/ui"

func forgetPlaces(n int) string {
	switch n {
	case 0:
		return "everything here"
	case 1:
		return "your workspace"
	}
	return "all of your " + ui.Count(n, "workspace", "workspaces")
}

func forgetName(p ForgetProps) string {
	switch {
	case len(p.Nameless) == 0:
		return "Your name on it, so that others know whose work it is."
	case len(p.Nameless) == p.Places:
		return "None of it bears your name: it says “Former member”."
	}
	return "Your name on it, so that others know whose work it is. It says “Former member” instead in:"
}
