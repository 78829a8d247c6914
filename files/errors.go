package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The errors of this package. Compare with errors.Is.
var (
	// ErrWrongTenant means that the key belongs to another tenant or is the zero key. No call was made.
	ErrWrongTenant = errors.New("key of another tenant")
	// ErrNotFound means that the object or upload does not exist.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable means that object storage can't be reached, doesn't answer, or fails. A later retry may succeed.
	ErrUnavailable = errors.New("object storage is unavailable")
	// ErrRefused means that object storage answers, and refuses what Portico needs: it lacks a feature, or our key lacks a
	// right. A retry won't help; doctor says what to change.
	ErrRefused = errors.New("object storage refuses what is needed")
	// ErrDigest means that the SHA-256 of the content is not the declared one.
	ErrDigest = errors.New("content does not match its digest")
	// ErrSize means that the content is shorter or longer than declared, or longer than allowed.
	ErrSize = errors.New("content does not match its size")
	// ErrPart means a part number outside 1 to MaxParts, or a list of parts that is empty or has gaps.
	ErrPart = errors.New("no valid part")
	// ErrExists means that an object already exists under the key. Objects are never overwritten.
	ErrExists = errors.New("object exists")
	// ErrMalformedKey means that an object below a tenant's prefix has a name that is not a valid key.
	ErrMalformedKey = errors.New("stray object")
)

// Error is a failed call. Its text names the operation and a cause that is safe to log. It holds no address, header or
// query, and only the error code of the server's answer.
type Error struct {
	op    string
	kind  error // one of the errors above, or nil
	cause string
	inner error // a context or body error for errors.Is and errors.As, or nil
}

func (e *Error) Error() string {
	s := "files: " + e.op
	if e.kind != nil {
		s += ": " + e.kind.Error()
	}
	if e.cause != "" {
		s += ": " + e.cause
	}
	return s
}

// Unwrap returns the sentinel error and the error of the context or request body, if any.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.kind, e.inner} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// kindByCode maps the server's error codes to our sentinels. Any other code is ErrUnavailable or ErrRefused, by its status.
var kindByCode = map[string]error{
	"NoSuchKey":                   ErrNotFound,
	"NoSuchUpload":                ErrNotFound,
	"NotFound":                    ErrNotFound,
	"NoSuchBucket":                ErrUnavailable,
	"SlowDown":                    ErrUnavailable,
	"RequestTimeout":              ErrUnavailable,
	"BadDigest":                   ErrDigest,
	"XAmzContentChecksumMismatch": ErrDigest,
	"InvalidDigest":               ErrDigest,
	"IncompleteBody":              ErrSize,
	"PreconditionFailed":          ErrExists,
	"InvalidPart":                 ErrPart,
	"InvalidPartOrder":            ErrPart,
	"EntityTooSmall":              ErrPart,
}

// wrap converts an error of the SDK to an *Error.
func wrap(op string, err error) error {
	if errors.Is(err, context.Canceled) {
		return &Error{op: op, cause: "cancelled", inner: context.Canceled}
	}
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	switch {
	case errors.As(err, &api):
		e := &Error{op: op, kind: kindByCode[api.ErrorCode()], cause: api.ErrorCode()}
		if errors.As(err, &response) {
			e.cause = fmt.Sprintf("%s (%d)", api.ErrorCode(), response.HTTPStatusCode())
			if e.kind == nil {
				e.kind = kindByStatus(response.HTTPStatusCode())
			}
		}
		return e
	case errors.As(err, &response) && errors.Is(kindByStatus(response.HTTPStatusCode()), ErrRefused):
		return &Error{op: op, kind: ErrRefused, cause: fmt.Sprintf("status %d", response.HTTPStatusCode())}
	default:
		e := &Error{op: op, kind: ErrUnavailable, cause: plainCause(err)}
		if errors.Is(err, context.DeadlineExceeded) {
			e.inner = context.DeadlineExceeded
		}
		return e
	}
}

func kindByStatus(status int) error {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return ErrUnavailable
	case status == http.StatusNotImplemented, status >= 300 && status < 500:
		return ErrRefused
	}
	return ErrUnavailable
}

// plainCause describes a network error without the request's URL, which contains bucket and key.
func plainCause(err error) string {
	if isTimeout(err) {
		return "timeout"
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection broke off"
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err.Error()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Error()
	}
	return fmt.Sprintf("%T", err)
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
}
