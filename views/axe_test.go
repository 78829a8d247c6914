package views_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"portico/e2e/browser"
)

// axe-core can only check pages that have a sample.
func TestEveryPageHasASample(t *testing.T) {
	t.Parallel()
	shown, err := os.ReadFile("samples_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.templ")
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(`).FindAllSubmatch(text, -1) {
			if !bytes.Contains(shown, []byte("views."+string(page[1])+"(")) {
				t.Errorf("%s in views/%s is looked at by nobody: add a sample of each of its states to views/samples_test.go", page[1], file)
			}
		}
	}
}

var startChromium = sync.OnceValues(func() (*browser.Browser, error) { return browser.Start(browser.Options{}) })

// sharedChromium returns the Chromium of all tests here. It ends with this process.
func sharedChromium(t *testing.T) *browser.Browser {
	t.Helper()
	chromium, err := startChromium()
	if err != nil {
		t.Fatal(err)
	}
	return chromium
}

// Every page, in each state that a sample shows, is accessible: axe-core finds no
// violation of WCAG 2.2 AA. Every other sample is checked wide and light, the rest narrow
// and dark. This covers screen readers, keyboards, low vision and touch. A long test checks
// each sample in all four settings.
func TestEverySampleIsAccessible(t *testing.T) {
	t.Parallel()
	wantAccessible(t, func(nth int) []browser.Setting { return browser.EveryRule[nth/2%2 : nth/2%2+1] })
}

func wantAccessible(t *testing.T, settings func(nth int) []browser.Setting) {
	t.Helper()
	url := galleryURL(t)
	chromium := sharedChromium(t)
	all := samples()
	// Check two pages at a time, each in a setting of its own, and load each sample once.
	for half := range 2 {
		t.Run([]string{"even", "odd"}[half], func(t *testing.T) {
			t.Parallel()
			c := chromium.Context(t)
			c.WithoutTrace(t)
			c.WithAxe(t)
			page := c.Open(t, url)
			for i := range all {
				if i/2%2 != half {
					continue
				}
				if _, err := page.Goto(url + "/" + all[i].name + ".html"); err != nil {
					t.Fatal(err)
				}
				found, err := browser.Axe(page, settings(i)...)
				if err != nil {
					t.Fatalf("%s: %v", all[i].name, err)
				}
				for _, v := range found {
					t.Errorf("%s at %v", all[i].name, v)
				}
			}
		})
	}
}
