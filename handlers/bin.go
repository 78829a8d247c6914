package handlers

import (
	"net/http"
	"time"

	"portico/handlers/frame"
	"portico/store"
	"portico/views"
)

func (s *Server) binShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	var items []store.BinItem
	if err := s.db.Read(r.Context(), me, store.ListBin(&items)); err != nil {
		return err
	}
	c := frame.Tenant(r, me)
	rows := make([]views.BinRow, len(items))
	for i, item := range items {
		left := store.BinDays - int(time.Since(item.DeletedAt).Hours()/24)
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
}
