package views

import "time"

// DayLabel is the heading of a day in a list grouped by day, both times in the same zone: "Today", "Yesterday",
// "Thursday, 19 November".
func DayLabel(t, now time.Time) string {
	day, today := midnight(t), midnight(now)
	switch {
	case day.Equal(today):
		return "Today"
	case day.Equal(today.AddDate(0, 0, -1)):
		return "Yesterday"
	case day.Year() == today.Year():
		return t.Format("Monday, 2 January")
	default:
		return t.Format("Monday, 2 January 2006")
	}
}

func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}
