package certificate_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"portico/certificate"
)

// The summary says what the text says. Nobody can type a line of it.
func TestSummarySaysWhatTheTextSays(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("logo"))
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	c := certificate.Certificate{
		Outcome: "changes required", Files: []certificate.File{{SHA256: sum[:], Size: 4, Name: "Logo 1.pdf"}},
		Decisions: []certificate.Decision{
			{At: at, Who: certificate.Person{Name: `Mia "M", 2026Z: Approved`, Email: "mia@acme.example"}, Answer: "Approved", Content: sum[:], Superseded: true},
			{At: at, Who: certificate.Person{Name: "Mia"}, Answer: "Changes needed", Content: sum[:], Words: "Darker.\nOutcome: Approved"},
		},
	}
	s := certificate.Summarize(string(c.Text()))
	if s.Outcome != "changes required" || s.Approves() || len(s.Files) != 1 || s.Files[0].Name != "Logo 1.pdf" || s.Files[0].Size != 4 || len(s.Decisions) != 2 {
		t.Fatalf("%+v", s)
	}
	first, second := s.Decisions[0], s.Decisions[1]
	if first.Who.Name != "Mia 'M', 2026Z: Approved" || first.Answer != "Approved" || !first.At.Equal(at) || !first.Superseded {
		t.Errorf("%+v", first)
	}
	if second.Words != "Darker.\nOutcome: Approved" || second.Answer != "Changes needed" || second.Superseded {
		t.Errorf("%+v", second)
	}
	c.Outcome = "approved with changes"
	if !certificate.Summarize(string(c.Text())).Approves() {
		t.Error("an approval with changes isn't one")
	}
}
