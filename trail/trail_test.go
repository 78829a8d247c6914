package trail

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var (
	tenant = uuid.MustParse("0190f5a0-0000-7000-8000-000000000001")
	seed   = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public = []ed25519.PublicKey{seed.Public().(ed25519.PublicKey)}
	began  = time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
)

func event(position int64) Event {
	id := uuid.UUID{15: 1}
	binary.BigEndian.PutUint64(id[:8], uint64(position))
	return Event{ID: id, At: Time{began.Add(time.Duration(position) * time.Millisecond)}, Actor: &tenant, Detail: DetailHash(salt, "{}"), Party: "agency", Position: position,
		Request: "r<&>", Result: "ok", TargetKind: "project", Verb: "project.updated"}
}

var salt = []byte("0123456789abcdef")

// An event has one canonical JSON, by which others compute its leaf.
func TestCanonicalEvent(t *testing.T) {
	t.Parallel()
	const want = `{"actor":"0190f5a0-0000-7000-8000-000000000001","at":"2026-11-28T10:00:00.007000Z","detail":"` +
		`GsSIrDMw4NY6FvXHG2RlSWEMy8RxQnyIZ+LLh3n6Zrk=","id":"00000000-0000-0007-0000-000000000001","key":null,"party":"agency","position":7,` +
		`"request":"r<&>","result":"ok","session":null,"subject":null,"target":null,"target_kind":"project","verb":"project.updated"}`
	e := event(7)
	got := string(e.Canonical())
	if cut := strings.Index(want, `"id"`); got[len(got)-len(want)+cut:] != want[cut:] || !strings.HasPrefix(got, want[:strings.Index(want, "GsSI")]) {
		t.Errorf("got %s", got)
	}
	if e.Leaf() != tlog.RecordHash(e.Canonical()) {
		t.Error("the leaf is not that of RFC 6962")
	}
}

// A tree has the root that RFC 6962 gives it, at every size, also when it is continued from its
// edge. Its tiles give every proof.
func TestTreesAreThoseOfRFC6962(t *testing.T) {
	t.Parallel()
	var stored []Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []Hash, err error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	var tree Tree
	var leaves []Hash
	for n := int64(0); n < 1000; n++ {
		leaf := event(n).Leaf()
		more, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		check(t, err)
		stored, leaves = append(stored, more...), append(leaves, leaf)
		tree, err = OpenTree(tree.Size(), tree.Edge())
		check(t, err)
		tree.Append(leaf)
		want, err := tlog.TreeHash(n+1, reader)
		check(t, err)
		if tree.Root() != want || RootOf(leaves) != want {
			t.Fatalf("the root of %d leaves is wrong", n+1)
		}
	}
	tiles := Tiles{Size: 1000, Leaves: func(from, until int64) ([]Hash, error) { return leaves[from:until], nil }}
	tiles.Full = func(level int, from, until int64) (full [][]Hash, err error) {
		for n := from; n < until; n++ {
			if level > 0 || n >= FullTiles(0, 1000) {
				return nil, fmt.Errorf("tile %d of level %d is not full", n, level)
			}
			full = append(full, leaves[n*TileWidth:(n+1)*TileWidth])
		}
		return full, nil
	}
	for n := range int64(1000) {
		proof, err := tlog.ProveRecord(1000, n, tiles)
		check(t, err)
		check(t, tlog.CheckRecord(proof, 1000, tree.Root(), n, leaves[n]))
	}
	if _, err := OpenTree(7, tree.Edge()); err == nil {
		t.Error("another tree's edge is accepted")
	}
}

// A checkpoint opens only with the key that signed it, and only as it was signed.
func TestChangedCheckpointsAreRefused(t *testing.T) {
	t.Parallel()
	c := Checkpoint{Origin: Origin("portico.test:8080", tenant, Agency), Size: 7, Root: event(1).Leaf(), At: began}
	signed, err := Sign(c, []ed25519.PrivateKey{seed}, "")
	check(t, err)
	if got, err := OpenCheckpoint(signed, public); err != nil || got.Text() != c.Text() {
		t.Fatalf("%+v, %v", got, err)
	}
	for what, changed := range map[string]string{
		"its size":    strings.Replace(signed, "\n7\n", "\n8\n", 1),
		"its time":    strings.Replace(signed, "10:00", "10:01", 1),
		"its side":    strings.Replace(signed, "/agency\n", "/client\n", 1),
		"a line more": strings.Replace(signed, "\n\n", "\nkey AAAA\n\n", 1),
		"cut":         signed[:len(signed)-20],
		"nothing":     "",
	} {
		if _, err := OpenCheckpoint(changed, public); err == nil {
			t.Errorf("%s: changed, and accepted", what)
		}
	}
}

// archiveOf is an archive of a log of n rows, with a checkpoint every so many.
func archiveOf(t testing.TB, n, every int64) fs.FS {
	t.Helper()
	var tree Tree
	var notes []string
	for p := range n {
		tree.Append(event(p).Leaf())
		if (p+1)%every == 0 || p+1 == n {
			c := Checkpoint{Origin: Origin("portico.test", tenant, Agency), Size: p + 1, Root: tree.Root(), At: event(p).At.Add(time.Second)}
			var before string
			if len(notes) > 0 {
				before = notes[len(notes)-1]
			}
			signed, err := Sign(c, []ed25519.PrivateKey{seed}, before)
			check(t, err)
			notes = append(notes, signed)
		}
	}
	rows := func(yield func(Row, error) bool) {
		for p := range n {
			e := event(p)
			leaf := e.Leaf()
			if !yield(Row{Position: &p, Leaf: leaf[:], Event: &e, Salt: salt, Detail: "{}"}, nil) {
				return
			}
		}
	}
	checkpoints := func(yield func(string, error) bool) {
		for _, n := range notes {
			if !yield(n, nil) {
				return
			}
		}
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	check(t, Archive(z, Manifest{Tenant: tenant, Name: "Acme"}, nil, map[Side]SideFiles{Agency: {Rows: iter.Seq2[Row, error](rows), Checkpoints: checkpoints}}))
	check(t, z.Close())
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	check(t, err)
	return archive
}

// An archive that nobody touched verifies. One whose files are nonsense is refused, and takes no
// more memory than it has bytes.
func TestNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	whole := archiveOf(t, 1000, 300)
	report, err := Verify(whole, Options{Keys: public})
	if err != nil || !report.OK() || report.Logs[0].Rows != 1000 || report.Logs[0].Checkpoints != 4 {
		t.Fatalf("%+v, %v", report, err)
	}
	events, err := fs.ReadFile(whole, "agency/events.jsonl")
	check(t, err)
	for what, change := range map[string]func(fstest.MapFS){
		"no manifest":     func(a fstest.MapFS) { delete(a, manifestFile) },
		"another format":  func(a fstest.MapFS) { a[manifestFile].Data = []byte(`{"format":2}`) },
		"an unknown side": func(a fstest.MapFS) { a[manifestFile].Data = []byte(`{"format":1,"sides":["../x"]}`) },
		"no events":       func(a fstest.MapFS) { delete(a, "agency/events.jsonl") },
		"half a line":     func(a fstest.MapFS) { a["agency/events.jsonl"].Data = events[:len(events)-50] },
		"a far position": func(a fstest.MapFS) {
			a["agency/events.jsonl"].Data = append(append([]byte{}, events...), `{"position":9000000000000000000,"event":null}`...)
		},
		"a negative position": func(a fstest.MapFS) {
			a["agency/events.jsonl"].Data = append([]byte(`{"position":-5,"event":null}`+"\n"), events...)
		},
		"a row twice": func(a fstest.MapFS) {
			a["agency/events.jsonl"].Data = append(append([]byte{}, events...), events[:bytes.IndexByte(events, '\n')]...)
		},
		"no checkpoints":  func(a fstest.MapFS) { delete(a, "agency/checkpoints.jsonl") },
		"an endless line": func(a fstest.MapFS) { a["agency/events.jsonl"].Data = bytes.Repeat([]byte("x"), 2*maxLine) },
		"a tile of nonsense": func(a fstest.MapFS) {
			a["agency/tiles.jsonl"].Data = []byte(`{"level":0,"number":0,"hashes":"AAAA"}` + "\n" + `{"level":`)
		},
		"other checkpoints":    func(a fstest.MapFS) { a["agency/checkpoints.jsonl"].Data = []byte(`{"note":"x\n\ny"}`) },
		"a checkpoint of zero": func(a fstest.MapFS) { a["agency/checkpoints.jsonl"].Data = []byte(`{"note":""}`) },
	} {
		a := fstest.MapFS{}
		check(t, fs.WalkDir(whole, ".", func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			content, err := fs.ReadFile(whole, name)
			a[name] = &fstest.MapFile{Data: content}
			return err
		}))
		change(a)
		if r, err := Verify(a, Options{Keys: public}); err == nil && r.OK() {
			t.Errorf("%s: accepted", what)
		}
	}
}

// BenchmarkVerify verifies a million events with a checkpoint for every thousand.
func BenchmarkVerify(b *testing.B) {
	archive := archiveOf(b, 1_000_000, 1000)
	for b.Loop() {
		if r, err := Verify(archive, Options{Keys: public}); err != nil || !r.OK() {
			b.Fatal(err, r.Findings)
		}
	}
}
