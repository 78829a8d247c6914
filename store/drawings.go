package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// StrokeKind is how a stroke of a drawing is drawn.
type StrokeKind string

// The kinds of strokes.
const (
	StrokePen   StrokeKind = "pen"   // a line through its points, at least two
	StrokeArrow StrokeKind = "arrow" // from its first point to its second
	StrokeBox   StrokeKind = "box"   // between its two points, which are opposite corners
)

// Limits of a drawing.
const (
	MaxDrawing = 8192 // bytes as [Drawing.Text] writes it
	MaxStrokes = 100
	drawingEnd = 10_000 // the right or lower side of the picture
)

// Stroke is a part of a drawing. Points are pairs of x and y in 1/10,000 of the picture's
// sides, one after the other: 0 to 10,000.
type Stroke struct {
	Kind   StrokeKind `json:"kind"`
	Points []int      `json:"points"`
}

// Drawing is what somebody drew on a picture or on a page of a document, in the order of
// drawing.
type Drawing []Stroke

// ParseDrawing reads the text of a drawing; "" is none. Anything but a JSON list of strokes
// with their kind and their points, all on the picture, is an error, and so is one of more
// than 8 kB or 100 strokes.
func ParseDrawing(text string) (d Drawing, err error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > MaxDrawing {
		return nil, fmt.Errorf("a drawing of %d bytes", len(text))
	}
	in := json.NewDecoder(bytes.NewReader([]byte(text)))
	in.DisallowUnknownFields()
	if err := in.Decode(&d); err != nil {
		return nil, fmt.Errorf("drawing: %w", err)
	}
	if _, err := in.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the drawing")
	}
	if len(d) > MaxStrokes {
		return nil, fmt.Errorf("a drawing of %d strokes", len(d))
	}
	for _, s := range d {
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (s Stroke) check() error {
	n := len(s.Points)
	switch s.Kind {
	case StrokePen:
		if n < 4 || n%2 != 0 {
			return fmt.Errorf("a line of %d numbers", n)
		}
	case StrokeArrow, StrokeBox:
		if n != 4 {
			return fmt.Errorf("%s of %d numbers", s.Kind, n)
		}
	default:
		return fmt.Errorf("a stroke of the kind %q", s.Kind)
	}
	for _, at := range s.Points {
		if at < 0 || at > drawingEnd {
			return fmt.Errorf("a point at %d", at)
		}
	}
	return nil
}

// Text writes a drawing as it is stored; "" for none.
func (d Drawing) Text() string {
	if len(d) == 0 {
		return ""
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("drawing: %v", err)) // it has words and numbers only
	}
	return string(b)
}

// checkDrawing returns the drawing as it is stored, and what is wrong with it. A drawing has
// a place: its pin.
func checkDrawing(a Anchor) (string, error) {
	d, err := ParseDrawing(a.Drawing)
	switch {
	case err != nil || len(d.Text()) > MaxDrawing:
		return "", InvalidError{"drawing": "This drawing can't be saved. Clear it and draw it again, with fewer strokes."}
	case len(d) > 0 && a.X == nil:
		return "", InvalidError{"drawing": "Draw on a picture or on a page of a PDF."}
	}
	return d.Text(), nil
}
