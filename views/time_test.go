package views_test

import (
	"testing"

	"github.com/playwright-community/playwright-go"
)

// The script shows how long ago an event was and keeps the server's exact time in
// the title. For old events it keeps the date. On the account page it offers the
// device's time zone, even if the browser uses another name for it.
func TestTimesWithTheScript(t *testing.T) {
	t.Parallel()
	url := galleryURL(t)
	c := sharedChromium(t).Context(t, playwright.BrowserNewContextOptions{TimezoneId: playwright.String("Asia/Calcutta")})
	page := c.Open(t, url+"/account.html")
	added := page.Locator("time[data-relative]").First()
	offer, zone := page.Locator("[data-zone-here] button"), page.Locator("#time_zone")
	expect := playwright.NewPlaywrightAssertions(20_000)
	check := func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("the day", expect.Locator(added).ToHaveText("2. Nov. 2026"))
	check("the exact time", expect.Locator(added).ToHaveAttribute("title", "2. Nov. 2026, 12:30"))
	check("the offer", expect.Locator(offer).ToHaveText("Use Kolkata, this device's time zone"))
	check("taking it", offer.Click())
	check("the choice", expect.Locator(zone).ToHaveValue("Asia/Kolkata"))
	check("no offer any more", expect.Locator(offer).ToBeHidden())

	if _, err := page.Goto(url + "/activity-elsewhere.html"); err != nil {
		t.Fatal(err)
	}
	check("a time of day", expect.Locator(page.Locator(".event time").First()).ToHaveText("08:18"))
}
