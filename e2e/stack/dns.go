package stack

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// DNS is a name server on loopback that knows what it is told, and nothing else.
type DNS struct {
	addr    string
	servers []*dns.Server

	mu      sync.Mutex
	records map[string][]dns.RR // by name in lower case, with a dot at its end
	silent  bool
	asked   map[string]int
}

// StartDNS starts a name server for UDP and TCP. It is stopped by Stop and by the
// end of ctx.
func StartDNS(ctx context.Context) (*DNS, error) {
	d := &DNS{records: map[string][]dns.RR{}, asked: map[string]int{}}
	var packets net.PacketConn
	var streams net.Listener
	// One number for both, of which "any" for the one may be taken for the other.
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

// Addr is where the server answers, as "host:port".
func (d *DNS) Addr() string { return d.addr }

// Stop ends the server.
func (d *DNS) Stop() error {
	for _, s := range d.servers {
		_ = s.Shutdown() // one that was stopped before says so
	}
	return nil
}

// Set replaces what is known of a name by records as zone files write them, such
// as `CNAME portico.test.`; none makes the name unknown.
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

// Silence makes the server say nothing to anybody, or speak again.
func (d *DNS) Silence(silent bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent = silent
}

// Asked is how often a name was asked for.
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
	// An alias leads on, as far as names are known here.
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
