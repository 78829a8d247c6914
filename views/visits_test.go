package views_test

import (
	"bytes"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"
	"golang.org/x/sync/errgroup"

	"portico/e2e/browser"
)

// A sampleCheck is one thing that a browser checks on samples. Each sample is loaded once
// for all checks, because loading takes longer than most of them.
type sampleCheck struct {
	test  string                 // that reports what is wrong
	of    func(html []byte) bool // whether a sample is checked
	least int                    // how many samples must be checked
	sizes []playwright.Size      // nil is that in which the sample was loaded
	run   func(*visit) error     // notes what is wrong
	// last checks change the page, and run after the others.
	last bool
}

// sampleChecks are the checks in their order.
var sampleChecks = []*sampleCheck{accessible, rowsLead, nothingCovered, namesWrap, coloursForced}

// visit is a check of one sample in one size.
type visit struct {
	*found
	page   playwright.Page
	loaded browser.Setting // in which the page was loaded
	sample string
	size   playwright.Size
}

// found is what a check found on all samples.
type found struct {
	mu      sync.Mutex
	wrong   []string
	checked int // samples
}

// note notes something that is wrong on the page.
func (v *visit) note(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wrong = append(v.wrong, fmt.Sprintf("%s, %d wide: ", v.sample, v.size.Width)+fmt.Sprintf(format, args...))
}

// evaluate notes all that a script returns.
func (v *visit) evaluate(script string, arg ...any) error {
	wrong, err := v.page.Evaluate(script, arg...)
	if err != nil {
		return err
	}
	for _, w := range wrong.([]any) {
		v.note("%v", w)
	}
	return nil
}

// reportSamples fails with what the check found. The first test that calls it visits the
// samples for all tests.
func reportSamples(t *testing.T, c *sampleCheck) {
	t.Helper()
	t.Parallel()
	visits.once.Do(func() { visits.found, visits.err = visitSamples(t) })
	if visits.err != nil {
		t.Fatal(visits.err)
	}
	f := visits.found[c]
	if f == nil {
		t.Fatal("the samples were not visited")
	}
	for _, w := range f.wrong {
		t.Error(w)
	}
	if f.checked < c.least {
		t.Errorf("only %d samples are checked", f.checked)
	}
}

var visits struct {
	once  sync.Once
	found map[*sampleCheck]*found
	err   error
}

// picked reports whether go test runs a test of this name.
func picked(test string) bool {
	pattern, _, _ := strings.Cut(flag.Lookup("test.run").Value.String(), "/")
	matches, err := regexp.MatchString(pattern, test)
	return err == nil && matches
}

// visitSamples loads each sample once, half of them wide and light, the rest narrow and dark,
// and runs the checks whose tests run.
func visitSamples(t *testing.T) (map[*sampleCheck]*found, error) {
	t.Helper()
	all, err := gallery()
	if err != nil {
		return nil, err
	}
	results := map[*sampleCheck]*found{}
	for _, c := range sampleChecks {
		if picked(c.test) {
			results[c] = &found{}
		}
	}
	var both errgroup.Group
	for half, setting := range browser.EveryRule {
		context := sharedChromium(t).Context(t, playwright.BrowserNewContextOptions{Viewport: &setting.Size, ColorScheme: setting.Scheme})
		context.WithoutTrace(t) // the pages are in the gallery, to look at
		if results[accessible] != nil {
			context.WithAxe(t)
		}
		page := context.Open(t, galleryURL(t))
		both.Go(func() error {
			for i, s := range samples() {
				if i/2%2 != half {
					continue
				}
				v := visit{page: page, loaded: setting, sample: s.name, size: setting.Size}
				if err := v.all(galleryURL(t), all["/"+s.name+".html"], results); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
			}
			return nil
		})
	}
	return results, both.Wait()
}

// all loads the sample, if any check is for it, and runs the checks: first at the size in
// which it was loaded, then at the other one, then those that change the page.
func (v *visit) all(url string, html []byte, results map[*sampleCheck]*found) error {
	var checks []*sampleCheck
	for _, c := range sampleChecks {
		if f := results[c]; f != nil && c.of(html) {
			checks = append(checks, c)
			f.mu.Lock()
			f.checked++
			f.mu.Unlock()
		}
	}
	if len(checks) == 0 {
		return nil
	}
	if _, err := v.page.Goto(url + "/" + v.sample + ".html"); err != nil {
		return err
	}
	first, second := v.loaded.Size, browser.Wide
	if first == browser.Wide {
		second = browser.Narrow
	}
	for _, step := range []struct {
		size playwright.Size
		last bool
	}{{first, false}, {second, false}, {second, true}, {first, true}} {
		for _, c := range checks {
			if c.last != step.last || !c.in(step.size, first) {
				continue
			}
			if err := v.resize(step.size); err != nil {
				return err
			}
			v.found = results[c]
			if err := c.run(v); err != nil {
				return fmt.Errorf("%s: %w", c.test, err)
			}
		}
	}
	return v.resize(first)
}

// in reports whether the check runs at a size of a page that was loaded at another.
func (c *sampleCheck) in(size, loaded playwright.Size) bool {
	if c.sizes == nil {
		return size == loaded
	}
	return slices.Contains(c.sizes, size)
}

func (v *visit) resize(size playwright.Size) error {
	if v.size == size { // setting it lays the page out again
		return nil
	}
	v.size = size
	return v.page.SetViewportSize(size.Width, size.Height)
}

// having picks the samples that have one of the texts, but for those with pictures that
// templ found unsafe, of which Chromium complains.
func having(texts ...string) func([]byte) bool {
	return func(html []byte) bool {
		return !bytes.Contains(html, []byte("about:invalid")) && containsAny(html, texts...)
	}
}

func containsAny(html []byte, texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(html, []byte(text)) })
}
