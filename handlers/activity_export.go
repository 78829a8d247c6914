package handlers

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"portico/certificate"
	"portico/handlers/sealed"
	"portico/handlers/spreadsheet"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// activityColumns is the version of the columns of an export. docs/audit.md lists them. A
// column that is changed or removed makes a new version; new ones come last.
const activityColumns = 1

var columnNames = []string{"id", "at", "who", "who_id", "as", "as_id", "session_id", "session", "api_key", "verb", "what", "target_kind", "target_id", "target", "result", "request_id", "position"}

func activityCells(me store.Member, e store.Activity) []string {
	session, position := "", ""
	if e.SupportSessionID != nil {
		session = e.By(me.Tenant.AgencyName)
	}
	if e.Position != nil {
		position = strconv.FormatInt(*e.Position, 10)
	}
	target := idText(e.TargetID)
	if e.TargetName == "" {
		target = "" // it may be an id that somebody only typed, of nothing in this workspace
	}
	return []string{e.ID.String(), e.At.UTC().Format(time.RFC3339Nano), e.ActorName, idText(e.ActorID), e.SubjectName, idText(e.SubjectID), idText(e.SupportSessionID), session,
		e.KeyName, e.Verb, views.TrailVerb(e.Verb, e.ViewAs), string(e.TargetKind), target, e.TargetName, string(e.Result), e.RequestID, position}
}

func idText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

// activityFormat is a kind of file that the activity is exported to.
type activityFormat struct {
	name, contentType string
	begin             func(io.Writer) (line func([]string) error, end func() error)
}

// The kinds. Each line of JSON has the version of the columns; in a table the first line
// names them.
var (
	activityCSV = activityFormat{"csv", "text/csv; charset=utf-8", func(w io.Writer) (func([]string) error, func() error) {
		out := csv.NewWriter(w)
		_ = out.Write(columnNames) // it fails with what follows
		return func(cells []string) error {
				for i := range cells {
					cells[i] = spreadsheet.SafeCell(cells[i])
				}
				return out.Write(cells)
			}, func() error {
				out.Flush()
				return out.Error()
			}
	}}
	activityJSONL = activityFormat{"jsonl", "application/jsonl; charset=utf-8", func(w io.Writer) (func([]string) error, func() error) {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		return func(cells []string) error {
			line := map[string]any{"version": activityColumns}
			for i, name := range columnNames {
				line[name] = cells[i]
			}
			return out.Encode(line)
		}, func() error { return nil }
	}}
)

const (
	// activityPage is how many events of an export are in memory at a time.
	activityPage = 1000
	// activityPatience is how long a visitor may take to read them.
	activityPatience = 2 * time.Minute
)

var errExportingActivity = web.TooMany(time.Minute, errors.New("another export"))

// recordExport holds a tenant's one place for exports, and records the export before its
// first byte. The caller must call end.
func (s *Server) recordExport(w http.ResponseWriter, r *http.Request, me store.Member, detail map[string]any) (end func(), err error) {
	web.LiftDeadlines(w, r)
	release, ok := s.exportSlots.TryAcquire(me.TenantID().String())
	if !ok {
		return nil, errExportingActivity
	}
	if r.Method != http.MethodHead {
		if err := s.db.Record(r.Context(), me, store.Event{Verb: "activity.exported", Detail: detail}); err != nil {
			release()
			return nil, errors.Join(store.ErrUnavailable, err)
		}
	}
	return release, nil
}

// activityExport sends the events of a filter as a file, newest first, with the reader's own
// eyes. Nothing is folded.
func (s *Server) activityExport(format activityFormat) memberHandler {
	return func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		filter := activityFilter(r.URL.Query())
		filter.Billing, filter.Whole, filter.Seal, filter.Page = seesBilling(me.Standing()), true, true, store.Page{Limit: activityPage}
		end, err := s.recordExport(w, r, me, map[string]any{"format": format.name, "columns": activityColumns})
		if err != nil {
			return err
		}
		defer end()
		var events []store.Activity
		if err := s.db.Read(r.Context(), me, store.ListActivity(filter, &events)); err != nil {
			return err
		}
		w.Header().Set("Content-Type", format.contentType)
		w.Header().Set("Content-Disposition", `attachment; filename="activity-v`+strconv.Itoa(activityColumns)+`.`+format.name+`"`)
		if r.Method == http.MethodHead {
			return nil
		}
		control := http.NewResponseController(w)
		line, flush := format.begin(w)
		for {
			_ = control.SetWriteDeadline(time.Now().Add(activityPatience))
			for _, e := range events {
				err = errors.Join(err, line(activityCells(me, e)))
			}
			err = errors.Join(err, flush())
			if err == nil && len(events) < activityPage {
				return nil
			}
			if err == nil {
				last := events[len(events)-1]
				filter.After, events = store.Cursor{At: last.At, ID: last.ID}, nil
				err = s.db.Read(r.Context(), me, store.ListActivity(filter, &events))
			}
			if err != nil {
				// Part of the file has been sent. It must not look complete.
				panic(http.ErrAbortHandler)
			}
		}
	}
}

// activityArchive sends the sealed trail of the sides that the reader reads, for portico audit
// verify.
func (s *Server) activityArchive(w http.ResponseWriter, r *http.Request, me store.Member) error {
	end, err := s.recordExport(w, r, me, map[string]any{"format": "zip"})
	if err != nil {
		return err
	}
	defer end()
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="activity.zip"`)
	if r.Method == http.MethodHead {
		return nil
	}
	control := http.NewResponseController(w)
	source := sealed.Source{
		Read: func(ctx context.Context, read store.Read) error {
			_ = control.SetWriteDeadline(time.Now().Add(activityPatience))
			return s.db.Read(ctx, me, read)
		},
		Storage: s.files, Tenant: me.TenantID(), Name: me.Tenant.Name, Keys: certificate.PublicKeys(s.cfg.SigningKeys),
		Sides: []store.TrailSide{store.ClientSide},
	}
	if me.Party == store.PartyAgency {
		source.Sides = append(source.Sides, store.AgencySide)
	}
	out := zip.NewWriter(w)
	if err := errors.Join(source.Archive(r.Context(), out), out.Close()); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}
