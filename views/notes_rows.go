package views

import (
	"github.com/a-h/templ"

	"portico/views/ui"
)

// noteRows lists notes, each with what was said in it and what the reader can do with it.
func noteRows(c Chrome, p NotesProps) templ.Component {
	return ui.Write(func(m *ui.Markup) {
		m.Raw(`<ol class="note-list">`)
		for i := range p.List {
			noteRow(m, c, &p, &p.List[i])
		}
		m.Raw(`</ol>`)
	})
}

func noteRow(m *ui.Markup, c Chrome, p *NotesProps, n *Note) {
	m.Raw(`<li class="note" id="`)
	m.Text(n.Anchor)
	m.Raw(`" tabindex="-1" data-note`)
	m.RawIf(n.Team, ` data-team`)
	m.Raw(`><div class="note-head"><span class="note-number"`)
	m.RawIf(n.Team, ` data-team`)
	m.Raw(`><span class="sr-only">Note </span>`)
	m.Text(n.Label)
	m.Raw(`</span>`)
	noteRowWhere(m, n)
	m.Raw(`</div><ul class="note-comments">`)
	for i := range n.Comments {
		commentRow(m, c, p, n, &n.Comments[i])
		if i == 0 && n.AloneURL != "" && n.Said > len(n.Comments) && p.AloneURL == "" {
			m.Raw(`<li><a class="note-act" href="`)
			m.URL(n.AloneURL)
			m.Raw(`">`)
			m.Count(n.Said-len(n.Comments), "earlier reply", "earlier replies")
			m.Raw(`</a></li>`)
		}
	}
	m.Raw(`</ul>`)
	if n.Done {
		m.Raw(`<p class="note-done">`)
		m.Icon("circle-check")
		m.Raw(`<span>Done `)
		m.Ago(c.Dates, n.DoneAt)
		if n.DoneBy != "" {
			m.Raw(` by <span dir="auto">`)
			m.Text(n.DoneBy)
			m.Raw(`</span>`)
		}
		m.Raw(`</span></p>`)
	}
	if p.Form != nil {
		noteRowActs(m, c, p, n)
	}
	m.Raw(`</li>`)
}

func noteRowWhere(m *ui.Markup, n *Note) {
	if n.WhereURL == "" {
		m.Raw(`<span class="note-where">`)
		m.Text(noteWhere(*n))
		m.Raw(`</span>`)
		return
	}
	m.Raw(`<a class="note-where" href="`)
	m.URL(n.WhereURL)
	m.Raw(`" dir="auto"`)
	m.RawIf(n.Seek != "", ` data-seek`)
	m.Raw(`>`)
	m.Text(n.Where)
	m.Raw(`</a>`)
}

func commentRow(m *ui.Markup, c Chrome, p *NotesProps, n *Note, k *NoteComment) {
	m.Raw(`<li class="note-comment"`)
	m.RawIf(k.Team && !n.Team, ` data-team`)
	m.Raw(`><p class="note-by"><strong dir="auto">`)
	m.Text(k.Author)
	m.Raw(`</strong> <span class="note-meta">`)
	m.Ago(c.Dates, k.At)
	m.RawIf(k.Edited, ` · edited`)
	m.RawIf(k.Earlier, ` · earlier version`)
	if k.Named != "" {
		m.Raw(` · to <bdi>`)
		m.Text(k.Named)
		m.Raw(`</bdi>`)
	}
	m.Raw(`</span>`)
	if n.Marked {
		m.Raw(` <span class="note-sees"`)
		m.RawIf(k.Team, ` data-team`)
		m.Raw(` dir="auto">`)
		if k.Team {
			m.Icon("lock")
		} else {
			m.Icon("eye")
		}
		m.Text(whoSees(k.Team, p.Client))
		m.Raw(`</span>`)
	}
	m.Raw(`</p><p class="prose" dir="auto">`)
	m.Text(k.Words)
	if k.Shortened {
		m.Raw(`… <a href="`)
		m.URL(n.AloneURL)
		m.Raw(`">Read all</a>`)
	}
	m.Raw(`</p>`)
	if k.CanEdit && p.Form != nil {
		commentEdit(m, c, p, k)
	}
	m.Raw(`</li>`)
}

func commentEdit(m *ui.Markup, c Chrome, p *NotesProps, k *NoteComment) {
	m.Raw(`<details class="note-more"><summary>Edit</summary><form class="stack" method="post" action="`)
	m.URL(c.Base.Comment(k.ID))
	m.Raw(`">`)
	shownRow(m, p)
	noteField(m, "edit-", k.ID, "Your words", k.Words, "You can change them for ten minutes. Readers see that they were edited.", false)
	m.Raw(`<div class="form-end"><button class="button" type="submit">Save</button></div></form></details>`)
}

// noteField is a field for words.
func noteField(m *ui.Markup, kind, id, label, words, hint string, invalid bool) {
	m.Raw(`<div class="field"`)
	m.RawIf(invalid, ` data-invalid`)
	m.Raw(`><label for="`)
	m.Text(kind)
	m.Text(id)
	m.Raw(`">`)
	m.Text(label)
	m.Raw(`</label><textarea class="input" id="`)
	m.Text(kind)
	m.Text(id)
	m.Raw(`" name="words" rows="3" dir="auto" required data-most="10000">`)
	if words != "" {
		m.Raw("\n") // the parser drops it, and would drop one of the words
		m.Text(words)
	}
	m.Raw(`</textarea>`)
	if hint != "" {
		m.Raw(`<p class="hint">`)
		m.Text(hint)
		m.Raw(`</p>`)
	}
	m.Raw(`</div>`)
}

// shownRow is [shownWith].
func shownRow(m *ui.Markup, p *NotesProps) {
	m.Raw(`<input type="hidden" name="shown" value="`)
	m.Text(p.ShownFile)
	m.Raw(`">`)
	if p.ShownPage != "" {
		m.Raw(`<input type="hidden" name="shown_page" value="`)
		m.Text(p.ShownPage)
		m.Raw(`">`)
	}
	m.RawIf(p.All, `<input type="hidden" name="shown_on" value="all">`)
}

// noteRowActs are what the reader can do with a note.
func noteRowActs(m *ui.Markup, c Chrome, p *NotesProps, n *Note) {
	m.Raw(`<div class="note-acts">`)
	replyForm(m, c, p, n)
	if n.CanShow {
		showForm(m, c, p, n)
	}
	m.Raw(`<form method="post" action="`)
	if n.Done {
		m.URL(c.Base.NoteReopen(n.ID))
		m.Raw(`">`)
		shownRow(m, p)
		m.Raw(`<button class="note-act" type="submit" aria-label="Reopen note `)
		m.Text(n.Label)
		m.Raw(`">Reopen</button>`)
	} else {
		m.URL(c.Base.NoteResolve(n.ID))
		m.Raw(`">`)
		shownRow(m, p)
		m.Raw(`<button class="note-act" type="submit">`)
		m.Icon("check")
		m.Raw(`<span>Mark<span class="sr-only"> note `)
		m.Text(n.Label)
		m.Raw(`</span> as done</span></button>`)
	}
	m.Raw(`</form></div>`)
}

func replyForm(m *ui.Markup, c Chrome, p *NotesProps, n *Note) {
	m.Raw(`<details class="note-more"`)
	m.RawIf(n.ReplyError != "", ` open`)
	m.Raw(`><summary aria-label="Reply to note `)
	m.Text(n.Label)
	m.Raw(`">Reply</summary><form class="stack" method="post" action="`)
	m.URL(c.Base.NoteReply(n.ID))
	m.Raw(`"><input type="hidden" name="form_key" value="`)
	m.Text(n.FormKey)
	m.Raw(`">`)
	shownRow(m, p)
	if n.ReplyError != "" {
		m.Raw(`<div class="notice" data-tone="bad" role="alert" tabindex="-1" data-focus>`)
		m.Icon("circle-alert")
		m.Raw(`<p><strong>Nothing has been saved yet.</strong> `)
		m.Text(n.ReplyError)
		m.Raw(`</p></div>`)
	}
	noteField(m, "reply-", n.ID, "Your reply", n.Reply, "", n.ReplyError != "")
	if hint := p.Form.hint(); hint != "" {
		m.Raw(`<p class="hint">`)
		m.Text(hint)
		m.Raw(`</p>`)
	}
	if n.Marked {
		replySees(m, p, n)
	}
	m.Raw(`<div class="form-end"><button class="button" data-kind="primary" type="submit"`)
	if n.Marked && !n.Team {
		m.Raw(` data-to-client="Reply to `)
		m.Text(p.Client)
		m.Raw(`"`)
	}
	m.Raw(`>Save reply</button></div></form></details>`)
}

// replySees is [whoSeesIt] for a reply.
func replySees(m *ui.Markup, p *NotesProps, n *Note) {
	if n.Team {
		m.Raw(`<input type="hidden" name="visibility" value="team" data-keep><p class="hint">Our team only.</p>`)
		return
	}
	choice := func(value string, checked bool) {
		m.Raw(`<div class="sees-choice"><input type="radio" id="reply-`)
		m.Text(n.ID)
		m.Raw(`-`)
		m.Text(value)
		m.Raw(`" name="visibility" value="`)
		m.Text(value)
		m.Raw(`"`)
		m.RawIf(checked, ` checked`)
		m.Raw(`><label for="reply-`)
		m.Text(n.ID)
		m.Raw(`-`)
		m.Text(value)
		m.Raw(`" dir="auto">`)
	}
	m.Raw(`<fieldset class="sees"><legend>Who sees it</legend>`)
	choice("team", true)
	m.Raw(`Our team only</label></div>`)
	choice("client", false)
	m.Text(p.Client)
	m.Raw(` sees this</label></div></fieldset>`)
}

// showForm chooses what the client will see of a note.
func showForm(m *ui.Markup, c Chrome, p *NotesProps, n *Note) {
	m.Raw(`<details class="note-more"`)
	m.RawIf(n.ShowError != "", ` open`)
	m.Raw(`><summary aria-label="`)
	m.Text(showVerb(*n) + p.Client + ": note " + n.Label)
	m.Raw(`"><span>`)
	m.Text(showVerb(*n))
	m.Raw(`<span dir="auto">`)
	m.Text(p.Client)
	m.Raw(`</span></span></summary><form class="stack" method="post" action="`)
	m.URL(c.Base.NoteShow(n.ID))
	m.Raw(`" data-unkept>`)
	shownRow(m, p)
	m.Raw(`<fieldset class="checks"><legend>What <span dir="auto">`)
	m.Text(p.Client)
	m.Raw(`</span> will see</legend>`)
	if n.ShowError != "" {
		m.Raw(`<p class="field-error" role="alert" tabindex="-1" data-focus>`)
		m.Icon("circle-alert")
		m.Raw(`<span>`)
		m.Text(n.ShowError)
		m.Raw(`</span></p>`)
	}
	for i := range n.Comments {
		k := &n.Comments[i]
		if !k.Team || k.Earlier {
			continue
		}
		m.Raw(`<div class="check"><input type="checkbox" id="show-`)
		m.Text(k.ID)
		m.Raw(`" name="comment" value="`)
		m.Text(k.ID)
		m.Raw(`"><label for="show-`)
		m.Text(k.ID)
		m.Raw(`" dir="auto">`)
		m.Text(k.Author)
		m.Raw(`: `)
		m.Text(k.Words)
		m.RawIf(k.Shortened, `…`)
		m.Raw(`</label></div>`)
	}
	m.Raw(`</fieldset><p class="hint">What you don't tick stays with your team. What you show can't be hidden again.`)
	if n.AloneURL != "" && n.Said > len(n.Comments) {
		m.Raw(` <a href="`)
		m.URL(n.AloneURL)
		m.Raw(`">All replies</a>`)
	}
	m.Raw(`</p><div class="form-end"><button class="button" type="submit">Show what is ticked</button></div></form></details>`)
}
