package handlers

import (
	"net/http"
	"time"

	"portico/handlers/frame"
	"portico/store"
	"portico/views"
)

func (s *Server) binShow(r *http.Request) page {
	var items []store.BinItem
	var held *time.Time
	reads := []store.Read{store.ListBin(&items)}
	if s.billing != nil {
		reads = append(reads, store.BinHeldUntil(&held))
	}
	return page{always(reads...), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		c := frame.Tenant(r, me)
		rows := make([]views.BinRow, len(items))
		for i, item := range items {
			left := store.BinDays - int(time.Since(item.DeletedAt).Hours()/24)
			if held != nil {
				left = max(left, int(time.Until(*held).Round(time.Hour).Hours()/24))
			}
			rows[i] = views.BinRow{
				Kind:      string(item.Kind),
				Name:      item.Name,
				Where:     item.Within,
				DeletedAt: item.DeletedAt,
				DaysLeft:  max(left, 0),
			}
			if left > 0 {
				rows[i].RestoreURL = views.RestoreURL(c.Base, string(item.Kind), item.ID.String())
			}
		}
		return views.Render(w, r, http.StatusOK, views.Bin(c, views.BinProps{Items: rows}))
	}}
}
