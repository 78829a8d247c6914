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
	"brand":         "Brand|Logo|FrontDoor",
	"clients":       "Client|Staff|Discard|Removed|Agency|AddPerson",
	"counters":      "Counter|ClientsCannot",
	"forget":        "Forget|Erase|Erasure|LastOwner",
	"hosts":         "Host|Handover|Domain",
	"identities":    "Identit|SignInBy|Link",
	"invites":       "Invite|Invitation|Accept",
	"jobs":          "Job|Cleanup|Sweep|Requester",
	"operator":      "Operator|Agent|Agency",
	"passkeys":      "Passkey|Ceremony",
	"plans":         "Plan|Client",
	"signin":        "SignIn|Flow|Link|StepUp|Rate|Code",
	"staff":         "Staff|Assign|Removed|Colleague|Work",
	"support":       "Support|View|Agent|Consent|Ledger",
	"support_asks":  "Support|Access|ClientsCannot",
	"support_write": "Support|Write",
	"who":           "Who|Identify|Session|Visit|Host|Party|Member",
}

var (
	narrowFunction = regexp.MustCompile(`(?ms)^create function lookup\.(\w+)\(.*?\$\$(.*?)\$\$;`)
	keyword        = regexp.MustCompile(`(?i)^(where|and|or|between|if|elsif|then|group|order|limit|for|returning|union|on|left|join|cross|loop|when|else|end|do|set)\b`)
	refusal        = regexp.MustCompile(`(?i)^\s*(return|raise)\b`)
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
					guard: fmt.Sprintf("lookup.%s: %s", title, words), file: name,
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
}

// word is a keyword of a body, with how many parentheses are open around it.
type word struct {
	at, end, depth int
	text           string
}

// conditions finds the conditions of queries, and the alternatives of each "if" that
// refuses.
func conditions(body string) []condition {
	words := scan(body)
	var found []condition
	refusing, between := -1, map[int]bool{}
	for i, w := range words {
		switch w.text {
		case "between":
			between[w.depth] = true
			continue
		case "if", "elsif":
			refusing = -1
			if i > 0 && words[i-1].text == "end" {
				continue
			}
			if then := next(words, i, "then"); then >= 0 && refusal.MatchString(body[words[then].end:]) {
				refusing = w.depth
				found = append(found, condition{w.end, stop(words, i, "or", "then"), "false"})
			}
			continue
		case "then":
			refusing = -1
			continue
		case "or":
			if refusing == w.depth {
				found = append(found, condition{w.end, stop(words, i, "or", "then"), "false"})
			}
			continue
		case "and":
			if between[w.depth] {
				between[w.depth] = false
				continue
			}
		case "where":
		default:
			continue
		}
		if refusing >= 0 && w.depth <= refusing {
			continue // a stricter refusal is no lost guard
		}
		found = append(found, condition{w.end, stop(words, i), "true"})
	}
	return found
}

// next returns the index of the next keyword with that text at the same depth, or -1.
func next(words []word, i int, text string) int {
	for n := i + 1; n < len(words); n++ {
		switch {
		case words[n].text == ";":
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
		case w.depth > words[i].depth:
		case w.text == "between":
			between = true
		case w.text == "and" && between:
			between = false
		case w.text == ")":
		case len(only) > 0 && w.text != only[0] && w.text != only[len(only)-1]:
		default:
			return w.at
		}
	}
	return words[len(words)-1].at
}

// scan finds the keywords, the ends of statements and of parentheses, outside of texts
// and comments.
func scan(body string) []word {
	var words []word
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
		case rest[0] == ';':
			words = append(words, word{at, at + 1, depth, ";"})
		case fresh:
			if k := keyword.FindString(rest); k != "" && !strings.HasPrefix(rest[len(k):], "(") {
				k = strings.ToLower(k)
				words = append(words, word{at, at + len(k), depth, k})
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
