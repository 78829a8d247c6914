package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// movie makes a video that no browser plays, with a timecode of its own.
func movie(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cut.mov")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=30000/1001:duration=12",
		"-timecode", "01:00:00;00", "-c:v", "mpeg4", "-q:v", "5", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(path)
	check(t, err)
	return content
}

// A video that the browser can't play is played as a copy, with its poster and its timecode.
// By keys somebody steps by a frame, sets the beginning and the end of a note, and writes it.
// The note stands below the video at its time.
func TestVideoIsNotedByFrames(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	dana.open("/w/globex/")
	dana.open(dana.deliver("Cut "+time.Now().Format(time.RFC3339Nano), "A video",
		playwright.InputFile{Name: "cut.mov", MimeType: "application/octet-stream", Buffer: movie(t)}))
	link := dana.links()["cut.mov"]
	copied := dana.page.Locator(`.stage video[src*="/playable"]`)
	dana.open(link)
	for range 60 {
		_, err := dana.page.Reload()
		dana.must("look again", err)
		if n, err := copied.Count(); err != nil || n > 0 {
			break
		}
		time.Sleep(2 * time.Second)
	}
	dana.plays("video")
	dana.sees("This is a copy for the browser.")
	poster, err := copied.GetAttribute("poster")
	dana.must("read the poster", err)
	if !strings.HasSuffix(poster, "/poster") {
		t.Errorf("the poster is %q", poster)
	}
	seek := func(to float64) {
		t.Helper()
		_, err := copied.Evaluate(`(p, to) => new Promise((done) => { p.addEventListener("seeked", done, { once: true }); p.currentTime = to; })`, to)
		dana.must("seek", err)
	}
	clock := func(want string) {
		t.Helper()
		got := ""
		if !eventually(func() bool { got, _ = dana.page.Locator("[data-clock]").TextContent(); return got == want }) {
			t.Errorf("the clock says %q, want %q", got, want)
		}
	}
	seek(2.02)
	clock("01:00:02;00 / 0:12")
	dana.must("step on", dana.page.Keyboard().Press("."))
	clock("01:00:02;01 / 0:12")
	dana.must("step back", dana.page.Keyboard().Press(","))
	clock("01:00:02;00 / 0:12")
	dana.must("begin", dana.page.Keyboard().Press("i"))
	seek(4.02)
	dana.must("end", dana.page.Keyboard().Press("o"))
	dana.must("write", dana.page.Keyboard().Press("c"))
	dana.must("type", dana.page.Locator("[data-composer] textarea").Fill("Slower here"))
	dana.must("choose", dana.page.Locator("#note-team").Check())
	dana.must("save", dana.page.Locator("[data-composer] [type=submit]").Click())
	dana.sees("cut.mov at 01:00:02;00 to 01:00:04;00")
	mark := dana.page.Locator(".marks a.pin")
	if n, err := mark.Count(); n != 1 || err != nil {
		t.Errorf("%d marks below the video, %v", n, err)
	}
	dana.screenshot("recording")
	dana.must("hold a phone", dana.page.SetViewportSize(390, 844))
	dana.fits()
	dana.screenshot("recording-phone")
}
