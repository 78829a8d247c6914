package files

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// contentRange is the Content-Range header of a 206 answer.
func (r Range) contentRange(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", r.Start, r.Start+r.Length-1, size)
}

// requestedRange reads Range and If-Range. It returns the zero Range, the whole file, if there is no range, if there are
// several, or if the client holds a part of another file. If ok is false, answer 416: the range is no range of bytes, or
// lies behind the end.
func requestedRange(r *http.Request, tag string, size int64, stored time.Time) (_ Range, ok bool) {
	lines := r.Header.Values("Range")
	if r.Method != http.MethodGet || len(lines) != 1 || !sameFile(r.Header.Get("If-Range"), tag, stored) {
		return Range{}, true
	}
	unit, set, found := strings.Cut(lines[0], "=")
	if !found || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return Range{}, true // unknown units must be ignored (RFC 9110, 14.2)
	}
	return parseRanges(set, size)
}

// sameFile evaluates If-Range: by strong comparison of the entity tag, or by the exact date.
func sameFile(condition, tag string, stored time.Time) bool {
	if condition == "" || condition == tag {
		return true
	}
	date, err := http.ParseTime(condition)
	return err == nil && !stored.IsZero() && date.Equal(stored.UTC().Truncate(time.Second))
}

// maxRanges is how many ranges are read. More than these are an attack (RFC 9110, 14.2).
const maxRanges = 100

// parseRanges parses the ranges of a header. Several ranges are the whole file, as the RFC allows: clients that ask for
// them must cope, and an answer in parts is a known denial-of-service attack. They are refused only if none of them has a
// byte.
func parseRanges(set string, size int64) (_ Range, ok bool) {
	var found []Range
	specs := 0
	for spec := range strings.SplitSeq(set, ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue // lists may have empty elements (RFC 9110, 5.6.1)
		}
		one, valid, satisfiable := parseRange(spec, size)
		if specs++; !valid || specs > maxRanges {
			return Range{}, false
		}
		if satisfiable {
			found = append(found, one)
		}
	}
	switch {
	case len(found) == 0:
		return Range{}, false
	case specs > 1:
		return Range{}, true
	}
	return found[0], true
}

// parseRange parses one range: first-last, first-, or -suffix. It is satisfiable if the file has a byte of it.
func parseRange(spec string, size int64) (_ Range, valid, satisfiable bool) {
	first, last, found := strings.Cut(spec, "-")
	start, isStart := parseOffset(first)
	end, isEnd := parseOffset(last)
	switch {
	case !found:
		return Range{}, false, false
	case first == "" && isEnd:
		length := min(end, size)
		return Range{Start: size - length, Length: length}, true, length > 0
	case last == "":
		end, isEnd = size-1, true
	case end < start:
		return Range{}, false, false
	}
	return Range{Start: start, Length: min(end, size-1) - start + 1}, isStart && isEnd, start < size
}

// parseOffset accepts only digits. ParseInt would also accept a sign. A number that doesn't fit is as good as the largest.
func parseOffset(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		n = math.MaxInt64
	}
	return n, true
}
