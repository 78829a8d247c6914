// Package browser drives Debian's Chromium for tests, through the driver that
// scripts/setup fetched. One Chromium serves a whole test binary; each test
// gets its own context, a browser profile that no other test shares.
package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/stack"
)

// Options configures the browser.
type Options struct {
	// Front receives the https requests for every host below .test and .example, and
	// the browser trusts its certificates. If nil, the machine resolves names, including
	// localhost and its subdomains.
	Front *stack.Front
	// PDFViewer asks for the whole Chromium, the only one that shows PDFs.
	PDFViewer bool
}

// Browser is a running Chromium.
type Browser struct {
	driver   *playwright.Playwright
	chromium playwright.Browser
	failures string // directory for traces and screenshots of failed tests
}

// Start starts a Chromium. It ends with Stop or with this process.
func Start(opts Options) (*Browser, error) {
	root, err := stack.ModuleRoot()
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	program, err := findChromium(opts.PDFViewer)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	driver, err := startDriver()
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	chromium, err := driver.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath: playwright.String(program),
		Args:           arguments(opts),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("browser: %w", err), driver.Stop())
	}
	return &Browser{driver: driver, chromium: chromium, failures: filepath.Join(root, "tmp", "browser")}, nil
}

// Stop ends the browser and its driver.
func (b *Browser) Stop() error {
	return errors.Join(b.chromium.Close(), b.driver.Stop())
}

// Chromium returns the Playwright browser, for uses that Context doesn't cover.
func (b *Browser) Chromium() playwright.Browser { return b.chromium }

func arguments(opts Options) []string {
	args := []string{
		"--no-sandbox", // Chromium refuses to run as root with one
		"--disable-gpu",
		"--disable-dev-shm-usage", // containers give /dev/shm 64 MB
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
		"--no-first-run",
		"--no-default-browser-check",
		"--force-color-profile=srgb", // screenshots are the same everywhere
		"--disable-features=" + strings.Join(disabledFeatures, ","),
	}
	if opts.Front != nil {
		to := opts.Front.Addr()
		args = append(args,
			fmt.Sprintf("--host-resolver-rules=MAP *.test %s, MAP *.example %s", to, to),
			"--ignore-certificate-errors-spki-list="+opts.Front.KeyHash())
	}
	return args
}

// disabledFeatures are the driver's own, since the last such argument counts, and
// those that load two pages for the address bar of each profile, which nobody sees.
var disabledFeatures = []string{
	"AvoidUnnecessaryBeforeUnloadCheckSync", "BoundaryEventDispatchTracksNodeRemoval", "DestroyProfileOnBrowserClose",
	"DialMediaRouteProvider", "GlobalMediaControls", "HttpsUpgrades", "LensOverlay", "MediaRouter", "PaintHolding",
	"ThirdPartyStoragePartitioning", "Translate", "AutoDeElevate", "RenderDocument", "OptimizationHints",
	"WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "AiModeOmniboxEntryPoint",
}

// findChromium prefers Chromium's headless shell: without windows and a PDF viewer it
// takes half the processor time.
func findChromium(pdfViewer bool) (string, error) {
	names := []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}
	if pdfViewer {
		names = names[1:]
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("chromium is missing; `make setup` installs it")
}

// setDriverEnvironment tells the driver's library which Node to use. The library reads
// it only from the environment.
var setDriverEnvironment = sync.OnceValue(func() error {
	node, err := exec.LookPath("node")
	if err != nil {
		return errors.New("node is missing; `make setup` installs it")
	}
	return os.Setenv("PLAYWRIGHT_NODEJS_PATH", node)
})

func startDriver() (*playwright.Playwright, error) {
	dir, err := stack.Tool("playwright")
	if err != nil {
		return nil, err
	}
	if err := setDriverEnvironment(); err != nil {
		return nil, err
	}
	options := &playwright.RunOptions{DriverDirectory: dir, SkipInstallBrowsers: true}
	if err := patchDriver(dir, options); err != nil {
		return nil, err
	}
	return playwright.Run(options)
}

// patchDriver lets the library patch the driver, once for each copy. The lock is needed
// because test binaries start at the same time.
func patchDriver(dir string, options *playwright.RunOptions) error {
	mended, err := os.OpenFile(filepath.Join(dir, "mended"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer mended.Close()
	if info, err := mended.Stat(); err == nil && info.Size() > 0 {
		return nil
	}
	if err := syscall.Flock(int(mended.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if err := playwright.Install(options); err != nil {
		return err
	}
	_, err = mended.WriteString("yes\n")
	return err
}
