package views_test

import (
	"bytes"
	"context"
	"strconv"
	"testing"

	"portico/views"
)

// BenchmarkProjectList renders the most visited page, with fifty rows, for a client and for staff.
func BenchmarkProjectList(b *testing.B) {
	rows := make([]views.ProjectRow, 50)
	for i := range rows {
		id := strconv.Itoa(i)
		rows[i] = views.ProjectRow{
			ID: id, URL: acme.Project(id), Name: "Spring campaign " + id, Due: day(27), Deliverables: 7, Waiting: i % 3, UpdatedAt: now,
		}
	}
	for name, c := range map[string]views.Chrome{"client": client(), "staff": staff()} {
		page := views.ProjectList(c, views.ProjectListProps{Projects: rows, CanReorder: c.Staff})
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
		})
	}
}
