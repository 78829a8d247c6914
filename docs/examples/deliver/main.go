// Command deliver publishes the files of a folder as the next version of a deliverable, and
// reports how many AI runs made them. It uses nothing but the standard library, and can be
// run again after it broke off.
//
//	PORTICO_URL=https://portico.example PORTICO_KEY=pk_… go run ./docs/examples/deliver [-runs N] DELIVERABLE FOLDER [NOTE]
//
// The key needs the scope work:deliver, and usage:write for -runs. DELIVERABLE is the id at
// the end of its address.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "deliver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	c := client{url: strings.TrimSuffix(os.Getenv("PORTICO_URL"), "/"), key: os.Getenv("PORTICO_KEY")}
	flags := flag.NewFlagSet("deliver", flag.ContinueOnError)
	runs := flags.Int64("runs", 0, "AI runs to report")
	if err := flags.Parse(args); err != nil {
		return err
	}
	args = flags.Args()
	if len(args) < 2 || len(args) > 3 || c.url == "" || c.key == "" {
		return errors.New("usage: PORTICO_URL=… PORTICO_KEY=… deliver [-runs N] DELIVERABLE FOLDER [NOTE]")
	}
	draft, err := c.draft(ctx, args[0])
	if err != nil {
		return err
	}
	if err := c.uploadAll(ctx, draft, args[1]); err != nil {
		return err
	}
	note := ""
	if len(args) == 3 {
		note = args[2]
	}
	// The key is the version's: however often this is sent, it is published once.
	var published version
	err = c.call(ctx, http.MethodPost, "/api/v1/versions/"+draft.ID+"/publish", map[string]string{"note": note}, &published, "publish-"+draft.ID)
	if err != nil {
		return err
	}
	fmt.Printf("published version %d with %d files\n", published.Number, len(published.Files))
	if *runs == 0 {
		return nil
	}
	return c.report(ctx, *runs, "runs-"+draft.ID)
}

// report reports AI runs. However often it is sent with the same key, it counts once.
func (c client) report(ctx context.Context, runs int64, idempotency string) error {
	var counted struct{ Used int64 }
	err := c.call(ctx, http.MethodPost, "/api/v1/usage", map[string]any{"metric": "aiRuns", "quantity": runs}, &counted, idempotency)
	if err == nil {
		fmt.Printf("reported %d runs, %d this month\n", runs, counted.Used)
	}
	return err
}

type version struct {
	ID          string     `json:"id"`
	Number      int        `json:"number"`
	PublishedAt *time.Time `json:"published_at"`
	Files       []struct {
		ID, Folder, Name, State string
		SHA256                  string `json:"sha256"`
	} `json:"files"`
}

// draft returns the deliverable's draft version, and starts one if there is none.
func (c client) draft(ctx context.Context, deliverable string) (version, error) {
	var d struct {
		Versions []version `json:"versions"`
	}
	if err := c.call(ctx, http.MethodGet, "/api/v1/deliverables/"+deliverable, nil, &d, ""); err != nil {
		return version{}, err
	}
	for _, v := range d.Versions {
		if v.PublishedAt == nil {
			return v, nil
		}
	}
	var started version
	err := c.call(ctx, http.MethodPost, "/api/v1/deliverables/"+deliverable+"/versions", struct{}{}, &started, "")
	return started, err
}

// uploadAll uploads the files below the folder that the version doesn't have yet.
func (c client) uploadAll(ctx context.Context, v version, folder string) error {
	return filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		within, base := path.Split(filepath.ToSlash(relative))
		return c.upload(ctx, v, strings.TrimSuffix(within, "/"), base, name)
	})
}

func (c client) upload(ctx context.Context, v version, folder, base, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	whole := sha256.New()
	size, err := io.Copy(whole, file)
	if err != nil {
		return err
	}
	digest := hex.EncodeToString(whole.Sum(nil))
	for _, f := range v.Files {
		if f.Folder == folder && f.Name == base && f.SHA256 == digest {
			return nil // it arrived before
		}
	}
	var plan struct {
		PartSize int64 `json:"part_size"`
		Put      string
		Finish   string
	}
	err = c.call(ctx, http.MethodPost, "/api/v1/versions/"+v.ID+"/uploads", map[string]any{"name": base, "folder": folder, "size": size}, &plan, "")
	if err != nil {
		return err
	}
	for n, at := 1, int64(0); at < size || n == 1; n, at = n+1, at+plan.PartSize {
		part := make([]byte, min(plan.PartSize, size-at))
		if _, err := file.ReadAt(part, at); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := c.put(ctx, strings.Replace(plan.Put, "{n}", strconv.Itoa(n), 1), part); err != nil {
			return err
		}
	}
	return c.call(ctx, http.MethodPost, plan.Finish, nil, nil, "")
}

// client sends requests with an API key.
type client struct{ url, key string }

func (c client) call(ctx context.Context, method, path string, in, out any, idempotency string) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if idempotency != "" {
		r.Header.Set("Idempotency-Key", idempotency)
	}
	return c.send(r, out)
}

// put sends a part with its digest, so that Portico refuses bytes that changed on the way.
func (c client) put(ctx context.Context, path string, part []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, c.url+path, bytes.NewReader(part))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(part)
	r.Header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	return c.send(r, nil)
}

func (c client) send(r *http.Request, out any) error {
	r.Header.Set("Authorization", "Bearer "+c.key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 400 {
		var problem struct{ Type, Title, Detail string }
		_ = json.NewDecoder(res.Body).Decode(&problem) // without one the status says enough
		return fmt.Errorf("%s %s: %s %s", r.Method, r.URL.Path, res.Status, cmp.Or(problem.Detail, problem.Title))
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}
