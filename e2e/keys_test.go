package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Dana makes an API key. The example program delivers a folder with it, and the trail names
// the program. After she revokes the key the program is refused.
func TestExampleProgramDelivers(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	dana.open("/w/globex/projects")
	dana.click("link", "New project")
	dana.fill("Name", "Delivered by a program")
	dana.click("button", "Create project")
	dana.click("link", "New deliverable")
	dana.fill("Title", "Render")
	dana.click("button", "Create deliverable")
	dana.sees("Deliverable created.")
	deliverable := strings.TrimPrefix(strings.SplitN(dana.path(), "?", 2)[0], "/w/globex/deliverables/")

	dana.open("/w/globex/settings/keys")
	dana.click("link", "Confirm it's you")
	dana.stepUp("dana@northwind.test")
	dana.fill("Name", "Render farm")
	for _, scope := range []string{"Deliver work", "Report usage"} {
		dana.must("choose the scope", dana.page.GetByLabel(scope).Check())
	}
	dana.click("button", "Make key")
	dana.sees("it isn't shown again")
	key, err := dana.page.Locator("#made").TextContent()
	dana.must("read the key", err)

	folder := t.TempDir()
	check(t, os.Mkdir(filepath.Join(folder, "frames"), 0o755))
	check(t, os.WriteFile(filepath.Join(folder, "frames", "one.txt"), []byte("one"), 0o644))
	check(t, os.WriteFile(filepath.Join(folder, "two.txt"), []byte("two"), 0o644))
	program := filepath.Join(t.TempDir(), "deliver")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../docs/examples/deliver").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	deliver := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), program, "-runs", "12", deliverable, folder, "Rendered tonight")
		cmd.Env = append(os.Environ(), "PORTICO_URL="+world.stack.URL(), "PORTICO_KEY="+key)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, want := range []string{"published version 1 with 2 files\nreported 12 runs, 12 this month", "published version 2 with 2 files\nreported 12 runs, 24 this month"} {
		if out, err := deliver(); err != nil || !strings.Contains(out, want) {
			t.Fatalf("it printed %q, %v, want %q", out, err, want)
		}
	}
	dana.open("/w/globex/deliverables/" + deliverable)
	dana.sees("Rendered tonight")
	dana.sees("one.txt")
	dana.open("/w/globex/activity")
	dana.sees("Render farm, a key of Dana Whitfield")
	dana.open("/w/globex/usage")
	dana.sees("A key of Dana Whitfield")
	dana.sees("AI runs: 24")
	dana.open("/w/globex/settings/keys")
	dana.click("button", "Revoke")
	dana.click("button", "Revoke key")
	dana.sees("Revoked.")
	if out, err := deliver(); err == nil || !strings.Contains(out, "401") {
		t.Errorf("with the revoked key it printed %q, %v", out, err)
	}
}
