package files

import (
	"strings"
	"testing"
)

// Sniff detects the type from the content, not from the name, and Inline says whether a browser may show it.
func TestSniff(t *testing.T) {
	t.Parallel()
	mp4 := "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
	avif := "\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1"
	for name, c := range map[string]struct {
		head   string
		want   string
		inline bool
	}{
		"a.png":               {"\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 20), "image/png", true},
		"a.jpg":               {"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg", true},
		"a.gif":               {"GIF89a" + strings.Repeat("\x00", 20), "image/gif", true},
		"a.webp":              {"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", true},
		"a.avif":              {avif, "image/avif", true},
		"a.mp4":               {mp4, "video/mp4", true},
		"a.webm":              {"\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm", true},
		"a.pdf":               {"%PDF-1.7\n", "application/pdf", true},
		"a.txt":               {"Dear all,\n", "text/plain; charset=utf-8", true},
		"umlaut.txt":          {"Größe\n", "text/plain; charset=utf-8", true},
		"page.png":            {"<html><script>alert(1)</script>", "text/html; charset=utf-8", false},
		"doctype.txt":         {"  \n<!DOCTYPE html><p>", "text/html; charset=utf-8", false},
		"drawing.png":         {`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "image/svg+xml", false},
		"drawing.svg":         {`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, "image/svg+xml", false},
		"feed.txt":            {`<?xml version="1.0"?><x/>`, "text/xml; charset=utf-8", false},
		"html in a text.txt":  {"hello <script>alert(1)</script>", "text/plain", false},
		"svg in a text.txt":   {"hello <SVG onload=alert(1)>", "text/plain", false},
		"pdf in a page.pdf":   {"<html>%PDF-1.7 <script>", "application/octet-stream", false},
		"pdf after junk.pdf":  {"junk\n%PDF-1.7", "application/octet-stream", false},
		"program.png":         {"MZ\x90\x00" + strings.Repeat("\x00", 60), "application/vnd.microsoft.portable-executable", false},
		"archive.png":         {"PK\x03\x04\x14" + strings.Repeat("\x00", 21) + "\x05\x00\x00\x00a.txthello", "application/zip", false},
		"nothing.png":         {"", "text/plain", false},
		"noise.png":           {"\x00\x01\x02\x03\xfe\xff", "application/octet-stream", false},
		"script.txt":          {"#!/bin/sh\nrm -rf /\n", "text/x-shellscript", false},
		"table.txt":           {"a,b,c\n1,2,3\n", "text/csv", false},
		"page past 3 kB.html": {strings.Repeat("a ", SniffSize) + "<script>", "text/plain; charset=utf-8", true},
	} {
		got := Sniff([]byte(c.head))
		if got != c.want || Inline(got) != c.inline {
			t.Errorf("%s: %s, inline %t; want %s, %t", name, got, Inline(got), c.want, c.inline)
		}
	}
}

// IsImage accepts only types for img elements: no PDF, video or SVG.
func TestIsImage(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]bool{
		"image/png": true, "image/svg+xml": false, "application/pdf": false, "video/mp4": false, "": false,
	} {
		if IsImage(contentType) != want {
			t.Errorf("%s: %t", contentType, !want)
		}
	}
}
