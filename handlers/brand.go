package handlers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"portico/files"
	"portico/handlers/frame"
	"portico/handlers/thumbnail"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

const (
	maxLogo     = 1_000_000 // bytes of an uploaded logo
	maxLogoForm = 32 << 20  // bytes that are read and discarded, so that the form can say what is wrong
)

// logoBox fits the largest logo we show, 160 by 48 CSS pixels, on screens with two
// device pixels to one CSS pixel.
var logoBox = thumbnail.Box{Width: 320, Height: 96}

// brandStylesheet serves the tenant's accent as a stylesheet, so that no page needs an
// inline style. Its name contains the hash of its content, so caches can keep it.
func (s *Server) brandStylesheet(w http.ResponseWriter, r *http.Request, me store.Member) error {
	if me.Tenant.Accent == "" || r.PathValue("stylesheet") != "brand-"+views.BrandHash(me.Tenant.Accent)+".css" {
		return store.ErrNotFound
	}
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write([]byte(views.BrandCSS(me.Tenant.Accent)))
	return nil
}

// accentStylesheet serves the stylesheet of any colour, for sign-in pages, where the
// visitor is not identified yet. It is made from its own name and reads no tenant.
func (s *Server) accentStylesheet(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	name, found := strings.CutSuffix(r.PathValue("stylesheet"), ".css")
	if !found || !web.IsColor("#"+name) {
		return store.ErrNotFound
	}
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write([]byte(views.BrandCSS("#" + name)))
	return nil
}

// logoShow serves a logo to everybody who has its address, because sign-in pages show
// it. A new logo has a new address.
func (s *Server) logoShow(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	id, ok := web.ParseID(r.PathValue("logo"))
	if !ok {
		return store.ErrNotFound
	}
	l, err := s.db.PublicLogo(r.Context(), id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", l.ContentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(l.Content)
	return nil
}

// logoSet stores a small picture made from the upload. The upload itself is not kept,
// so data hidden in it is never served.
func (s *Server) logoSet(w http.ResponseWriter, r *http.Request, me store.Member) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxLogoForm)
	web.LimitTime(w)
	sent, err := readLogo(r)
	if err != nil {
		return err
	}
	logo, why, err := s.decodeLogo(r.Context(), sent)
	if err != nil {
		return err
	}
	if why != "" {
		return s.showPage(w, r, me, s.settingsPage(http.StatusUnprocessableEntity, nil, ui.Errors{"logo": why}))
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		tx.Expect(store.Seen(r.URL.Query().Get("seen")))
		return tx.SetLogo(r.Context(), logo)
	})
	if errors.Is(err, store.ErrChanged) {
		return s.showPage(w, r, me, s.settingsPage(http.StatusConflict, nil, ui.Errors{"logo": s.anotherLogo(r, me)}))
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Settings(), "tenant.logo_set", "")
}

// anotherLogo says why a logo was neither set nor removed.
func (s *Server) anotherLogo(r *http.Request, me store.Member) string {
	who := "Someone else changed the logo."
	if frame.OwnChange(r.Context(), s.db, me, me.TenantID(), "tenant.logo_set", "tenant.logo_removed") {
		who = "You changed the logo in another tab or window."
	}
	return who + " It is shown here. Choose a file again to replace it."
}

// sentLogo is the file of the form: its first maxLogo bytes and its whole size.
type sentLogo struct {
	content []byte
	size    int64
}

func readLogo(r *http.Request) (sentLogo, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return sentLogo{}, errNoForm
	}
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return sentLogo{}, nil
		case err != nil:
			return sentLogo{}, formError(err)
		case part.FormName() == "logo" && part.FileName() != "":
			return readLogoFile(part)
		}
	}
}

func readLogoFile(part *multipart.Part) (sentLogo, error) {
	content, err := io.ReadAll(io.LimitReader(part, maxLogo))
	if err != nil {
		return sentLogo{}, formError(err)
	}
	rest, err := io.Copy(io.Discard, part)
	if err != nil {
		return sentLogo{}, formError(err)
	}
	return sentLogo{content, int64(len(content)) + rest}, nil
}

// logosAtOnce is how many logos the process decodes at the same time. A small file can
// take 256 MB and a second of a core.
const logosAtOnce = 2

// decodeLogo is makeLogo, once a slot for decoding is free.
func (s *Server) decodeLogo(ctx context.Context, sent sentLogo) (store.Logo, string, error) {
	release, err := s.logoSlots.Acquire(ctx, "")
	if err != nil {
		return store.Logo{}, "", err
	}
	defer release()
	logo, why := makeLogo(sent)
	return logo, why, nil
}

// makeLogo returns the small picture, or a sentence that says why the upload cannot be
// a logo.
func makeLogo(sent sentLogo) (store.Logo, string) {
	switch {
	case sent.size == 0:
		return store.Logo{}, "Choose a picture first."
	case sent.size > maxLogo:
		return store.Logo{}, "That picture is " + ui.Size(sent.size) + ". A logo can be up to " + ui.Size(maxLogo) + "."
	}
	kind := files.Sniff(sent.content)
	if strings.HasPrefix(kind, "image/svg") {
		return store.Logo{}, "SVG pictures can contain scripts. Save it as PNG and upload that."
	}
	small, err := thumbnail.Shrink(bytes.NewReader(sent.content), kind, logoBox)
	if no := (thumbnail.UnfitError{}); errors.As(err, &no) {
		return store.Logo{}, "That can't be used as a logo: " + no.Reason + ". Choose a PNG, JPEG, GIF or WebP."
	}
	if err != nil {
		return store.Logo{}, "That picture couldn't be read. Choose a PNG, JPEG, GIF or WebP."
	}
	return store.Logo{ContentType: small.ContentType, Content: small.Content}, ""
}

func (s *Server) logoRemove(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		expect(tx, f)
		return tx.RemoveLogo(r.Context())
	})
	if errors.Is(err, store.ErrChanged) {
		return s.showPage(w, r, me, s.settingsPage(http.StatusConflict, nil, ui.Errors{"logo": s.anotherLogo(r, me)}))
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Settings(), "tenant.logo_removed", "")
}
