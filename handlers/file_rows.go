package handlers

import (
	"strings"

	"portico/files"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// fileRow is a file as the page of its deliverable shows it.
func fileRow(base views.Base, f store.File, canDelete bool) views.FileRow {
	id := f.ID.String()
	row := views.FileRow{
		ID:          id,
		Name:        f.Name,
		Kind:        fileKind(f.ContentType),
		Type:        typeWord(f.ContentType),
		Size:        ui.Size(f.Size),
		DownloadURL: base.File(id),
		CanDelete:   canDelete,
	}
	if f.State != store.FileReady {
		row.State, row.DownloadURL = views.StateWaiting, ""
		row.Problem = "The upload isn't complete. Choose the same file again to continue."
		return row
	}
	if f.Missing {
		row.State, row.DownloadURL = views.StateMissing, ""
		row.Problem = "This file is missing from our storage. Anyone who has it can upload it again."
		return row
	}
	if files.Inline(f.ContentType) {
		row.InlineURL = base.FileInline(id)
	}
	if f.Preview {
		row.ThumbURL = base.FilePreview(id)
	}
	return row
}

// fileKind is how a page may show a content type, which was sniffed from the bytes.
// Types that can contain scripts, such as SVG, are only downloaded.
func fileKind(contentType string) views.FileKind {
	switch contentType {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif":
		return views.FileImage
	case "application/pdf":
		return views.FilePDF
	case "video/mp4", "video/webm":
		return views.FileVideo
	case "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/webm":
		return views.FileAudio
	}
	return views.FileOther
}

// typeWord is a content type in words.
func typeWord(contentType string) string {
	major, minor, _ := strings.Cut(strings.Split(contentType, ";")[0], "/")
	short := strings.ToUpper(minor)
	switch {
	case contentType == "application/pdf":
		return "PDF"
	case major == "image" && minor == "svg+xml":
		return "SVG drawing"
	case major == "image":
		return short + " image"
	case major == "video":
		return short + " video"
	case major == "audio":
		return short + " audio"
	case major == "text" && minor == "plain":
		return "Text"
	case contentType == "application/zip":
		return "ZIP archive"
	case contentType == "":
		return ""
	}
	return "File"
}
