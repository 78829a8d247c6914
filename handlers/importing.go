package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"portico/handlers/frame"
	"portico/handlers/spreadsheet"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// importsPerHour is how many lists of people one tenant may invite.
const importsPerHour = 20

func (s *Server) importShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.importPage(w, r, me, http.StatusOK, views.ImportProps{})
}

func (s *Server) importPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, props views.ImportProps) error {
	var plan store.TenantPlan
	var used []store.Usage
	var invited int64
	if err := s.db.Read(r.Context(), me, store.GetPlan(&plan), store.ListUsage(&used), store.CountOpenInvites(&invited)); err != nil {
		return err
	}
	limit, _ := s.db.Plans().Limit(plan, store.Users)
	left := max(0, limit-store.UsedNow(used, store.Users)-invited)
	props.Allowed = ui.Number(left) + " more " + map[bool]string{true: "person", false: "people"}[left == 1]
	if props.Counted > int(left) {
		props.TooMany = tooMany(left, props.Counted)
		if status == http.StatusOK {
			status = http.StatusUnprocessableEntity
		}
		if me.May(store.SeeSettings) {
			props.UsageURL = frame.Base(r, me).Usage()
		}
	}
	props.Most = ui.Count(maxImport, "person", "people")
	props.Sides = me.Party == store.PartyAgency && me.Tenant.Kind == store.TenantClient
	if props.Sides {
		props.Allowed += " on the client's side"
	}
	return views.Render(w, r, status, views.Import(frame.Tenant(r, me), props))
}

// tooMany says that a list has more people who count than the plan still allows.
func tooMany(left int64, people int) string {
	return "The plan allows " + ui.Number(left) + " of these " + ui.Count(people, "person", "people") + "."
}

// importPeople reads a list of people and shows what it read. It invites the people
// only if the form confirms exactly that list and the list has no errors.
func (s *Server) importPeople(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, list, err := importForm(r)
	if err != nil {
		return err
	}
	rows, notes, whole := readPeople(list.text, store.Party(me.Tenant.Kind))
	if list.wrong != "" {
		whole = list.wrong
	}
	if whole != "" {
		return s.importPage(w, r, me, http.StatusUnprocessableEntity,
			list.show(views.ImportProps{Text: displayText(list.text), Errors: ui.Errors{"people": whole}}))
	}
	if err := s.checkRows(r, me, rows); err != nil {
		return err
	}
	props := list.show(importProps(me, list.text, rows, notes))
	people, lines := invitable(rows)
	if props.Checked == "" || f.Raw("act") != "invite" || f.Raw("checked") != props.Checked {
		status := http.StatusOK
		if props.Wrong > 0 {
			status = http.StatusUnprocessableEntity
		}
		return s.importPage(w, r, me, status, props)
	}
	if err := s.attempts.Count(r.Context(), importsPerHour, time.Hour, "lists of people from "+me.TenantID().String()); err != nil {
		return err
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.InvitePeople(r.Context(), people) })
	listed, isListed := errors.AsType[*store.ListError](err)
	wrong, invalid := errors.AsType[store.InvalidError](err)
	_, isPlanFull := errors.AsType[*store.PlanLimitError](err)
	switch {
	case isPlanFull && !wantsJSON(r): // somebody else was invited since the list was checked
		return s.importPage(w, r, me, http.StatusPaymentRequired, props)
	case isListed && invalid: // invited by somebody else since the list was checked
		row := &rows[lines[listed.Index]]
		row.wrong = wrong["email"]
		return s.importPage(w, r, me, http.StatusUnprocessableEntity, list.show(importProps(me, list.text, rows, notes)))
	case err != nil:
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Members(), "member.list_invited", "")
}

// importList is a list as it was sent.
type importList struct {
	text    string
	raw     []byte // the bytes of a file that is not in Unicode, to read it again
	charset string // how those bytes were read
	wrong   string // why a file can't be read, or ""
}

// importForm reads the list from the file if one was sent, else from the field. A file
// that is not in Unicode comes again with the field, until the reader knows how to read it.
func importForm(r *http.Request) (*web.Form, importList, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if err := r.ParseMultipartForm(web.MaxForm); err != nil {
			return nil, importList{}, formError(err)
		}
	}
	f, err := web.NewForm(r)
	if err != nil {
		return nil, importList{}, err
	}
	content, err := importFile(r)
	switch {
	case err != nil:
		return nil, importList{}, formError(err)
	case len(content) > 0: // browsers send an empty file when none was chosen
		return f, decodeList(content, "", r.Header.Get("Accept-Language")), nil
	}
	raw, err := base64.StdEncoding.DecodeString(f.Raw("raw"))
	if err == nil && len(raw) > 0 && f.Raw("act") == "reread" {
		return f, decodeList(raw, f.Raw("charset"), ""), nil
	}
	list := importList{text: f.Raw("people")}
	if err == nil && len(raw) > 0 {
		list.raw, list.charset = raw, f.Raw("charset_now")
	}
	return f, list, nil
}

func importFile(r *http.Request) ([]byte, error) {
	file, _, err := r.FormFile("file")
	if err != nil {
		return nil, nil //nolint:nilerr // no file was sent
	}
	defer file.Close()
	return io.ReadAll(file)
}

func decodeList(raw []byte, charset, languages string) importList {
	text, charset, err := spreadsheet.Decode(raw, charset, languages)
	list := importList{text: text, charset: charset}
	switch {
	case errors.Is(err, spreadsheet.ErrWorkbook):
		list.wrong = "That file is a workbook. In the spreadsheet, save or download the sheet as “CSV UTF-8” and send that file."
	case err != nil:
		list.wrong = "That file isn't a text file. Save or download the list as “CSV UTF-8” and send that file."
	case charset != "":
		list.raw = raw
	}
	return list
}

// show says on the page how a file was read that is not in Unicode, and offers others.
func (l importList) show(props views.ImportProps) views.ImportProps {
	if len(l.raw) == 0 || len(l.raw) > maxImportBytes {
		return props
	}
	props.Raw, props.Charset = base64.StdEncoding.EncodeToString(l.raw), l.charset
	for _, c := range spreadsheet.Charsets {
		props.Charsets = append(props.Charsets, ui.Option{Value: c.Name, Label: c.Label, Selected: c.Name == l.charset})
	}
	return props
}

// checkRows marks the rows that the member may not invite, and those of people who are
// members or invited already.
func (s *Server) checkRows(r *http.Request, me store.Member, rows []importRow) error {
	var emails []string
	for _, row := range rows {
		if row.wrong == "" {
			emails = append(emails, row.person.Email)
		}
	}
	var known []store.KnownAddress
	var byClient bool
	if err := s.db.Read(r.Context(), me, store.ListKnownAddresses(emails, &known), store.ClientManagesPeople(&byClient)); err != nil {
		return err
	}
	if len(invitableParties(me, byClient)) == 0 {
		return store.ErrForbidden
	}
	here := map[string]string{}
	for _, k := range known {
		here[k.Email] = "Already has access, so is skipped."
		if k.Invited {
			here[k.Email] = "Already invited, so is skipped."
		}
	}
	for i := range rows {
		row := &rows[i]
		p := row.person
		switch {
		case row.wrong != "":
		case p.Party == store.PartyClient && me.Tenant.Kind == store.TenantAgency:
			row.wrong = "An agency has no client side. Invite clients in their own workspace."
		case !me.MayGiveNow(p.Party, p.Role, byClient):
			row.wrong = "You can't invite people as " + strings.ToLower(frame.RoleNames[p.Role]) + " of " + partyName(me, p.Party) + "."
		default:
			row.skipped = here[p.Email]
		}
	}
	return nil
}

// invitable are the people of a list who can be invited, and the indexes of their rows.
func invitable(rows []importRow) (people []store.NewPerson, at []int) {
	for i, row := range rows {
		if row.wrong == "" && row.skipped == "" {
			people, at = append(people, row.person), append(at, i)
		}
	}
	return people, at
}

func importProps(me store.Member, text string, rows []importRow, notes []string) views.ImportProps {
	props := views.ImportProps{Text: displayText(text)}
	for _, n := range notes {
		props.Notes = append(props.Notes, strings.Map(dropControl, n))
	}
	for _, row := range rows {
		props.Rows = append(props.Rows, views.ImportRow{
			Line:  strconv.Itoa(row.line),
			Name:  truncate(strings.Map(dropControl, row.person.Name)),
			Email: row.person.Email,
			Role:  frame.RoleNames[row.person.Role],
			Side:  partyName(me, row.person.Party),
			Wrong: row.wrong,
			Note:  row.note,
			Left:  row.skipped,
		})
		switch {
		case row.wrong != "":
			props.Wrong++
		case row.skipped == "":
			props.Invited++
			if row.person.Party == store.Party(me.Tenant.Kind) {
				props.Counted++
			}
		}
	}
	if props.Wrong == 0 && props.Invited > 0 {
		sum := sha256.Sum256([]byte(displayText(text)))
		props.Checked = hex.EncodeToString(sum[:])
	}
	return props
}

// displayText is a list as a page shows it and a form sends it back, with normalized
// line endings.
func displayText(text string) string {
	text = spreadsheet.Lines(text)
	// Spaces and tabs at the ends of lines separate empty cells.
	return strings.Trim(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return dropControl(r)
	}, strings.ToValidUTF8(text[:min(len(text), maxImportBytes)], "?")), "\n")
}

// dropControl removes control characters, which no page can show.
func dropControl(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}
