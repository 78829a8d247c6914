package views

import (
	"strconv"

	"portico/views/ui"
)

// uploadLimit says how large a file may be.
func uploadLimit(size int64) string {
	if size <= 0 {
		return "The plan's storage is full."
	}
	return "Files of up to " + ui.Size(size) + " fit."
}

func versionNumber(n int) string { return strconv.Itoa(n) }

func fileIcon(k FileKind) string {
	switch k {
	case FileImage:
		return "file-image"
	case FilePDF:
		return "file-text"
	case FileVideo:
		return "file-video"
	case FileAudio:
		return "file-audio"
	case FileText:
		return "file-text"
	default:
		return "file"
	}
}

// newDraftKind keeps a page at one primary button. While a draft can be published, that is Publish.
func newDraftKind(p DeliverableShowProps) string {
	if p.CanPublish || p.Version != nil {
		return ""
	}
	return "primary"
}

func publishTitle(p DeliverableShowProps) string {
	return "Publish version " + strconv.Itoa(p.Version.Number) + "?"
}

// publishVerb is the label of the button that publishes, with what it leaves out.
func publishVerb(p DeliverableShowProps) string {
	switch len(p.Pending) {
	case 0:
		return "Publish version " + strconv.Itoa(p.Version.Number)
	case 1:
		return "Publish without this file"
	}
	return "Publish without these files"
}

func pendingNames(files []Pending) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
	}
	return ui.Names(names)
}

// notHere goes on after the names of files that are not here yet.
func notHere(files []Pending) string {
	if len(files) == 1 {
		return "hasn't finished uploading. Wait, or choose the same file again to continue. If you publish without it, its upload is cancelled."
	}
	return "haven't finished uploading. Wait, or choose the same files again to continue. If you publish without them, their uploads are cancelled."
}

func deliverableCrumbs(c Chrome, p DeliverableShowProps) []ui.Crumb {
	return []ui.Crumb{{Label: "Projects", URL: c.Base.Projects()}, {Label: p.ProjectName, URL: p.ProjectURL}}
}

func deliverableFormTitle(p DeliverableFormProps) string {
	if p.ID == "" {
		return "New deliverable"
	}
	return "Edit deliverable"
}

func deliverableFormVerb(p DeliverableFormProps) string {
	if p.ID == "" {
		return "Create deliverable"
	}
	return "Save deliverable"
}

func deliverableFormAction(c Chrome, p DeliverableFormProps) string {
	if p.ID == "" {
		return c.Base.ProjectDeliverables(p.ProjectID)
	}
	return c.Base.Deliverable(p.ID)
}

func deliverableFormBack(c Chrome, p DeliverableFormProps) string {
	if p.ID == "" {
		return c.Base.Project(p.ProjectID)
	}
	return c.Base.Deliverable(p.ID)
}

func deliverableFormCrumbs(c Chrome, p DeliverableFormProps) []ui.Crumb {
	crumbs := []ui.Crumb{
		{Label: "Projects", URL: c.Base.Projects()},
		{Label: p.ProjectName, URL: c.Base.Project(p.ProjectID)},
	}
	if p.ID != "" {
		crumbs = append(crumbs, ui.Crumb{Label: p.Title, URL: c.Base.Deliverable(p.ID)})
	}
	return crumbs
}

func deliverableTitleHint(c Chrome, p DeliverableFormProps) string {
	if p.ID != "" {
		return ""
	}
	if p.ProjectHidden {
		return "Only your team can see this project."
	}
	return c.Workspace.Name + " can see it once you publish its first version."
}

// fileMeta returns the type and size of a file, as far as they are known.
func fileMeta(f FileRow) string {
	if f.Type == "" {
		return f.Size
	}
	return f.Type + " · " + f.Size
}

// fileName returns the name of a file with the folder it was dropped in.
func fileName(f FileRow) string {
	if f.Folder == "" {
		return f.Name
	}
	return f.Folder + "/" + f.Name
}

// stageKind returns how the page shows a file; "other" is a tile.
func stageKind(f FileRow) string {
	if f.Kind == FileOther || f.ShownURL == "" || f.State != "" {
		return "other"
	}
	return string(f.Kind)
}

// pageWords says where a reader is. The word is there where a document has pages beside the
// files of a version.
func pageWords(p Paging, of string) string {
	words := strconv.Itoa(p.Number) + " of " + strconv.Itoa(p.Of)
	if of != "file" {
		return "Page " + words
	}
	return words
}

var (
	pagingLabels = map[string]string{"page": "Pages of this document", "file": "Files of this version", "page of notes": "Pages of notes"}
	pagingKeys   = map[string]string{"previous": "left arrow", "next": "right arrow"}
)

func documentPageWords(f FileRow) string { return f.Name + ", page " + strconv.Itoa(f.Page.Number) }

func (r Round) beyond() bool { return r.Agreed > 0 && r.Number > r.Agreed }

// roundWords say which round a version is, to both sides.
func roundWords(r Round) string {
	if r.beyond() {
		return "Round " + strconv.Itoa(r.Number) + ", " + strconv.Itoa(r.Agreed) + " agreed"
	}
	return "Round " + strconv.Itoa(r.Number) + " of " + strconv.Itoa(r.Agreed)
}

func beyondWords(r Round) string {
	return "This is round " + strconv.Itoa(r.Number) + ". You agreed on " + ui.Count(r.Agreed, "round", "rounds") + " with your client, who sees that."
}
