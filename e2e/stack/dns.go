package stack

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// DNS is a name server on loopback that knows only the records it was given.
type DNS struct {
	addr    string
	servers []*dns.Server

	mu      sync.Mutex
	records map[string][]dns.RR // by name in lower case, with a final dot
	silent  bool
	asked   map[string]int
}

// StartDNS starts a name server for UDP and TCP. It runs until Stop or the end of
// ctx.
func StartDNS(ctx context.Context) (*DNS, error) {
	d := &DNS{records: map[string][]dns.RR{}, asked: map[string]int{}}
	var packets net.PacketConn
	var streams net.Listener
	// UDP and TCP need the same port number. A free TCP port may be taken for UDP.
	err := onFreePort(0, func(port int) (err error) {
		d.addr = loopback(port)
		if packets, err = net.ListenPacket("udp4", d.addr); err != nil {
			return err
		}
		if streams, err = net.Listen("tcp4", d.addr); err != nil {
			_ = packets.Close()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("dns: %w", err)
	}
	for _, s := range []*dns.Server{{PacketConn: packets}, {Listener: streams}} {
		up := make(chan struct{})
		s.Handler, s.NotifyStartedFunc = dns.HandlerFunc(d.answer), func() { close(up) }
		d.servers = append(d.servers, s)
		go func() { _ = s.ActivateAndServe() }()
		<-up
	}
	context.AfterFunc(ctx, func() { _ = d.Stop() })
	return d, nil
}

// Addr returns the server's address as "host:port".
func (d *DNS) Addr() string { return d.addr }

// Stop stops the server.
func (d *DNS) Stop() error {
	for _, s := range d.servers {
		_ = s.Shutdown() // fails only if it was stopped before
	}
	return nil
}

// Set replaces the records of a name. Records are written as in zone files, such as
// `CNAME portico.test.`. No records make the name unknown.
func (d *DNS) Set(name string, records ...string) error {
	name = strings.ToLower(dns.Fqdn(name))
	var all []dns.RR
	for _, record := range records {
		rr, err := dns.NewRR(name + " 60 IN " + record)
		if err != nil {
			return fmt.Errorf("dns: %w", err)
		}
		all = append(all, rr)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.records[name] = all; len(all) == 0 {
		delete(d.records, name)
	}
	return nil
}

// Silence makes the server answer nobody, or answer again.
func (d *DNS) Silence(silent bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent = silent
}

// Asked returns how often a name was queried.
func (d *DNS) Asked(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[strings.ToLower(dns.Fqdn(name))]
}

func (d *DNS) answer(w dns.ResponseWriter, question *dns.Msg) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(question.Question) != 1 {
		return
	}
	q := question.Question[0]
	name := strings.ToLower(q.Name)
	d.asked[name]++
	if d.silent {
		return
	}
	reply := new(dns.Msg)
	reply.SetReply(question)
	reply.Authoritative, reply.RecursionAvailable = true, true
	// Follow an alias as far as its names are known here.
	for range 8 {
		known, ok := d.records[name]
		if !ok && len(reply.Answer) == 0 {
			reply.Rcode = dns.RcodeNameError
		}
		next := ""
		for _, rr := range known {
			if alias, ok := rr.(*dns.CNAME); ok && q.Qtype != dns.TypeCNAME {
				next = strings.ToLower(alias.Target)
				reply.Answer = append(reply.Answer, rr)
			} else if rr.Header().Rrtype == q.Qtype {
				reply.Answer = append(reply.Answer, rr)
			}
		}
		if next == "" {
			break
		}
		name = next
	}
	_ = w.WriteMsg(reply)
}
