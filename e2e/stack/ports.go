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

// freePortOr returns port if it is free and any other free one if it is not.
func freePortOr(port int) (int, error) {
	if port != 0 && portIsFree(port) {
		return port, nil
	}
	return FreePort()
}

func portIsFree(port int) bool {
	l, err := net.Listen("tcp4", loopback(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
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
