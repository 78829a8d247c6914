package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"portico/files"
	"portico/handlers/timecode"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// filePoster serves the picture of a recording to everybody who may download it: the poster
// of a video, the wave of a sound. In a support session it is recorded as a preview is.
func (s *Server) filePoster(r *http.Request) page {
	var p store.Rendition
	return page{always(store.GetPoster(web.PathID(r), &p)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		return s.sendObject(w, r, me, files.Download{
			Key:         files.NewKey(me.TenantID(), files.KindRendition, p.ID),
			Name:        "poster." + strings.TrimPrefix(p.ContentType, "image/"),
			ContentType: p.ContentType,
			Size:        p.Size,
			Digest:      files.Digest(p.SHA256),
			Inline:      true,
		})
	}}
}

// filePlayable serves the copy of a recording that browsers play. To play it is to view the
// file, and is recorded so.
func (s *Server) filePlayable(r *http.Request) page {
	var p store.Rendition
	return page{always(store.GetPlayable(web.PathID(r), &p)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		web.LiftDeadlines(w, r)
		download := files.Download{
			Key:         files.NewKey(me.TenantID(), files.KindRendition, p.ID),
			Name:        "copy.mp4",
			ContentType: p.ContentType,
			Size:        p.Size,
			Digest:      files.Digest(p.SHA256),
			Inline:      true,
		}
		if r.Method != http.MethodHead {
			event := store.Event{Verb: "file.viewed", TargetKind: store.KindFile, TargetID: p.FileID}
			if err := s.db.RecordDownload(r.Context(), me, event, download.IsContinuation(r)); err != nil {
				return errors.Join(store.ErrUnavailable, err)
			}
		}
		w.Header().Set("X-Frame-Options", "SAMEORIGIN")
		return s.sendObject(w, r, me, download)
	}}
}

// withMedia adds what jobs made of a recording to its row.
func withMedia(row *views.FileRow, base views.Base, f store.File) {
	kind, _, _ := strings.Cut(f.ContentType, "/")
	if kind != "video" && kind != "audio" && f.ContentType != "application/ogg" {
		return
	}
	if f.Pictured {
		row.PosterURL = base.FilePoster(row.ID)
	}
	if f.DurationMS != nil {
		row.Length = views.Moment(int((*f.DurationMS + 500) / 1000))
	}
	switch f.Plays {
	case store.PlaysRendition:
		row.ShownURL = base.FilePlayable(row.ID)
		if row.Kind == views.FileOther { // no browser knows the original
			row.Kind = views.FileVideo
			if kind == "audio" {
				row.Kind = views.FileAudio
			}
		}
		row.StageNote = "This is a copy for the browser. The download is the original."
	case store.PlaysSoon:
		row.StageNote = "We are preparing this file for the browser. If it doesn't play yet, come back in a few minutes."
	}
	if words := unfitRecording(f, kind); words != "" {
		row.StageNote = words
	}
	if c, known := clockOf(f); known {
		row.FrameRate, row.FrameWords, row.FirstFrame, row.DropsFrames = c.Rate.String(), c.Rate.Words(), c.From, c.Drops()
	}
}

// unfitRecording says why a recording can't be shown, in words for whoever looks at it.
func unfitRecording(f store.File, kind string) string {
	thing, verb := "video", "watch"
	if kind != "video" {
		thing, verb = "sound", "hear"
	}
	switch f.Unfit {
	case "broken":
		return fmt.Sprintf("This %s can't be read. It may be damaged, or not completely exported. Download it to check, or send it again.", thing)
	case "slow":
		return fmt.Sprintf("This %s takes too long to prepare for the browser. Download it to %s it.", thing, verb)
	case "large":
		return fmt.Sprintf("This %s is too large to prepare for the browser. Download it to %s it.", thing, verb)
	case "no_picture":
		return "This video has no picture, only sound."
	}
	return ""
}

// clockOf is the clock of a recording, and whether it is the recording's own.
func clockOf(f store.File) (c timecode.Clock, known bool) {
	rate, ok := timecode.ParseRate(f.FrameRate)
	if !ok {
		return timecode.NewClock(timecode.Assumed, ""), false
	}
	return timecode.NewClock(rate, f.StartTimecode), true
}

// placeInTime writes a time of a recording as its reader counts: with frames if the
// recording has its own rate.
func placeInTime(f *store.File, ms int64) string {
	if f != nil {
		if c, known := clockOf(*f); known {
			return c.At(ms)
		}
	}
	return views.Moment(int(ms / 1000))
}

// seekTo is a time in seconds for the address of a page.
func seekTo(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) }
