package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/upload"
	"portico/handlers/web"
	"portico/store"
)

// versionArchive sends all files of a version that the member may download, as one ZIP
// archive that a broken download can continue. Each file is authorised and recorded as it
// begins, exactly as if it were downloaded alone.
func (s *Server) versionArchive(w http.ResponseWriter, r *http.Request, me store.Member) error {
	web.LiftDeadlines(w, r)
	var v store.Version
	var list []store.File
	id := web.PathID(r)
	if err := s.db.Read(r.Context(), me, store.GetVersion(id, &v), store.ListFiles(id, &list)); err != nil {
		return err
	}
	var d store.Deliverable
	if err := s.db.Read(r.Context(), me, store.GetDeliverable(v.DeliverableID, &d)); err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(f store.File) bool { return f.State != store.FileReady })
	if len(list) == 0 {
		return store.ErrNotFound
	}
	if slices.ContainsFunc(list, func(f store.File) bool { return f.Waits }) {
		return errDownloadsWait
	}
	entries, err := s.archiveEntries(r, me, list)
	if err != nil {
		return err
	}
	archive, err := files.NewArchive(entries)
	if err != nil {
		return err
	}
	err = s.files.For(me.TenantID()).ServeArchive(w, r, files.ArchiveDownload{
		Archive: archive,
		Name:    fmt.Sprintf("%s v%d.zip", d.Title, v.Number),
		Begin:   s.beginEntries(w, r, me, list),
	})
	return s.storageProblem(r, entries[0].Key, err)
}

func (s *Server) archiveEntries(r *http.Request, me store.Member, list []store.File) ([]files.Entry, error) {
	entries := make([]files.Entry, len(list))
	for i, f := range list {
		if f.Missing {
			return nil, &web.Problem{Status: http.StatusConflict, Sentence: "“" + f.Name + "” is missing from our storage, so there is no complete archive. Download the other files one by one."}
		}
		e := files.Entry{
			Key: upload.Key(me, f.ID), Folder: f.Folder, Name: f.Name, Size: f.Size,
			Digest: files.Digest(f.SHA256), Stored: f.CreatedAt,
		}
		if f.CRC32 != nil {
			e.CRC32 = uint32(*f.CRC32)
		} else {
			crc, err := s.computeCRC(r.Context(), me, f.ID, e)
			if err != nil {
				return nil, s.storageProblem(r, e.Key, err)
			}
			e.CRC32 = crc
		}
		entries[i] = e
	}
	return entries, nil
}

// computeCRC reads a file that was uploaded before checksums were kept, and keeps its
// checksum. A tenant's files are read one at a time. A visitor who leaves doesn't stop it,
// so that the next one has it.
func (s *Server) computeCRC(ctx context.Context, me store.Member, id uuid.UUID, e files.Entry) (uint32, error) {
	release, err := s.checksumSlots.Acquire(ctx, me.TenantID().String())
	if err != nil {
		return 0, err
	}
	defer release()
	var f store.File // as it is now: another request may have kept it meanwhile
	if err := s.db.Read(ctx, me, store.GetFile(id, &f)); err != nil {
		return 0, err
	}
	if f.CRC32 != nil {
		return uint32(*f.CRC32), nil
	}
	ctx = context.WithoutCancel(ctx)
	crc, err := s.files.For(me.TenantID()).CRC32(ctx, e.Key, e.Size, e.Digest)
	if err != nil {
		return 0, err
	}
	if err := s.db.KeepCRC(ctx, me, f.ID, crc, f.SHA256); err != nil {
		s.log.WarnContext(ctx, "a checksum was not kept", "file", f.ID, "error", err.Error())
	}
	return crc, nil
}

// beginEntries returns what authorises and records each file of an archive as it begins. A
// long transfer outlives what was decided when it started, so from the second file on it
// asks again who is asking.
func (s *Server) beginEntries(w http.ResponseWriter, r *http.Request, me store.Member, list []store.File) func(context.Context, int, bool) error {
	begun := false
	return func(ctx context.Context, i int, piece bool) error {
		if begun {
			now, err := s.stillMember(w, r)
			if err != nil {
				return err
			}
			me = now
		}
		begun = true
		return s.beginEntry(ctx, me, list[i].ID, piece)
	}
}

func (s *Server) beginEntry(ctx context.Context, me store.Member, id uuid.UUID, piece bool) error {
	var f store.File
	if err := s.db.Read(ctx, me, store.GetFile(id, &f)); err != nil {
		return err
	}
	if f.Waits {
		return errDownloadsWait
	}
	event := store.Event{Verb: "file.downloaded", TargetKind: store.KindFile, TargetID: f.ID}
	if err := s.db.RecordDownload(ctx, me, event, piece); err != nil {
		return errors.Join(store.ErrUnavailable, err)
	}
	return nil
}

// stillMember identifies the visitor again and decides again whether they may use the
// route.
func (s *Server) stillMember(w http.ResponseWriter, r *http.Request) (store.Member, error) {
	route := routeOf(r)
	c := s.credentials(r, route)
	c.Token = s.signin.Token(w, r)
	v, err := s.db.Identify(r.Context(), c)
	if err != nil {
		return store.Member{}, err
	}
	me, ok := v.Member()
	if !ok {
		return store.Member{}, store.ErrNotFound
	}
	return me, s.authorize(r, me, route)
}
