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
	samples, err := filepath.Glob("samples*_test.go")
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	var shown []byte
	for _, file := range samples {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, text...)
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
				t.Errorf("%s in views/%s is looked at by nobody: add a sample of each of its states to views/samples_*_test.go", page[1], file)
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
func TestEverySampleIsAccessible(t *testing.T) { reportSamples(t, accessible) }

var accessible = &sampleCheck{
	test: "TestEverySampleIsAccessible", of: func([]byte) bool { return true }, least: 100,
	run: func(v *visit) error {
		found, err := browser.Axe(v.page, v.loaded)
		for _, violation := range found {
			v.note("%v", violation)
		}
		return err
	},
}
