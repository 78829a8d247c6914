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

// fieldAttributes are the optional attributes of a field. They are left out when unset, because an empty one would
// have a meaning of its own.
func fieldAttributes(p FieldProps) templ.Attributes {
	a := describedBy(p.Name, p.Hint, p.Error)
	for key, value := range map[string]string{
		"placeholder":  p.Placeholder,
		"autocomplete": p.Autocomplete,
		"inputmode":    p.InputMode,
		// Not maxlength: with it browsers cut what people paste, without a word.
		"data-most": p.MaxLength,
	} {
		if value != "" {
			a[key] = value
		}
	}
	return a
}

// describedBy links a field to its hint and its error for screen readers.
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

// Source makes an address safe for a src attribute. templ does that for links, but not for src.
func Source(url string) string { return string(templ.URL(url)) }

// summed is the field of an entry of a [Summary], and what is wrong with it.
func summed(errs Errors, entry string) (name, problem string) {
	name, label, _ := strings.Cut(entry, ":")
	problem = errs[name]
	if label != "" && strings.HasPrefix(problem, "That has ") {
		problem = label + ": " + strings.TrimPrefix(problem, "That has ")
	}
	return name, problem
}
