package views_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"portico/views"
)

// BenchmarkProjectList renders the most visited page, with fifty rows, for a client and for staff.
func BenchmarkProjectList(b *testing.B) {
	rows := make([]views.ProjectRow, 50)
	for i := range rows {
		id := strconv.Itoa(i)
		rows[i] = views.ProjectRow{
			ID: id, URL: acme.Project(id), Name: "Spring campaign " + id, Due: day(27), Deliverables: 7, ForUs: i % 2, InReview: i % 3, UpdatedAt: now,
		}
	}
	for name, c := range map[string]views.Chrome{"client": client(), "staff": staff()} {
		benchPage(b, name, views.ProjectList(c, views.ProjectListProps{Projects: rows, CanReorder: c.Staff}))
	}
}

// BenchmarkProjectShow renders a project with fifty deliverables as make bench measures it: with whole ids, pictures, and
// places that somebody chose.
func BenchmarkProjectShow(b *testing.B) {
	for name, c := range map[string]views.Chrome{"client": client(), "staff": staff()} {
		benchPage(b, name, fiftyDeliverables(c))
	}
}

func fiftyDeliverables(c views.Chrome) templ.Component {
	rows := make([]views.DeliverableRow, 50)
	for i := range rows {
		id := fmt.Sprintf("0198a1f0-7c3b-7d52-9a41-%012x", i*7919)
		rows[i] = views.DeliverableRow{
			ID: id, URL: c.Base.Deliverable(id), Title: "Deliverable " + strconv.Itoa(i), ThumbURL: c.Base.FilePreview(id), State: views.StateReview,
			Version: 3, Files: 4, Due: day(27), Late: i%9 == 0 && c.Staff, New: !c.Staff, UpdatedAt: before(time.Duration(i) * time.Hour), Placed: placed(i),
		}
	}
	return views.ProjectShow(c, views.ProjectShowProps{
		ID: "0198a1f0-7c3b-7d52-9a41-000000000001", Name: "Spring campaign", Due: day(27), WhoSees: "Everyone at Acme", Deliverables: rows,
		CanCreate: c.Staff, CanReorder: c.Staff, CanEdit: c.Staff, CanArchive: c.Staff, CanDelete: c.Staff,
	})
}

// placed looks like the state that the store makes of a place.
func placed(i int) string { return fmt.Sprintf("%010d.%06d", 1764000000+i*977, i*7919) }

func benchPage(b *testing.B, name string, page templ.Component) {
	b.Run(name, func(b *testing.B) {
		var out bytes.Buffer
		b.ReportAllocs()
		for b.Loop() {
			out.Reset()
			if err := page.Render(context.Background(), &out); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(out.Len()), "bytes/page")
		if dir := os.Getenv("PORTICO_PAGES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(b.Name(), "/", "-")+".html"), out.Bytes(), 0o600); err != nil {
				b.Fatal(err)
			}
		}
	})
}
