package artwork_test

import (
	"bytes"
	"testing"

	"portico/e2e/sample/artwork"
	"portico/files"
)

// Each piece is deterministic, has the expected content type, and contains its owner's
// name in plain bytes.
func TestPieces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		piece artwork.Piece
		kind  string
		owner string
	}{
		{"PNG", artwork.AcmeIcons, "image/png", "Acme Outdoor"},
		{"JPEG", artwork.GlobexReportCover, "image/jpeg", "Globex Energy"},
		{"PDF", artwork.InitechDeck, "application/pdf", "Initech Software"},
		{"ZIP", artwork.InitechPressKit, "application/zip", "Initech Software"},
		{"text", artwork.GlobexScript, "text/plain; charset=utf-8", "Globex Energy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			one, err := c.piece()
			if err != nil {
				t.Fatal(err)
			}
			two, err := c.piece()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(one, two) {
				t.Error("came out differently the second time")
			}
			if got := files.Sniff(one); got != c.kind {
				t.Errorf("is %s", got)
			}
			if !bytes.Contains(bytes.ToLower(one), bytes.ToLower([]byte(c.owner))) {
				t.Errorf("does not say %s", c.owner)
			}
		})
	}
}
