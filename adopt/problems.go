package adopt

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/jackc/pgx/v5"
)

// problem is a kind of what the mapping doesn't settle.
type problem struct {
	says string // what is wrong with each of the rows
	// proposal is what happens to them if it is accepted. Without one, each row has to be
	// assigned or left out.
	proposal string
	// note says that nothing has to be decided.
	note bool
}

// problems are all kinds, by the name under which a mapping accepts their proposal.
var problems = map[string]problem{
	"nobody":          {says: "map to no client"},
	"other_client":    {says: "name another client than what they belong to"},
	"same_address":    {says: "have the address of somebody else on the same side", proposal: "they become one person, the oldest who is active"},
	"no_address":      {says: "have no usable address", proposal: "they are former members: their work keeps their name, and they can't sign in"},
	"slug_unusable":   {says: "have a slug that is malformed or not available", proposal: "the slug in brackets"},
	"role_unknown":    {says: "have a role that we don't have", proposal: "they are members"},
	"state_unknown":   {says: "have a state that we don't have", proposal: "they are in review"},
	"name_missing":    {says: "have no name", proposal: "the name in brackets"},
	"encoding":        {says: "have bytes that are not UTF-8", proposal: "they are read as Windows-1252, as in brackets"},
	"too_long":        {says: "have a text that is too long", proposal: "it is shortened"},
	"date_missing":    {says: "have no date", proposal: "they get the date of what they belong to, or today's"},
	"date_future":     {says: "have a date in the future", proposal: "they get today's"},
	"author_unknown":  {says: "have an author who is nobody here", proposal: "a former member named Unknown author"},
	"file_missing":    {says: "are not on disk", proposal: "they are left out"},
	"file_outside":    {says: "have a path that leads out of the directory of files", proposal: "they are left out"},
	"words_missing":   {says: "have no words", proposal: "they are left out"},
	"reply_lost":      {says: "reply to what isn't there", proposal: "each is a note of its own"},
	"note_on_draft":   {says: "are on a draft, which the client doesn't see", proposal: "only the team sees them"},
	"author_outside":  {says: "were written by somebody of another client", note: true, proposal: "a former member there: the name stays, and they see nothing"},
	"file_elsewhere":  {says: "point at a file that isn't there", note: true, proposal: "they are about the whole version"},
	"no_zone":         {says: "have times without a zone", note: true, proposal: "they are read in the mapping's time_zone"},
	"twice_encoded":   {says: "look as if they had been encoded twice", note: true, proposal: "they stay as they are"},
	"split":           {says: "are longer than a note can be", note: true, proposal: "the rest of each is a reply"},
	"draft_revisions": {says: "are drafts with several versions", note: true, proposal: "all files are in one draft"},
	"inside":          {says: "belong to what is left out", note: true, proposal: "they are left out with it"},
}

// finding is one row with a problem.
type finding struct {
	Tbl   string
	Key   string
	Code  string
	About string // such as the proposed slug
}

func insertFindings(ctx context.Context, tx pgx.Tx, all []finding) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"adopt", "problems"}, []string{"tbl", "key", "code", "about"},
		pgx.CopyFromSlice(len(all), func(i int) ([]any, error) {
			return []any{all[i].Tbl, all[i].Key, all[i].Code, all[i].About}, nil
		}))
	return err
}

// settled marks what the decisions settle: accepted kinds, and notes.
func settle(ctx context.Context, tx pgx.Tx, accepted []string) error {
	done := slices.Clone(accepted)
	for code, p := range problems {
		if p.note {
			done = append(done, code)
		}
	}
	_, err := tx.Exec(ctx, `update adopt.problems set settled = true where code = any ($1)`, done)
	return err
}

// shownKeys is how many rows of a problem are listed. All are in adopt.problems.
const shownKeys = 10

// printProblems lists the problems by kind, those that stop first, and returns how many rows
// are unsettled.
func (r *run) printProblems(ctx context.Context, q querier) (unsettled int, err error) {
	rows, err := q.Query(ctx, `
select tbl, code, settled, count(*)::int as rows, (array_agg(key || case when about <> '' then ' [' || about || ']' else '' end order by length(key), key))[1:$1] as keys
from adopt.problems
group by tbl, code, settled
order by tbl, code, settled`, shownKeys)
	if err != nil {
		return 0, err
	}
	type group struct {
		Tbl, Code string
		Settled   bool
		Rows      int
		Keys      []string
	}
	groups, err := pgx.CollectRows(rows, pgx.RowToStructByName[group])
	if err != nil {
		return 0, err
	}
	rank := func(g group) int {
		switch p := problems[g.Code]; {
		case g.Settled && p.note:
			return 3
		case g.Settled:
			return 2
		case p.proposal != "":
			return 1
		}
		return 0
	}
	sort.SliceStable(groups, func(i, j int) bool { return rank(groups[i]) < rank(groups[j]) })
	titles := []string{"To decide for each row: assign it, or leave it out", "To accept, or to change", "Accepted", "To know"}
	for i, g := range groups {
		if i == 0 || rank(groups[i-1]) != rank(g) {
			r.printf("\n%s\n", titles[rank(g)])
		}
		if !g.Settled {
			unsettled += g.Rows
		}
		p := problems[g.Code]
		r.printf("  %-15s %s (%d) %s%s\n", g.Code, g.Tbl, g.Rows, p.says, suffix(p.proposal))
		r.printf("  %-15s   %s\n", "", listed(g.Keys, g.Rows))
	}
	return unsettled, nil
}

func suffix(proposal string) string {
	if proposal == "" {
		return ""
	}
	return ": " + proposal
}

// listed names the first rows, and how many more there are.
func listed(keys []string, rows int) string {
	list := strings.Join(keys, ", ")
	if rows > len(keys) {
		list += fmt.Sprintf(", and %d more", rows-len(keys))
	}
	return list
}
