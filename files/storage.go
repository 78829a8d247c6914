// Package files keeps the bytes of uploaded files in S3-compatible object storage.
//
// A [Storage] is one bucket. Nothing can be read or written through it directly: [Storage.For] lends a [Vault] bound to
// one tenant, and a vault refuses the key of another tenant before any call leaves the process. Keys come only from
// [NewKey] and [ParseKey], so a name typed by a visitor can never become part of one.
//
// Uploads go up in parts of [PartSize] through S3's multipart upload, each part with its length and SHA-256 known
// beforehand and checked three times: while it streams, by S3 on arrival, and on completion by comparing S3's checksum
// of checksums with ours. Memory stays flat whatever the size.
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

// Config says where the bucket is and how to sign in to it. Every field but Watch is needed.
type Config struct {
	Endpoint        string // http:// or https://, without bucket or path
	Region          string
	Bucket          string
	AccessKeyID     string
	SecretAccessKey string
	// Watch, unless nil, is told of each call by its operation; what it returns is
	// called at the end.
	Watch func(ctx context.Context, operation string) (context.Context, func(error))
}

// validate reports all mistakes at once, so that an operator fixes them in one go.
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

// limits bound how long object storage may keep us waiting. No call has an overall limit while bytes flow: a big file
// over a thin line is slow and fine. What is bounded is silence.
type limits struct {
	dial     time.Duration // to connect
	header   time.Duration // from the request's last byte to the answer's first
	assemble time.Duration // the same for completing an upload, where a store may copy all parts first
	idle     time.Duration // between two reads or writes on a connection
	ping     time.Duration // the whole of Ping
	backoff  time.Duration // the longest pause before a call is tried again
}

var defaultLimits = limits{
	dial:     3 * time.Second,
	header:   10 * time.Second,
	assemble: 2 * time.Minute,
	idle:     30 * time.Second,
	ping:     2 * time.Second,
	backoff:  300 * time.Millisecond,
}

// Storage is one bucket. It is safe for concurrent use.
type Storage struct {
	bucket   string
	limits   limits
	client   *s3.Client
	assemble *s3.Client // the same, patient enough for CompleteMultipartUpload
}

// Open checks the configuration and returns the bucket. It makes no call: the application starts without its object
// storage and says so on /readyz, see [Storage.Ping].
func Open(c Config) (*Storage, error) {
	return open(c, defaultLimits)
}

func open(c Config, l limits) (*Storage, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("object storage: %w", err)
	}
	return &Storage{
		bucket:   c.Bucket,
		limits:   l,
		client:   newClient(c, l, l.header),
		assemble: newClient(c, l, l.assemble),
	}, nil
}

func newClient(c Config, l limits, header time.Duration) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(c.Endpoint),
		Region:       c.Region,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, ""),
		HTTPClient:   watched(newHTTPClient(l, header), c.Watch),
		Retryer:      newRetryer(l),
		Logger:       logging.Nop{}, // the SDK's log lines hold keys and headers
		// Parts carry the checksum we name; nothing else should grow one that S3 cannot check.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,

		DisableLogOutputChecksumValidationSkipped: true,
	})
}

// newRetryer tries three times in well under a second. A call that timed out is not repeated: a store that hung once
// hangs again, and the visitor is better served by a quick 503.
func newRetryer(l limits) aws.Retryer {
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

// Ping says whether the bucket answers, for readiness. It gives up after two seconds.
func (s *Storage) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.limits.ping)
	defer cancel()
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket})
	if err != nil {
		return wrap("ping", err)
	}
	return nil
}

// For lends the part of the bucket that belongs to the tenant. Pass the tenant of the request's own rights, never one
// read from a form.
func (s *Storage) For(tenant uuid.UUID) Vault {
	return Vault{storage: s, tenant: tenant}
}

// Vault is one tenant's part of the bucket. Every method refuses the key of another tenant with [ErrForeign], before
// any call.
type Vault struct {
	storage *Storage
	tenant  uuid.UUID
}

// own is the check in front of every call.
func (v Vault) own(op string, key Key) error {
	if v.storage == nil || v.tenant == uuid.Nil || key.IsZero() || key.tenant != v.tenant {
		return &Error{op: op, kind: ErrForeign}
	}
	return nil
}
