package support

import (
	"errors"
	"net/http"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views/ui"
)

// Review records what an owner or admin says of a support session.
func (s *Service) Review(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	session, verdict := web.PathID(r), store.SupportVerdict(f.Raw("verdict"))
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		return tx.ReviewSupport(r.Context(), session, verdict, f.Raw("words"))
	})
	if wrong, invalid := errors.AsType[store.InvalidError](err); invalid {
		return s.page(w, r, me, http.StatusUnprocessableEntity, typedForms{flag: typedFlag{session.String(), f.Raw("words"), ui.Errors(wrong)}})
	}
	if err != nil {
		return err
	}
	verb := "support.session_accepted"
	if verdict == store.SupportFlagged {
		verb = "support.session_flagged"
		s.metrics.Support("flagged")
	}
	return frame.Done(w, r, frame.Base(r, me).Support(), verb, "")
}

// typedFlag holds the words of a flag as they were typed.
type typedFlag struct {
	session, words string
	errors         ui.Errors
}
