package media

import (
	"bytes"
	"context"
	"os/exec"
	"strconv"
	"time"
)

// SetTimeout changes how long a run may take.
func (t *Tool) SetTimeout(d time.Duration) { t.look, t.play = d, d }

// Run becomes another program in a child, and returns what it wrote. The
// child has the whole environment, as if nobody had taken it away before.
func (t *Tool) Run(ctx context.Context, dir, program string, args ...string) (string, error) {
	server, err := serve(nothing{})
	if err != nil {
		return "", err
	}
	defer server.close()
	path, err := exec.LookPath(program)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, t.program, append([]string{Child, "10", "1000000", strconv.Itoa(server.port), dir, path}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

type nothing struct{ Source }

// PeakAt is how many pieces a wave keeps of so many samples.
func PeakAt(samples int) int {
	w := &wave{}
	for i := range samples {
		w.add(i % 1000)
	}
	return len(w.peaks)
}
