package artwork

import (
	"archive/zip"
	"bytes"
)

const acmeHeadlines = `ACME OUTDOOR, SPRING CAMPAIGN (ridgeline)
Headlines, round 1

Posters
  1. Leave early.
  2. Stay late.
  3. Take the long way.

Social
  4. Pack half of that.
  5. Two nights. No plan.
  6. 48 hours, no signal.

Shop windows
  7. The weather is included.
  8. You can be reached on Monday.

Our favourites: 1, 2 and 4. Number 8 made everybody laugh, so it is probably right.
`

const globexScript = `GLOBEX ENERGY, RADIO, 30 SECONDS (heliotrope)

SOUND    A roof in summer. Swifts. A garden hose, far away.
VOICE    This is the sound of a roof at noon.
SOUND    Nothing changes.
VOICE    And this is the sound of a roof that runs the kettle, the car
         and the neighbour's freezer.
SOUND    Exactly the same swifts. The kettle clicks off.
VOICE    Globex Energy. Power that follows the sun.
`

const initechRelease = `INITECH SOFTWARE, PRESS RELEASE, DRAFT 2 (quicksilver)

Reports that file themselves

Initech Software today opened its reporting app to everybody. It fills in cover
sheets, collects figures and asks one person for one signature. In the pilot,
98 of 100 reports were filed on time; the other two had been filed already.

In this archive: the mark and this text.
`

// AcmeHeadlines is a list of lines to choose from, as plain text.
func AcmeHeadlines() ([]byte, error) { return []byte(acmeHeadlines), nil }

// GlobexScript is a radio spot, as plain text.
func GlobexScript() ([]byte, error) { return []byte(globexScript), nil }

// AcmePhotos is an archive of the two views that were picked.
func AcmePhotos() ([]byte, error) {
	list := views()
	return archive(
		entry{"AO_0124.jpg", func() ([]byte, error) { return list[1].take(960, 640).jpeg(acmeOwner) }},
		entry{"AO_0311.jpg", func() ([]byte, error) { return list[5].take(960, 640).jpeg(acmeOwner) }},
		entry{"ridgeline-licence.txt", func() ([]byte, error) {
			return []byte("Acme Outdoor may use these pictures everywhere and for ever.\n"), nil
		}},
	)
}

// InitechPressKit is an archive of what journalists ask for.
func InitechPressKit() ([]byte, error) {
	return archive(
		entry{"initech-mark.png", InitechMark},
		entry{"quicksilver-release.txt", func() ([]byte, error) { return []byte(initechRelease), nil }},
	)
}

type entry struct {
	name  string
	piece Piece
}

// archive returns a ZIP of pieces without compression: images don't get smaller, and
// tests can search the text.
func archive(entries ...entry) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		content, err := e.piece()
		if err != nil {
			return nil, err
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store, Modified: made})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
