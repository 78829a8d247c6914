package files

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// contentRange is the Content-Range header of a 206 answer.
func (r Range) contentRange(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", r.Start, r.Start+r.Length-1, size)
}

// requestedRange reads Range and If-Range. It returns the zero Range, the whole file, if there is no range or the
// client holds a part of another file. If ok is false, answer 416.
func requestedRange(r *http.Request, tag string, d Download) (_ Range, ok bool) {
	header := r.Header.Get("Range")
	if r.Method != http.MethodGet || header == "" || !sameFile(r.Header.Get("If-Range"), tag, d.Stored) {
		return Range{}, true
	}
	unit, set, found := strings.Cut(header, "=")
	if !found || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return Range{}, true // unknown units must be ignored (RFC 9110, 14.2)
	}
	return parseRange(set, d.Size)
}

// sameFile evaluates If-Range: by strong comparison of the entity tag, or by the exact date.
func sameFile(condition, tag string, stored time.Time) bool {
	if condition == "" || condition == tag {
		return true
	}
	date, err := http.ParseTime(condition)
	return err == nil && !stored.IsZero() && date.Equal(stored.UTC().Truncate(time.Second))
}

// parseRange parses one range: first-last, first-, or -suffix. It refuses several ranges, as RFC 9110 allows: clients
// don't need them, and many small ranges are a known denial-of-service attack.
func parseRange(set string, size int64) (_ Range, ok bool) {
	first, last, found := strings.Cut(strings.TrimSpace(set), "-")
	if !found {
		return Range{}, false
	}
	if first == "" {
		length, ok := parseOffset(last)
		if !ok || length == 0 || size == 0 {
			return Range{}, false
		}
		length = min(length, size)
		return Range{Start: size - length, Length: length}, true
	}
	start, ok := parseOffset(first)
	if !ok || start >= size {
		return Range{}, false
	}
	end := size - 1
	if last != "" {
		end, ok = parseOffset(last)
		if !ok || end < start {
			return Range{}, false
		}
		end = min(end, size-1)
	}
	return Range{Start: start, Length: end - start + 1}, true
}

// parseOffset accepts only digits. ParseInt would also accept a sign.
func parseOffset(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err == nil
}
