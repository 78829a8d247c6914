package views

import "strings"

// pageNames are the words for the pages of a tenant that support may see, by their routes.
// They stand after "viewed", and before the name of the thing if the page shows one.
// A test fails for a page without words.
var pageNames = map[string]string{
	"/{$}":                            "the home page",
	"/projects":                       "the list of projects",
	"/projects/new":                   "the form for a new project",
	"/projects/{id}":                  "the project",
	"/projects/{id}/discussion":       "the discussion of the project",
	"/projects/{id}/edit":             "the form of the project",
	"/projects/{id}/deliverables/new": "the form for a new deliverable of the project",
	"/deliverables":                   "the list of deliverables",
	"/deliverables/{id}":              "the deliverable",
	"/deliverables/{id}/edit":         "the form of the deliverable",
	"/deliverables/{id}/compare":      "two versions of the deliverable",
	"/deliverables/{id}/versions/{number}/certificate":     "the certificate of the deliverable",
	"/deliverables/{id}/versions/{number}/certificate.txt": "the certificate of the deliverable",
	"/deliverables/{id}/versions/{number}/certificate.pdf": "the certificate of the deliverable",
	"/files/{id}":               "the file",
	"/files/{id}/inline":        "the file",
	"/files/{id}/inline/{name}": "the file",
	"/files/{id}/text":          "the file",
	"/files/{id}/drawing":       "the file",
	"/files/{id}/playable":      "the file",
	"/versions/{id}/files.zip":  "all files of a version",
	"/uploads/{id}":             "an upload",
	"/bin":                      "the bin",
	"/members":                  "the list of people",
	"/members/{id}":             "the page of",
	"/activity":                 "the activity",
	"/settings":                 "the settings",
	"/usage":                    "the plan and its usage",
	"/support":                  "the support page",
	"/":                         "a page that doesn't exist",
}

// PageName returns the words for a page, by the method and path of its route as the
// trail stores them. Routes are never shown: an unknown one is "a page", and what
// changes something "a change".
func PageName(route string) string {
	method, path, _ := strings.Cut(route, " ")
	if !strings.HasPrefix(path, "/") { // a route without a method
		method, path = "GET", route
	}
	if name, ok := pageNames[strings.TrimPrefix(path, "/w/{tenant}")]; ok && method == "GET" {
		return name
	}
	if route == "" {
		return ""
	}
	if method == "GET" {
		return "a page"
	}
	return "a change"
}
