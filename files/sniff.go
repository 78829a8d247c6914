package files

import (
	"bytes"

	"github.com/gabriel-vasile/mimetype"
)

// SniffSize is the number of bytes at the start of a file that Sniff examines.
const SniffSize = 3072

// Sniff detects the content type of a file from its first SniffSize bytes. It ignores the file's name and the type that
// the client declared. Unknown content is application/octet-stream.
func Sniff(head []byte) string {
	head = head[:min(len(head), SniffSize)]
	found := mimetype.Detect(head)
	switch name := found.String(); {
	case found.Is("application/pdf") && !bytes.HasPrefix(head, []byte("%PDF-")):
		// A file with the PDF signature further inside may be two types at once.
		return "application/octet-stream"
	case found.Is("text/plain"):
		return plainText(head, name)
	default:
		return name
	}
}

// plainText rejects text that contains markup. The library looks only at the first tag, old browsers guessed from later
// ones, and SVG is text that can run scripts.
func plainText(head []byte, name string) string {
	lower := bytes.ToLower(head)
	for _, mark := range []string{"<script", "<svg", "<html", "<!doctype", "<?xml", "<iframe", "<body"} {
		if bytes.Contains(lower, []byte(mark)) {
			return "text/plain" // without the charset it is never opened alone
		}
	}
	if name == "text/plain; charset=us-ascii" {
		return "text/plain; charset=utf-8"
	}
	return name
}

// Inline reports whether a browser may open a file of this type, as detected by Sniff, instead of saving it.
func Inline(contentType string) bool {
	t := TypeOf(contentType)
	return t.Serve != "" && !t.ImageOnly
}
