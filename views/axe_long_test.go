//go:build long

package views_test

import (
	"testing"

	"portico/e2e/browser"
)

// Every sample is accessible at both widths in both colour schemes.
func TestLongEverySampleIsAccessible(t *testing.T) {
	t.Parallel()
	url := galleryURL(t)
	all := samples()
	// Check two pages at a time.
	for half := range 2 {
		t.Run([]string{"even", "odd"}[half], func(t *testing.T) {
			t.Parallel()
			c := sharedChromium(t).Context(t)
			c.WithoutTrace(t)
			c.WithAxe(t)
			page := c.Open(t, url)
			for i := half; i < len(all); i += 2 {
				if _, err := page.Goto(url + "/" + all[i].name + ".html"); err != nil {
					t.Fatal(err)
				}
				found, err := browser.Axe(page, browser.Settings...)
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
