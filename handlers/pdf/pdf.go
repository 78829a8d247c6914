// Package pdf draws the pages of PDFs. PDFium does it, as WebAssembly, in a process of its
// own without files, network or secrets, and with bounds of memory and time: a hostile
// document costs one job. See docs/decisions/0037-pages-of-pdfs.md.
package pdf

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Unfit says why the pages of a file can't be drawn. The database has the same words.
type Unfit string

// Why pages can't be drawn.
const (
	Password Unfit = "password" // it can't be opened without one
	Broken   Unfit = "broken"   // it is no PDF that can be read
	Slow     Unfit = "slow"     // it takes more time or memory than one job may have
)

// Page is a drawn page.
type Page struct {
	Number        int    // from 1
	Width, Height int    // in pixels
	ContentType   string // image/png or image/jpeg; "" for a page that can't be drawn
	Content       []byte
	Sketch        int64  // of its text; 0: there is hardly any. Pages with similar text have similar bits.
	Words         string // on the page, as the document has them; "" for a picture of words
}

// MaxPage is the most that a page's picture takes, in bytes. The child sends no more.
const MaxPage = 16 << 20

// MaxWords is how many characters of a page are read.
const MaxWords = 20_000

// Timeout bounds one call of [Renderer.Render].
const Timeout = 3 * time.Minute

// Renderer draws pages in a child process. Make one with [New].
type Renderer struct {
	program  string
	compiled string
	timeout  time.Duration
}

// New returns a renderer whose child processes run this program: it must call [RunChild]
// if its first argument is [Child]. PDFium is compiled at the first call, which takes some
// ten seconds of a core, into a directory that [Renderer.Close] removes.
func New(program string) (*Renderer, error) {
	// Only this user may write code that we run, so it is no directory that others know.
	dir, err := os.MkdirTemp("", "portico-pdf-")
	if err != nil {
		return nil, fmt.Errorf("pdf: %w", err)
	}
	return &Renderer{program: program, compiled: dir, timeout: Timeout}, nil
}

// Close removes what the renderer keeps on disk.
func (r *Renderer) Close() error { return os.RemoveAll(r.compiled) }

// Render draws at most most pages of a document, from the first on, and calls each with
// every page in order. It returns how many pages the document has, or why it can't be
// drawn.
func (r *Renderer) Render(ctx context.Context, document *os.File, first, most int, each func(Page) error) (pages int, unfit Unfit, err error) {
	bounded, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	cmd := exec.CommandContext(bounded, r.program, Child, r.compiled, strconv.Itoa(first), strconv.Itoa(most))
	cmd.Env = []string{"GOMEMLIMIT=1GiB", "GOMAXPROCS=1"} // and no secret
	cmd.ExtraFiles = []*os.File{document}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var complaint bytes.Buffer
	cmd.Stderr = &limited{&complaint, 4 << 10}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, "", err
	}
	if err := cmd.Start(); err != nil {
		return 0, "", fmt.Errorf("pdf: %w", err)
	}
	pages, unfit, err = receive(out, each)
	refused := err != nil && !errors.Is(err, errCut)
	if refused {
		cancel() // it has nobody to write to
	}
	if died := cmd.Wait(); died != nil && !refused {
		return diagnose(ctx, pages, died, complaint.String())
	}
	return pages, unfit, err
}

// errCut means that the child ended before it had said everything.
var errCut = errors.New("pdf: the child ended early")

// diagnose says what a child that died means for its document. One that was killed took
// too much time or memory, unless whoever started the job ended it.
func diagnose(ctx context.Context, pages int, died error, complaint string) (int, Unfit, error) {
	if ctx.Err() != nil {
		return pages, "", ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(died, &exit) {
		status, _ := exit.Sys().(syscall.WaitStatus)
		if status.Signaled() || strings.Contains(complaint, "out of memory") || strings.Contains(complaint, "cannot allocate memory") {
			return pages, Slow, nil
		}
	}
	return pages, "", fmt.Errorf("pdf: %w: %.300s", died, complaint)
}

// receive reads what the child writes. Whatever took over the child could write anything.
func receive(out io.Reader, each func(Page) error) (pages int, unfit Unfit, err error) {
	in := bufio.NewReaderSize(out, 64<<10)
	start, err := readHeader(in)
	if errors.Is(err, io.EOF) {
		err = errCut
	}
	if err != nil {
		return 0, "", err
	}
	switch {
	case start.Unfit == Password, start.Unfit == Broken:
		return 0, start.Unfit, nil
	case start.Unfit != "" || start.Pages < 1:
		return 0, "", errNonsense
	}
	for {
		h, err := readHeader(in)
		if errors.Is(err, io.EOF) {
			return start.Pages, "", nil
		}
		if err != nil {
			return start.Pages, "", err
		}
		p, err := readPage(in, h)
		if err != nil {
			return start.Pages, "", err
		}
		if err := each(p); err != nil {
			return start.Pages, "", err
		}
	}
}

var errNonsense = errors.New("pdf: the child wrote nonsense")

func readHeader(in *bufio.Reader) (h header, err error) {
	line, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return h, io.EOF
	case errors.Is(err, io.EOF):
		return h, errCut
	case err != nil:
		return h, errNonsense
	}
	if json.Unmarshal(line, &h) != nil {
		return h, errNonsense
	}
	return h, nil
}

func readPage(in io.Reader, h header) (Page, error) {
	drawn := h.Type == "image/png" || h.Type == "image/jpeg"
	if h.Page < 1 || h.Size < 0 || h.Size > MaxPage || h.Words < 0 || h.Words > 4*MaxWords || drawn != (h.Size > 0) ||
		drawn && (h.Width < 1 || h.Height < 1 || h.Width > maxWidth || h.Height > maxHeight) {
		return Page{}, errNonsense
	}
	p := Page{Number: h.Page, Width: h.Width, Height: h.Height, ContentType: h.Type, Content: make([]byte, h.Size), Sketch: h.Sketch}
	if _, err := io.ReadFull(in, p.Content); err != nil {
		return Page{}, errCut
	}
	words := make([]byte, h.Words)
	if _, err := io.ReadFull(in, words); err != nil {
		return Page{}, errCut
	}
	p.Words = wordsOf(string(words))
	return p, nil
}

// wordsOf is a text as the database takes it: valid, and not too long.
func wordsOf(text string) string {
	runes := []rune(strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")))
	return string(runes[:min(len(runes), MaxWords)])
}

// limited keeps the first bytes that are written to it.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	kept := p[:min(len(p), l.left)]
	l.left -= len(kept)
	_, _ = l.to.Write(kept) // a buffer takes everything
	return len(p), nil
}
