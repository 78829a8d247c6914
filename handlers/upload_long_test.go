//go:build long

package handlers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers/signin"
)

// most is how much memory the server may gain while files of any size pass.
const most = 64 << 20

// Two gigabytes are uploaded in parts and downloaded, and one more is uploaded by a
// plain form, through the real binary. The server never needs more than 64 MiB for
// them.
func TestLongTransfersStayFlat(t *testing.T) {
	s, pid := serveBinary(t)
	d := newStudioAt(t, s)
	first := d.send(t, "warm.bin", noise(1, 2*files.PartSize))
	want(t, "warm", d.ravi.get(t, d.at("/files/%s", first)), 200)

	const size = 2 << 30
	before := forgetPeak(t, pid)
	source := rand.NewChaCha8([32]byte{42})
	whole := sha256.New()
	p := d.begin(t, "film.mp4", size)
	part := make([]byte, files.PartSize)
	for n := 1; n <= size/files.PartSize; n++ {
		_, _ = source.Read(part)
		whole.Write(part)
		want(t, "part", d.ravi.putPart(t, p.part(n), part), 204)
	}
	grew(t, "2 GiB up", pid, before)
	finished := d.ravi.do(t, http.MethodPost, p.Finish, nil, "")
	want(t, "finish", finished, 200)
	has(t, "finish", finished, hex.EncodeToString(whole.Sum(nil)))
	grew(t, "finishing it", pid, before)

	sameBytes(t, d, p.ID, whole, size)
	grew(t, "2 GiB down", pid, before)

	whole.Reset()
	sendLongForm(t, d, whole, 1<<30)
	grew(t, "1 GiB by a form", pid, before)
	list := d.list(t)
	sameBytes(t, d, list[len(list)-1].ID.String(), whole, 1<<30)
	grew(t, "1 GiB down", pid, before)
}

func sameBytes(t *testing.T, d studio, id string, want hash.Hash, size int64) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.server.URL+d.at("/files/%s", id), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", d.ravi.cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := sha256.New()
	n, err := io.Copy(got, res.Body)
	if err != nil || n != size || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Errorf("download of %d bytes: %d, %v", size, n, err)
	}
}

func sendLongForm(t *testing.T, d studio, whole hash.Hash, size int64) {
	t.Helper()
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		part, err := form.CreateFormFile("file", "form.bin")
		if err == nil {
			_, err = io.CopyN(io.MultiWriter(part, whole), rand.NewChaCha8([32]byte{43}), size)
		}
		if err == nil {
			err = form.Close()
		}
		w.CloseWithError(err)
	}()
	want(t, "form", d.ravi.do(t, http.MethodPost, d.at("/versions/%s/files", d.draft), r, form.FormDataContentType()), 303)
}

// serveBinary builds portico and runs it with the tests' database and object store.
func serveBinary(t *testing.T) (*site, int) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "portico")
	if err := stack.Build(t.Context(), "./cmd/portico", binary); err != nil {
		t.Fatal(err)
	}
	storage(t) // starts the object store
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	_ = listener.Close()
	secret := []byte(strings.Repeat("k", 32))
	server := exec.Command(binary, "serve")
	server.Env = stack.Env{
		"PORTICO_ADDR":         addr,
		"PORTICO_URL":          "http://" + addr,
		"DATABASE_URL":         storetest.Server().AppURL(stack.DatabaseName),
		"S3_ENDPOINT":          started.Endpoint(),
		"S3_REGION":            started.Region(),
		"S3_BUCKET":            started.Bucket(),
		"S3_ACCESS_KEY_ID":     started.AccessKeyID(),
		"S3_SECRET_ACCESS_KEY": started.SecretAccessKey(),
		"SMTP_URL":             "smtp://127.0.0.1:9",
		"MAIL_FROM":            "Portico <portico@portico.test>",
		"SESSION_KEYS":         base64.StdEncoding.EncodeToString(secret),
		"SIGNING_KEYS":         base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("s"), 32)),
	}.List()
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log := &logBook{}
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	})
	keys, err := signin.NewKeys(secret)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{cookies: signin.NewCookies(keys), logs: log, server: &httptest.Server{URL: "http://" + addr}}
	s.awaitAnswer(t)
	return s, server.Process.Pid
}

func (s *site) awaitAnswer(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the server does not answer: %s", s.logs)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// forgetPeak resets the process's peak memory and returns its current memory.
func forgetPeak(t *testing.T, pid int) int64 {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	return memory(t, pid, "VmRSS")
}

func memory(t *testing.T, pid int, field string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var kilobytes int64
	_, after, _ := strings.Cut(string(status), field+":")
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

func grew(t *testing.T, after string, pid int, before int64) {
	t.Helper()
	growth := memory(t, pid, "VmHWM") - before
	t.Logf("%s: at most %d MiB more than the %d MiB before", after, growth>>20, before>>20)
	if growth > most {
		t.Errorf("%s: the server grew by %d MiB", after, growth>>20)
	}
}
