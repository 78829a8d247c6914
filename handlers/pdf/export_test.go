package pdf

import (
	"time"

	"github.com/klippa-app/go-pdfium/requests"
)

// ErrNonsense is the error of what is no page.
var ErrNonsense = errNonsense

// WordsOf is a text as the database takes it.
var WordsOf = wordsOf

// SetTimeout changes how long the renderer's calls may take.
func (r *Renderer) SetTimeout(d time.Duration) { r.timeout = d }

// OpenByPath opens a document as PDFium itself would.
func (r *Renderer) OpenByPath(path string) error {
	pool, err := newPool(r.compiled)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	guest, err := pool.GetInstance(time.Minute)
	if err != nil {
		return err
	}
	_, err = guest.OpenDocument(&requests.OpenDocument{FilePath: &path})
	return err
}
