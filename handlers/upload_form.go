package handlers

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"portico/handlers/frame"
	"portico/handlers/upload"
	"portico/handlers/web"
	"portico/store"
	"portico/views/ui"
)

// formsAtOnce is how many plain forms one tenant may send to this process at a time. The
// sizes of their files are unknown until they have arrived, so each may take all the
// storage that the plan has left, until the later ones are refused at their end.
const formsAtOnce = 2

var errFormsAtOnce = &web.Problem{Status: http.StatusTooManyRequests, Sentence: "Other forms with files are still on their way. Wait until they have arrived, then send this one again."}

// fileCreate takes the plain form, as it comes without JavaScript: one file or
// several, of unknown sizes. Each goes through the same steps as any upload, part
// by part as it arrives, so a form of any size stays flat in memory. A file that
// breaks off is cancelled; those before it stay.
func (s *Server) fileCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	web.LiftDeadlines(w, r)
	v, err := s.draft(r, me)
	if err != nil {
		return err
	}
	body := web.NewSlowBodyGuard(w, r.Body, web.UploadPace)
	defer body.Lift()
	r.Body = body
	release, ok := s.formSlots.TryAcquire(me.TenantID().String())
	if !ok {
		web.Drain(body, store.PartSize)
		return errFormsAtOnce
	}
	defer release()
	if err := s.takeForm(r, me, v); err != nil {
		web.Drain(body, store.PartSize)
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(v.DeliverableID.String()), "file.uploaded", "")
}

func (s *Server) takeForm(r *http.Request, me store.Member, v store.Version) error {
	form, err := r.MultipartReader()
	if err != nil {
		return errNoForm
	}
	var taken []string
	for seen := 0; ; seen++ {
		if seen == web.MaxParameters {
			return web.ErrTooManyFields
		}
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF) && len(taken) == 0:
			return errNoneChosen
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return partlySaved(formError(err), taken)
		case part.FormName() != "file":
			err = skipField(part)
		case part.FileName() != "":
			err = s.uploads.PutFile(r.Context(), me, v.ID, part.FileName(), part)
			if err == nil {
				taken = append(taken, part.FileName())
			}
		}
		if err != nil {
			return partlySaved(err, taken)
		}
	}
}

// partlySaved is a refusal after some files of the form were saved, which it names.
func partlySaved(err error, saved []string) error {
	p := problemOf(err)
	if len(saved) == 0 || p.Status == http.StatusInternalServerError {
		return err
	}
	p.Saved = "Saved: " + ui.Names(saved) + ". What came after that is not."
	p.Cause = err
	return &p
}

// maxField is how much of a field that is no file is read before it is too much.
const maxField = 64 << 10

func skipField(part *multipart.Part) error {
	n, err := io.CopyN(io.Discard, part, maxField+1)
	switch {
	case n > maxField:
		return errFieldTooBig
	case err != nil && !errors.Is(err, io.EOF):
		return formError(err)
	}
	return nil
}

// formError is a body that is no form, or stopped being one.
func formError(err error) error {
	if told := upload.AsProblem(err); problemOf(told).Status != http.StatusInternalServerError {
		return told
	}
	return errNoForm
}
