package e2e

import (
	"regexp"
	"strings"
	"testing"

	"portico/views"
)

var goTest = regexp.MustCompile(`^go test (.+) -run '?([^']+?)'?$`)

// Each command of the trust page that runs tests runs some: every name in it is the
// beginning or a part of a test's name, in one of its packages.
func TestTrustPageNamesExistingTests(t *testing.T) {
	t.Parallel()
	tests := allTests(t)
	runs := 0
	for _, claim := range views.TrustClaims() {
		m := goTest.FindStringSubmatch(claim.Command)
		if m == nil {
			if strings.HasPrefix(claim.Command, "go ") {
				t.Errorf("%q is no command of tests", claim.Command)
			}
			continue
		}
		runs++
		for name := range strings.SplitSeq(m[2], "|") {
			if !someTest(tests, strings.Fields(m[1]), name) {
				t.Errorf("%q runs no test named %s", claim.Command, name)
			}
		}
	}
	if runs == 0 {
		t.Error("no claim is proved by tests")
	}
}

func someTest(tests map[string]bool, packages []string, name string) bool {
	for test := range tests {
		pkg, short, _ := strings.Cut(test, ".")
		for _, p := range packages {
			if p == "./"+pkg && strings.Contains(short, name) {
				return true
			}
		}
	}
	return false
}
