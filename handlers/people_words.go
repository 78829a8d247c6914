package handlers

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// column is what a column of a list of people holds.
type column string

const (
	colUnknown column = ""
	colName    column = "name" // the whole name; with a first or a last name beside it, the other one
	colGiven   column = "given"
	colMiddle  column = "middle"
	colFamily  column = "family"
	colShown   column = "shown" // a name to show, if there is no other
	colEmail   column = "email"
	colEmail2  column = "email2" // an address to use if the first is empty
	colRole    column = "role"
	colSide    column = "side"
)

// headings are the names of columns as spreadsheets and address books write them, in
// their languages, in the form of [heading]. Addresses are also found by their @.
var headings = wordsOf(map[column]string{
	colName: `name|full name|contact name|contact|person|who|client name|names
		|vollstandiger name|vor und nachname|vorname und nachname|voller name|ansprechpartner
		|nom|nom complet|nom et prenom|prenom et nom|nom prenom|prenom nom|nombre|nombre completo|nombre y apellidos|nome|nome completo|nome e cognome|nome e sobrenome
		|naam|volledige naam|namn|fullstandigt namn|navn|fullt navn|fulde navn|fuldt navn|nimi|koko nimi|imie i nazwisko|jmeno|cele jmeno|jmeno a prijmeni|meno|meno a priezvisko|cele meno
		|nev|teljes nev|nume|nume complet|ime|ime i prezime|ad|isim|ad soyad|adi soyadi|tam ad|имя|полное имя|имя и фамилия|фио|ім я|повне ім я|піб|име|пълно име
		|ονομα|ονοματεπωνυμο|πληρες ονομα|名前|お名前|氏名|姓名|フルネーム|名字|全名|이름|성명|전체 이름|שם|שם מלא|الاسم|الاسم الكامل|ชื่อ|ชื่อเต็ม|ชื่อ นามสกุล|ten|ho ten|ho va ten`,
	colGiven: `first name|first|given name|given|firstname|forename|givenname|vorname|rufname|prenom|nombre de pila|primer nombre|primeiro nome|nome proprio|voornaam|roepnaam
		|fornamn|fornavn|etunimi|imie|krestni jmeno|krstne meno|keresztnev|utonev|prenume|adi|ilk ad|名|ファーストネーム|given name yomi|שם פרטי|الاسم الأول|ชื่อจริง|личное имя|μικρο ονομα`,
	colMiddle: `middle name|middle|additional name|middlename|other names|weitere vornamen|zweiter vorname|2 vorname|deuxieme prenom|autres prenoms|segundo nombre|secondo nome|altri nomi
		|segundo nome|nome do meio|tussenvoegsel|tweede naam|mellannamn|mellomnavn|mellemnavn|toinen nimi|drugie imie|prostredni jmeno|отчество|второе имя|по батькові|ikinci ad|ミドル ネーム|中间名|中間名|중간 이름`,
	colFamily: `last name|last|family name|family|lastname|surname|familyname|nachname|familienname|zuname|nom de famille|apellido|apellidos|primer apellido|segundo apellido|sobrenome|apelido|ultimo nome
		|cognome|achternaam|familienaam|efternamn|etternavn|efternavn|sukunimi|nazwisko|prijmeni|priezvisko|prezime|priimek|vezeteknev|csaladnev|nume de familie|soyad|soyadi|фамилия|прізвище|фамилно име|презиме
		|επωνυμο|επιθετο|姓|姓氏|苗字|名字 姓|성|שם משפחה|اسم العائلة|الكنية|اللقب|นามสกุล|ho`,
	colShown: `display name|displayname|anzeigename|file as|nickname|spitzname|nom affiche|nom d affichage|nombre para mostrar|nome visualizzato|nome de exibicao|weergavenaam|visningsnamn|visningsnavn
		|nazwa wyswietlana|表示名|显示名称|表示名前|표시 이름|отображаемое имя`,
	colEmail: `email|e mail|mail|email address|e mail address|mail address|emails|primary email|work email|business email|e mail value|email value|address|user principal name
		|emailadresse|e mail adresse|mailadresse|mail adresse|elektronische adresse|adresse e mail|adresse email|adresse mail|adresse de messagerie|adresse electronique|adresse courriel|adresse de courriel|courriel|mel|messagerie
		|correo|correo electronico|direccion de correo electronico|direccion de correo|direccion de email|direccion email|email direccion|endereco de email|endereco de e mail|endereco de correio eletronico|endereco de correio electronico|correio eletronico|correio electronico
		|indirizzo e mail|indirizzo email|indirizzo di posta elettronica|posta elettronica|indirizzo mail|e mailadres|emailadres|mailadres|e postadress|epostadress|e post|epost|e postadresse|epostadresse|e mailadresse|mailadresser
		|sahkoposti|sahkopostiosoite|adres e mail|adres email|adres poczty elektronicznej|poczta|poczta elektroniczna|e mailova adresa|emailova adresa|e mail cim|email cim|emailcim|adresa de e mail|adresa e mail|adresa de email
		|e posta|eposta|e posta adresi|eposta adresi|электронная почта|адрес электронной почты|эл почта|почта|e mail адрес|електронна пошта|адреса електронної пошти|електронна поща|имейл|имейл адрес
		|ηλεκτρονικη διευθυνση|διευθυνση ηλεκτρονικου ταχυδρομειου|διευθυνση email|email διευθυνση|ηλεκτρονικο ταχυδρομειο|メール|メールアドレス|電子メール|電子メール アドレス|eメール|电子邮件|电子邮件地址|邮箱|邮箱地址|邮件|電子郵件|電子郵件地址|電郵
		|이메일|이메일 주소|전자 메일|전자 메일 주소|메일|דואר אלקטרוני|כתובת דואר אלקטרוני|אימייל|דואל|البريد الإلكتروني|عنوان البريد الإلكتروني|بريد إلكتروني|อีเมล|ที่อยู่อีเมล|dia chi email|thu dien tu`,
	colEmail2: `secondary email|other email|home email|private email|alternate email|recovery email`,
	colRole:   `role|rolle|rol|ruolo|papel|rola|roll|rooli|роль|role in portal|役割|角色|역할|szerep`,
	colSide:   `side|party|belongs to|seite`,
})

func wordsOf(lists map[column]string) map[string]column {
	words := map[string]column{}
	for col, list := range lists {
		for word := range strings.SplitSeq(list, "|") {
			words[heading(word)] = col
		}
	}
	return words
}

// heading returns the name of a column without case, accents, punctuation and remarks
// in brackets, so that "E-mail Address [Required]" is "e mail address".
func heading(cell string) string {
	var plain strings.Builder
	deep := 0
	for _, c := range norm.NFKD.String(strings.ToLower(cell)) {
		switch {
		case strings.ContainsRune("([{", c):
			deep++
		case strings.ContainsRune(")]}", c):
			deep = max(deep-1, 0)
		case deep > 0, unicode.Is(unicode.Mn, c):
		case c == 'ł':
			plain.WriteByte('l')
		case c == 'ø':
			plain.WriteByte('o')
		case c == 'đ':
			plain.WriteByte('d')
		case c == 'ı':
			plain.WriteByte('i')
		case unicode.IsLetter(c), unicode.IsNumber(c), unicode.Is(unicode.Mc, c):
			plain.WriteRune(c)
		default:
			plain.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(plain.String()), " ")
}

// columnOf returns what a column with that name holds. Of several addresses, as in
// "E-mail 2 Address", the first one counts.
func columnOf(cell string) column {
	words := strings.Fields(heading(cell))
	if col, ok := headings[strings.Join(words, " ")]; ok {
		return col
	}
	second := false
	for i, w := range words {
		if len(w) == 1 && w[0] >= '1' && w[0] <= '9' {
			second = w != "1"
			words = append(append([]string{}, words[:i]...), words[i+1:]...)
			break
		}
	}
	col := headings[strings.Join(words, " ")]
	if col == colEmail && second {
		return colEmail2
	}
	return col
}
