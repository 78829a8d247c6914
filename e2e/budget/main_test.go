package main

import (
	"strings"
	"testing"
	"time"
)

// The report has one line for a package that passes and the whole output of a test that
// fails. The slowest tests come last.
func TestReport(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := newReport(&out)
	for line := range strings.Lines(`{"Action":"start","Package":"portico/store"}
{"Action":"run","Package":"portico/store","Test":"TestA"}
{"Action":"output","Package":"portico/store","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"portico/store","Test":"TestA","Output":"    a_test.go:1: only said\n"}
{"Action":"output","Package":"portico/store","Test":"TestA","Output":"--- PASS: TestA (1.50s)\n"}
{"Action":"pass","Package":"portico/store","Test":"TestA","Elapsed":1.5}
{"Action":"output","Package":"portico/store","Output":"PASS\n"}
{"Action":"output","Package":"portico/store","Output":"ok  \tportico/store\t2.1s\n"}
{"Action":"pass","Package":"portico/store","Elapsed":2.1}
{"Action":"output","Package":"portico/files","Test":"TestB/part","Output":"    b_test.go:9: wrong\n"}
{"Action":"output","Package":"portico/files","Test":"TestB/part","Output":"    --- FAIL: TestB/part (0.10s)\n"}
{"Action":"fail","Package":"portico/files","Test":"TestB/part","Elapsed":3.1}
{"Action":"output","Package":"portico/files","Test":"TestB","Output":"--- FAIL: TestB (2.00s)\n"}
{"Action":"fail","Package":"portico/files","Test":"TestB","Elapsed":2}
{"Action":"output","Package":"portico/files","Test":"TestC","Output":"panic: gone\n"}
{"Action":"output","Package":"portico/files","Output":"FAIL\tportico/files\t2.2s\n"}
{"Action":"fail","Package":"portico/files","Elapsed":2.2}
{"ImportPath":"portico/views","Action":"build-output","Output":"views/x.go:1:1: syntax error\n"}
not of go test
`) {
		r.line([]byte(line))
	}
	r.budget(90*time.Second, 6*time.Minute)
	const want = `ok  	portico/store	2.1s
    b_test.go:9: wrong
    --- FAIL: TestB/part (0.10s)
--- FAIL: TestB (2.00s)
FAIL	portico/files	2.2s
panic: gone
views/x.go:1:1: syntax error
not of go test
budget: 1m30s of 6m0s; the slowest tests:
     3.1s  files TestB
     1.5s  store TestA
`
	if out.String() != want {
		t.Errorf("got:\n%s", out.String())
	}
}
