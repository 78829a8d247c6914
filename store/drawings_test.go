package store_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

const aDrawing = `[{"kind":"pen","points":[0,0,5000,5000,10000,10000]},{"kind":"arrow","points":[100,200,300,400]},{"kind":"box","points":[9000,9000,8000,8000]}]`

// A drawing is strokes of three kinds with points on the picture, and nothing else.
func TestMalformedDrawingsAreRefused(t *testing.T) {
	t.Parallel()
	long := `[{"kind":"pen","points":[` + strings.Repeat("10000,", 2000) + `1,1]}]`
	many := "[" + strings.Repeat(`{"kind":"box","points":[1,1,2,2]},`, store.MaxStrokes) + `{"kind":"box","points":[1,1,2,2]}]`
	for what, text := range map[string]string{
		"words": "drawing", "a number": "5", "an object": "{}", "half a list": `[{"kind":"pen"`, "two lists": "[][]", "words after it": aDrawing + "x",
		"no kind": `[{"points":[1,1,2,2]}]`, "another kind": `[{"kind":"path","points":[1,1,2,2]}]`, "markup": `[{"kind":"<script>","points":[1,1,2,2]}]`,
		"no points": `[{"kind":"pen"}]`, "one point": `[{"kind":"pen","points":[1,1]}]`, "half a point": `[{"kind":"pen","points":[1,1,2,2,3]}]`,
		"an arrow of three points": `[{"kind":"arrow","points":[1,1,2,2,3,3]}]`, "a box of one": `[{"kind":"box","points":[1,1]}]`,
		"a point outside": `[{"kind":"box","points":[1,1,10001,2]}]`, "a negative point": `[{"kind":"box","points":[-1,1,2,2]}]`,
		"a fraction": `[{"kind":"box","points":[1.5,1,2,2]}]`, "NaN": `[{"kind":"box","points":[NaN,1,2,2]}]`, "infinity": `[{"kind":"box","points":[1e999,1,2,2]}]`,
		"a huge number": `[{"kind":"box","points":[99999999999999999999,1,2,2]}]`, "words for a number": `[{"kind":"box","points":["1",1,2,2]}]`,
		"another field": `[{"kind":"box","points":[1,1,2,2],"d":"M0 0"}]`, "too long": long, "too many strokes": many, "a null": "[null]",
	} {
		if d, err := store.ParseDrawing(text); err == nil {
			t.Errorf("%s is read as %v", what, d)
		}
	}
	for _, text := range []string{"", "[]", "null"} {
		if d, err := store.ParseDrawing(text); err != nil || d.Text() != "" {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
	d, err := store.ParseDrawing(" [ {\"points\": [1,1, 2,2], \"kind\": \"box\"} ] ")
	if err != nil || d.Text() != `[{"kind":"box","points":[1,1,2,2]}]` {
		t.Errorf("%q, %v", d.Text(), err)
	}
}

// Whatever is read as a drawing has numbers on the picture only, and is read again as the same.
func FuzzDrawing(f *testing.F) {
	f.Add(aDrawing)
	f.Add(`[{"kind":"pen","points":[-1,1e9]}]`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := store.ParseDrawing(text)
		if err != nil {
			return
		}
		for _, s := range d {
			for _, at := range s.Points {
				if at < 0 || at > 10_000 {
					t.Errorf("a point at %d", at)
				}
			}
		}
		if again, err := store.ParseDrawing(d.Text()); len(d.Text()) <= store.MaxDrawing && (err != nil || again.Text() != d.Text()) {
			t.Errorf("%q is %q then, %v", d.Text(), again.Text(), err)
		}
	})
}

// drawn is a note on the picture with a drawing.
func (b *noteBundle) drawn(v store.Visibility, words string) store.NewNote {
	n := 5000
	in := aNote(v, words)
	in.Anchor = store.Anchor{FileID: &b.picture, X: &n, Y: &n, Drawing: aDrawing}
	return in
}

// A drawing is saved with its note as it was checked, and one that isn't right saves nothing.
// It goes with the note to the next version, with the place, and not without it.
func TestDrawingsGoWithTheirNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	in := b.drawn("", "Like this")
	in.Drawing = " " + aDrawing
	_, err := b.start(t, b.mia, 1, in)
	must(t, err)
	for what, drawing := range map[string]string{"malformed": `[{"kind":"pen","points":[1]}]`, "huge": strings.Repeat(" ", store.MaxDrawing) + aDrawing} {
		bad := b.drawn("", "x")
		bad.Drawing = drawing
		_, err := b.start(t, b.mia, 1, bad)
		wantInvalid(t, what, err, "drawing")
	}
	for what, a := range map[string]store.Anchor{"the version": {}, "a text": {FileID: &b.text}, "a picture, at no place": {FileID: &b.picture}} {
		bad := aNote("", "x")
		bad.Anchor = a
		bad.Drawing = aDrawing
		_, err := b.start(t, b.mia, 1, bad)
		wantInvalid(t, "a drawing on "+what, err, "drawing")
	}
	notes, _ := b.notes(t, b.ravi)
	if len(notes) != 1 || notes[0].Drawing != aDrawing {
		t.Fatalf("%+v", notes)
	}
	do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), b.deliverable); return err })
	typedFile(t, b.ravi, storetest.Draft(t, b.ravi, b.deliverable), "Logo.png", "image/png")
	must(t, b.publish(t, 2))
	carried, _ := storetest.Notes(t, b.mia, b.deliverable, 2)
	if len(carried) != 1 || carried[0].Drawing != aDrawing || carried[0].X == nil {
		t.Errorf("carried: %+v", carried)
	}
	b.nextDraft(t, 3) // without the picture
	must(t, b.publish(t, 3))
	carried, _ = storetest.Notes(t, b.mia, b.deliverable, 3)
	if len(carried) != 1 || carried[0].Drawing != "" || carried[0].X != nil {
		t.Errorf("carried without the picture: %+v", carried)
	}
}

// The database takes no drawing that is too large or has no place, whoever writes it.
func TestDatabaseBoundsDrawings(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	conn := storetest.App(t)
	insert := func(drawing, x string) error {
		_, err := try(t, conn, &b.mia, fmt.Sprintf(`
insert into threads (tenant_id, id, version_id, visibility, number, file_id, x, y, drawing)
values ('%s', gen_random_uuid(), '%s', 'client', 77, '%s', %s, %s, %s)`, b.mia.TenantID(), b.draft, b.picture, x, x, drawing))
		return err
	}
	must(t, insert("repeat('x', 8192)", "1"))
	for what, err := range map[string]error{
		"8193 bytes": insert("repeat('x', 8193)", "1"), "as many characters and more bytes": insert("repeat('ä', 8192)", "1"),
		"an empty one": insert("''", "1"), "one without a place": insert("'x'", "null"),
	} {
		if sqlState(err) != "23514" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A drawing of the team's never reaches a client, nor another tenant: not in a list, a pin or
// an export, nor in raw SQL.
func TestTeamDrawingsReachNoClient(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	_, err := b.start(t, b.mia, 1, aNote("", "Darker"))
	must(t, err)
	before := b.clientReads(t, b.mia)
	_, err = b.start(t, b.ravi, 1, b.drawn(store.TeamOnly, "cnryteam"))
	must(t, err)
	if after := b.clientReads(t, b.mia); after != before || strings.Contains(after, "arrow") {
		t.Errorf("the client reads\n%s, before\n%s", after, before)
	}
	if staff := b.clientReads(t, b.dana); strings.Count(staff, strconv.Quote(aDrawing)) != 2 {
		t.Errorf("staff read %s", staff)
	}
	conn, gus := storetest.App(t), b.Member(t, b.Gus, b.Globex)
	for who, me := range map[string]*store.Member{"Mia": &b.mia, "another client": &gus, "nobody": nil} {
		if n, err := try(t, conn, me, "select from threads where drawing is not null"); n != 0 || err != nil {
			t.Errorf("%s finds %d drawings, %v", who, n, err)
		}
		n, err := try(t, conn, me, "update threads set drawing = null")
		wantNoEffect(t, who, "update of drawings", n, err)
	}
	if _, err := try(t, conn, &b.dana, "update threads set drawing = 'x'"); sqlState(err) != insufficientPrivilege {
		t.Errorf("staff change a drawing: %v", err)
	}
	if n, err := try(t, conn, &b.dana, "select from threads where drawing is not null"); n != 1 || err != nil {
		t.Error(errors.Join(fmt.Errorf("staff find %d drawings", n), err))
	}
}
