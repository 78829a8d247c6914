package handlers

import (
	"net/http"

	"portico/handlers/frame"
	"portico/store"
	"portico/views"
)

// trustShow shows everybody what the installation claims and when it last proved it.
func (s *Server) trustShow(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	proofs, err := s.db.Proofs(r.Context())
	if err != nil {
		return err
	}
	p := views.TrustProps{Subprocessors: s.cfg.Subprocessors, Proofs: map[string]views.TrustProof{}}
	for _, proof := range proofs {
		p.Proofs[string(proof.Claim)] = views.TrustProof{TriedAt: proof.TriedAt, HeldAt: frame.OrZero(proof.HeldAt)}
	}
	return views.Render(w, r, http.StatusOK, views.Trust(p))
}
