package work

import (
	"fmt"
	"html/template"
	"strings"
)

// page is a mail in plain words, from which both its text and its HTML are made.
type page struct {
	Subject string
	Sender  string // whose mail this is, on top
	Heading string
	Lines   []string
	Code    string // six digits, set apart
	Button  string
	Link    string
	Items   []item
	Foot    string
}

type item struct{ Title, Detail, Link string }

func (p page) content() (*content, error) {
	var html strings.Builder
	if err := pageHTML.Execute(&html, p); err != nil {
		return nil, fmt.Errorf("render mail: %w", err)
	}
	return &content{subject: p.Subject, text: p.text(), html: html.String()}, nil
}

func (p page) text() string {
	var b strings.Builder
	para := func(s string) {
		if s != "" {
			b.WriteString(s + "\n\n")
		}
	}
	para(p.Heading)
	for _, line := range p.Lines {
		para(line)
	}
	for _, i := range p.Items {
		para("- " + i.Title + "\n  " + i.Detail + "\n  " + i.Link)
	}
	para(p.Code)
	if p.Link != "" {
		para(p.Button + ":\n" + p.Link)
	}
	b.WriteString("-- \n" + p.Foot + "\n")
	return b.String()
}

var pageHTML = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:34em;margin:auto">
<p style="font-weight:600">{{.Sender}}</p>
<h1 style="font-size:22px;line-height:1.3">{{.Heading}}</h1>
{{range .Lines}}<p>{{.}}</p>
{{end}}{{with .Items}}<ul style="padding-left:1.2em">{{range .}}
<li style="margin:0 0 12px"><a href="{{.Link}}">{{.Title}}</a><br>{{.Detail}}</li>{{end}}
</ul>{{end}}
{{with .Code}}<p style="font:600 28px/1.4 ui-monospace,monospace;letter-spacing:.15em">{{.}}</p>{{end}}
{{with .Link}}<p><a href="{{.}}" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#1f2328;color:#fff;text-decoration:none">{{$.Button}}</a></p>{{end}}
<p style="font-size:13px;opacity:.75">{{.Foot}}</p>
</div></body></html>
`))
