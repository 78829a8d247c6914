// Package static embeds the assets of the pages: one stylesheet, three scripts, the icons and the font. Each is served
// under a name with a hash of its content, so browsers may cache it forever.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strings"
)

//go:embed css/*.css js/*.js js/lib/*.js fonts/*.woff2 *.svg
var source embed.FS

// asset is one served file.
type asset struct {
	mime  string
	plain []byte
	gzip  []byte // nil where compressing would gain nothing
}

// Each asset is the concatenation of its parts in this order. For the stylesheet it is the order of the cascade layers.
// Fonts and icons come first, because later assets refer to earlier ones by their hashed names.
var assets = []struct {
	name  string
	parts []string
}{
	{"inter.woff2", []string{"fonts/inter.woff2"}},
	{"icons.svg", []string{"icons.svg"}},
	{"marks.svg", []string{"marks.svg"}},
	{"favicon.svg", []string{"favicon.svg"}},
	{"app.css", []string{
		"css/reset.css", "css/tokens.css", "css/base.css", "css/frame.css", "css/controls.css", "css/lists.css",
		"css/floating.css", "css/signin.css", "css/work.css", "css/notes.css", "css/review.css", "css/support.css", "css/forced.css",
	}},
	{"app.js", []string{
		"js/lib/page.js", "js/time.js", "js/keep.js", "js/dialogs.js", "js/forms.js", "js/keyboard.js", "js/switcher.js", "js/reorder.js",
		"js/support.js", "js/passkeys.js", "js/stage.js",
	}},
	{"notes.js", []string{"js/lib/page.js", "js/notes.js"}},
	{"upload.js", []string{"js/lib/page.js", "js/lib/transfer.js", "js/upload.js"}},
}

var mimes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
}

// paths maps a plain name to its served path, served maps a hashed name to its asset. Both are complete before main
// starts and never change, so they need no lock.
var paths, served = build()

// Path returns the served path of an asset: Path("app.css") is "/static/app.<hash>.css". It panics for an unknown name,
// which is a programming mistake that no visitor can cause.
func Path(name string) string {
	p, ok := paths[name]
	if !ok {
		panic("static: no asset named " + name)
	}
	return p
}

func build() (map[string]string, map[string]asset) {
	paths, served := map[string]string{}, map[string]asset{}
	for _, a := range assets {
		ext := path.Ext(a.name)
		body := join(ext, a.parts)
		if ext == ".css" {
			body = withHashedNames(body, paths)
		}
		sum := sha256.Sum256(body)
		hashed := strings.TrimSuffix(a.name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		paths[a.name] = "/static/" + hashed
		served[hashed] = asset{mime: mimes[ext], plain: body, gzip: squeeze(ext, body)}
	}
	return paths, served
}

// comments are whole lines and ends of lines in scripts, and anything between the marks in stylesheets. Browsers have no use for them.
var comments = map[string]*regexp.Regexp{
	".js":  regexp.MustCompile(`(?m)^[ \t]*//.*\n|(;) // .*$`),
	".css": regexp.MustCompile(`(?s)[ \t]*/\*.*?\*/`),
}

// indents and empty lines are left out of scripts and styles: no text in them goes over a line.
var indents = regexp.MustCompile(`(?m)^\s+`)

// spaces are those in stylesheets without which no two words become one, and no text in quotes has them.
var spaces = regexp.MustCompile(`\s*([;{},])\s*|(:)\s+`)

// join concatenates the parts of an asset, without their comments and indents. Each script outside js/lib becomes its own block, so scripts share the
// library's names but not each other's.
func join(ext string, parts []string) []byte {
	var b bytes.Buffer
	for _, name := range parts {
		body, err := source.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("static: %v", err))
		}
		if c := comments[ext]; c != nil {
			body = c.ReplaceAll(body, []byte("$1"))
		}
		if comments[ext] != nil {
			body = indents.ReplaceAll(body, nil)
		}
		if ext == ".css" {
			body = bytes.ReplaceAll(spaces.ReplaceAll(body, []byte("$1$2")), []byte(";}"), []byte("}"))
		}
		block := ext == ".js" && !strings.HasPrefix(name, "js/lib/")
		if block {
			b.WriteString("{\n")
		}
		b.Write(body)
		if block {
			b.WriteString("}\n")
		}
	}
	return b.Bytes()
}

func withHashedNames(css []byte, paths map[string]string) []byte {
	for name, p := range paths {
		css = bytes.ReplaceAll(css, []byte("/static/"+name), []byte(p))
	}
	return css
}

func squeeze(ext string, body []byte) []byte {
	if ext == ".woff2" {
		return nil
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(fmt.Sprintf("static: %v", err))
	}
	if _, err := w.Write(body); err != nil {
		panic(fmt.Sprintf("static: %v", err))
	}
	if err := w.Close(); err != nil {
		panic(fmt.Sprintf("static: %v", err))
	}
	return b.Bytes()
}
