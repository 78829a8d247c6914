package handlers_test

import (
	"html"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"portico/e2e/storetest"
)

var listRow = regexp.MustCompile(`class="row-name" dir="auto">\s*([^<]*?)\s*</span>\s*<p class="row-meta">\s*(?:<span dir="auto">([^<]*)</span>)?\s*<span[^>]*>([^<]*)</span>`)

// rowsOf are the lines of a list as the page shows them: name, address, role or problem.
func rowsOf(page answer) (rows []string) {
	for _, m := range listRow.FindAllStringSubmatch(page.body, -1) {
		rows = append(rows, html.UnescapeString(strings.TrimSpace(m[1]+" | "+m[2]+" | "+m[3])))
	}
	return rows
}

// Every list that spreadsheets and address books export lands in the right columns, and
// what differs from the file is shown before anybody is invited.
func TestExportedListsLandInTheRightColumns(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	at, mia := "/w/"+a.Acme+"/members/import", s.as(t, a.Mia)
	acme := " of Acme " + a.Suffix
	ada := "Ada Byte | ada@acme.test | Viewer" + acme
	member := "Ada Byte | ada@acme.test | Member" + acme
	both := []string{ada, "Bo Tal | bo@acme.test | Member" + acme}
	for what, c := range map[string]struct {
		list  string
		rows  []string
		shows string
	}{
		"firstlast.csv":                   {input(t, "firstlast.csv"), []string{ada}, "Name: “First Name” and “Last Name”. Address: “Email Address”. Role: “Role”."},
		"outlook.csv":                     {input(t, "outlook.csv"), []string{member}, "“Middle Name”"},
		"cr-only.csv":                     {input(t, "cr-only.csv"), both, "Line 1 is the header row"},
		"sep.csv":                         {input(t, "sep.csv"), []string{ada}, "Line 2 is the header row"},
		"quoted-comma-header.csv":         {input(t, "quoted-comma-header.csv"), []string{"Byte, Ada | ada@acme.test | Viewer" + acme}, "Name: “Name (Last, First)”"},
		"onlymails.txt":                   {input(t, "onlymails.txt"), []string{"Ada | ada@acme.test | Member" + acme, "Bo | bo@acme.test | Member" + acme}, "The name is taken from the address."},
		"Outlook, German":                 {"\"Anrede\",\"Vorname\",\"Weitere Vornamen\",\"Nachname\",\"Suffix\",\"Firma\",\"E-Mail-Adresse\",\"E-Mail-Typ\",\"E-Mail 2: Adresse\"\r\n\"\",\"Ada\",\"\",\"Byte\",\"\",\"Acme; GmbH\",\"ada@acme.test\",\"SMTP\",\"\"\r\n", []string{member}, "Not read: “Firma”, “E-Mail-Typ”."},
		"Outlook, French":                 {"Titre,Prénom,Nom,Société,Adresse de messagerie\r\n,Ada,Byte,Acme,ada@acme.test\r\n", []string{member}, "Name: “Prénom” and “Nom”."},
		"Outlook, Spanish, second column": {"Nombre;Apellidos;Dirección de correo electrónico;Dirección del correo electrónico 2\r\nAda;Byte;;ada@acme.test\r\n", []string{member}, "correo electrónico 2"},
		"Outlook, second address":         {"First Name,Last Name,E-mail Address,E-mail 2 Address\r\nAda,Byte,,ada@acme.test\r\n", []string{member}, "E-mail 2 Address"},
		"Google, new":                     {"First Name,Middle Name,Last Name,Nickname,File As,Organization Name,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Value\nAda,,Byte,,,Acme,* myContacts,* Work,ada@acme.test ::: ada@home.test,+1 555\n", []string{member}, "The first of several addresses."},
		"Google, old":                     {"Name,Given Name,Additional Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value\nAda Byte,Ada,,Byte,* My Contacts,* Work,ada@acme.test\n", []string{member}, ""},
		"Google Workspace":                {"First Name [Required],Last Name [Required],Email Address [Required],Password [Required]\nAda,Byte,ada@acme.test,secret\n", []string{member}, "Not read"},
		"Thunderbird":                     {"First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email\nAda,Byte,Countess,,ada@acme.test,\n", []string{member}, ""},
		"Numbers, with its table's name":  {"Table 1,,\nName,Email,Role\nAda Byte,ada@acme.test,viewer\nBo Tal,bo@acme.test,\n", both, "Line 1, “Table 1”, is above the header row and was skipped."},
		"Excel, tabs, empty first cells":  {"Company\tName\tE-mail\tRole\r\n\tAda Byte\tada@acme.test\tviewer\r\n\tBo Tal\tbo@acme.test\t\r\n", both, ""},
		"Excel, tabs, no names, empty":    {"\t\tAda Byte\tada@acme.test\tviewer\r\n\t\tBo Tal\tbo@acme.test\t\r\n", both, ""},
		"Excel, UTF-16":                   {encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String, "Name\tE-mail\tRole\r\nÉva Łoś\tada@acme.test\tviewer\r\n"), []string{"Éva Łoś | ada@acme.test | Viewer" + acme}, ""},
		"Excel, Western":                  {encode(t, charmap.Windows1252.NewEncoder().String, "Vorname;Name;E-Mail\r\nJürgen;Müller;ada@acme.test\r\n"), []string{"Jürgen Müller | ada@acme.test | Member" + acme}, "The file isn't Unicode"},
		"Excel, Mac":                      {encode(t, charmap.Macintosh.NewEncoder().String, "Vorname;Name;E-Mail\rJürgen;Müller;ada@acme.test\r"), []string{"Jürgen Müller | ada@acme.test | Member" + acme}, "The file isn't Unicode"},
		"last name first":                 {"Last Name,First Name,Email\nByte,Ada,ada@acme.test\n", []string{member}, ""},
		"Russian":                         {"Фамилия;Имя;Адрес электронной почты\nПетров;Иван;ada@acme.test\n", []string{"Иван Петров | ada@acme.test | Member" + acme}, ""},
		"Chinese":                         {"姓,名,电子邮件地址\n王,小明,ada@acme.test\n", []string{"王小明 | ada@acme.test | Member" + acme}, ""},
		"Japanese":                        {"姓,名,電子メール アドレス\nやまだ,太郎,ada@acme.test\n", []string{"やまだ 太郎 | ada@acme.test | Member" + acme}, ""},
		"Polish":                          {"Imię;Nazwisko;Adres e-mail\nAda;Byte;ada@acme.test\n", []string{member}, ""},
		"a language nobody listed":        {"Jina;Barua pepe\nAda Byte;ada@acme.test\n", []string{member}, "Name: “Jina”. Address: “Barua pepe”."},
		"a postal address too":            {"Name,Address,Email\nAda Byte,12 High Street,ada@acme.test\n", []string{member}, ""},
		"no names, first and last":        {"Ada,Byte,ada@acme.test,viewer\nBo,Tal,bo@acme.test,\n", both, "Name: column 1 and column 2."},
		"no names, the address first":     {"ada@acme.test;Ada Byte;viewer\nbo@acme.test;Bo Tal;\n", both, "Address: column 1."},
		"no names, the role first":        {"viewer,Ada Byte,ada@acme.test\nmember,Bo Tal,bo@acme.test\n", both, ""},
		"only names and addresses":        {"Ada Byte <ada@acme.test>; Bo Tal <bo@acme.test>;", []string{member, both[1]}, ""},
		"names and addresses in lines":    {"Ada Byte <ada@acme.test>\nBo Tal <mailto:bo@acme.test>", []string{member, both[1]}, ""},
		"one column with its name":        {"E-Mail\r\nada.byte@acme.test\r\n", []string{"Ada Byte | ada.byte@acme.test | Member" + acme}, "The name is taken from the address."},
		"a line break in a cell":          {"Name,Email\n\"Ada\nByte\",ada@acme.test\n", []string{member}, ""},
		"no dot in the domain":            {"Nora,nora@acme", []string{"Nora |  | “nora@acme” is not an email address. The part after the @ needs a full domain, such as acme.example."}, ""},
	} {
		page := mia.sendList(t, at, c.list)
		if got := rowsOf(page); strings.Join(got, "\n") != strings.Join(c.rows, "\n") {
			t.Errorf("%s: status %d\n%s\ninstead of\n%s", what, page.status, strings.Join(got, "\n"), strings.Join(c.rows, "\n"))
		}
		if !strings.Contains(html.UnescapeString(page.body), c.shows) {
			t.Errorf("%s: the page does not show %q", what, c.shows)
		}
	}
	if n := openInvites(t, a.Acme); n != 0 {
		t.Errorf("%d invitations before any list was confirmed", n)
	}
}

// A file whose letters were read wrong is read again as its sender says, and then
// invited as shown.
func TestLettersOfAListCanBeChosen(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	at, mia := "/w/"+a.Acme+"/members/import", s.as(t, a.Mia)
	list := encode(t, charmap.Windows1253.NewEncoder().String, "Όνομα;Email\r\nΕλένη Παππά;eleni@"+a.Suffix+".test\r\n")
	first := mia.sendList(t, at, list)
	want(t, "as English", first, http.StatusOK)
	if strings.Contains(first.body, "Ελένη") {
		t.Fatal("the sample is read without help")
	}
	form := url.Values{"people": {"what was shown"}, "raw": {between(first.body, `name="raw" value="`, `"`)}, "charset": {"windows-1253"}, "act": {"reread"}}
	again := mia.post(t, at, form)
	want(t, "as Greek", again, http.StatusOK)
	if got := rowsOf(again); len(got) != 1 || !strings.HasPrefix(got[0], "Ελένη Παππά | eleni@") {
		t.Fatalf("rows %q", got)
	}
	text := strings.TrimSpace(html.UnescapeString(between(again.body, `<textarea`, "</textarea>")))
	text = text[strings.Index(text, ">")+1:]
	want(t, "invite", confirmList(t, mia, at, text, again), http.StatusSeeOther)
	if n := openInvites(t, a.Acme); n != 1 {
		t.Errorf("%d invitations", n)
	}
}

func input(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/lists/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func encode(t *testing.T, as func(string) (string, error), text string) string {
	t.Helper()
	s, err := as(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A list with a column too many is refused with words, however many there are. What is
// just narrow enough is read, and so are addresses in one line, which are no columns.
func TestListsOfTooManyColumnsAreRefused(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	at, mia := "/w/"+a.Acme+"/members/import", s.as(t, a.Mia)
	wide := func(columns int) string {
		return "Name,Email" + strings.Repeat(",x", columns-2) + "\nAda Byte,ada@acme.test" + strings.Repeat(",y", min(columns, 250)-2) + "\n"
	}
	for what, list := range map[string]string{
		"one too many": wide(201),
		"100,000":      wide(100_000),
		"in one line":  "Name,Email\nAda Byte,ada@acme.test" + strings.Repeat(",", 199) + "\n",
		"no names":     "Ada Byte,ada@acme.test" + strings.Repeat(",y", 199) + "\n",
	} {
		page := mia.sendList(t, at, list)
		want(t, what, page, http.StatusUnprocessableEntity)
		if !strings.Contains(page.body, "more than 200 columns") {
			t.Errorf("%s: the page doesn't say so: %q", what, rowsOf(page))
		}
	}
	for what, list := range map[string]string{
		"200 columns": wide(200),
		"addresses":   "ada@acme.test" + strings.Repeat(";", 300),
	} {
		if rows := rowsOf(mia.sendList(t, at, list)); len(rows) != 1 || !strings.Contains(rows[0], "ada@acme.test") {
			t.Errorf("%s: %q", what, rows)
		}
	}
}
