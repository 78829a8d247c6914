package handlers

import (
	"portico/files"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// fileRow is a file as the page of its deliverable shows it.
func fileRow(base views.Base, f store.File, canDelete bool) views.FileRow {
	id, kind := f.ID.String(), files.TypeOf(f.ContentType)
	row := views.FileRow{
		ID:          id,
		Folder:      f.Folder,
		Name:        f.Name,
		Lead:        f.Lead,
		Kind:        views.FileKind(kind.Display),
		Type:        kind.Words,
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
	switch {
	case kind.Display == files.DisplayText:
		row.ShownURL = base.FileText(id)
	case kind.ImageOnly:
		row.ShownURL = base.FileDrawing(id)
	case kind.Serve != "":
		row.ShownURL = base.FileInline(id, f.Name)
	}
	if files.Inline(f.ContentType) {
		row.InlineURL = base.FileInline(id, f.Name)
	}
	if f.Preview {
		row.ThumbURL = base.FilePreview(id)
	}
	withMedia(&row, base, f)
	return row
}
