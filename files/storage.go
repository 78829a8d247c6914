// Package files keeps the bytes of uploaded files in S3-compatible object storage.
//
// A [Storage] is one bucket. It doesn't read or write objects itself: [Storage.For] returns a [Vault] bound to one
// tenant, which refuses keys of other tenants before it sends a request. Only [NewKey] and [ParseKey] create keys, so a
// name typed by a visitor can't become part of one.
//
// Uploads use S3's multipart upload with parts of [PartSize]. The length and SHA-256 of each part are checked three
// times: while it streams, by S3 on arrival, and on completion, when S3's checksum of checksums is compared with ours.
// Memory use doesn't depend on the size of a file.
package files

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"github.com/google/uuid"
)

// Config says where the bucket is and how to sign requests. Every field except Observe is required.
type Config struct {
	Endpoint        string // http:// or https://, without bucket or path
	Region          string
	Bucket          string
	AccessKeyID     string
	SecretAccessKey string
	// Observe, unless nil, is called at the start of each request with the name of the operation. The returned function
	// is called at its end.
	Observe func(ctx context.Context, operation string) (context.Context, func(error))
}

// validate reports all mistakes at once.
func (c Config) validate() error {
	var errs []error
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") {
		errs = append(errs, errors.New("endpoint is no http or https address"))
	}
	for _, field := range []struct{ name, value string }{
		{"region", c.Region},
		{"bucket", c.Bucket},
		{"access key id", c.AccessKeyID},
		{"secret access key", c.SecretAccessKey},
	} {
		if field.value == "" {
			errs = append(errs, fmt.Errorf("%s is empty", field.name))
		}
	}
	return errors.Join(errs...)
}

// timeouts limit how long we wait for object storage. A transfer has no overall limit, because a large file over a slow
// line is legitimate. Only the time without progress is limited.
type timeouts struct {
	dial     time.Duration // to connect
	header   time.Duration // from the last byte of the request to the first of the answer
	complete time.Duration // like header, for completing an upload: some stores copy all parts first
	idle     time.Duration // between two reads or writes on a connection
	ping     time.Duration // for all of Ping
	backoff  time.Duration // the longest pause before a retry
}

var defaultTimeouts = timeouts{
	dial:     3 * time.Second,
	header:   10 * time.Second,
	complete: 2 * time.Minute,
	idle:     30 * time.Second,
	ping:     2 * time.Second,
	backoff:  300 * time.Millisecond,
}

// Storage is one bucket. It is safe for concurrent use.
type Storage struct {
	bucket         string
	timeouts       timeouts
	client         *s3.Client
	completeClient *s3.Client // with the longer timeout of CompleteMultipartUpload
	trial          trial
}

// Open checks the configuration and returns the bucket. It sends no request, so the application starts even if object
// storage is down. /readyz reports that with [Storage.Ping].
func Open(c Config) (*Storage, error) {
	return open(c, defaultTimeouts)
}

func open(c Config, l timeouts) (*Storage, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("object storage: %w", err)
	}
	return &Storage{
		bucket:         c.Bucket,
		timeouts:       l,
		client:         newClient(c, l, l.header),
		completeClient: newClient(c, l, l.complete),
	}, nil
}

func newClient(c Config, l timeouts, header time.Duration) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(c.Endpoint),
		Region:       c.Region,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, ""),
		HTTPClient:   observed(newHTTPClient(l, header), c.Observe),
		Retryer:      newRetryer(l),
		Logger:       logging.Nop{}, // the SDK's log lines hold keys and headers
		// We set the checksums of parts ourselves. The SDK must not add others.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,

		DisableLogOutputChecksumValidationSkipped: true,
	})
}

// newRetryer tries up to three times in well under a second. It doesn't retry after a timeout: a store that hangs will
// probably hang again, and a quick 503 is better for the visitor.
func newRetryer(l timeouts) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 3
		o.MaxBackoff = l.backoff
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if isTimeout(err) {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

// For returns the tenant's part of the bucket. Pass the tenant of the authorised member, never one read from a form.
func (s *Storage) For(tenant uuid.UUID) Vault {
	return Vault{storage: s, tenant: tenant}
}

// Vault is one tenant's part of the bucket. Every method refuses the key of another tenant with [ErrWrongTenant], before
// any call.
type Vault struct {
	storage *Storage
	tenant  uuid.UUID
}

// checkTenant refuses the keys of other tenants. Every method calls it first.
func (v Vault) checkTenant(op string, key Key) error {
	if v.storage == nil || v.tenant == uuid.Nil || key.IsZero() || key.tenant != v.tenant {
		return &Error{op: op, kind: ErrWrongTenant}
	}
	return nil
}

// Tenant is the tenant whose part it is.
func (v Vault) Tenant() uuid.UUID { return v.tenant }
