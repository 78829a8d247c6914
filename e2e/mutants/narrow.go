package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// narrowTests are the tests in package store of the functions in each file of
// migrations/lookup. The test that compares texts is not among them: a guard has a test
// that fails for its reason.
var narrowTests = map[string]string{
	"billing":         "Billing|Webhooks",
	"brand":           "Brand|Logo|FrontDoor",
	"clients":         "Client|Staff|Discard|Removed|Agency|AddPerson",
	"counters":        "Counter|ClientsCannot",
	"forget":          "Forget|Erase|Erasure|LastOwner",
	"hosts":           "Host|Handover|Domain",
	"identities":      "Identit|SignInBy|Link",
	"invites":         "Invite|Invitation|Accept",
	"keys":            "Key|Responses",
	"jobs":            "Job|Cleanup|Sweep|Requester",
	"operator":        "Operator|Agent|Agency",
	"passkeys":        "Passkey|Ceremony",
	"plans":           "Plan|Client",
	"signup":          "SignUp",
	"signin":          "SignIn|Flow|Link|StepUp|Rate|Code",
	"staff":           "Staff|Assign|Removed|Colleague|Work",
	"support":         "Support|View|Agent|Consent|Ledger|Listed|Drafts|DeedsAsk|Future|Revocation",
	"support_asks":    "Support|Access|ClientsCannot|Agent|Future",
	"adopt":           "Adopt|Operator",
	"archives":        "Operator|Manifest",
	"deletion":        "Operator|Manifest",
	"seal":            "Narrow|Forget",
	"support_reviews": "Review|Flagged",
	"support_write":   "Support|Write|Confirm|Future",
	"trust":           "Proofs|Consent|Proved",
	"who":             "Who|Identify|Session|Visit|Host|Party|Member",
}

// moreTests are tests of other packages, for functions that only these use.
var moreTests = map[string]suite{
	"migrations/lookup/archives.sql":   {operator, "Restore|Archive"},
	"migrations/lookup/deletion.sql":   {operator, "Delet"},
	"migrations/lookup/seal.sql":       {workRoom, "Seal|Tamper|Erasure|Log"},
	"migrations/lookup/billing.sql":    {billingRoom, "Webhook|Plan|Owners|Unpaid"},
	"migrations/lookup/brand.sql":      {handlerRoom, "Brand|Logo|Colour"},
	"migrations/lookup/hosts.sql":      {handlerRoom, "Host|Handover|HandedOver"},
	"migrations/lookup/identities.sql": {signinRoom, "Linked|Link|Provider|Agents"},
	"migrations/lookup/invites.sql":    {workRoom, "Invit|Late"},
	"migrations/lookup/jobs.sql":       {workRoom, "Support|Removed|Requester|Mail|Job|Cleanup"},
	"migrations/lookup/passkeys.sql":   {signinRoom, "Passkey|Agents"},
	"migrations/lookup/signup.sql":     {signinRoom, "SignUp|Agenc"},
	"migrations/lookup/signin.sql":     {signinRoom, "SignIn|Link|Limit|Code|Tries|Known|Session|StepUp|Address"},
	"migrations/lookup/who.sql":        {handlerRoom, "Host|ViewAs|Handover|HandedOver|LostAccess|Cookie"},
}

// narrowPrefix begins the name of each condition of a narrow function.
const narrowPrefix = "lookup."

var (
	narrowFunction = regexp.MustCompile(`(?ms)^create function lookup\.(\w+)\(.*?\$\$(.*?)\$\$;`)
	keyword        = regexp.MustCompile(`(?i)^(where|and|or|between|if|elsif|then|group|order|limit|for|returning|union|on|left|join|cross|loop|when|else|end|do|set|select|return|from|case)\b`)
	refusal        = regexp.MustCompile(`(?i)^\s*(return|raise)\b`)
	verdict        = regexp.MustCompile(`^\s*'[a-z_]+'`)
	lock           = regexp.MustCompile(`(?i)^for\s+(no\s+key\s+update|update|key\s+share|share)(\s+of\s+\w+)?(\s+skip\s+locked|\s+nowait)?`)
	conflict       = regexp.MustCompile(`(?i)^\s+conflict\b`)
	literal        = regexp.MustCompile(`(?i)^\s*('[^']*'|true|false)\s*$`)
	boolean        = regexp.MustCompile(`(?i)^\s*(true|false)\s*$`)
)

// narrowMutants returns a mutant for each condition of each narrow function whose name
// matches: a condition of a query is always true, and one that refuses never is.
func narrowMutants(only *regexp.Regexp) ([]mutant, error) {
	names, err := filepath.Glob("migrations/lookup/*.sql")
	if err != nil {
		return nil, err
	}
	var all []mutant
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		area := strings.TrimSuffix(filepath.Base(name), ".sql")
		for _, at := range narrowFunction.FindAllSubmatchIndex(b, -1) {
			function, title := string(b[at[0]:at[1]]), string(b[at[2]:at[3]])
			if !only.MatchString(title) && !only.MatchString(area) {
				continue
			}
			body, before := string(b[at[4]:at[5]]), at[4]-at[0]
			for _, c := range conditions(body) {
				from, to := before+c.from, before+c.to
				words := strings.Join(strings.Fields(function[from:to]), " ")
				all = append(all, mutant{
					guard: fmt.Sprintf("%s%s: %s", narrowPrefix, title, words), file: name,
					old: function, new: function[:from] + " " + c.instead + " " + function[to:],
					pkg: storeRoom, tests: narrowTests[area],
				})
			}
		}
	}
	return all, nil
}

// condition is a part of a function's body, and what takes the guard away.
type condition struct {
	from, to int
	instead  string
	text     [2]int // in Go: from where to where the text is that it belongs to; zero for none
}

// word is a keyword of a body, with how many parentheses are open around it.
type word struct {
	at, end, depth int
	text           string
}

// conditions finds the conditions of queries, joins and results, the alternatives of each
// "if" that refuses and of each "when" of a "case", the locks, and the defaults of "coalesce"
// in a condition.
func conditions(body string) []condition {
	words := scan(body)
	var found []condition
	add := func(from, to int, instead string) {
		if text := strings.TrimSpace(body[from:to]); text != "" && text != instead {
			found = append(found, condition{from: from, to: to, instead: instead})
		}
	}
	refusing, between := -1, map[int]bool{}
	for i, w := range words {
		switch w.text {
		case "between":
			between[w.depth] = true
			continue
		case "if", "elsif", "when":
			refusing = -1
			if i > 0 && words[i-1].text == "end" {
				continue
			}
			then := next(words, i, "then")
			switch {
			case then < 0, w.text == "when" && !searched(words, i):
			case w.text != "when" && !refusal.MatchString(body[words[then].end:]):
			case w.text == "when" && allows(body, words, i, then):
				add(w.end, stop(words, i), "true")
			default:
				refusing = w.depth
				add(w.end, stop(words, i, "or", "then"), "false")
			}
			continue
		case "then":
			refusing = -1
			continue
		case "or":
			if refusing == w.depth {
				add(w.end, stop(words, i, "or", "then"), "false")
			}
			continue
		case "select", "return":
			if n := after(words, i); n >= 0 && words[n].text == "and" {
				add(w.end, stop(words, i), "true")
			}
			continue
		case "for":
			if l := lock.FindString(body[w.at:]); l != "" {
				add(w.at, w.at+len(l), "")
			}
			continue
		case "coalesce":
			if from, to, instead := withoutDefault(body, words, i); instead != "" {
				add(from, to, instead)
			}
			continue
		case "and":
			if between[w.depth] {
				between[w.depth] = false
				continue
			}
		case "on":
			if conflict.MatchString(body[w.end:]) {
				continue
			}
		case "where":
		default:
			continue
		}
		if refusing >= 0 && w.depth <= refusing {
			continue // a stricter refusal is no lost guard
		}
		add(w.end, stop(words, i), "true")
	}
	return found
}

// searched reports whether words[i], a "when", has a condition: it is of a "case" without an
// operand.
func searched(words []word, i int) bool {
	for n := i - 1; n >= 0 && words[n].depth >= words[i].depth; n-- {
		if words[n].depth == words[i].depth && (words[n].text == "case" || words[n].text == "case of") {
			return words[n].text == "case"
		}
	}
	return false
}

// allows reports whether words[i], a "when", lets something through, so that it is lost as a
// guard when it always holds: the "else" refuses, or nothing but this "when" gives a value.
// Any other "when" is lost when it never holds.
func allows(body string, words []word, i, then int) bool {
	if verdict.MatchString(body[words[then].end:]) {
		return false
	}
	if otherwise := next(words, i, "else"); otherwise >= 0 {
		return verdict.MatchString(body[words[otherwise].end:])
	}
	return words[i-1].text == "case" && next(words, i, "when") < 0
}

// after returns the index of the next word at the depth of words[i], or -1 if a
// parenthesis or the statement ends before.
func after(words []word, i int) int {
	for n := i + 1; n < len(words); n++ {
		switch w := words[n]; {
		case w.depth < words[i].depth, w.text == ";":
			return -1
		case w.depth == words[i].depth && w.text != ")" && w.text != "coalesce":
			return n
		}
	}
	return -1
}

// withoutDefault returns words[i], a "coalesce", without its last argument, if that is a
// literal that decides a condition.
func withoutDefault(body string, words []word, i int) (from, to int, instead string) {
	comma := -1
	for n := i + 1; n < len(words); n++ {
		switch w := words[n]; {
		case w.text == "," && w.depth == words[i].depth+1:
			comma = n
		case w.text == ")" && w.depth == words[i].depth:
			if comma < 0 {
				return 0, 0, ""
			}
			def := body[words[comma].end:w.at]
			if !literal.MatchString(def) || !boolean.MatchString(def) && !inCondition(words, i) {
				return 0, 0, ""
			}
			return words[i].at, w.end, "(" + body[words[i].end+1:words[comma].at] + ")"
		}
	}
	return 0, 0, ""
}

// inCondition reports whether words[i] belongs to a condition.
func inCondition(words []word, i int) bool {
	for n := i - 1; n >= 0; n-- {
		if w := words[n]; w.depth <= words[i].depth && w.text != ")" && w.text != "coalesce" {
			switch w.text {
			case "where", "and", "or", "on", "if", "elsif", "when", "between":
				return true
			}
			return false
		}
	}
	return false
}

// next returns the index of the next keyword with that text at the same depth, or -1.
func next(words []word, i int, text string) int {
	for n := i + 1; n < len(words); n++ {
		switch {
		case words[n].text == ";", words[n].depth < words[i].depth:
			return -1
		case words[n].depth == words[i].depth && words[n].text == text:
			return n
		}
	}
	return -1
}

// stop returns where the condition after words[i] ends: at the next keyword of the same
// depth, or only at one of those given, or where its parentheses or its statement end.
func stop(words []word, i int, only ...string) int {
	between := false
	for n := i + 1; n < len(words); n++ {
		w := words[n]
		switch {
		case w.depth < words[i].depth, w.text == ";":
			return w.at
		case w.depth > words[i].depth, w.text == ")", w.text == "coalesce":
		case w.text == "between":
			between = true
		case w.text == "and" && between:
			between = false
		case len(only) > 0 && w.text != only[0] && w.text != only[len(only)-1]:
		default:
			return w.at
		}
	}
	return words[len(words)-1].at
}

// scan finds the keywords, commas, the ends of statements and of parentheses, outside of
// texts and comments. A "case" counts as a parenthesis up to its "end".
func scan(body string) []word {
	var words []word
	var cases []int // depths of the open ones
	depth, fresh := 0, true
	for at := 0; at < len(body); {
		rest := body[at:]
		switch {
		case strings.HasPrefix(rest, "--"):
			at += strings.IndexByte(rest+"\n", '\n')
			continue
		case rest[0] == '\'':
			at += 1 + strings.IndexByte(rest[1:], '\'')
		case rest[0] == '(':
			depth++
		case rest[0] == ')':
			depth--
			words = append(words, word{at, at + 1, depth, ")"})
		case rest[0] == ';', rest[0] == ',':
			words = append(words, word{at, at + 1, depth, rest[:1]})
		case fresh && strings.HasPrefix(strings.ToLower(rest), "coalesce("):
			words = append(words, word{at, at + len("coalesce"), depth, "coalesce"})
			at += len("coalesce")
			continue
		case fresh:
			k := strings.ToLower(keyword.FindString(rest))
			switch {
			case k == "" || strings.HasPrefix(rest[len(k):], "("):
			case k == "from" && strings.HasSuffix(strings.ToLower(strings.TrimSpace(body[:at])), " distinct"):
			case k == "case":
				depth++
				cases = append(cases, depth)
				if text := strings.ToLower(strings.TrimSpace(rest[len(k):])); !strings.HasPrefix(text, "when") {
					k = "case of"
				}
				words = append(words, word{at, at + len("case"), depth, k})
				k = "case"
			case k == "end" && len(cases) > 0 && cases[len(cases)-1] == depth:
				depth--
				cases = cases[:len(cases)-1]
				words = append(words, word{at, at + len(k), depth, ")"})
			default:
				words = append(words, word{at, at + len(k), depth, k})
			}
			if k != "" && !strings.HasPrefix(rest[len(k):], "(") {
				at += len(k)
				fresh = false
				continue
			}
		}
		c := body[min(at, len(body)-1)]
		fresh = !(c == '_' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
		at++
	}
	return append(words, word{len(body), len(body), 0, ";"})
}
