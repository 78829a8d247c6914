package signin

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// sharedDomains are the mail domains of providers at which everybody can get an address. An
// address there costs some effort, and strangers share the domain, so it has no limit of its
// own.
var sharedDomains = map[string]bool{}

func init() {
	for name := range strings.FieldsSeq(`
		gmail.com googlemail.com outlook.com outlook.de outlook.fr hotmail.com hotmail.co.uk hotmail.fr hotmail.de live.com live.nl msn.com
		yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.co.jp yahoo.co.in ymail.com aol.com icloud.com me.com mac.com
		proton.me protonmail.com pm.me tutanota.com tuta.com fastmail.com hey.com zoho.com mail.com gmx.com gmx.net gmx.de gmx.at gmx.ch
		web.de t-online.de freenet.de posteo.de mailbox.org bluewin.ch orange.fr wanadoo.fr free.fr laposte.net sfr.fr
		libero.it virgilio.it tiscali.it wp.pl o2.pl onet.pl interia.pl seznam.cz centrum.cz btinternet.com sky.com
		comcast.net verizon.net att.net rogers.com bigpond.com yandex.ru yandex.com mail.ru bk.ru inbox.ru list.ru ukr.net
		qq.com 163.com 126.com sina.com naver.com daum.net hanmail.net rediffmail.com uol.com.br bol.com.br terra.com.br`) {
		sharedDomains[name] = true
	}
}

// ownDomain is the domain of an address that somebody registered, whatever is in front of it;
// "" if strangers share it.
func ownDomain(email string) string {
	domain := strings.ToLower(email[strings.LastIndex(email, "@")+1:])
	registered, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		registered = domain
	}
	if sharedDomains[registered] {
		return ""
	}
	return registered
}
