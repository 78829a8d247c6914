package support

import (
	"encoding/csv"
	"errors"
	"net/http"
	"time"

	"portico/handlers/frame"
	"portico/handlers/spreadsheet"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

const (
	// ledgerLines is how many lines of a ledger are in memory at a time.
	ledgerLines = 1000
	// ledgerPatience is how long a visitor may take to read them.
	ledgerPatience = 2 * time.Minute
)

var errExporting = web.TooMany(time.Minute, errors.New("another export of the ledger"))

// ExportLedger sends the whole ledger as a table, one line for each page viewed,
// download, change and refusal. It records the export before it sends the first byte. A
// tenant exports one ledger at a time.
func (s *Service) ExportLedger(w http.ResponseWriter, r *http.Request, me store.Member) error {
	web.LiftDeadlines(w, r)
	end, ok := s.exports.TryAcquire(me.TenantID().String())
	if !ok {
		return errExporting
	}
	defer end()
	var lines []store.LedgerLine
	page := store.LedgerPage{Page: store.Page{Limit: ledgerLines}}
	if err := s.db.Read(r.Context(), me, store.SupportLedger(page, &lines)); err != nil {
		return err
	}
	if r.Method != http.MethodHead {
		if err := s.db.Record(r.Context(), me, store.Event{Verb: "support.ledger_exported"}); err != nil {
			return errors.Join(store.ErrUnavailable, err)
		}
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="support-ledger.csv"`)
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(ledgerPatience))
	out := csv.NewWriter(w)
	_ = out.Write([]string{"session", "who", "as", "mode", "second agent", "reason", "ticket", "started", "ended", "how it ended", "at", "what", "result", "page", "on"})
	for len(lines) > 0 {
		for _, line := range lines {
			_ = out.Write(ledgerCells(me, line))
		}
		out.Flush()
		last := lines[len(lines)-1]
		page.AfterSession, page.After = last.SessionID, store.Cursor{At: last.At, ID: last.ID}
		if len(lines) < ledgerLines {
			break
		}
		lines = nil
		// Part of the table has been sent. If the rest can't be read, break the
		// connection, so that the table doesn't look complete.
		if err := s.db.Read(r.Context(), me, store.SupportLedger(page, &lines)); err != nil || out.Error() != nil {
			panic(http.ErrAbortHandler)
		}
		_ = control.SetWriteDeadline(time.Now().Add(ledgerPatience))
	}
	out.Flush()
	return nil
}

func ledgerCells(me store.Member, line store.LedgerLine) []string {
	ended := ""
	if line.EndedAt != nil {
		ended = line.EndedAt.UTC().Format(time.RFC3339)
	}
	cells := []string{line.SessionID.String(), line.By(me.Tenant.AgencyName), line.SubjectName, string(line.Mode), line.WriteByName, line.Reason, line.Ticket,
		line.StartedAt.UTC().Format(time.RFC3339), ended, howEnded(line.Kind, frame.OrZero(line.EndedHow), me.Party == store.PartyClient),
		line.At.UTC().Format(time.RFC3339), views.TrailVerb(line.Verb, line.Kind == store.SupportViewAs), string(line.Result), views.PageName(line.Route), line.TargetName}
	for i := range cells {
		cells[i] = spreadsheet.SafeCell(cells[i])
	}
	return cells
}
