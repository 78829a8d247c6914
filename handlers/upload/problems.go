package upload

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"portico/files"
	"portico/handlers/web"
	"portico/store"
)

// Problems of an upload that handlers return or compare themselves.
var (
	ErrNoFiles      = &web.Problem{Status: http.StatusServiceUnavailable, Sentence: "Files aren't available at the moment. Nothing is lost. Try again shortly."}
	ErrRefused      = &web.Problem{Status: http.StatusServiceUnavailable, RetryAfter: time.Minute, Sentence: "Files can't be stored at the moment. What you have saved is kept. Tell the people who run this portal."}
	ErrPartTooLarge = &web.Problem{Status: http.StatusRequestEntityTooLarge, Sentence: "The part is larger than the declared file size allows."}
	ErrPartTooSmall = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "The part is smaller than the declared file size requires."}
	ErrNoPart       = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "A file of the declared size has no such part."}
	ErrNotDraft     = &web.Problem{Status: http.StatusConflict, Sentence: "This version has been published, so you can't add files to it."}
	ErrEnded        = &web.Problem{Status: http.StatusConflict, Sentence: "This upload has ended. Start a new one."}
)

var (
	errFileTooLarge = &web.Problem{Status: http.StatusRequestEntityTooLarge, Sentence: "A file can be up to 83.8 GB."}
	errDigest       = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "The part doesn't match its Content-Digest. Send it again."}
	errPartsMissing = &web.Problem{Status: http.StatusConflict, Sentence: "Some parts are missing. The status lists the parts that have arrived."}
	errFinishing    = &web.Problem{Status: http.StatusServiceUnavailable, Sentence: "The file is being assembled. Try again shortly."}
	errPartsLost    = &web.Problem{Status: http.StatusConflict, Sentence: "The file couldn't be assembled. Start a new upload."}
	errBrokeOff     = &web.Problem{Status: http.StatusBadRequest, Sentence: "The connection ended before the part was complete. Send it again."}
	errTooSlow      = &web.Problem{Status: http.StatusRequestTimeout, Sentence: "The upload was too slow or stopped. Send the part again."}
)

// AsProblem turns an error of files, store or the request's body into a
// [web.Problem] for the visitor. It returns an error it doesn't know unchanged.
func AsProblem(err error) error {
	var invalid store.InvalidError
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, files.ErrUnavailable):
		return errors.Join(ErrNoFiles, err)
	case errors.Is(err, files.ErrRefused):
		return errors.Join(ErrRefused, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow
	case errors.As(err, &tooLarge):
		return ErrPartTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errBrokeOff
	case errors.Is(err, files.ErrDigest):
		return errDigest
	case errors.Is(err, files.ErrSize):
		return ErrPartTooSmall
	case errors.As(err, &invalid):
		for _, sentence := range invalid {
			return &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: sentence}
		}
	case errors.Is(err, store.ErrConflict):
		return ErrEnded
	}
	return err
}
