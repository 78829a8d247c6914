package web

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// NewLogger returns a logger that writes JSON lines and redacts secrets: values whose
// key names a secret, and values that look like one.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(redactor{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})})
}

const redacted = "[redacted]"

// secretKeys are parts of keys whose values are never logged, in any case.
var secretKeys = []string{
	"cookie", "authorization", "token", "secret", "password", "passwd", "code", "apikey", "api_key", "api-key",
	"session_key", "signature", "email", "mail", "file_name", "filename", "body", "prompt", "dsn", "verifier", "nonce", "state_hash",
}

// secretShapes match secrets anywhere in a text: long unbroken runs
// of base64 or hex that are not a UUID, presigned queries, bearer headers,
// addresses with passwords, mail addresses, six-digit codes on their own.
var secretShapes = []*regexp.Regexp{
	regexp.MustCompile(`(?i)x-amz-(signature|credential|security-token)=[^&\s"]+`),
	regexp.MustCompile(`(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]+`),
	regexp.MustCompile(`(?i)__host-[a-z-]+=[^;\s"]+`),
	regexp.MustCompile(`://[^/\s:@"]+:[^/\s@"]+@`),
	regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`),
	regexp.MustCompile(`\b[A-Za-z0-9_+/-]{43,}={0,2}`),
	regexp.MustCompile(`\b[0-9a-fA-F]{32,}\b`),
	regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`),
	regexp.MustCompile(`\b(sk|rk|pk|whsec)_[A-Za-z0-9_*]+`),
	regexp.MustCompile(`(^|[\s=:"])\d{6}($|[\s,;"])`),
}

type redactor struct{ next slog.Handler }

func (h redactor) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h redactor) Handle(ctx context.Context, rec slog.Record) error {
	clean := slog.NewRecord(rec.Time, rec.Level, redactText(rec.Message), rec.PC)
	rec.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(redact(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = redact(a)
	}
	return redactor{h.next.WithAttrs(clean)}
}

func (h redactor) WithGroup(name string) slog.Handler { return redactor{h.next.WithGroup(name)} }

func redact(a slog.Attr) slog.Attr {
	if a.Key == "stack" {
		return a // a stack holds names of our code, no data
	}
	if secretKey(a.Key) {
		return slog.String(a.Key, redacted)
	}
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		group := make([]slog.Attr, 0, len(v.Group()))
		for _, inner := range v.Group() {
			group = append(group, redact(inner))
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(group...)}
	case slog.KindString:
		return slog.String(a.Key, redactText(v.String()))
	case slog.KindAny:
		// Structured values become text first, so that nested secrets are redacted too.
		switch v := v.Any().(type) {
		case error:
			return slog.String(a.Key, redactText(v.Error()))
		case uuid.UUID:
			return slog.String(a.Key, v.String())
		}
		return slog.String(a.Key, redactText(flat(v)))
	}
	return a
}

func flat(v slog.Value) string {
	var b strings.Builder
	h := slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { return a }})
	_ = h.Handle(context.Background(), func() slog.Record {
		rec := slog.Record{}
		rec.AddAttrs(slog.Attr{Key: "v", Value: v})
		return rec
	}())
	return secretKeyValues.ReplaceAllString(b.String(), `$1"`+redacted+`"`)
}

// secretKeyValues finds the values of secret keys inside JSON.
var secretKeyValues = regexp.MustCompile(`(?i)("[^"]*(?:` + strings.Join(secretKeys, "|") + `)[^"]*"\s*:\s*)("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^,}\]]+)`)

func secretKey(key string) bool {
	key = strings.ToLower(key)
	for _, part := range secretKeys {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}

func redactText(s string) string {
	if hasNoSecret(s) {
		return s
	}
	for _, shape := range secretShapes {
		s = shape.ReplaceAllString(s, redacted)
	}
	return s
}

// hasNoSecret reports whether a text is an id of ours, or too short and plain to hold a
// secret: no shape matches a short text without digits and punctuation. Every log line
// has several such texts, and matching the shapes costs more than the rest of the line.
func hasNoSecret(s string) bool {
	if IsID(s) {
		return true
	}
	if len(s) >= 32 {
		return false
	}
	for i := range len(s) {
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z'
		if !letter && s[i] != '/' && s[i] != '{' && s[i] != '}' && s[i] != '-' {
			return false
		}
	}
	return true
}
