package ui

import (
	"slices"
	"strings"

	"github.com/a-h/templ"
)

func orText(kind string) string {
	if kind == "" {
		return "text"
	}
	return kind
}

// fieldAttributes are the attributes a field has only sometimes; an empty one would mean something else than none.
func fieldAttributes(p FieldProps) templ.Attributes {
	a := describedBy(p.Name, p.Hint, p.Error)
	for key, value := range map[string]string{
		"placeholder":  p.Placeholder,
		"autocomplete": p.Autocomplete,
		"inputmode":    p.InputMode,
		"maxlength":    p.MaxLength,
	} {
		if value != "" {
			a[key] = value
		}
	}
	return a
}

// describedBy ties a field to its hint and its error for people who hear the page.
func describedBy(name, hint, problem string) templ.Attributes {
	a := templ.Attributes{}
	var ids []string
	if hint != "" {
		ids = append(ids, name+"-hint")
	}
	if problem != "" {
		ids = append(ids, name+"-error")
		a["aria-invalid"] = "true"
	}
	if len(ids) > 0 {
		a["aria-describedby"] = strings.Join(ids, " ")
	}
	return a
}

func offered(groups []OptionGroup, value string) bool {
	for _, g := range groups {
		if slices.ContainsFunc(g.Options, func(o Option) bool { return o.Value == value }) {
			return true
		}
	}
	return false
}

// Source makes an address safe to be fetched by the page itself: what templ does for links, it does not do for src.
func Source(url string) string { return string(templ.URL(url)) }
