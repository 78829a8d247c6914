package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"portico/handlers/media"
)

var tool *media.Tool

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == media.Child {
		fmt.Fprintln(os.Stderr, media.RunChild(os.Args[2:])) // it returns only if it failed
		os.Exit(1)
	}
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	if tool, err = media.New(program); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// slice is a recording in memory. It counts what is read of it.
type slice struct {
	content []byte
	read    atomic.Int64
}

func (s *slice) Size() int64 { return int64(len(s.content)) }

func (s *slice) Open(_ context.Context, offset int64) (io.ReadCloser, error) {
	return io.NopCloser(counted{bytes.NewReader(s.content[offset:]), &s.read}), nil
}

type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// record makes a recording of a test picture and a tone.
func record(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.CommandContext(t.Context(), "ffmpeg", append(append([]string{"-v", "error", "-nostdin"}, args...), path)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func testPicture(size, rate, seconds string) []string {
	return []string{"-f", "lavfi", "-i", "testsrc=size=" + size + ":rate=" + rate + ":duration=" + seconds}
}

var tone = []string{"-f", "lavfi", "-i", "sine=frequency=440:duration=2"}

func of(content []byte, contentType string) media.Recording {
	return media.Recording{Source: &slice{content: content}, ContentType: contentType}
}

func args(parts ...any) (all []string) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			all = append(all, p)
		case []string:
			all = append(all, p...)
		}
	}
	return all
}

// A recording says how long it is, how many frames a second it has, which timecode it begins
// with, and whether browsers play it.
func TestRecordingsAreMeasured(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, contentType string
		make              []string
		want              media.Facts
		rate              string
	}{
		{"cut.mp4", "video/mp4", args(testPicture("320x180", "25", "2"), tone, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"),
			media.Facts{Duration: 2 * time.Second, Width: 320, Height: 180, Sound: true, Plays: true}, "25/1"},
		{"cut.mov", "video/quicktime", args(testPicture("320x180", "30000/1001", "2"), "-timecode", "01:00:00;02", "-c:v", "mpeg4"),
			media.Facts{Duration: 2002 * time.Millisecond, Start: "01:00:00;02", Width: 320, Height: 180}, "30000/1001"},
		{"upright.mp4", "video/mp4", args(testPicture("180x320", "24000/1001", "1"), "-c:v", "libx264", "-pix_fmt", "yuv422p"),
			media.Facts{Duration: 1001 * time.Millisecond, Width: 180, Height: 320}, "24000/1001"},
		{"cut.webm", "video/webm", args(testPicture("320x180", "25", "1"), "-c:v", "libvpx", "-deadline", "realtime"),
			media.Facts{Duration: time.Second, Width: 320, Height: 180, Plays: true}, "25/1"},
		{"cut.avi", "video/x-msvideo", args(testPicture("320x180", "25", "1"), "-c:v", "mjpeg"),
			media.Facts{Duration: time.Second, Width: 320, Height: 180}, "25/1"},
		{"spot.mp3", "audio/mpeg", args(tone, "-c:a", "libmp3lame"), media.Facts{Duration: 2 * time.Second, Sound: true, Plays: true}, "0/0"},
		{"spot.aiff", "audio/aiff", args(tone), media.Facts{Duration: 2 * time.Second, Sound: true}, "0/0"},
	} {
		got, unfit, err := tool.Look(t.Context(), of(record(t, c.name, c.make...), c.contentType))
		if err != nil || unfit != "" {
			t.Errorf("%s: %q, %v", c.name, unfit, err)
			continue
		}
		if got.Rate.String() != c.rate {
			t.Errorf("%s has %s frames a second, want %s", c.name, got.Rate, c.rate)
		}
		got.Rate = c.want.Rate
		if off := got.Duration - c.want.Duration; off < -50*time.Millisecond || off > 100*time.Millisecond {
			t.Errorf("%s is %v long, want %v", c.name, got.Duration, c.want.Duration)
		}
		if got.Duration = c.want.Duration; got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// A video that browsers can't play gets a picture and a copy that they can; a sound gets its
// wave and a copy.
func TestRecordingsGetPicturesAndCopies(t *testing.T) {
	t.Parallel()
	video := of(record(t, "cut.mov", args(testPicture("2560x1440", "25", "1"), tone, "-c:v", "mpeg4", "-q:v", "5")...), "video/quicktime")
	facts, _, err := tool.Look(t.Context(), video)
	if err != nil {
		t.Fatal(err)
	}
	poster, unfit, err := tool.Poster(t.Context(), video, facts)
	if err != nil || unfit != "" {
		t.Fatalf("the poster: %q, %v", unfit, err)
	}
	if shape, kind, err := image.DecodeConfig(bytes.NewReader(poster)); err != nil || kind != "jpeg" || shape.Width != 1600 || shape.Height != 900 {
		t.Errorf("the poster is %s, %d by %d, %v", kind, shape.Width, shape.Height, err)
	}
	c := play(t, video, facts, "video/mp4")
	if again, _, err := tool.Look(t.Context(), c); err != nil || !again.Plays || again.Width != 1920 || again.Height != 1080 || !again.Sound || again.Rate.String() != "25/1" {
		t.Errorf("the copy is %+v, %v", again, err)
	}
	sound := of(record(t, "spot.aiff", tone...), "audio/aiff")
	wave, unfit, err := tool.Wave(t.Context(), sound)
	if err != nil || unfit != "" {
		t.Fatalf("the wave: %q, %v", unfit, err)
	}
	if shape, kind, err := image.DecodeConfig(bytes.NewReader(wave)); err != nil || kind != "png" || shape.Width != 1600 {
		t.Errorf("the wave is %s, %d wide, %v", kind, shape.Width, err)
	}
	c = play(t, sound, media.Facts{Sound: true}, "audio/mp4")
	if again, _, err := tool.Look(t.Context(), c); err != nil || !again.Plays {
		t.Errorf("the copy of a sound is %+v, %v", again, err)
	}
	if n := media.PeakAt(1_000_000); n > 3200 {
		t.Errorf("a wave keeps %d pieces", n)
	}
}

func play(t *testing.T, r media.Recording, facts media.Facts, kind string) media.Recording {
	t.Helper()
	c, unfit, err := tool.Play(t.Context(), r, facts)
	if err != nil || unfit != "" {
		t.Fatalf("a copy: %q, %v", unfit, err)
	}
	defer func() { _ = c.Close() }()
	content, err := io.ReadAll(c)
	if err != nil || c.ContentType != kind || int64(len(content)) != c.Size {
		t.Fatalf("the copy is %s of %d bytes, %v", c.ContentType, c.Size, err)
	}
	return of(content, kind)
}

// What is no recording, or has no picture, says so. A playlist that names other files is not
// followed.
func TestUnfitRecordingsHaveAReason(t *testing.T) {
	t.Parallel()
	whole := record(t, "cut.mp4", args(testPicture("320x180", "25", "2"), "-c:v", "libx264", "-pix_fmt", "yuv420p")...)
	secret := filepath.Join(t.TempDir(), "secret.mp4")
	if err := os.WriteFile(secret, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		content     []byte
		contentType string
		want        media.Unfit
	}{
		"nothing":            {[]byte{0}, "video/mp4", media.Broken},
		"words":              {[]byte("Dear all"), "video/mp4", media.Broken},
		"the beginning":      {whole[:len(whole)/8], "video/mp4", media.Broken},
		"a list of segments": {[]byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://" + secret + "\n#EXT-X-ENDLIST\n"), "video/mp4", media.Broken},
		"a concatenation":    {[]byte("ffconcat version 1.0\nfile " + secret + "\n"), "video/mp4", media.Broken},
		"another container":  {whole, "video/webm", media.Broken},
		"no picture":         {record(t, "spot.mp4", args(tone, "-c:a", "aac")...), "video/mp4", media.NoPicture},
		"a huge picture":     {record(t, "huge.avi", args(testPicture("9000x5000", "1", "1"), "-c:v", "rawvideo", "-pix_fmt", "gray")...), "video/x-msvideo", media.Large},
	} {
		if _, unfit, err := tool.Look(t.Context(), of(c.content, c.contentType)); err != nil || unfit != c.want {
			t.Errorf("%s: %q, %v, want %q", what, unfit, err, c.want)
		}
	}
}

// trickle never ends, and gives a byte now and then.
type trickle struct{}

func (s trickle) Size() int64 { return 1 << 40 }

func (s trickle) Open(ctx context.Context, _ int64) (io.ReadCloser, error) {
	return io.NopCloser(slow{ctx}), nil
}

type slow struct{ ctx context.Context }

func (s slow) Read(p []byte) (int, error) {
	select {
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	case <-time.After(10 * time.Millisecond):
		return copy(p, "\x00"), nil
	}
}

// An endless recording is given up, and a job that somebody ends is not blamed on its
// recording.
func TestEndlessRecordingsAreGivenUp(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	hurried, err := media.New(program)
	if err != nil {
		t.Fatal(err)
	}
	hurried.SetTimeout(time.Second)
	endless := media.Recording{Source: trickle{}, ContentType: "audio/mpeg"}
	bounded, end := context.WithTimeout(t.Context(), time.Minute) // or the test would never end
	defer end()
	if _, unfit, err := hurried.Wave(bounded, endless); err != nil || unfit != media.Slow {
		t.Errorf("%q, %v", unfit, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, unfit, err := tool.Wave(ctx, endless); err == nil || unfit != "" {
		t.Errorf("a job that was ended: %q, %v", unfit, err)
	}
}

// away is storage that doesn't answer.
type away struct{}

func (away) Size() int64 { return 1000 }

func (away) Open(context.Context, int64) (io.ReadCloser, error) { return nil, errors.New("away") }

// When storage fails, the recording is not called broken: the job tries again.
func TestFailingStorageIsNotBlamedOnTheRecording(t *testing.T) {
	t.Parallel()
	if _, unfit, err := tool.Look(t.Context(), media.Recording{Source: away{}, ContentType: "video/mp4"}); err == nil || unfit != "" {
		t.Errorf("%q, %v", unfit, err)
	}
}

// gap is a recording with four gigabytes of nothing before its end, where its index is.
type gap struct {
	head, tail []byte
	read       *atomic.Int64
}

const gapSize = 4 << 30

func (g gap) Size() int64 { return int64(len(g.head)) + gapSize + int64(len(g.tail)) }

func (g gap) Open(_ context.Context, offset int64) (io.ReadCloser, error) {
	head := bytes.NewReader(g.head[min(offset, int64(len(g.head))):])
	past := max(0, offset-int64(len(g.head)))
	zeros := io.LimitReader(zeros{}, max(0, gapSize-past))
	tail := bytes.NewReader(g.tail[min(max(0, past-gapSize), int64(len(g.tail))):])
	return io.NopCloser(counted{io.MultiReader(head, zeros, tail), g.read}), nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A recording of four gigabytes is looked at by reading what is needed of it.
func TestLargeRecordingsAreReadInPieces(t *testing.T) {
	t.Parallel()
	whole := record(t, "cut.mp4", args(testPicture("320x180", "25", "2"), "-c:v", "mpeg4")...)
	at := bytes.Index(whole, []byte("moov")) - 4
	if at < 0 || bytes.Index(whole, []byte("mdat")) > at {
		t.Fatal("the index is not at the end")
	}
	// A box of its size, which says that it is free. Its size has 64 bits.
	head := append(append([]byte{}, whole[:at]...), "\x00\x00\x00\x01free\x00\x00\x00\x01\x00\x00\x00\x10"...)
	g := gap{head, whole[at:], &atomic.Int64{}}
	r := media.Recording{Source: g, ContentType: "video/mp4"}
	facts, unfit, err := tool.Look(t.Context(), r)
	if err != nil || unfit != "" || facts.Width != 320 {
		t.Fatalf("%+v, %q, %v", facts, unfit, err)
	}
	if poster, unfit, err := tool.Poster(t.Context(), r, facts); err != nil || unfit != "" || len(poster) == 0 {
		t.Errorf("the poster: %q, %v", unfit, err)
	}
	play(t, r, facts, "video/mp4")
	if n := g.read.Load(); n > 64<<20 {
		t.Errorf("%d bytes were read", n)
	}
}

// The child has no secret of ours, reads no file but programs, writes nothing outside its
// directory, and connects to nothing but us.
func TestChildHasNoRights(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://secret")
	dir, other := t.TempDir(), filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	out, err := tool.Run(t.Context(), dir, "sh", "-c", "env; ulimit -v; ulimit -t; echo mine > "+dir+"/mine && cat "+dir+"/mine")
	if err != nil || strings.Contains(out, "secret") || !strings.Contains(out, "mine") || !strings.Contains(out, "3145728") {
		t.Errorf("%v: %s", err, out)
	}
	for _, script := range []string{"cat " + other, "cat /etc/passwd", "cat /proc/1/environ", "echo x > " + other, "echo x > /tmp/portico-escaped"} {
		if out, err := tool.Run(t.Context(), dir, "sh", "-c", script); err == nil {
			t.Errorf("%s: %s", script, out)
		}
	}
	if out, err := tool.Run(t.Context(), dir, "ffprobe", "-v", "error", "tcp://"+listener.Addr().String()); err == nil || !strings.Contains(out, "ermission denied") {
		t.Errorf("it connects elsewhere: %v, %s", err, out)
	}
	if still, err := os.ReadFile(other); err != nil || string(still) != "secret" {
		t.Errorf("another file says %q, %v", still, err)
	}
}
