// Package mail holds every mail that the product sends. Each mail is a letter made from props. HTML and plain text
// are written from the same letter, so they can't say different things.
package mail

import (
	"context"
	"strconv"
	"strings"
	"unicode"

	"github.com/a-h/templ"

	"portico/views/ui"
)

// Message is one mail, ready to be addressed and sent.
type Message struct {
	Subject string
	Text    string
	HTML    string
}

// Brand is the look of the sender. The zero value is the default look.
type Brand struct {
	Name    string
	Accent  string // "#rrggbb"
	LogoURL string // absolute; "" for none
}

// letter is the content of a mail, before it is written as HTML or text.
type letter struct {
	Subject    string
	Brand      Brand
	Title      string
	Paragraphs []string
	Quote      string // text that a person typed; may have several lines
	Code       string // shown large
	Label, URL string // the button
	Facts      []fact
	Items      []item
	Foot       string // why the recipient gets this mail
}

type fact struct{ Label, Value string }

type item struct{ Text, URL string }

func (l letter) write() (Message, error) {
	var html strings.Builder
	if err := page(l).Render(context.Background(), &html); err != nil {
		return Message{}, err
	}
	return Message{Subject: oneLine(l.Subject), Text: l.text(), HTML: html.String()}, nil
}

// text writes the letter as plain text.
func (l letter) text() string {
	var b strings.Builder
	put := func(s string) { b.WriteString(s + "\n\n") }
	put(oneLine(l.Title))
	for _, p := range l.Paragraphs {
		put(oneLine(p))
	}
	if l.Quote != "" {
		put("> " + strings.Join(strings.FieldsFunc(l.Quote, isBreak), "\n> "))
	}
	if l.Code != "" {
		put("    " + l.Code)
	}
	if l.URL != "" {
		put(l.Label + ":\n" + l.URL)
	}
	for _, f := range l.Facts {
		b.WriteString(f.Label + ": " + oneLine(f.Value) + "\n")
	}
	if len(l.Facts) > 0 {
		b.WriteString("\n")
	}
	for _, i := range l.Items {
		put("- " + oneLine(i.Text) + "\n  " + i.URL)
	}
	b.WriteString("--\n" + oneLine(l.Foot) + "\n")
	return b.String()
}

// oneLine puts typed text on one line, so that it can't add a header to the subject or a line to the text.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

func (b Brand) name() string {
	if b.Name == "" {
		return "Portico"
	}
	return b.Name
}

// colours returns the accent and the colour of text on it.
func (b Brand) colours() (accent, ink string) {
	c, ok := ui.ParseColor(b.Accent)
	if !ok {
		c, _ = ui.ParseColor("#15505c")
	}
	return c.String(), c.Ink().String()
}

func minutes(n int) string { return ui.Count(n, "minute", "minutes") }

func version(n int) string { return "version " + strconv.Itoa(n) }

func isBreak(r rune) bool { return r == '\r' || r == '\n' }

func headStyle(b Brand) templ.SafeCSS {
	accent, _ := b.colours()
	return templ.SafeCSS("padding:0 0 12px;font-weight:600;border-bottom:3px solid " + accent)
}

func buttonStyle(b Brand) templ.SafeCSS {
	accent, ink := b.colours()
	return templ.SafeCSS("display:inline-block;padding:12px 20px;border-radius:8px;font-weight:600;text-decoration:none;background:" + accent + ";color:" + ink)
}
