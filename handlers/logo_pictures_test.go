package handlers_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers/thumbnail/thumbnailtest"
)

// Every picture that browsers show can be a logo: what the thumbnails are tested with, and
// what ends in its middle. The logo has its shape.
func TestEveryShownPictureIsALogo(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	pictures := map[string][]byte{}
	entries, err := os.ReadDir(filepath.Join("thumbnail", "testdata"))
	if err != nil || len(entries) < 20 {
		t.Fatalf("%d pictures, %v", len(entries), err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join("thumbnail", "testdata", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		pictures[e.Name()] = content
	}
	var stored bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&stored, thumbnailtest.TwoHalves(64, 48)); err != nil {
		t.Fatal(err)
	}
	photo := thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(480, 320))
	pictures["cut.png"] = stored.Bytes()[:stored.Len()/2]
	pictures["cut.jpg"] = photo[:len(photo)-len(photo)/8]
	pictures["whole.gif"] = thumbnailtest.GIF(t, thumbnailtest.TwoHalves(64, 48))
	before := ""
	for name, content := range pictures {
		sent := dana.sendLogo(t, a.Acme, content)
		want(t, name, sent, 303)
		at := dana.logoOn(t, "/w/"+a.Acme+"/settings")
		if at == "" || at == before {
			t.Errorf("%s: the logo is %q, before it was %q", name, at, before)
			continue
		}
		before = at
		shown := s.nobody().get(t, at)
		want(t, name, shown, 200)
		m, _, err := image.Decode(strings.NewReader(shown.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if size := m.Bounds().Size(); strings.HasPrefix(name, "turned") != (size.Y > size.X) {
			t.Errorf("%s is a logo of %v", name, size)
		}
	}
}
