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

// Every type that a browser can show says how, in words, and under which type. Containers that browsers know under one name
// only are served under it. Nothing that may run a script is opened as a document.
func TestTypeOf(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]Type{
		"image/png":                    {DisplayImage, "PNG image", "image/png", false},
		"image/apng":                   {DisplayImage, "PNG image", "image/png", false},
		"image/avif":                   {DisplayImage, "AVIF image", "image/avif", false},
		"image/svg+xml":                {DisplayImage, "SVG drawing", "image/svg+xml", true},
		"image/tiff":                   {DisplayNone, "TIFF image", "", false},
		"application/pdf":              {DisplayPDF, "PDF", "application/pdf", false},
		"video/mp4":                    {DisplayVideo, "MP4 video", "video/mp4", false},
		"video/quicktime":              {DisplayVideo, "QuickTime video", "video/mp4", false},
		"video/x-m4v":                  {DisplayVideo, "M4V video", "video/mp4", false},
		"audio/mpeg":                   {DisplayAudio, "MP3 audio", "audio/mpeg", false},
		"audio/wav":                    {DisplayAudio, "WAV audio", "audio/wav", false},
		"audio/x-m4a":                  {DisplayAudio, "M4A audio", "audio/mp4", false},
		"audio/ogg":                    {DisplayAudio, "Ogg audio", "audio/ogg", false},
		"text/plain; charset=utf-8":    {DisplayText, "Text", "text/plain; charset=utf-8", false},
		"text/plain":                   {DisplayText, "Text", "", false},
		"text/plain; charset=utf-16le": {DisplayText, "Text", "", false},
		"text/html; charset=utf-8":     {DisplayText, "HTML page", "", false},
		"text/x-never-seen":            {DisplayText, "Text", "", false},
		"application/zip":              {DisplayNone, "ZIP archive", "", false},
		"application/x-never-seen":     {DisplayNone, "File", "", false},
		"":                             {},
	} {
		if got := TypeOf(contentType); got != want {
			t.Errorf("%s: %+v, want %+v", contentType, got, want)
		}
	}
	for contentType, kind := range knownTypes {
		shown := kind.Display != DisplayNone && kind.Display != DisplayText
		if kind.Words == "" || (shown && kind.Serve == "") || (!shown && kind.Serve != "" && contentType != "text/plain; charset=utf-8") {
			t.Errorf("%s: %+v", contentType, kind)
		}
		for _, active := range []string{"html", "xml", "script", "php"} {
			if strings.Contains(kind.Serve, active) && !kind.ImageOnly {
				t.Errorf("%s is served as %s", contentType, kind.Serve)
			}
		}
	}
}

// The beginnings of sounds and films that people send are detected as something that plays.
func TestSniffMedia(t *testing.T) {
	t.Parallel()
	ftyp := func(brand string) string { return "\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x02\x00" + brand }
	ebml := func(kind string) string {
		return "\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1f\x42\x86\x81\x01\x42\x82" + string([]byte{0x80 | byte(len(kind))}) + kind
	}
	for name, c := range map[string]struct {
		head    string
		display Display
		serve   string
	}{
		"a.mp3 with a title":    {"ID3\x04\x00\x00\x00\x00\x00\x2d" + strings.Repeat("\x00", 45), DisplayAudio, "audio/mpeg"},
		"a.mp3 without":         {"\xff\xfb\x90\x64" + strings.Repeat("\x00", 60), DisplayAudio, "audio/mpeg"},
		"a.wav":                 {"RIFF\x24\x00\x00\x00WAVEfmt ", DisplayAudio, "audio/wav"},
		"a.m4a":                 {ftyp("M4A "), DisplayAudio, "audio/mp4"},
		"book.m4b":              {ftyp("M4B "), DisplayAudio, "audio/mp4"},
		"a.flac":                {"fLaC\x00\x00\x00\x22", DisplayAudio, "audio/flac"},
		"a.aac":                 {"\xff\xf1\x50\x80", DisplayAudio, "audio/aac"},
		"a.ogg":                 {"OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x1e\x01vorbis", DisplayAudio, "audio/ogg"},
		"a.opus":                {"OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x13OpusHead\x01", DisplayAudio, "audio/ogg"},
		"a.mov":                 {ftyp("qt  "), DisplayVideo, "video/mp4"},
		"old.mov without ftyp":  {"\x00\x00\x04\x00moov\x00\x00\x00\x6cmvhd", DisplayVideo, "video/mp4"},
		"wide.mov":              {"\x00\x00\x00\x08wide\x00\x00\x04\x00mdat", DisplayVideo, "video/mp4"},
		"a.m4v":                 {ftyp("M4V "), DisplayVideo, "video/mp4"},
		"a.mp4 of a phone":      {ftyp("mp42"), DisplayVideo, "video/mp4"},
		"a.mp4 of another name": {ftyp("zzzz"), DisplayVideo, "video/mp4"},
		"a.webm":                {ebml("webm"), DisplayVideo, "video/webm"},
		"sound.weba":            {ebml("webm") + "A_OPUS", DisplayVideo, "video/webm"}, // it begins like a film without one
		"a.mkv":                 {ebml("matroska"), DisplayVideo, "video/matroska"},
		"a.3gp":                 {ftyp("3gp4"), DisplayVideo, "video/3gpp"},
		"a.3g2":                 {ftyp("3g2a"), DisplayVideo, "video/3gpp2"},
	} {
		sniffed := Sniff([]byte(c.head))
		if got := TypeOf(sniffed); got.Display != c.display || got.Serve != c.serve || !Inline(sniffed) {
			t.Errorf("%s: %s, %+v", name, sniffed, got)
		}
	}
}
