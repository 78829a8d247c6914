package pdf

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// The bounds of the child. They hold for one call of [Renderer.Render].
const (
	maxGuest   = 512 << 20 // bytes that PDFium may use
	maxProcess = 4 << 30   // bytes of address space, most of which the runtime only reserves
	maxCPU     = 120       // seconds
	// A page is drawn to fit, in pixels. 1600 is what the stage shows on a wide screen
	// with two device pixels for each of its own.
	maxWidth, maxHeight = 1600, 2263
	// A picture larger than this as PNG, in bytes, is a photograph, and sent as JPEG.
	maxPNG = 600_000
)

// Child is the first argument with which a program calls [RunChild] instead of doing its
// own work.
const Child = "draw-pdf"

// RunChild draws pages of the PDF on file descriptor 3 and writes them to out. It is the
// whole work of a process of its own, see [Renderer]. args are the directory of compiled
// code, the first page and how many.
func RunChild(args []string, out io.Writer) error {
	if len(args) != 3 {
		return errors.New("for internal use: it draws the pages of a PDF")
	}
	first, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	most, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	if err := limitProcess(); err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	if err := draw(args[0], os.NewFile(3, "pdf"), first, most, w); err != nil {
		return err
	}
	return w.Flush()
}

func limitProcess() error {
	for resource, limit := range map[int]uint64{syscall.RLIMIT_AS: maxProcess, syscall.RLIMIT_CPU: maxCPU, syscall.RLIMIT_CORE: 0} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("limit the process: %w", err)
		}
	}
	return nil
}

// header comes before the bytes of each page, and alone before the first.
type header struct {
	Pages  int    `json:"pages,omitempty"` // of the document
	Unfit  Unfit  `json:"unfit,omitempty"`
	Page   int    `json:"page,omitempty"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Type   string `json:"type,omitempty"`
	Size   int    `json:"size,omitempty"`
	Sketch int64  `json:"sketch,omitempty"`
	Words  int    `json:"words,omitempty"` // bytes, after those of the picture
}

func draw(compiled string, f *os.File, first, most int, out *bufio.Writer) error {
	headers := json.NewEncoder(out)
	pool, err := newPool(compiled)
	if err != nil {
		return err
	}
	guest, err := pool.GetInstance(time.Minute)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	doc, err := guest.OpenDocument(&requests.OpenDocument{FileReader: f, FileReaderSize: info.Size()})
	if err != nil {
		return headers.Encode(header{Unfit: unfitFor(err)})
	}
	count, err := guest.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil || count.PageCount < 1 {
		return headers.Encode(header{Unfit: Broken})
	}
	if err := headers.Encode(header{Pages: count.PageCount}); err != nil {
		return err
	}
	for n := first; n < first+most && n <= count.PageCount; n++ {
		h, content, err := drawPage(guest, doc.Document, n)
		words := ""
		if err != nil {
			// A broken page is left out: the others can still be seen.
			h, content = header{Page: n}, nil
		} else {
			text := textOf(guest, doc.Document, n)
			h.Sketch, words = sketch(text), wordsOf(text)
		}
		h.Words = len(words)
		if err := headers.Encode(h); err != nil {
			return err
		}
		if _, err := out.Write(content); err != nil {
			return err
		}
		if _, err := out.WriteString(words); err != nil {
			return err
		}
		// What is drawn stays drawn, whatever the next page does.
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// newPool starts PDFium without any file of this machine: as it comes, it would see all.
func newPool(compiled string) (pdfium.Pool, error) {
	cache, err := wazero.NewCompilationCacheWithDir(compiled)
	if err != nil {
		return nil, err
	}
	return webassembly.Init(webassembly.Config{
		Context: context.Background(), MaxTotal: 1, MaxIdle: 1,
		FSConfig: wazero.NewFSConfig(),
		Stdout:   io.Discard, Stderr: io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfig().WithCompilationCache(cache).WithMemoryLimitPages(maxGuest >> 16).
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling),
	})
}

func unfitFor(err error) Unfit {
	if errors.Is(err, pdferrors.ErrPassword) || errors.Is(err, pdferrors.ErrSecurity) {
		return Password
	}
	return Broken
}

func drawPage(guest pdfium.Pdfium, doc references.FPDF_DOCUMENT, number int) (header, []byte, error) {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: doc, Index: number - 1}}
	drawn, err := guest.RenderPageInPixels(&requests.RenderPageInPixels{Page: page, Width: maxWidth, Height: maxHeight, RenderForm: true, Document: &doc})
	if err != nil {
		return header{}, nil, err
	}
	defer drawn.Cleanup()
	kind, content, err := encode(drawn.Result.RenderedImage)
	if err != nil {
		return header{}, nil, err
	}
	size := drawn.Result.RenderedImage.Bounds().Size()
	return header{Page: number, Width: size.X, Height: size.Y, Type: kind, Size: len(content)}, content, nil
}

// textOf is the text of a page, "" if it can't be read: the page is shown all the same.
func textOf(guest pdfium.Pdfium, doc references.FPDF_DOCUMENT, number int) string {
	read, err := guest.GetPageText(&requests.GetPageText{Page: requests.Page{ByIndex: &requests.PageByIndex{Document: doc, Index: number - 1}}})
	if err != nil {
		return ""
	}
	return read.Text
}

func encode(picture image.Image) (kind string, content []byte, err error) {
	var out bytes.Buffer
	fast := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := fast.Encode(&out, picture); err != nil {
		return "", nil, err
	}
	if out.Len() <= maxPNG {
		return "image/png", out.Bytes(), nil
	}
	out.Reset()
	err = jpeg.Encode(&out, picture, &jpeg.Options{Quality: 88})
	return "image/jpeg", out.Bytes(), err
}
