package stack

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The kernel hands out ports from 32768 up to anybody who asks for "any". A
// port below that stays ours while a neighbour is down between two starts.
const (
	lowestPort  = 15000
	highestPort = 32000
)

// FreePort returns a loopback TCP port that nobody listens on. Nothing keeps
// it reserved, so a caller that loses the race asks again.
func FreePort() (int, error) {
	for range 200 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if portIsFree(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free loopback port between %d and %d", lowestPort, highestPort)
}

// onFreePort calls start with the wanted port if it is free, else with any
// other, and again with others if somebody was quicker.
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

// portIsFree asks by a connection. To listen for a moment would answer better,
// but that moment can be when the port's owner comes back for it.
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

// publicAddr is how a browser on this machine names a listen address. It says
// localhost where it can, because browsers treat that as secure.
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
