package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// importsPerHour is how many lists one tenant may send mails to.
const importsPerHour = 20

func (s *Server) importShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.importPage(w, r, me, http.StatusOK, views.ImportProps{})
}

func (s *Server) importPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, props views.ImportProps) error {
	props.Most = ui.Count(maxImport, "person", "people")
	props.Sides = me.Party == store.PartyAgency && me.Tenant.Kind == store.TenantClient
	return s.page(w, r, status, views.Import(s.chrome(r, me), props))
}

// importPeople reads a list and shows what it read; a list that was seen like that,
// and in which nothing is wrong, is invited as a whole.
func (s *Server) importPeople(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, text, err := importForm(r)
	if err != nil {
		return err
	}
	rows, whole := readPeople(text, store.Party(me.Tenant.Kind))
	if whole != "" {
		return s.importPage(w, r, me, http.StatusUnprocessableEntity,
			views.ImportProps{Text: shown(text), Errors: ui.Errors{"people": whole}})
	}
	if err := s.judge(r, me, rows); err != nil {
		return err
	}
	props := importProps(me, text, rows)
	people, lines := invitable(rows)
	if props.Checked == "" || f.Raw("act") != "invite" || f.Raw("checked") != props.Checked {
		status := http.StatusOK
		if props.Wrong > 0 {
			status = http.StatusUnprocessableEntity
		}
		return s.importPage(w, r, me, status, props)
	}
	if err := s.countAttempt(r.Context(), importsPerHour, time.Hour, "lists of people from "+me.TenantID().String()); err != nil {
		return err
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.InvitePeople(r.Context(), people) })
	listed, isListed := errors.AsType[*store.ListError](err)
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case isListed && invalid: // somebody was faster than this list
		row := &rows[lines[listed.Index]]
		row.wrong = wrong["email"]
		return s.importPage(w, r, me, http.StatusUnprocessableEntity, importProps(me, text, rows))
	case err != nil:
		return err
	}
	return done(w, r, baseOf(r, me).Members(), "member.list_invited", "")
}

// importForm reads the list from the file if one was sent, else from the field.
func importForm(r *http.Request) (*web.Form, string, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if err := r.ParseMultipartForm(web.MaxForm); err != nil {
			return nil, "", formError(err)
		}
	}
	f, err := web.NewForm(r)
	if err != nil {
		return nil, "", err
	}
	file, _, err := r.FormFile("file")
	if err != nil {
		return f, f.Raw("people"), nil // none was sent
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, "", formError(err)
	}
	if len(content) == 0 {
		return f, f.Raw("people"), nil // a browser sends an empty one for none
	}
	return f, string(content), nil
}

// judge says of each line whether the member may invite that person, and whether
// they are here already.
func (s *Server) judge(r *http.Request, me store.Member, rows []importRow) error {
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
	if len(parties(me, byClient)) == 0 {
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
			row.wrong = "You can't invite people as " + strings.ToLower(roleWords[p.Role]) + " of " + sideOf(me, p.Party) + "."
		default:
			row.left = here[p.Email]
		}
	}
	return nil
}

// invitable are the people of a list who can be invited, and where in it they stand.
func invitable(rows []importRow) (people []store.NewPerson, at []int) {
	for i, row := range rows {
		if row.wrong == "" && row.left == "" {
			people, at = append(people, row.person), append(at, i)
		}
	}
	return people, at
}

func importProps(me store.Member, text string, rows []importRow) views.ImportProps {
	props := views.ImportProps{Text: shown(text)}
	for _, row := range rows {
		props.Rows = append(props.Rows, views.ImportRow{
			Line:  strconv.Itoa(row.line),
			Name:  clip(strings.Map(visible, row.person.Name)),
			Email: row.person.Email,
			Role:  roleWords[row.person.Role],
			Side:  sideOf(me, row.person.Party),
			Wrong: row.wrong,
			Left:  row.left,
		})
		switch {
		case row.wrong != "":
			props.Wrong++
		case row.left == "":
			props.Invited++
		}
	}
	if props.Wrong == 0 && props.Invited > 0 {
		sum := sha256.Sum256([]byte(shown(text)))
		props.Checked = hex.EncodeToString(sum[:])
	}
	return props
}

// shown is a list as a page can hold it and a form sends it back: lines end as one
// field of a form ends them all.
func shown(text string) string {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return visible(r)
	}, strings.ToValidUTF8(text[:min(len(text), maxImportBytes)], "?")))
}

// visible leaves out what no page can show.
func visible(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}
