package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"portico/e2e/stack"
	"portico/store"
)

// transfer compares uploads and downloads of a large file through the product and
// directly to the same object store. The store is in memory, because a shared disk would
// dominate the measurement.
type transfer struct {
	w       *world
	store   *stack.S3
	product *server
	admin   string // URL of its admin listener
	cookie  string
	part    []byte
	parts   int
	digest  string
}

func transfers(ctx context.Context, w *world) (lines []line, err error) {
	dir, err := os.MkdirTemp("/dev/shm", "portico-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t := &transfer{w: w, part: make([]byte, store.PartSize), parts: 128}
	if w.short {
		t.parts = 16
	}
	_, _ = rand.NewChaCha8([32]byte{}).Read(t.part)
	sum := sha256.Sum256(t.part)
	t.digest = base64.StdEncoding.EncodeToString(sum[:])
	if t.store, err = stack.StartS3(ctx, stack.S3Options{Dir: dir}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.store.Stop()) }()
	port, err := stack.FreePort()
	if err != nil {
		return nil, err
	}
	adminPort, err := stack.FreePort()
	if err != nil {
		return nil, err
	}
	at := fmt.Sprintf("localhost:%d", port)
	t.admin = fmt.Sprintf("http://127.0.0.1:%d", adminPort)
	env := w.few.env.With("PORTICO_ADDR", at).With("PORTICO_URL", "http://"+at).With("PORTICO_ADMIN_ADDR", strings.TrimPrefix(t.admin, "http://")).
		With("S3_ENDPOINT", t.store.Endpoint()).With("S3_ACCESS_KEY_ID", t.store.AccessKeyID()).With("S3_SECRET_ACCESS_KEY", t.store.SecretAccessKey())
	if t.product, err = w.serve(ctx, env); err != nil {
		return nil, err
	}
	defer t.product.stop()
	head := string(w.signedIn(w.few, ofManager, 1, "GET", "/", ""))
	_, rest, _ := strings.Cut(head, "Cookie: ")
	t.cookie, _, _ = strings.Cut(rest, "\r\n")
	return t.measure(ctx)
}

func (t *transfer) measure(ctx context.Context) ([]line, error) {
	rounds := 3
	var up, upStraight, down, downStraight []float64
	idle := t.product.memory("VmRSS")
	for i := range rounds {
		file, sent, err := t.upload(ctx)
		if err != nil {
			return nil, fmt.Errorf("upload: %w", err)
		}
		key, sentStraight, err := t.uploadDirect(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("upload straight: %w", err)
		}
		got, err := t.download(ctx, "http://"+t.product.addr+file, t.cookie)
		if err != nil {
			return nil, fmt.Errorf("download: %w", err)
		}
		gotStraight, err := t.downloadDirect(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("download straight: %w", err)
		}
		up, upStraight = append(up, sent), append(upStraight, sentStraight)
		down, downStraight = append(down, got), append(downStraight, gotStraight)
	}
	grown := float64(t.product.memory("VmHWM")-idle) / (1 << 20)
	where, err := t.w.profile(ctx, installation{admin: t.admin}, func() error {
		file, _, err := t.upload(ctx)
		if err == nil {
			_, err = t.download(ctx, "http://"+t.product.addr+file, t.cookie)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	size := float64(t.parts) / 128
	return []line{
		{what: fmt.Sprintf("download of %.2g GiB, compared with reading straight from the object store", size), value: medianRatio(down, downStraight), target: 0.65, atLeast: true,
			notes: []string{fmt.Sprintf("Portico %.0f MB/s, straight %.0f MB/s", median(down), median(downStraight))}},
		{what: fmt.Sprintf("upload of %.2g GiB in parts, compared with writing straight to the object store", size), value: medianRatio(up, upStraight), target: 0.62, atLeast: true,
			notes: []string{fmt.Sprintf("Portico %.0f MB/s, straight %.0f MB/s; Portico verifies each part and hashes the whole file", median(up), median(upStraight)),
				"upload and download: " + profileNote(where)}},
		{what: "peak memory above idle during both", value: grown, unit: " MiB", target: 64},
	}, nil
}

// speed returns MB/s since began.
func (t *transfer) speed(began time.Time) float64 {
	return float64(t.parts) * float64(len(t.part)) / 1e6 / time.Since(began).Seconds()
}

var transferClient = http.Client{Timeout: 5 * time.Minute}

// send sends one request and writes the body of the answer to keep.
func (t *transfer) send(r *http.Request, keep io.Writer) (http.Header, error) {
	res, err := transferClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		said, _ := io.ReadAll(io.LimitReader(res.Body, 300))
		return nil, fmt.Errorf("%s: %s", res.Status, said)
	}
	_, err = io.Copy(keep, res.Body)
	return res.Header, err
}

func (t *transfer) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+t.product.addr+path, bytes.NewReader(body))
	if err == nil {
		r.Header.Set("Cookie", t.cookie)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Accept", "application/json")
	}
	return r, err
}

func (t *transfer) upload(ctx context.Context) (file string, speed float64, err error) {
	var plan struct{ Put, Finish string }
	began := time.Now()
	size := t.parts * len(t.part)
	create := fmt.Sprintf("/w/client-1/versions/%s/uploads", id(ofVersion, 2_000_000_001))
	if err := t.call(ctx, "POST", create, fmt.Appendf(nil, `{"name": "film.mp4", "size": %d}`, size), "application/json", &plan); err != nil {
		return "", 0, err
	}
	for n := range t.parts {
		r, err := t.request(ctx, "PUT", strings.Replace(plan.Put, "{n}", fmt.Sprint(n+1), 1), t.part)
		if err != nil {
			return "", 0, err
		}
		r.Header.Set("Content-Digest", "sha-256=:"+t.digest+":")
		if _, err := t.send(r, io.Discard); err != nil {
			return "", 0, fmt.Errorf("part %d: %w", n+1, err)
		}
	}
	var done struct{ URL string }
	err = t.call(ctx, "POST", plan.Finish, nil, "application/json", &done)
	return done.URL, t.speed(began), err
}

func (t *transfer) call(ctx context.Context, method, path string, body []byte, kind string, answer any) error {
	r, err := t.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", kind)
	var said bytes.Buffer
	if _, err := t.send(r, &said); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return json.Unmarshal(said.Bytes(), answer)
}

// uploadDirect sends the same parts with the same client to presigned URLs.
func (t *transfer) uploadDirect(ctx context.Context, i int) (key string, speed float64, err error) {
	client, bucket := t.store.Client(), t.store.Bucket()
	signer := s3.NewPresignClient(client)
	key = fmt.Sprintf("straight-%d", i)
	began := time.Now()
	begun, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", 0, err
	}
	var parts []types.CompletedPart
	for n := range t.parts {
		number := int32(n + 1)
		signed, err := signer.PresignUploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: begun.UploadId, PartNumber: &number})
		if err != nil {
			return "", 0, err
		}
		r, err := http.NewRequestWithContext(ctx, signed.Method, signed.URL, bytes.NewReader(t.part))
		if err != nil {
			return "", 0, err
		}
		header, err := t.send(r, io.Discard)
		if err != nil {
			return "", 0, fmt.Errorf("part %d: %w", number, err)
		}
		etag := header.Get("ETag")
		parts = append(parts, types.CompletedPart{ETag: &etag, PartNumber: &number})
	}
	_, err = client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: &key, UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	return key, t.speed(began), err
}

func (t *transfer) downloadDirect(ctx context.Context, key string) (float64, error) {
	bucket := t.store.Bucket()
	signed, err := s3.NewPresignClient(t.store.Client()).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return 0, err
	}
	return t.download(ctx, signed.URL, "")
}

func (t *transfer) download(ctx context.Context, url, cookie string) (float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	var size counter
	began := time.Now()
	if _, err := t.send(r, &size); err != nil {
		return 0, err
	}
	if want := int64(t.parts) * int64(len(t.part)); int64(size) != want {
		return 0, fmt.Errorf("%d bytes came, not %d", size, want)
	}
	return t.speed(began), nil
}

// counter counts the bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
