package files

import (
	"bytes"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// SniffSize is how many of a file's first bytes Sniff looks at.
const SniffSize = 3072

// inlineTypes are the types a browser may show on our origin: each is drawn by a decoder that runs no script in our
// name. SVG, HTML and XML are documents with script and are not here; whatever is not here is only ever saved.
var inlineTypes = map[string]bool{
	"image/png":       true,
	"image/jpeg":      true,
	"image/gif":       true,
	"image/webp":      true,
	"image/avif":      true,
	"application/pdf": true,
	"video/mp4":       true,
	"video/webm":      true,

	"text/plain; charset=utf-8": true,
}

// Sniff tells the content type of a file from its first bytes, up to SniffSize of them. What the client or the name
// says is not asked. What it cannot tell is application/octet-stream.
func Sniff(head []byte) string {
	head = head[:min(len(head), SniffSize)]
	found := mimetype.Detect(head)
	switch name := found.String(); {
	case found.Is("application/pdf") && !bytes.HasPrefix(head, []byte("%PDF-")):
		// The mark further inside is how a file passes for two types.
		return "application/octet-stream"
	case found.Is("text/plain"):
		return plainText(head, name)
	default:
		return name
	}
}

// plainText distrusts text that has markup in it: the library knows the usual first tags, browsers of old guessed from
// more, and a picture format that is text is still a document.
func plainText(head []byte, name string) string {
	lower := bytes.ToLower(head)
	for _, mark := range []string{"<script", "<svg", "<html", "<!doctype", "<?xml", "<iframe", "<body"} {
		if bytes.Contains(lower, []byte(mark)) {
			return "text/plain" // without the charset it is not in inlineTypes
		}
	}
	if name == "text/plain; charset=us-ascii" {
		return "text/plain; charset=utf-8"
	}
	return name
}

// Inline says whether a file of this type, as told by Sniff, may be shown instead of saved.
func Inline(contentType string) bool {
	return inlineTypes[contentType]
}

// servedType is the type a download is labelled with. What may not be shown gets the one type that no browser does
// anything with, whatever else about the answer it overlooks.
func servedType(contentType string) string {
	if Inline(contentType) {
		return contentType
	}
	return "application/octet-stream"
}

// IsImage says whether a file of this type, as told by Sniff, can be shown in an img element.
func IsImage(contentType string) bool {
	return Inline(contentType) && strings.HasPrefix(contentType, "image/")
}
