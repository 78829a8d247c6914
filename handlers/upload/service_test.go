package upload_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"

	"portico/files"
	"portico/handlers/upload"
	"portico/handlers/web"
	"portico/store"
)

// A service needs both the database and object storage.
func TestNewNeedsDatabaseAndStorage(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]upload.Config{
		"nothing":     {},
		"no storage":  {DB: &store.DB{}},
		"no database": {Storage: &files.Storage{}},
	} {
		if s, err := upload.New(cfg); err == nil || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if _, err := upload.New(upload.Config{DB: &store.DB{}, Storage: &files.Storage{}}); err != nil {
		t.Errorf("both: %v", err)
	}
}

// Errors of storage, the database and the connection have a status of their own;
// an unknown error keeps its identity.
func TestAsProblem(t *testing.T) {
	t.Parallel()
	for status, err := range map[int]error{
		http.StatusServiceUnavailable:    files.ErrUnavailable,
		http.StatusRequestTimeout:        os.ErrDeadlineExceeded,
		http.StatusRequestEntityTooLarge: &http.MaxBytesError{},
		http.StatusBadRequest:            io.ErrUnexpectedEOF,
		http.StatusUnprocessableEntity:   files.ErrDigest,
		http.StatusConflict:              store.ErrConflict,
	} {
		if got := upload.AsProblem(fmt.Errorf("part: %w", err)); !web.HasStatus(got, status) {
			t.Errorf("%v became %v, want status %d", err, got, status)
		}
	}
	if err := upload.AsProblem(fmt.Errorf("part: %w", files.ErrUnavailable)); !errors.Is(err, files.ErrUnavailable) {
		t.Errorf("the cause is missing from %v", err)
	}
	if err := upload.AsProblem(io.EOF); err != io.EOF {
		t.Errorf("an unknown error became %v", err)
	}
	if err := upload.AsProblem(nil); err != nil {
		t.Errorf("nil became %v", err)
	}
}
