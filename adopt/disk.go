package adopt

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"portico/files"
)

// lookAtFiles finds the rows whose file is not in the directory.
func (m *mapping) lookAtFiles(ctx context.Context, tx pgx.Tx) (found []finding, err error) {
	rows, err := tx.Query(ctx, `select key, coalesce(path, '') as path from adopt.files order by key`)
	if err != nil {
		return nil, err
	}
	type file struct{ Key, Path string }
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[file])
	if err != nil || len(all) == 0 {
		return nil, err
	}
	dir, err := openDir(m.Directory)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	for _, f := range all {
		if code := presence(dir, f.Path); code != "" {
			found = append(found, finding{"files", f.Key, code, f.Path})
		}
	}
	return found, nil
}

// openDir opens the directory of their files so that no path leads out of it.
func openDir(path string) (*os.Root, error) {
	if path == "" {
		return nil, errors.New("mapping: directory is missing: where their files are")
	}
	dir, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("mapping: directory: %w", err)
	}
	return dir, nil
}

// presence is the problem of a path: "" for a file in the directory.
func presence(dir *os.Root, path string) string {
	if path != "" && !filepath.IsLocal(path) {
		return "file_outside"
	}
	info, err := dir.Stat(path)
	switch {
	case path == "", errors.Is(err, fs.ErrNotExist), err == nil && !info.Mode().IsRegular():
		return "file_missing"
	case err != nil: // a link that leads out
		return "file_outside"
	}
	return ""
}

// content is what a file holds.
type content struct {
	size   int64
	sha256 [sha256.Size]byte
	crc32  uint32
	kind   string
}

// look reads a file once, in constant memory.
func look(dir *os.Root, path string) (c content, err error) {
	f, err := dir.Open(path)
	if err != nil {
		return c, err
	}
	defer f.Close()
	head := make([]byte, files.SniffSize)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return c, err
	}
	c.kind = files.Sniff(head[:n])
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return c, err
	}
	sum, crc := sha256.New(), crc32.NewIEEE()
	if c.size, err = io.Copy(io.MultiWriter(sum, crc), f); err != nil {
		return c, err
	}
	c.sha256, c.crc32 = [sha256.Size]byte(sum.Sum(nil)), crc.Sum32()
	return c, nil
}

// send stores a file under its key, in parts. Run again, it compares what is stored.
func send(ctx context.Context, vault files.Vault, key files.Key, dir *os.Root, path string, want content) error {
	f, err := dir.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	upload, err := vault.Begin(ctx, key)
	if err != nil {
		return err
	}
	hash := files.NewHash()
	body := io.TeeReader(f, hash)
	var parts []files.Part
	for {
		part, err := vault.PutPartSpooled(ctx, key, upload, len(parts)+1, body)
		if err == io.EOF {
			break
		}
		if err != nil {
			return errors.Join(err, vault.Abort(context.WithoutCancel(ctx), key, upload))
		}
		parts = append(parts, part)
		if part.Size < files.PartSize {
			break
		}
	}
	if hash.Digest() != files.Digest(want.sha256) {
		err := fmt.Errorf("%s has changed since it was read", path)
		return errors.Join(err, vault.Abort(context.WithoutCancel(ctx), key, upload))
	}
	if _, err := vault.Complete(ctx, key, upload, parts); err != nil {
		return errors.Join(err, vault.Abort(context.WithoutCancel(ctx), key, upload))
	}
	// If an earlier run stored it, this upload is still open.
	return vault.Abort(context.WithoutCancel(ctx), key, upload)
}
