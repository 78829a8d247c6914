package files

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"portico/names"
)

// Entry is one stored file of an [Archive].
type Entry struct {
	Key    Key
	Folder string // as a/b; may be hostile
	Name   string // as uploaded; may be hostile
	Size   int64
	CRC32  uint32
	Digest Digest
	Stored time.Time
}

// Archive is a ZIP archive of stored files. It is laid out before its first byte is sent: the files are stored and not
// compressed, so the place of every byte is known. The same entries are always the same bytes.
type Archive struct {
	entries  []Entry
	segments []segment
	size     int64
	tag      string
}

// segment is a piece of the archive: bytes of its own, or one file.
type segment struct {
	at, length int64
	own        []byte // nil for a file
	entry      int
}

func (s segment) end() int64 { return s.at + s.length }

// NewArchive lays out an archive. Names that would collide on some file system get a number.
func NewArchive(entries []Entry) (*Archive, error) {
	l := &layout{}
	w := zip.NewWriter(l)
	sum := sha256.New()
	taken := map[string]bool{}
	for i, e := range entries {
		if err := l.add(w, i, e, freePath(taken, e)); err != nil {
			return nil, fmt.Errorf("files: lay out archive: %w", err)
		}
		sum.Write(e.Key.id[:])
		sum.Write(e.Digest[:])
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("files: lay out archive: %w", err)
	}
	for _, s := range l.segments {
		sum.Write(s.own)
	}
	return &Archive{
		entries: entries, segments: l.segments, size: l.size,
		tag: `"` + hex.EncodeToString(sum.Sum(nil)[:16]) + `"`,
	}, nil
}

// Size is the size of the archive in bytes.
func (a *Archive) Size() int64 { return a.size }

// layout receives what the ZIP writer writes. It keeps headers and only counts the bytes of files.
type layout struct {
	segments []segment
	size     int64
	counting bool
}

// Write implements io.Writer.
func (l *layout) Write(p []byte) (int, error) {
	last := len(l.segments) - 1
	switch {
	case l.counting:
		l.segments[last].length += int64(len(p))
	case last < 0 || l.segments[last].own == nil:
		l.segments = append(l.segments, segment{at: l.size, length: int64(len(p)), own: append([]byte{}, p...)})
	default:
		l.segments[last].own = append(l.segments[last].own, p...)
		l.segments[last].length += int64(len(p))
	}
	l.size += int64(len(p))
	return len(p), nil
}

// add writes an entry's header, and counts its bytes without having them.
func (l *layout) add(w *zip.Writer, i int, e Entry, name string) error {
	header := zipHeader(e, name)
	own := header.Extra
	if e.Size >= math.MaxUint32 {
		header.Extra = append(zip64Sizes(e.Size), own...)
	}
	body, err := w.CreateRaw(header)
	if err != nil {
		return err
	}
	header.Extra = own // in the directory the writer adds its own sizes
	if err := w.Flush(); err != nil {
		return err
	}
	l.segments = append(l.segments, segment{at: l.size, entry: i})
	l.counting = true
	defer func() { l.counting = false }()
	for left := e.Size; left > 0; left -= min(left, int64(len(nothing))) {
		if _, err := body.Write(nothing[:min(left, int64(len(nothing)))]); err != nil {
			return err
		}
	}
	return w.Flush()
}

// nothing is written in place of the bytes of files, to be counted.
var nothing = make([]byte, 1<<20)

const (
	zipUTF8    = 0x800 // flag: the name is UTF-8
	zipPlain   = 20    // version that reads stored files
	zipLarge   = 45    // version that reads zip64
	zipSizesID = 1
	zipTimeID  = 0x5455
)

func zipHeader(e Entry, name string) *zip.FileHeader {
	h := &zip.FileHeader{
		Name: name, Method: zip.Store, Flags: zipUTF8, ReaderVersion: zipPlain, CreatorVersion: zipPlain,
		CRC32: e.CRC32, CompressedSize64: uint64(e.Size), UncompressedSize64: uint64(e.Size),
	}
	if e.Size >= math.MaxUint32 {
		h.ReaderVersion = zipLarge
	}
	h.SetMode(0o644)
	if !e.Stored.IsZero() {
		// The raw writer takes the old fields, which Windows reads, and no others.
		h.SetModTime(e.Stored) //lint:ignore SA1019 CreateRaw ignores Modified
		h.Extra = binary.LittleEndian.AppendUint16(nil, zipTimeID)
		h.Extra = append(h.Extra, 5, 0, 1)
		h.Extra = binary.LittleEndian.AppendUint32(h.Extra, uint32(e.Stored.Unix()))
	}
	return h
}

// zip64Sizes is the field of a large file's own header. The raw writer leaves it to its caller.
func zip64Sizes(size int64) []byte {
	b := binary.LittleEndian.AppendUint16(nil, zipSizesID)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = binary.LittleEndian.AppendUint64(b, uint64(size))
	return binary.LittleEndian.AppendUint64(b, uint64(size))
}

// archiveName is a [safeName] that Windows can store too: without the characters that it reserves, and not the name of a
// device, which it would open in place of a file.
func archiveName(name string) string {
	name = safeName(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name))
	if isDevice(name) {
		name = strings.TrimRight(names.CutBytes("_"+name, maxNameLength), ". ")
	}
	return name
}

// isDevice reports whether Windows takes a name for that of a device. An extension doesn't change that.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && utf8.RuneCountInString(port) == 1 && strings.ContainsAny(port, "0123456789¹²³")
}

// freePath is the entry's path in the archive: safe names only, so that it can't leave the folder it is unpacked in, and
// different from the others without regard to case.
func freePath(taken map[string]bool, e Entry) string {
	var folder string
	for part := range strings.SplitSeq(e.Folder, "/") {
		if part != "" {
			folder += archiveName(part) + "/"
		}
	}
	name := archiveName(e.Name)
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for n := 2; taken[strings.ToLower(folder+name)]; n++ {
		name = fmt.Sprintf("%s (%d)%s", stem, n, ext)
	}
	taken[strings.ToLower(folder+name)] = true
	return folder + name
}

// CRC32 reads a whole object and returns its checksum, for files that were uploaded before it was kept.
func (v Vault) CRC32(ctx context.Context, key Key, size int64, digest Digest) (uint32, error) {
	object, err := v.Get(ctx, key, ReadOptions{Size: size, Digest: &digest})
	if err != nil {
		return 0, err
	}
	defer object.Body.Close()
	sum := crc32.NewIEEE()
	_, err = io.Copy(sum, object.Body)
	return sum.Sum32(), err
}
