package stack

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The kernel assigns ports from 32768 up to anybody who asks for any port. A lower
// port is still free when a service restarts.
const (
	lowestPort  = 15000
	highestPort = 32000
)

// FreePort returns a loopback TCP port on which nobody listens and which it has given to
// nobody else, in this process or another that still runs. Somebody who doesn't ask here
// can still take it.
func FreePort() (int, error) {
	for range 200 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if portIsFree(port) && reserve(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free loopback port between %d and %d", lowestPort, highestPort)
}

// reserve holds a port for this process until it ends, by a socket of that name that
// lies in no directory (unix(7), abstract): the kernel closes it whatever happens.
func reserve(port int) bool {
	l, err := net.Listen("unix", "@portico-port-"+strconv.Itoa(port))
	if err == nil {
		reserved.Store(port, l) // or the garbage collector would close it
	}
	return err == nil
}

var reserved sync.Map // port to its listener

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
