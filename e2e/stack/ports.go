package stack

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The kernel assigns ports from 32768 up to anybody who asks for any port. A lower
// port is still free when a service restarts.
const (
	lowestPort  = 15000
	highestPort = 32000
)

// FreePort returns a loopback TCP port on which nobody listens. It doesn't reserve
// the port, so a caller that loses the race must ask again.
func FreePort() (int, error) {
	for range 200 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if portIsFree(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free loopback port between %d and %d", lowestPort, highestPort)
}

// onFreePort calls start with the wanted port if it is free, else with another, and
// tries again if somebody took that port first.
func onFreePort(wanted int, start func(port int) error) error {
	var last error
	for range 3 {
		port := wanted
		if wanted = 0; port == 0 || !portIsFree(port) {
			var err error
			if port, err = FreePort(); err != nil {
				return err
			}
		}
		if last = start(port); last == nil {
			return nil
		}
	}
	return last
}

// portIsFree tries to connect. Listening for a moment would be more exact, but
// could collide with the port's owner restarting at that moment.
func portIsFree(port int) bool {
	conn, err := net.Dial("tcp4", loopback(port))
	if err != nil {
		return true
	}
	_ = conn.Close()
	return false
}

func loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// publicAddr returns the name that a browser on this machine uses for a listen
// address. It prefers localhost, because browsers treat that as secure.
func publicAddr(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && (ip.IsLoopback() || ip.IsUnspecified())) {
		host = "localhost"
	}
	if port == "80" {
		return host
	}
	return net.JoinHostPort(host, port)
}
