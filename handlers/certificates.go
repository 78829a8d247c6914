package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"portico/certificate"
	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// signingKeys shows the public keys with which certificates of approval are verified.
func (s *Server) signingKeys(w http.ResponseWriter, _ *http.Request, _ store.Visitor) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(certificate.PublicKeys(s.cfg.SigningKeys)) // the visitor may be gone
	return nil
}

// certificate is the page of a certificate, for show, or the certificate itself.
func (s *Server) certificate(show func(http.ResponseWriter, *http.Request, store.Member, store.SignedCertificate) error) func(*http.Request) page {
	return func(r *http.Request) page {
		var x store.SignedCertificate
		number, _ := versionNumber(r) // 0 is no version
		return page{always(store.GetCertificate(web.PathID(r), number, &x)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
			if !x.Current {
				return staleCertificate(r, me, x)
			}
			return show(w, r, me, x)
		}}
	}
}

// staleCertificate says why the certificate that there is isn't shown. It says what isn't so
// any more.
func staleCertificate(r *http.Request, me store.Member, x store.SignedCertificate) error {
	p := &web.Problem{Status: http.StatusConflict, Title: "Certificate of approval", Sentence: "This version waits for a decision again. Its last certificate doesn't count any more.",
		Cause: fmt.Errorf("certificate %s was superseded: %w", x.ID, store.ErrConflict), Link: web.Link{URL: frame.Base(r, me).DeliverableVersion(x.DeliverableID.String(), x.Version), Label: "Go to the version"}}
	if x.Decided {
		p.Sentence = "Somebody decided again, and the new certificate is being made. Reload this page in a minute."
	}
	return p
}

func (s *Server) certificateShow(w http.ResponseWriter, r *http.Request, me store.Member, x store.SignedCertificate) error {
	c := frame.Tenant(r, me)
	// A whole line: what people typed is indented, and so never begins the signature.
	text, _, _ := strings.Cut(x.Signed, "\n-----BEGIN SIGNATURE-----\n")
	says := certificate.Summarize(text)
	p := views.CertificateProps{
		DeliverableID: x.DeliverableID.String(), Title: x.Title, Version: x.Version, Approved: says.Approves(), Outcome: certifiedStates[says.Outcome],
		Text: text, KeyID: x.KeyID, IssuedAt: x.CreatedAt,
	}
	for _, f := range says.Files {
		p.Files = append(p.Files, views.CertificateFile{Name: f.Name, Size: ui.Size(f.Size)})
	}
	for _, d := range says.Decisions {
		p.Decisions = append(p.Decisions, views.CertificateDecision{Name: d.Who.Name, Answer: certifiedStates[d.Answer], Words: d.Words, At: d.At, Earlier: d.Superseded})
	}
	return views.Render(w, r, http.StatusOK, views.Certificate(c, p))
}

// certifiedStates are the words of outcomes in certificates.
var certifiedStates = map[string]views.State{
	"approved":                 views.StateApproved,
	"approved with changes":    views.StateApprovedWith,
	"changes required":         views.StateChangesRequired,
	"closed without an answer": views.StateUnanswered,
}

func certificateText(w http.ResponseWriter, _ *http.Request, _ store.Member, x store.SignedCertificate) error {
	return sendCertificate(w, x, ".txt", "text/plain; charset=utf-8", []byte(x.Signed))
}

// certificatePDF draws the PDF of a certificate. A tenant has one file drawn at a time, as with
// exports of notes.
func (s *Server) certificatePDF(w http.ResponseWriter, r *http.Request, me store.Member, x store.SignedCertificate) error {
	ctx, cancel := context.WithTimeout(r.Context(), exportTimeout)
	defer cancel()
	end, err := s.exportSlots.Acquire(ctx, me.TenantID().String())
	if err != nil {
		return errExportingNotes
	}
	defer end()
	content, err := certificate.PDF(ctx, []byte(x.Signed))
	if err != nil {
		return err
	}
	return sendCertificate(w, x, ".pdf", "application/pdf", content)
}

func sendCertificate(w http.ResponseWriter, x store.SignedCertificate, ending, contentType string, content []byte) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="certificate-v`+strconv.Itoa(x.Version)+ending+`"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // the visitor may be gone
	return nil
}
