package handlers

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"portico/files"
	"portico/handlers/api"
	"portico/handlers/frame"
	"portico/handlers/upload"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

var errNoDigest = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "Send the SHA-256 of the part as Content-Digest: sha-256=:base64:."}

// uploadPlan tells a browser how to send a file.
type uploadPlan struct {
	ID       string `json:"id"`
	PartSize int64  `json:"part_size"`
	Put      string `json:"put"` // with {n} for the number of the part, from 1
	Status   string `json:"status"`
	Finish   string `json:"finish"`
}

// uploadState is what has arrived of an upload.
type uploadState struct {
	State    store.FileState `json:"state"`
	PartSize int64           `json:"part_size"`
	Size     *int64          `json:"size"`
	Parts    []partState     `json:"parts"`
}

type partState struct {
	N    int   `json:"n"`
	Size int64 `json:"size"`
}

// uploadResult is a file that has arrived.
type uploadResult struct {
	State  store.FileState `json:"state"`
	SHA256 string          `json:"sha256"`
	URL    string          `json:"url"`
}

func (s *Server) uploadCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	v, err := s.draft(r, me)
	if err != nil {
		return err
	}
	var in struct {
		Name   string `json:"name"`
		Folder string `json:"folder"`
		Size   *int64 `json:"size"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		if problemOf(err).Status == http.StatusRequestEntityTooLarge {
			return err
		}
		return &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "Send the name and size of the file as JSON."}
	}
	if in.Size == nil {
		return &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "Give the size of the file."}
	}
	u, err := s.uploads.Begin(r.Context(), me, v.ID, store.NewUpload{Name: in.Name, Folder: in.Folder, Size: in.Size})
	if err != nil {
		return err
	}
	base, id := uploadBase(r, me), u.ID.String()
	w.Header().Set("Location", base.Upload(id))
	web.WriteJSON(w, http.StatusCreated, uploadPlan{
		ID:       id,
		PartSize: store.PartSize,
		Put:      base.UploadPart(id, "{n}"),
		Status:   base.Upload(id),
		Finish:   base.UploadFinish(id),
	})
	return nil
}

// uploadBase is where the addresses of an upload begin: in the tenant, or for a program in
// the API.
func uploadBase(r *http.Request, me store.Member) views.Base {
	if me.Key != nil {
		return api.Prefix
	}
	return frame.Base(r, me)
}

// draft is the version of the path, which must still take files.
func (s *Server) draft(r *http.Request, me store.Member) (store.Version, error) {
	var v store.Version
	if err := s.db.Read(r.Context(), me, store.GetVersion(web.PathID(r), &v)); err != nil {
		return v, err
	}
	if v.SharedAt != nil {
		return v, upload.ErrNotDraft
	}
	return v, nil
}

func (s *Server) uploadPart(w http.ResponseWriter, r *http.Request, me store.Member) error {
	web.LiftDeadlines(w, r)
	body := web.NewSlowBodyGuard(w, r.Body, web.UploadPace)
	defer body.Lift()
	err := s.takePart(w, r, me, body)
	if err != nil {
		web.Drain(body, store.PartSize)
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) takePart(w http.ResponseWriter, r *http.Request, me store.Member, body io.ReadCloser) error {
	var u store.FileUpload
	if err := s.db.Read(r.Context(), me, store.GetUpload(web.PathID(r), &u)); err != nil {
		return err
	}
	number, err := strconv.ParseUint(r.PathValue("n"), 10, 16)
	if err != nil {
		return upload.ErrNoPart
	}
	size, err := upload.PartSize(u, int(number))
	if err != nil {
		return err
	}
	digest, err := files.ParseContentDigest(r.Header.Get("Content-Digest"))
	switch {
	case err != nil:
		return errNoDigest
	case r.ContentLength > size:
		return upload.ErrPartTooLarge
	case r.ContentLength >= 0 && r.ContentLength < size:
		return upload.ErrPartTooSmall
	}
	_, err = s.uploads.PutPart(r.Context(), me, &u, upload.Part{
		Number: int(number),
		Body:   http.MaxBytesReader(w, body, size),
		Size:   size,
		Digest: &digest,
	})
	return err
}

func (s *Server) uploadStatus(r *http.Request) page {
	var u store.FileUpload
	var parts []store.Part
	id := web.PathID(r)
	return page{always(store.GetUpload(id, &u), store.ListParts(id, &parts)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		state := uploadState{State: u.State, PartSize: store.PartSize, Size: u.Declared, Parts: make([]partState, len(parts))}
		for i, p := range parts {
			state.Parts[i] = partState{N: p.Number, Size: p.Size}
		}
		web.WriteJSON(w, http.StatusOK, state)
		return nil
	}}
}

func (s *Server) uploadFinish(w http.ResponseWriter, r *http.Request, me store.Member) error {
	web.LiftDeadlines(w, r)
	u, err := s.uploads.Finish(r.Context(), me, web.PathID(r))
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, uploadResult{
		State:  store.FileReady,
		SHA256: files.Digest(u.SHA256).String(),
		URL:    uploadBase(r, me).File(u.ID.String()),
	})
	return nil
}

func (s *Server) uploadCancel(w http.ResponseWriter, r *http.Request, me store.Member) error {
	var u store.FileUpload
	if err := s.db.Read(r.Context(), me, store.GetUpload(web.PathID(r), &u)); err != nil {
		return err
	}
	err := s.uploads.Cancel(r.Context(), me, u.ID)
	if errors.Is(err, store.ErrConflict) {
		return upload.ErrEnded
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
