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

// What can go wrong. Compare with errors.Is.
var (
	// ErrForeign is a key of another tenant, or the zero key. No call was made.
	ErrForeign = errors.New("key of another tenant")
	// ErrNotFound is an object or upload that is not there.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable is object storage out of reach, silent, or failing. Trying again later may help.
	ErrUnavailable = errors.New("object storage is unavailable")
	// ErrDigest is bytes whose SHA-256 is not the promised one.
	ErrDigest = errors.New("content does not match its digest")
	// ErrSize is fewer or more bytes than promised, or more than allowed.
	ErrSize = errors.New("content does not match its size")
	// ErrPart is a part number outside 1 to MaxParts, or a list of parts that has gaps or is empty.
	ErrPart = errors.New("no valid part")
	// ErrExists is a completed object where a new one was to be put. Objects are never overwritten.
	ErrExists = errors.New("object exists")
	// ErrStray is an object below a tenant's prefix that no key names.
	ErrStray = errors.New("stray object")
)

// Error is a failed call. Its text names the operation and a cause that is safe to log: no address, no header, no
// query, and nothing of what the server said beyond its error code.
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

// Unwrap gives the sentinel and, where there is one, the error of the context or of the body that was read.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.kind, e.inner} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// The server's codes that mean something to a caller. Everything else with a status below 500 is our own mistake or a
// wrong configuration and stays without a sentinel.
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

// wrap turns an error of the SDK into ours.
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
			if e.kind == nil && isServerFault(response.HTTPStatusCode()) {
				e.kind = ErrUnavailable
			}
		}
		return e
	case errors.As(err, &response) && !isServerFault(response.HTTPStatusCode()) && response.HTTPStatusCode() >= 400:
		return &Error{op: op, cause: fmt.Sprintf("status %d", response.HTTPStatusCode())}
	default:
		e := &Error{op: op, kind: ErrUnavailable, cause: plainCause(err)}
		if errors.Is(err, context.DeadlineExceeded) {
			e.inner = context.DeadlineExceeded
		}
		return e
	}
}

func isServerFault(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// plainCause is what a network error says, without the address of the request, which holds bucket and key.
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
