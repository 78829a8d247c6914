package ui

import (
	"strings"
	"time"
)

// language is how dates are written in one language: 22 Nov 2026 in lists, 22 November 2026 where there is room.
type language struct {
	locale, name string
	lang         string // for screen readers; "" for English, the language of the pages
	attr         string // lang as an HTML attribute
	long, short  [12]string
	days         [7]string // as written at the start of a heading
	afterWeekday string
	afterDay     string // 22. November
	of           string // 22 de noviembre de 2026
	american     bool   // November 22, 2026, and 7:30 PM
}

var english = language{
	long:  names12("January February March April May June July August September October November December"),
	short: names12("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
	days:  names7("Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
}

// languages lists the choices. The first is the default. The names of months and days come from the Common Locale
// Data Repository.
var languages = []language{
	{
		locale: "en-GB", name: "English (United Kingdom)",
		long: english.long, short: english.short, days: english.days, afterWeekday: ", ", of: " ",
	}, {
		locale: "en-US", name: "English (United States)",
		long: english.long, short: english.short, days: english.days, afterWeekday: ", ", american: true,
	}, {
		locale: "de-DE", name: "Deutsch", lang: "de", attr: ` lang="de"`,
		long:  names12("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		short: names12("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
		days:  names7("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag"), afterWeekday: ", ", afterDay: ".", of: " ",
	}, {
		locale: "es-ES", name: "Español", lang: "es", attr: ` lang="es"`,
		long:  names12("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
		short: names12("ene feb mar abr may jun jul ago sept oct nov dic"),
		days:  names7("Domingo Lunes Martes Miércoles Jueves Viernes Sábado"), afterWeekday: ", ", of: " de ",
	}, {
		locale: "fr-FR", name: "Français", lang: "fr", attr: ` lang="fr"`,
		long:  names12("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
		short: names12("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
		days:  names7("Dimanche Lundi Mardi Mercredi Jeudi Vendredi Samedi"), afterWeekday: " ", of: " ",
	}, {
		locale: "it-IT", name: "Italiano", lang: "it", attr: ` lang="it"`,
		long:  names12("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
		short: names12("gen feb mar apr mag giu lug ago set ott nov dic"),
		days:  names7("Domenica Lunedì Martedì Mercoledì Giovedì Venerdì Sabato"), afterWeekday: " ", of: " ",
	}, {
		locale: "nl-NL", name: "Nederlands", lang: "nl", attr: ` lang="nl"`,
		long:  names12("januari februari maart april mei juni juli augustus september oktober november december"),
		short: names12("jan feb mrt apr mei jun jul aug sep okt nov dec"),
		days:  names7("Zondag Maandag Dinsdag Woensdag Donderdag Vrijdag Zaterdag"), afterWeekday: " ", of: " ",
	}, {
		locale: "pt-PT", name: "Português", lang: "pt", attr: ` lang="pt"`,
		long:  names12("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
		short: names12("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
		days:  names7("Domingo Segunda-feira Terça-feira Quarta-feira Quinta-feira Sexta-feira Sábado"), afterWeekday: ", ", of: " de ",
	},
}

func names12(s string) [12]string { return [12]string(strings.Fields(s)) }

func names7(s string) [7]string { return [7]string(strings.Fields(s)) }

func languageOf(locale string) *language {
	for i := range languages {
		if languages[i].locale == locale {
			return &languages[i]
		}
	}
	return nil
}

// LocaleGroups lists the languages of dates, each with a sample date.
func LocaleGroups() []OptionGroup {
	sample := time.Date(2026, time.November, 30, 19, 30, 0, 0, time.UTC)
	options := make([]Option, len(languages))
	for i := range languages {
		w := &languages[i]
		b := w.appendShort(append([]byte(w.name), ": "...), sample.Year(), sample.Month(), sample.Day())
		b = w.appendClock(append(b, ", "...), sample.Hour(), sample.Minute())
		options[i] = Option{Value: w.locale, Label: string(b)}
	}
	return []OptionGroup{{Options: options}}
}

// appendShort writes 22 Nov 2026.
func (w *language) appendShort(b []byte, year int, month time.Month, day int) []byte {
	name := w.short[month-1]
	if w.american {
		b = appendInt(append(append(b, name...), ' '), day)
		return appendInt(append(b, ", "...), year)
	}
	b = append(append(appendInt(b, day), w.afterDay...), ' ')
	return appendInt(append(append(b, name...), ' '), year)
}

// appendLong writes 22 November 2026.
func (w *language) appendLong(b []byte, year int, month time.Month, day int) []byte {
	b = w.appendDayMonth(b, month, day)
	if w.american {
		return appendInt(append(b, ", "...), year)
	}
	return appendInt(append(b, w.of...), year)
}

// appendDayMonth writes 22 November.
func (w *language) appendDayMonth(b []byte, month time.Month, day int) []byte {
	name := w.long[month-1]
	if w.american {
		return appendInt(append(append(b, name...), ' '), day)
	}
	b = append(append(appendInt(b, day), w.afterDay...), w.of...)
	return append(b, name...)
}

// appendClock writes 19:30.
func (w *language) appendClock(b []byte, hour, minute int) []byte {
	if !w.american {
		return appendTwo(append(appendTwo(b, hour), ':'), minute)
	}
	half := " AM"
	if hour >= 12 {
		half = " PM"
	}
	b = appendTwo(append(appendInt(b, (hour+11)%12+1), ':'), minute)
	return append(b, half...)
}
