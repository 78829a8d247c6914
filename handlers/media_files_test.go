package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/files"
	"portico/store"
)

// recorded stores a poster and a copy of a recording, as the jobs do.
func recorded(t *testing.T, me store.Member, file string) {
	t.Helper()
	storetest.Media(t, me.TenantID(), uuid.MustParse(file), func(r *store.Rendition) {
		content := "bytes of " + r.ContentType
		digest, err := storage(t).For(me.TenantID()).Put(t.Context(), files.NewKey(me.TenantID(), files.KindRendition, r.ID), []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		r.Size, r.SHA256 = int64(len(content)), digest[:]
	})
}

const aMovie = "\x00\x00\x00\x18ftypqt  \x00\x00\x02\x00qt  "

// The stage of a video has its poster, plays the copy, and says how long it is and that the
// download is the original. Whoever sees the video gets them; a draft's, the bin's, another
// tenant's and an invented one are refused alike. To play is recorded as a view.
func TestMediaIsServedLikeItsFile(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	mia, gus := d.as(t, d.Mia), d.as(t, d.Gus)
	id := d.send(t, "cut.mov", []byte(aMovie))
	recorded(t, d.me, id)
	paths := []string{"/files/%s/poster", "/files/%s/playable"}
	refused := func(what string) {
		t.Helper()
		for _, path := range paths {
			nothing := mia.get(t, d.at(path, uuid.New()))
			want(t, "nothing", nothing, http.StatusNotFound)
			if got := mia.get(t, d.at(path, id)); got.status != http.StatusNotFound || got.withoutRequestID() != nothing.withoutRequestID() {
				t.Errorf("%s: %s: %d, or it differs from the refusal of a random id", what, path, got.status)
			}
			foreign, random := gus.get(t, "/w/"+d.Globex+strings.Replace(path, "%s", id, 1)), gus.get(t, "/w/"+d.Globex+strings.Replace(path, "%s", uuid.NewString(), 1))
			if foreign.status != http.StatusNotFound || foreign.withoutRequestID() != random.withoutRequestID() {
				t.Errorf("%s: %s of another tenant: %d", what, path, foreign.status)
			}
		}
	}
	refused("a draft")
	for _, path := range paths {
		want(t, "staff's draft", d.ravi.get(t, d.at(path, id)), http.StatusOK)
	}
	d.publish(t)
	viewed := trail(t, id, "file.viewed")
	for path, kind := range map[string]string{paths[0]: "image/png", paths[1]: "video/mp4"} {
		got := mia.get(t, d.at(path, id))
		want(t, path, got, http.StatusOK)
		if h := got.header; got.body != "bytes of "+kind || h.Get("Content-Type") != kind || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Disposition"), "inline") {
			t.Errorf("%s: %q with %v", path, got.body, h)
		}
	}
	if n := trail(t, id, "file.viewed") - viewed; n != 1 {
		t.Errorf("playing is recorded %d times, want once", n)
	}
	stage := answer{body: shown(t, mia.get(t, d.at("/deliverables/%s", d.deliverable)))}
	has(t, "the stage", stage, `src="`+d.at("/files/%s/playable", id), `poster="`+d.at("/files/%s/poster", id)+`"`, ">1:30<", `data-rate="30000/1001"`, `data-from="107892"`, `data-drops="2"`, "This is a copy for the browser.")
	if _, err := storetest.AdminPool().Exec(t.Context(), `update files set deleted_at = now() where id = $1`, id); err != nil {
		t.Fatal(err)
	}
	refused("the bin")
}

// A video that can't be shown says why, in words for whoever looks at it.
func TestUnfitRecordingsAreExplained(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	id := d.send(t, "cut.mov", []byte(aMovie))
	d.publish(t)
	mia := d.as(t, d.Mia)
	for set, says := range map[string]string{
		"plays = 'no', unfit = 'broken'":           "This video can&#39;t be read.",
		"plays = 'no', unfit = 'slow'":             "This video takes too long to prepare for the browser.",
		"plays = 'no', unfit = 'large'":            "This video is too large to prepare for the browser.",
		"plays = 'original', unfit = 'no_picture'": "This video has no picture, only sound.",
		"plays = 'soon', unfit = null":             "We are preparing this file for the browser.",
	} {
		if _, err := storetest.AdminPool().Exec(t.Context(), `update files set `+set+` where id = $1`, id); err != nil {
			t.Fatal(err)
		}
		has(t, set, answer{body: shown(t, mia.get(t, d.at("/deliverables/%s", d.deliverable)))}, says)
	}
}

// A video that no browser knows is played as its copy, and offered as the original.
func TestForeignVideosArePlayedAsTheirCopy(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	id := d.send(t, "cut.avi", []byte("RIFF"))
	if _, err := storetest.AdminPool().Exec(t.Context(), `update files set content_type = 'video/x-msvideo' where id = $1`, id); err != nil {
		t.Fatal(err)
	}
	page := d.at("/deliverables/%s", d.deliverable)
	hasNot(t, "before", answer{body: shown(t, d.ravi.get(t, page))}, "<video")
	recorded(t, d.me, id)
	has(t, "after", answer{body: shown(t, d.ravi.get(t, page))}, "<video", d.at("/files/%s/playable", id), d.at("/files/%s", id)+`"`)
}

// A note points at a span of a video with plain fields. The page says it as timecode, shows
// it below the video, and leads to its beginning.
func TestNotesPointAtSpans(t *testing.T) {
	t.Parallel()
	d := newCuttingDesk(t)
	storetest.Media(t, d.staff.TenantID(), d.file)
	file := d.file.String()
	for what, c := range map[string]struct{ time, until, says string }{
		"an end before the beginning": {"0:12", "0:11", "Enter a time after the beginning"},
		"an end alone":                {"", "0:11", "Enter the time at which it begins."},
		"an end beyond the video":     {"0:12", "9:00", "The recording is over by then."},
		"no time":                     {"0:12", "later", "Enter a time, such as 0:12 or 0:12.480."},
		"too fine":                    {"0:12.0001", "", "Enter a time, such as 0:12 or 0:12.480."},
	} {
		got := d.mia.post(t, d.page+"/versions/1/notes", url.Values{"words": {"kept"}, "file": {file}, "time": {c.time}, "until": {c.until}})
		want(t, what, got, http.StatusUnprocessableEntity)
		has(t, what, got, c.says, "kept")
		if c.until != "" {
			has(t, what, got, `value="`+c.until+`"`)
		}
	}
	note := d.start(t, d.mia, url.Values{"words": {"Slower"}, "file": {file}, "time": {"0:12.480"}, "until": {"0:15"}})
	if *note.AtMS != 12_480 || *note.EndMS != 15_000 {
		t.Errorf("the note is from %d to %d", *note.AtMS, *note.EndMS)
	}
	page := d.mia.get(t, d.page)
	has(t, "the page", page, "at 01:00:12;14 to 01:00:14;29", "t=12.48", `data-marks`, `<rect x="13.86%"`)
	has(t, "at its time", d.mia.get(t, d.page+"?file="+file+"&t=12.48"), "#t=12.48")
	hasNot(t, "at no time", d.mia.get(t, d.page+"?file="+file+"&t=%22%3E"), "#t=")
	edl := d.export(t, d.mia, "edl")
	has(t, "the markers", edl, "29.97 fps, from 01:00:00;00", "01:00:12;14", "|D:75")
	hasNot(t, "the markers", edl, "assumed")
}
