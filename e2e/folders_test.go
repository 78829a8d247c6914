package e2e

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// Two folders of one name whose files have the same names, sizes and ages stay apart,
// also while one of them is still on its way.
func TestFoldersOfOneNameStayApart(t *testing.T) {
	t.Parallel()
	var roots []string
	for _, which := range []string{"one", "two"} {
		root := folderOf(t, map[string][]byte{"a.txt": []byte("a of " + which), "b.txt": []byte("b of " + which)})
		for _, name := range []string{"a.txt", "b.txt"} {
			check(t, os.Chtimes(filepath.Join(root, name), time.Unix(1_700_000_000, 0), time.Unix(1_700_000_000, 0)))
		}
		roots = append(roots, root)
	}
	dana := signedInByMail(t, "dana@northwind.test")
	dana.newDraft(dana.made("/w/acme/projects", url.Values{"name": {"Folders of one name"}}), "Twins")
	// The first part goes on when the third arrives.
	third := make(chan struct{})
	var sent atomic.Int32
	dana.must("hold the first", dana.page.Route(parts, func(r playwright.Route) {
		switch sent.Add(1) {
		case 1:
			go func() {
				<-third
				_ = r.Continue()
			}()
			return
		case 3:
			close(third)
		}
		_ = r.Continue()
	}))
	dana.drop(roots...)
	dana.arrived("a.txt")
	var got []string
	links := dana.page.GetByLabel("Download ")
	n, err := links.Count()
	dana.must("count", err)
	for i := range n {
		href, err := links.Nth(i).GetAttribute("href")
		dana.must("find a download", err)
		if !strings.Contains(href, "/files/") {
			continue
		}
		res, err := dana.context.Request().Get(world.stack.URL() + href)
		dana.must("download", err)
		body, err := res.Body()
		dana.must("download", err)
		got = append(got, string(bytes.TrimSpace(body)))
	}
	for _, want := range []string{"a of one", "b of one", "a of two", "b of two"} {
		if !strings.Contains(strings.Join(got, ", "), want) {
			t.Errorf("%q is lost of %q", want, got)
		}
	}
}
