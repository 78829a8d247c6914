package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/files"
	"portico/handlers/signin"
	"portico/handlers/stripe"
	"portico/handlers/support"
	"portico/store"
)

// config holds the whole environment, checked. Its types are here because the
// command is the interface to the operator.
type config struct {
	addr           string
	adminAddr      string
	url            *url.URL
	tenantDomain   string
	trustedProxies []netip.Prefix
	tenantRate     int
	support        support.Mode
	agentCodes     bool // support agents may confirm with a mailed code
	signUp         store.SignUpRule
	drain          time.Duration // how long to keep serving after the signal to stop
	dns            string        // "host:port"; "" uses the system's
	databaseURL    string
	plans          store.Plans
	billing        *store.Billing // nil is BILLING=off
	stripe         stripe.Config  // with billing
	files          files.Config
	keys           signin.Keys
	signingKeys    []ed25519.PrivateKey
	smtpURL        string
	mailFrom       string
	alertMail      string
	providers      []signin.ProviderConfig
	subprocessors  []string
	traces         string // the URL of the traces' collector; "" sends none
}

// reader reads variables and collects every error, so that an operator sees all of
// them at once. No message quotes a value.
type reader struct {
	getenv func(string) string
	errs   []error
}

func (rd *reader) wrong(name, format string, args ...any) {
	rd.errs = append(rd.errs, fmt.Errorf("%s "+format, append([]any{name}, args...)...))
}

func (rd *reader) optional(name, otherwise string) string {
	if v := rd.getenv(name); v != "" {
		return v
	}
	return otherwise
}

func (rd *reader) required(name string) string {
	v := rd.getenv(name)
	if v == "" {
		rd.wrong(name, "is not set")
	}
	return v
}

// secret reads a variable or, when its _FILE twin is set, the file that the twin
// names.
func (rd *reader) secret(name string) string {
	path := rd.getenv(name + "_FILE")
	if path == "" {
		return rd.required(name)
	}
	if rd.getenv(name) != "" {
		rd.wrong(name, "and its _FILE variant are both set")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		rd.wrong(name+"_FILE", "cannot be read")
	}
	return strings.TrimSpace(string(b))
}

// loadConfig reads the variables that serve needs.
func loadConfig(getenv func(string) string, environ []string) (config, error) {
	rd := &reader{getenv: getenv}
	c := config{
		addr:         rd.address("PORTICO_ADDR", "localhost:8080"),
		adminAddr:    rd.adminAddress(),
		url:          rd.origin("PORTICO_URL"),
		tenantDomain: rd.tenantDomain(),
		databaseURL:  rd.database("DATABASE_URL"),
		plans:        rd.plans(),
		files: files.Config{
			Endpoint:        rd.required("S3_ENDPOINT"),
			Region:          rd.required("S3_REGION"),
			Bucket:          rd.required("S3_BUCKET"),
			AccessKeyID:     rd.secret("S3_ACCESS_KEY_ID"),
			SecretAccessKey: rd.secret("S3_SECRET_ACCESS_KEY"),
		},
		keys:           rd.sessionKeys(),
		signingKeys:    rd.signingKeys(),
		smtpURL:        rd.smtp(),
		mailFrom:       rd.mailbox("MAIL_FROM", true),
		alertMail:      rd.mailbox("ALERT_MAIL", false),
		trustedProxies: rd.proxies(),
		tenantRate:     rd.tenantRate(),
		support:        rd.support(),
		agentCodes:     rd.agentCodes(),
		signUp:         rd.signUp(),
		drain:          rd.drain(),
		dns:            rd.nameServer(),
		traces:         rd.traces(),
		subprocessors:  rd.subprocessors(),
	}
	c.providers = rd.providers(environ, c.url)
	c.billing, c.stripe = rd.billing(c.plans)
	return c, errors.Join(rd.errs...)
}

func (rd *reader) address(name, otherwise string) string {
	v := rd.optional(name, otherwise)
	if _, _, err := net.SplitHostPort(v); err != nil {
		rd.wrong(name, "is not host:port")
	}
	return v
}

// adminAddress is where metrics and profiles are served: a loopback address, or ""
// for nowhere.
func (rd *reader) adminAddress() string {
	v := rd.getenv("PORTICO_ADMIN_ADDR")
	if v == "" {
		return ""
	}
	host, _, err := net.SplitHostPort(v)
	ip, ipErr := netip.ParseAddr(host)
	if err != nil || (host != "localhost" && (ipErr != nil || !ip.IsLoopback())) {
		rd.wrong("PORTICO_ADMIN_ADDR", "is not host:port on loopback")
	}
	return v
}

// origin reads a scheme and host without a path. Plain http is allowed for loopback
// only, because browsers refuse the session cookie elsewhere.
func (rd *reader) origin(name string) *url.URL {
	v := rd.required(name)
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		if v != "" {
			rd.wrong(name, "is not an origin such as https://portal.example")
		}
		return &url.URL{}
	}
	local := u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost") || u.Hostname() == "127.0.0.1"
	if u.Scheme == "http" && !local {
		rd.wrong(name, "must begin with https:// (http is for localhost only)")
	}
	return &url.URL{Scheme: u.Scheme, Host: browserHost(u)}
}

// browserHost is the host of an origin as browsers write it: in lower case, without the
// scheme's own port and without a dot at its end.
func browserHost(u *url.URL) string {
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || (u.Scheme == "http" && port == "80") || (u.Scheme == "https" && port == "443") {
		return host
	}
	return host + ":" + port
}

func (rd *reader) tenantDomain() string {
	v := strings.TrimSuffix(strings.ToLower(rd.getenv("PORTICO_TENANT_DOMAIN")), ".")
	if strings.ContainsAny(v, "/:@ ") || strings.HasPrefix(v, ".") {
		rd.wrong("PORTICO_TENANT_DOMAIN", "is not a domain name")
	}
	return v
}

func (rd *reader) database(name string) string {
	v := rd.secret(name)
	if u, err := url.Parse(v); v != "" && (err != nil || !strings.HasPrefix(u.Scheme, "postgres")) {
		rd.wrong(name, "is not a postgres:// address")
	}
	return v
}

// plans reads the plans of the installation, as JSON.
func (rd *reader) plans() store.Plans {
	const name = "PLANS"
	if rd.getenv(name) == "" && rd.getenv(name+"_FILE") == "" {
		return store.DefaultPlans()
	}
	plans, err := store.ParsePlans([]byte(rd.secret(name)))
	if err != nil {
		rd.wrong(name, "%w", err)
	}
	return plans
}

// The grace after a failed payment, in days.
const (
	usualGrace = "14"
	maxGrace   = 90
)

// billing reads how the installation is paid; nil for BILLING=off.
func (rd *reader) billing(plans store.Plans) (*store.Billing, stripe.Config) {
	switch rd.optional("BILLING", "off") {
	case "off":
		return nil, stripe.Config{}
	case "stripe":
	default:
		rd.wrong("BILLING", "must be off or stripe")
		return nil, stripe.Config{}
	}
	c := stripe.Config{Key: rd.secret("STRIPE_SECRET_KEY"), WebhookSecrets: rd.list("STRIPE_WEBHOOK_SECRET"), URL: rd.getenv("STRIPE_URL")}
	if c.Key != "" && !stripe.ValidKey(c.Key) {
		rd.wrong("STRIPE_SECRET_KEY", "is no secret or restricted key of Stripe, which begins with sk_live_, sk_test_, rk_live_ or rk_test_")
	}
	for _, secret := range c.WebhookSecrets {
		if !strings.HasPrefix(secret, "whsec_") || len(secret) < 16 {
			rd.wrong("STRIPE_WEBHOOK_SECRET", "must be signing secrets of webhook endpoints, which begin with whsec_, newest first, separated by commas")
			break
		}
	}
	if c.URL != "" && !stripe.Loopback(c.URL) {
		rd.wrong("STRIPE_URL", "is for a mock on this machine only, such as http://localhost:12111")
	}
	days, err := strconv.Atoi(rd.optional("BILLING_GRACE", usualGrace))
	if err != nil || days < 1 || days > maxGrace {
		rd.wrong("BILLING_GRACE", "is not a number of days from 1 to 90")
	}
	if len(plans.Sold()) == 0 {
		rd.wrong("PLANS", "has no plan with a price, which BILLING=stripe needs")
	}
	return &store.Billing{Grace: time.Duration(days) * 24 * time.Hour, Live: stripe.IsLive(c.Key)}, c
}

// list reads a list of secrets, at least one.
func (rd *reader) list(name string) []string { return splitList(rd.secret(name)) }

func splitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
}

func (rd *reader) sessionKeys() signin.Keys {
	const name = "SESSION_KEYS"
	var secrets [][]byte
	for _, text := range rd.list(name) {
		secrets = append(secrets, decodeKey(text))
	}
	if len(secrets) == 0 {
		return signin.Keys{}
	}
	keys, err := signin.NewKeys(secrets...)
	if err != nil {
		rd.wrong(name, "must be keys of at least 32 bytes in base64, newest first, separated by commas")
	}
	return keys
}

func (rd *reader) signingKeys() []ed25519.PrivateKey {
	const name = "SIGNING_KEYS"
	var keys []ed25519.PrivateKey
	for _, text := range rd.list(name) {
		seed := decodeKey(text)
		switch len(seed) {
		case ed25519.SeedSize:
			keys = append(keys, ed25519.NewKeyFromSeed(seed))
		case ed25519.PrivateKeySize:
			keys = append(keys, ed25519.PrivateKey(seed))
		default:
			rd.wrong(name, "must be Ed25519 keys in base64, newest first, separated by commas")
			return nil
		}
	}
	return keys
}

// decodeKey decodes a key in any of the usual variants of base64.
func decodeKey(text string) []byte {
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

func (rd *reader) smtp() string {
	const name = "SMTP_URL"
	v := rd.secret(name)
	if u, err := url.Parse(v); v != "" && (err != nil || u.Host == "" || (u.Scheme != "smtp" && u.Scheme != "smtps")) {
		rd.wrong(name, "is not an smtp:// or smtps:// address")
	}
	return v
}

func (rd *reader) mailbox(name string, must bool) string {
	v := rd.getenv(name)
	if v == "" && !must {
		return ""
	}
	if _, err := mail.ParseAddress(v); err != nil {
		rd.wrong(name, "is not an email address")
	}
	return v
}

func (rd *reader) proxies() []netip.Prefix {
	const name = "PORTICO_TRUSTED_PROXIES"
	var list []netip.Prefix
	for _, text := range strings.FieldsFunc(rd.getenv(name), func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(text)
		if ip, ipErr := netip.ParseAddr(text); err != nil && ipErr == nil {
			p, err = ip.Prefix(ip.BitLen())
		}
		if err != nil {
			rd.wrong(name, "must be addresses or networks, such as 10.0.0.0/8, separated by commas")
			return nil
		}
		list = append(list, p)
	}
	return list
}

// traces returns the collector's address, from OpenTelemetry's own variable.
func (rd *reader) traces() string {
	const name = "OTEL_EXPORTER_OTLP_ENDPOINT"
	v := rd.getenv(name)
	if u, err := url.Parse(v); v != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
		rd.wrong(name, "is not an http:// or https:// address")
	}
	return v
}

// nameServer returns the name server for tenants' domains: an address, or
// address:port.
func (rd *reader) nameServer() string {
	const name = "PORTICO_DNS"
	v := rd.getenv(name)
	if ip, err := netip.ParseAddr(v); err == nil {
		return netip.AddrPortFrom(ip, 53).String()
	}
	if _, err := netip.ParseAddrPort(v); v != "" && err != nil {
		rd.wrong(name, "is not the address of a name server, such as 9.9.9.9 or 127.0.0.1:5353")
	}
	return v
}

// tenantRate returns how many requests a second one tenant may make; 0 means no
// limit.
func (rd *reader) tenantRate() int {
	const name = "PORTICO_TENANT_RATE"
	n, err := strconv.Atoi(rd.optional(name, "200"))
	if err != nil || n < 0 || n > 1_000_000 {
		rd.wrong(name, "is not a number of requests per second, or 0 for no limit")
	}
	return n
}

// drain returns how long a process keeps serving after the signal to stop, so that
// balancers can notice.
func (rd *reader) drain() time.Duration {
	const name = "PORTICO_DRAIN"
	d, err := time.ParseDuration(rd.optional(name, "5s"))
	if err != nil || d < 0 || d > time.Minute {
		rd.wrong(name, "is not a time of up to a minute, such as 5s")
	}
	return d
}

// subprocessors returns whom the operator named, separated by semicolons.
func (rd *reader) subprocessors() (names []string) {
	for s := range strings.SplitSeq(rd.optional("SUBPROCESSORS", ""), ";") {
		if s = strings.TrimSpace(s); s != "" {
			names = append(names, s)
		}
	}
	return names
}

// support returns what the installation allows its support agents to do.
func (rd *reader) support() support.Mode {
	const name = "PORTICO_SUPPORT"
	switch v := rd.optional(name, "on"); v {
	case "on":
		return support.On
	case "four-eyes", "off":
		return support.Mode(v)
	}
	rd.wrong(name, "must be on, four-eyes or off")
	return support.Off
}

// agentCodes reports whether support agents may confirm with mailed codes.
func (rd *reader) agentCodes() bool {
	const name = "PORTICO_AGENT_CODES"
	switch rd.optional(name, "off") {
	case "on":
		return true
	case "off":
		return false
	}
	rd.wrong(name, "must be on or off")
	return false
}

// signUp returns who may create an agency by themselves.
func (rd *reader) signUp() store.SignUpRule {
	const name = "SIGNUP"
	switch v := rd.optional(name, "off"); v {
	case "off":
		return store.SignUpOff
	case "open", "invite":
		return store.SignUpRule(v)
	}
	rd.wrong(name, "must be open, invite or off")
	return store.SignUpOff
}

// providers reads the AUTH_<NAME>_KIND families of variables, by name.
func (rd *reader) providers(environ []string, at *url.URL) []signin.ProviderConfig {
	var names []string
	for _, line := range environ {
		key, _, _ := strings.Cut(line, "=")
		if name, ok := strings.CutPrefix(key, "AUTH_"); ok {
			if name, ok := strings.CutSuffix(name, "_KIND"); ok && name != "" {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var list []signin.ProviderConfig
	for _, name := range names {
		prefix := "AUTH_" + name
		p := signin.ProviderConfig{
			Name:         strings.ToLower(name),
			Kind:         rd.getenv(prefix + "_KIND"),
			ClientID:     rd.required(prefix + "_CLIENT_ID"),
			ClientSecret: rd.secret(prefix + "_CLIENT_SECRET"),
			RedirectURL:  at.String() + "/auth/" + strings.ToLower(name) + "/callback",
			Domains:      rd.domains(prefix + "_DOMAINS"),
		}
		switch p.Kind {
		case "oidc":
			p.Issuer = rd.required(prefix + "_ISSUER")
		case "github":
			p.Issuer = rd.getenv(prefix + "_ISSUER")
		default:
			rd.wrong(prefix+"_KIND", "must be oidc or github")
		}
		switch trust := rd.optional(prefix+"_TRUST_EMAIL", "verified"); {
		case trust == "verified":
		case trust == "all" && p.Kind == "oidc":
			p.TrustEmail = true
		case trust == "all":
			rd.wrong(prefix+"_TRUST_EMAIL", "can be all for oidc only: GitHub says which addresses it verified")
		default:
			rd.wrong(prefix+"_TRUST_EMAIL", "must be verified or all")
		}
		list = append(list, p)
	}
	return list
}

// domains reads a list of domains; none if it is not set.
func (rd *reader) domains(name string) []string {
	list := splitList(rd.getenv(name))
	for i, domain := range list {
		list[i] = strings.ToLower(domain)
		if strings.ContainsAny(domain, "@/:*") || !strings.Contains(domain, ".") {
			rd.wrong(name, "must be domains, such as example.com, separated by commas")
		}
	}
	return list
}
