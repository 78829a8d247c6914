package stack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mail may use other charsets than UTF-8
)

// Message is one received mail.
type Message struct {
	Path string    // the .eml file
	From string    // the sender of the envelope
	To   []string  // the recipients of the envelope, folded to lower case
	At   time.Time // when it arrived
	Raw  []byte    // the whole file
}

// mailTime is a layout whose text order is the order of time.
const mailTime = "20060102T150405.000000000Z"

// keep writes msg under its final name in one step, so that nobody who lists the
// directory sees a partial message.
func (m *Mail) keep(msg Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	// The serial number orders messages of the same instant.
	m.serial++
	name := fmt.Sprintf("%s-%06d-%s.eml", msg.At.UTC().Format(mailTime), m.serial, safeName(msg.To[0]))
	hidden := filepath.Join(m.opts.Dir, "."+name)
	if err := os.WriteFile(hidden, append(envelope(msg), msg.Raw...), 0o644); err != nil {
		return err
	}
	if err := os.Rename(hidden, filepath.Join(m.opts.Dir, name)); err != nil {
		return err
	}
	close(m.arrived)
	m.arrived = make(chan struct{})
	return nil
}

// envelope returns what a mailbox keeps of the envelope: header lines above the
// message's own, the last of them "Received".
func envelope(msg Message) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <%s>\r\n", msg.From)
	for _, to := range msg.To {
		fmt.Fprintf(&b, "Delivered-To: %s\r\n", to)
	}
	fmt.Fprintf(&b, "Received: by localhost; %s\r\n", msg.At.Format(time.RFC1123Z))
	return b.Bytes()
}

// safeName keeps only characters that are safe in a file name.
func safeName(addr string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789@.+-_", r) {
			return r
		}
		return '_'
	}, addr)
	return name[:min(len(name), 100)]
}

// All returns every message in the directory, oldest first.
func (m *Mail) All() ([]Message, error) {
	entries, err := os.ReadDir(m.opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	var all []Message
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".eml" || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		msg, err := readMessage(filepath.Join(m.opts.Dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("mail: %w", err)
		}
		all = append(all, msg)
	}
	return all, nil
}

// To returns the messages for addr, oldest first.
func (m *Mail) To(addr string) ([]Message, error) {
	all, err := m.All()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(msg Message) bool {
		return !slices.Contains(msg.To, strings.ToLower(addr))
	}), nil
}

// Wait returns the newest message for addr that match accepts, as soon as
// there is one. A nil match accepts any.
func (m *Mail) Wait(ctx context.Context, addr string, match func(Message) bool) (Message, error) {
	for {
		m.mu.Lock()
		arrived := m.arrived
		m.mu.Unlock()
		messages, err := m.To(addr)
		if err != nil {
			return Message{}, err
		}
		for _, msg := range slices.Backward(messages) {
			if match == nil || match(msg) {
				return msg, nil
			}
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("no such mail for %s among %d: %w", addr, len(messages), ctx.Err())
		}
	}
}

// readMessage reads a file that keep wrote.
func readMessage(path string) (Message, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Message{}, err
	}
	msg := Message{Path: path, Raw: raw}
	if stamp, _, ok := strings.Cut(filepath.Base(path), "-"); ok {
		msg.At, _ = time.Parse(mailTime, stamp)
	}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "Return-Path":
			msg.From = strings.Trim(value, "<>")
		case "Delivered-To":
			msg.To = append(msg.To, value)
		default:
			return msg, nil
		}
	}
	return msg, nil
}

// Header returns the decoded value of a header field such as "Subject", or "" if
// the message has none.
func (msg Message) Header(name string) string {
	entity, err := message.Read(bytes.NewReader(msg.Raw))
	if err != nil {
		return ""
	}
	value, err := entity.Header.Text(name)
	if err != nil {
		return entity.Header.Get(name)
	}
	return value
}

// Subject returns the decoded subject.
func (msg Message) Subject() string { return msg.Header("Subject") }

// Text returns the decoded text/plain part, or "" when there is none.
func (msg Message) Text() string { return msg.part("text/plain") }

// HTML returns the decoded text/html part, or "" when there is none.
func (msg Message) HTML() string { return msg.part("text/html") }

func (msg Message) part(contentType string) string {
	entity, err := message.Read(bytes.NewReader(msg.Raw))
	if err != nil {
		return ""
	}
	var body string
	// An unreadable part ends the walk. The parts found before it are kept.
	_ = entity.Walk(func(_ []int, part *message.Entity, err error) error {
		if err != nil {
			return err
		}
		if kind, _, _ := part.Header.ContentType(); kind != contentType || body != "" {
			return nil
		}
		b, err := io.ReadAll(part.Body)
		body = string(b)
		return err
	})
	return body
}
