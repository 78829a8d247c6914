package jobs

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers/media"
	"portico/store"
	"portico/store/queue"
)

// mediaRunner is a runner over storage of its own that looks at recordings when told to.
func mediaRunner(t *testing.T) *Runner {
	t.Helper()
	r := runnerOver(t)
	program, err := os.Executable()
	check(t, err)
	r.cfg.Media, err = media.New(program)
	check(t, err)
	return r
}

// record makes a recording with ffmpeg.
func record(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.CommandContext(t.Context(), "ffmpeg", append(append([]string{"-v", "error", "-nostdin"}, args...), path)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(path)
	check(t, err)
	return content
}

func cut(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	return record(t, name, append([]string{"-f", "lavfi", "-i", "testsrc=size=320x180:rate=25:duration=2"}, args...)...)
}

// lookAt runs the jobs of a recording.
func (s shelf) lookAt(t *testing.T, r *Runner, file uuid.UUID) store.File {
	t.Helper()
	check(t, r.fileMedia(t.Context(), s.job(t), queue.FileMedia{File: file}))
	if s.file(t, file).Plays == store.PlaysSoon {
		check(t, r.filePlayable(t.Context(), s.job(t), queue.FilePlayable{File: file}))
	}
	return s.file(t, file)
}

// A video gets a poster, a preview, its time and its rate; one that browsers can't play gets
// a copy. The objects lie in storage as their rows say. Jobs that run again change nothing,
// and what storage loses is made again.
func TestRecordingsGetRenditions(t *testing.T) {
	t.Parallel()
	r := mediaRunner(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	id := s.pdfFile(t, cut(t, "cut.mov", "-timecode", "01:00:00:00", "-c:v", "mpeg4"))
	f := s.lookAt(t, r, id)
	if f.Plays != store.PlaysRendition || !f.Pictured || !f.Preview || f.FrameRate != "25/1" || f.StartTimecode != "01:00:00:00" || f.DurationMS == nil || *f.DurationMS != 2000 || f.Unfit != "" {
		t.Fatalf("%+v", f)
	}
	var poster, playable store.Rendition
	check(t, storetest.DB().Read(t.Context(), s.me, store.GetPoster(id, &poster), store.GetPlayable(id, &playable)))
	if poster.ContentType != "image/jpeg" && poster.ContentType != "image/png" || poster.Width != 320 || playable.ContentType != "video/mp4" || playable.Height != 180 {
		t.Errorf("%+v, %+v", poster, playable)
	}
	for _, made := range []store.Rendition{poster, playable} {
		digest := files.Digest(made.SHA256)
		object, err := s.vault.Get(t.Context(), files.NewKey(s.me.TenantID(), files.KindRendition, made.ID), files.ReadOptions{Size: made.Size, Digest: &digest})
		check(t, err)
		check(t, object.Body.Close())
	}
	for range 2 {
		s.lookAt(t, r, id)
		check(t, r.filePlayable(t.Context(), s.job(t), queue.FilePlayable{File: id}))
	}
	if n := len(s.pages(t)); n != 2 {
		t.Errorf("%d renditions in storage", n)
	}
	check(t, s.vault.Delete(t.Context(), files.NewKey(s.me.TenantID(), files.KindRendition, playable.ID)))
	check(t, r.Reconcile(t.Context(), s.job(t), Reconcile{Grace: time.Hour, Repair: true, Found: func(Finding) {}}))
	if f := s.file(t, id); f.Plays != store.PlaysUnknown {
		t.Errorf("after a loss: %+v", f)
	}
	if f := s.lookAt(t, r, id); f.Plays != store.PlaysRendition {
		t.Errorf("made again: %+v", f)
	}
}

// A video that browsers play gets no copy; a sound gets its wave.
func TestPlayableRecordingsGetNoCopy(t *testing.T) {
	t.Parallel()
	r := mediaRunner(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	f := s.lookAt(t, r, s.pdfFile(t, cut(t, "cut.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")))
	if f.Plays != store.PlaysOriginal || !f.Pictured || !f.Preview {
		t.Errorf("%+v", f)
	}
	f = s.lookAt(t, r, s.pdfFile(t, record(t, "spot.mp3", "-f", "lavfi", "-i", "sine=duration=3")))
	if f.Plays != store.PlaysOriginal || !f.Pictured || f.FrameRate != "" || f.DurationMS == nil {
		t.Errorf("%+v", f)
	}
	if n := len(s.pages(t)); n != 2 {
		t.Errorf("%d renditions in storage", n)
	}
	if n := ask[int](t, admin(t), `select count(*) from river.river_job where kind = 'file_playable' and args->>'file' = $1`, f.ID.String()); n != 0 {
		t.Errorf("%d copies are queued", n)
	}
}

// A recording that is broken or has no picture says why, and its job ends.
func TestUnfitRecordingsSayWhy(t *testing.T) {
	t.Parallel()
	r := mediaRunner(t)
	a := storetest.Agency(t)
	s := newShelf(t, r, a.Member(t, a.Dana, a.Acme))
	whole := cut(t, "cut.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")
	for what, c := range map[string]struct {
		content []byte
		unfit   string
		plays   store.Plays
	}{
		"half":       {whole[:len(whole)/2], "broken", store.PlaysNothing},
		"no picture": {record(t, "sound.mp4", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", "-brand", "isom"), "no_picture", store.PlaysOriginal},
	} {
		f := s.lookAt(t, r, s.pdfFile(t, c.content))
		if f.Unfit != c.unfit || f.Plays != c.plays {
			t.Errorf("%s: %q, %q (%s)", what, f.Unfit, f.Plays, f.ContentType)
		}
	}
}

// A job that names another tenant's recording is refused, and makes nothing.
func TestRecordingsOfOtherTenantsAreNotLookedAt(t *testing.T) {
	t.Parallel()
	r := mediaRunner(t)
	a := storetest.Agency(t)
	mine, other := newShelf(t, r, a.Member(t, a.Dana, a.Acme)), newShelf(t, r, a.Member(t, a.Dana, a.Globex))
	id := mine.pdfFile(t, cut(t, "cut.mp4", "-c:v", "mpeg4"))
	if err := r.fileMedia(t.Context(), other.job(t), queue.FileMedia{File: id}); err == nil {
		t.Error("another tenant's job looked at it")
	}
	if err := r.filePlayable(t.Context(), other.job(t), queue.FilePlayable{File: id}); err == nil {
		t.Error("another tenant's job copied it")
	}
	if f := mine.file(t, id); f.Plays != store.PlaysUnknown || len(other.pages(t)) != 0 {
		t.Errorf("%+v", f)
	}
	if f := mine.lookAt(t, r, id); f.Plays != store.PlaysRendition {
		t.Errorf("its own job: %+v", f)
	}
}

// Without ffmpeg a process leaves recordings to one that has it, and works everything else.
func TestWithoutFFmpegRecordingsWait(t *testing.T) {
	t.Parallel()
	r := runnerOver(t)
	with, without := mediaRunner(t).queueConfig(), r.queueConfig()
	for _, name := range []string{queue.Media, queue.Copies} {
		if _, ok := without.Queues[name]; ok || with.Queues[name].MaxWorkers != 1 {
			t.Errorf("%s: %v", name, with.Queues[name])
		}
	}
	if without.Queues[river.QueueDefault].MaxWorkers == 0 {
		t.Error("the other queues are not worked")
	}
}
