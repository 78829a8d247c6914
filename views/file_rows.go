package views

import (
	"github.com/a-h/templ"

	"portico/views/ui"
)

var fileIcons = map[FileKind]ui.Piece{
	FileImage: ui.IconPiece("file-image"), FilePDF: ui.IconPiece("file-text"), FileVideo: ui.IconPiece("file-video"),
	FileAudio: ui.IconPiece("file-audio"), FileText: ui.IconPiece("file-text"), FileOther: ui.IconPiece("file"),
}

// fileRows lists the files of a version.
func fileRows(c Chrome, p DeliverableShowProps) templ.Component {
	return ui.Write(func(m *ui.Markup) {
		m.Raw(`<ul class="rows" data-kind="files">`)
		for i := range p.Files {
			f := &p.Files[i]
			m.Raw(`<li class="row"><span class="row-icon">`)
			if f.ThumbURL != "" {
				m.Raw(`<img src="`)
				m.URL(f.ThumbURL)
				m.Raw(`" alt="" width="36" height="36" loading="lazy" decoding="async">`)
			} else {
				m.Piece(fileIcons[f.Kind])
			}
			m.Raw(`</span>`)
			fileRowMain(m, f, p.Hero != nil && p.Hero.ID == f.ID)
			fileRowEnd(m, c, f, p.LeadSeen)
			m.Raw(`</li>`)
		}
		m.Raw(`</ul>`)
	})
}

func fileRowMain(m *ui.Markup, f *FileRow, current bool) {
	name := fileName(*f)
	m.Raw(`<div class="row-main"><a class="row-link" href="`)
	m.URL(f.URL)
	m.Raw(`" dir="auto" title="`)
	m.Text(name)
	m.Raw(`"`)
	m.RawIf(current, ` aria-current="true"`)
	m.Raw(`>`)
	m.Text(name)
	m.Raw(`</a><p class="row-meta"><span>`)
	m.Text(fileMeta(*f))
	m.Raw(`</span>`)
	m.RawIf(f.Lead, ` <span>Shown first</span>`)
	if f.Notes > 0 {
		m.Raw(` <span>`)
		m.Count(f.Notes, "open note", "open notes")
		m.Raw(`</span>`)
	}
	if f.Problem != "" {
		m.Raw(` <span class="row-problem">`)
		m.Text(f.Problem)
		m.Raw(`</span>`)
	}
	m.Raw(`</p></div>`)
}

func fileRowEnd(m *ui.Markup, c Chrome, f *FileRow, leadSeen string) {
	m.Raw(`<div class="row-end">`)
	m.Piece(badges[f.State])
	if f.DownloadURL != "" && f.State == "" {
		m.Raw(`<a class="icon-button" href="`)
		m.URL(f.DownloadURL)
		m.Raw(`" download aria-label="Download `)
		m.Text(f.Name)
		m.Raw(`" title="Download">`)
		m.Icon("download")
		m.Raw(`</a>`)
	}
	if f.CanLead {
		m.Raw(`<form method="post" action="`)
		m.URL(c.Base.FileLead(f.ID))
		m.Raw(`">`)
		if leadSeen != "" {
			m.Raw(`<input type="hidden" name="seen" value="`)
			m.Text(leadSeen)
			m.Raw(`">`)
		}
		m.Raw(`<button class="icon-button" type="submit" aria-label="Show `)
		m.Text(f.Name)
		m.Raw(` first" title="Show first">`)
		m.Icon("arrow-up")
		m.Raw(`</button></form>`)
	}
	if f.CanDelete {
		m.Raw(`<form method="post" action="`)
		m.URL(c.Base.FileDelete(f.ID))
		m.Raw(`"><button class="icon-button" type="submit" aria-label="Move `)
		m.Text(f.Name)
		m.Raw(` to the bin" title="Move to the bin">`)
		m.Icon("trash-2")
		m.Raw(`</button></form>`)
	}
	m.Raw(`</div>`)
}
