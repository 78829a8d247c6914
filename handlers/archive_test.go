package handlers_test

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/files"
)

func (d studio) zipPath() string { return d.at("/versions/%s/files.zip", d.draft) }

// unzip returns the contents of an archive by name.
func unzip(t *testing.T, body string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(f.Name, err)
		}
		found[f.Name] = string(content)
	}
	return found
}

// sendInto uploads a file that was dropped in a folder.
func (d studio) sendInto(t *testing.T, folder, name string, content []byte) string {
	t.Helper()
	a := d.ravi.json(t, http.MethodPost, d.at("/versions/%s/uploads", d.draft), map[string]any{"name": name, "folder": folder, "size": len(content)})
	want(t, "begin", a, http.StatusCreated)
	p := decode[plan](t, a)
	want(t, "part", d.ravi.putPart(t, p.part(1), content), http.StatusNoContent)
	want(t, "finish", d.ravi.do(t, http.MethodPost, p.Finish, nil, ""), http.StatusOK)
	return p.ID
}

// The client downloads all files of a published version at once, with the folders that they
// were dropped in. Each is recorded as if it were downloaded alone. A broken download goes
// on, and records only the files that it still sends. Nobody gets a draft, a file in the bin
// or a file of another version.
func TestDownloadAllAsArchive(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	first := d.send(t, "Logo v3.txt", []byte("logo"))
	second := d.sendInto(t, "press/./../de", "Logo v3.txt", []byte("Presse"))
	binned := d.send(t, "gone.txt", []byte("gone"))
	want(t, "bin", d.ravi.post(t, d.at("/files/%s/delete", binned), nil), 303)
	mia := d.as(t, d.Mia)
	want(t, "a draft, for the client", mia.get(t, d.zipPath()), 404)
	want(t, "a draft, for staff", d.ravi.get(t, d.zipPath()), 200)
	d.publish(t)

	whole := mia.get(t, d.zipPath())
	want(t, "the archive", whole, 200)
	got := unzip(t, whole.body)
	if len(got) != 2 || got["Logo v3.txt"] != "logo" || got["press/de/Logo v3.txt"] != "Presse" {
		t.Errorf("the archive holds %v", got)
	}
	if length := whole.header.Get("Content-Length"); length != strconv.Itoa(len(whole.body)) ||
		whole.header.Get("Content-Disposition") != `attachment; filename="Poster `+d.Suffix+` v1.zip"` {
		t.Errorf("%d bytes, headers %v", len(whole.body), whole.header)
	}
	byMia := func(id string) int { return trailOf(t, d, id) }
	if byMia(first) != 1 || byMia(second) != 1 || byMia(binned) != 0 {
		t.Errorf("recorded %d, %d and %d", byMia(first), byMia(second), byMia(binned))
	}
	from := strings.Index(whole.body, "Presse") + 2
	rest := mia.with("Range", "bytes="+strconv.Itoa(from)+"-").with("If-Range", whole.header.Get("ETag")).get(t, d.zipPath())
	want(t, "the rest", rest, 206)
	if rest.body != whole.body[from:] {
		t.Errorf("the rest has %d bytes, want %d", len(rest.body), len(whole.body)-from)
	}
	if byMia(first) != 1 || byMia(second) != 1 {
		t.Errorf("the rest is recorded as %d and %d", byMia(first), byMia(second))
	}
	head := mia.do(t, http.MethodHead, d.zipPath(), nil, "")
	if head.status != 200 || head.header.Get("Content-Length") != strconv.Itoa(len(whole.body)) || byMia(first) != 1 {
		t.Errorf("head: %d, %v", head.status, head.header)
	}
	want(t, "signed out", d.nobody().get(t, d.zipPath()), 302)
	page := mia.get(t, d.at("/deliverables/%s", d.deliverable))
	has(t, "page", page, d.zipPath(), "Download all", "press/de/Logo v3.txt")
	if stage := between(page.body, `<figcaption>`, `</figcaption>`); !strings.Contains(stage, d.zipPath()) {
		t.Errorf("beside the download of the file shown there is none of all: %s", stage)
	}
}

// trailOf counts the downloads of a file by one person.
func trailOf(t *testing.T, d studio, id string) (rows int) {
	t.Helper()
	err := storetest.Superuser(t).QueryRow(t.Context(), `select count(*)
from audit_events e join memberships m on m.tenant_id = e.tenant_id and m.user_id = e.actor_id
where e.target_id = $1 and e.verb = 'file.downloaded' and m.email = $2`, id, d.Mia).Scan(&rows)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// afterFirst hands out what it reads, and does something after the first bytes.
type afterFirst struct {
	io.ReadCloser
	do func()
}

func (a *afterFirst) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p[:min(len(p), 1<<10)])
	if a.do != nil {
		a.do()
		a.do = nil
	}
	return n, err
}

// Somebody who loses access while an archive is on its way gets no further file, and nobody
// gets one that was deleted meanwhile. The transfer breaks off visibly.
func TestArchiveEndsWithAccess(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"a person is removed":  `update memberships set ended_at = now() where tenant_id = $1 and email = $2 and $3::text <> ''`,
		"a portal is paused":   `update tenants set state = 'suspended' where id = $1 and $2::text <> $3::text`,
		"a file is deleted":    `update files set deleted_at = now() where tenant_id = $1 and $2::text <> '' and id::text = $3`,
		"a project is deleted": `update projects set deleted_at = now() where tenant_id = $1 and $2::text <> $3::text`,
		"they sign out":        `delete from sessions where user_id = (select user_id from memberships where tenant_id = $1 and email = $2 and $3::text <> '')`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newStudio(t)
			d.send(t, "a.bin", noise(40, 16_000_000))
			secret := "secret of " + d.Suffix
			last := d.send(t, "b.txt", []byte(secret))
			d.publish(t)
			mia := d.as(t, d.Mia)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.server.URL+d.zipPath(), nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Cookie", mia.cookie)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			got, err := io.ReadAll(&afterFirst{response.Body, func() {
				if _, err := storetest.Superuser(t).Exec(t.Context(), sql, d.me.TenantID(), d.Mia, last); err != nil {
					t.Error(err)
				}
			}})
			if response.StatusCode != 200 || err == nil || bytes.Contains(got, []byte(secret)) || int64(len(got)) >= response.ContentLength {
				t.Errorf("%d, %d of %d bytes, %v", response.StatusCode, len(got), response.ContentLength, err)
			}
			if rows := trailOf(t, d, last); rows != 0 {
				t.Errorf("the file that she didn't get is recorded %d times", rows)
			}
		})
	}
}

// A file that is missing in storage, or whose checksum was not kept, decides before the
// first byte: the one refuses the archive by name, the other is read once more.
func TestArchiveOfOldAndLostFiles(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	old, other := d.send(t, "old.txt", []byte("old")), d.send(t, "other.txt", []byte("other"))
	if _, err := storetest.Superuser(t).Exec(t.Context(), `update files set crc32 = null where id = $1`, old); err != nil {
		t.Fatal(err)
	}
	a := d.ravi.get(t, d.zipPath())
	want(t, "with an old file", a, 200)
	if got := unzip(t, a.body); got["old.txt"] != "old" {
		t.Errorf("the archive holds %v", got)
	}
	if _, err := storetest.Superuser(t).Exec(t.Context(), `update files set missing_at = now() where id = $1`, other); err != nil {
		t.Fatal(err)
	}
	a = d.ravi.get(t, d.zipPath())
	want(t, "with a lost file", a, 409)
	has(t, "with a lost file", a, "other.txt", "missing from our storage")
}

// The checksum of an old file is computed by one request and kept for all, whoever asks,
// and also for one that waited. HEAD then reads no byte: it answers even when the bytes
// are lost.
func TestChecksumIsComputedOnce(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	old := uuid.MustParse(d.send(t, "old.txt", []byte("old")))
	late := uuid.MustParse(d.send(t, "late.txt", []byte("late")))
	d.publish(t)
	set := func(id uuid.UUID, crc *uint32) {
		t.Helper()
		if _, err := storetest.Superuser(t).Exec(t.Context(), `update files set crc32 = $2 where id = $1`, id, crc); err != nil {
			t.Fatal(err)
		}
	}
	set(old, nil)
	mia := d.as(t, d.Mia)
	head := func() answer { return mia.do(t, http.MethodHead, d.zipPath(), nil, "") }
	lose := func(id uuid.UUID) {
		t.Helper()
		if err := storage(t).For(d.me.TenantID()).Delete(t.Context(), files.NewKey(d.me.TenantID(), files.KindFile, id)); err != nil {
			t.Fatal(err)
		}
	}
	first := head()
	want(t, "the first", first, http.StatusOK)
	if got := unzip(t, mia.get(t, d.zipPath()).body); got["old.txt"] != "old" || got["late.txt"] != "late" {
		t.Errorf("the archive holds %v", got)
	}
	lose(old)
	if again := head(); again.status != http.StatusOK || again.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("the second reads the file again: %d", again.status)
	}

	set(late, nil)
	end := d.product.TakeChecksumSlot(t, d.me.TenantID())
	waited := make(chan answer, 1)
	go func() { waited <- head() }()
	select {
	case got := <-waited:
		t.Errorf("a second computation at once: %d", got.status)
	case <-time.After(500 * time.Millisecond):
	}
	sum := crc32.ChecksumIEEE([]byte("late"))
	set(late, &sum)
	lose(late)
	end()
	if got := <-waited; got.status != http.StatusOK || got.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("who waited computes it again: %d", got.status)
	}
}
