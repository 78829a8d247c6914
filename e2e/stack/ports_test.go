package stack

import (
	"runtime"
	"testing"
)

// A port is given to one caller only, also before anybody listens on it.
func TestFreePortsAreGivenOnce(t *testing.T) {
	t.Parallel()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	if reserve(port) {
		t.Errorf("port %d can be given again", port)
	}
}
