package difference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // what thumbnails are
	_ "image/png"
	"io"
	"os"
	"syscall"

	"golang.org/x/image/draw"

	"portico/handlers/thumbnail"
)

// Child is the first argument with which a program calls [RunChild] instead of doing its
// own work.
const Child = "compare-pictures"

// The bounds of the child.
const (
	maxProcess = 3 << 30 // bytes of address space, most of which the runtime only reserves
	maxCPU     = 40      // seconds
)

// whole is a side of a picture, in the unit of boxes.
const whole = 10_000

// compared is the size at which pictures are compared, in pixels. A page of text can still
// be read at it, so that a changed letter counts.
var compared = thumbnail.Box{Width: 1200, Height: 1700}

const (
	cell      = 8  // pixels of a side of the squares that differ or don't
	tolerance = 36 // of 255, which two encodings of the same picture may differ by
	enough    = 4  // pixels of a cell that differ
	reach     = 2  // cells between places that are one
)

// RunChild compares the pictures on file descriptors 3 and 4, whose content types are the
// arguments, and writes where they differ to out. It is the whole work of a process of its
// own, see [Finder].
func RunChild(args []string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("for internal use: it compares two pictures")
	}
	for resource, limit := range map[int]uint64{syscall.RLIMIT_AS: maxProcess, syscall.RLIMIT_CPU: maxCPU, syscall.RLIMIT_CORE: 0} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("limit the process: %w", err)
		}
	}
	a, err := decode(os.NewFile(3, "a"), args[0])
	if err != nil {
		return json.NewEncoder(out).Encode(answer{Unfit: Broken})
	}
	b, err := decode(os.NewFile(4, "b"), args[1])
	if err != nil {
		return json.NewEncoder(out).Encode(answer{Unfit: Broken})
	}
	boxes, unfit := differ(a, b)
	return json.NewEncoder(out).Encode(answer{Boxes: boxes, Unfit: unfit})
}

// decode reads a picture, made smaller, on white.
func decode(f *os.File, contentType string) (*image.RGBA, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	small, err := thumbnail.Shrink(f, contentType, compared)
	if err != nil {
		return nil, err
	}
	m, _, err := image.Decode(bytes.NewReader(small.Content))
	if err != nil {
		return nil, err
	}
	return onWhite(m, m.Bounds().Size()), nil
}

func onWhite(m image.Image, size image.Point) *image.RGBA {
	flat := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if m.Bounds().Size() == size {
		draw.Draw(flat, flat.Bounds(), m, m.Bounds().Min, draw.Over)
	} else {
		draw.ApproxBiLinear.Scale(flat, flat.Bounds(), m, m.Bounds(), draw.Over, nil)
	}
	return flat
}

// differ returns where b differs from a. Pictures whose sides are in other proportions, by
// more than rounding, can't be laid over each other.
func differ(a, b *image.RGBA) ([]Box, Unfit) {
	sa, sb := a.Bounds().Size(), b.Bounds().Size()
	if skew := sa.X*sb.Y - sb.X*sa.Y; skew*100 > sa.X*sb.Y || -skew*100 > sa.X*sb.Y {
		return nil, Shape
	}
	if sa != sb {
		b = onWhite(b, sa)
	}
	grid := cells(a, b)
	for near := reach; ; near *= 2 {
		if found := grid.places(near); len(found) <= MaxBoxes {
			return boxes(found, sa), ""
		}
	}
}

// field says which cells of a picture differ.
type field struct {
	size  image.Point // in cells
	marks []bool
}

func cells(a, b *image.RGBA) field {
	size := a.Bounds().Size()
	g := field{size: image.Pt((size.X+cell-1)/cell, (size.Y+cell-1)/cell)}
	g.marks = make([]bool, g.size.X*g.size.Y)
	counts := make([]int, len(g.marks))
	for y := range size.Y {
		pa, pb := a.Pix[y*a.Stride:], b.Pix[y*b.Stride:]
		for x := range size.X {
			if i := x * 4; far(pa[i], pb[i]) || far(pa[i+1], pb[i+1]) || far(pa[i+2], pb[i+2]) {
				counts[y/cell*g.size.X+x/cell]++
			}
		}
	}
	for i, n := range counts {
		g.marks[i] = n >= enough
	}
	return g
}

func far(a, b uint8) bool {
	d := int(a) - int(b)
	return d > tolerance || -d > tolerance
}

// places are the rectangles around cells that differ and have no more than near cells
// between them, from top to bottom.
func (g field) places(near int) (found []image.Rectangle) {
	seen := make([]bool, len(g.marks))
	for i, marked := range g.marks {
		if marked && !seen[i] {
			found = append(found, g.grow(i, near, seen))
		}
	}
	if len(found) > 10*MaxBoxes {
		return found // too many, joined or not
	}
	return joined(found)
}

// grow returns the rectangle around all cells that are reached from one.
func (g field) grow(from, near int, seen []bool) image.Rectangle {
	at := func(i int) image.Point { return image.Pt(i%g.size.X, i/g.size.X) }
	around := image.Rectangle{Min: at(from), Max: at(from).Add(image.Pt(1, 1))}
	seen[from] = true
	for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
		p := at(queue[0])
		around = around.Union(image.Rectangle{Min: p, Max: p.Add(image.Pt(1, 1))})
		for y := max(0, p.Y-near); y <= min(g.size.Y-1, p.Y+near); y++ {
			for x := max(0, p.X-near); x <= min(g.size.X-1, p.X+near); x++ {
				if i := y*g.size.X + x; g.marks[i] && !seen[i] {
					seen[i] = true
					queue = append(queue, i)
				}
			}
		}
	}
	return around
}

// joined makes one of rectangles that overlap.
func joined(list []image.Rectangle) []image.Rectangle {
	for i := 0; i < len(list); i++ {
		for j := i + 1; j < len(list); j++ {
			if list[i].Overlaps(list[j]) {
				list[i] = list[i].Union(list[j])
				list = append(list[:j], list[j+1:]...)
				i, j = -1, len(list) // from the beginning: the larger one may reach others
			}
		}
	}
	return list
}

// boxes turns rectangles of cells into boxes of a picture.
func boxes(found []image.Rectangle, size image.Point) []Box {
	list := make([]Box, len(found))
	for i, r := range found {
		x, y := r.Min.X*cell*whole/size.X, r.Min.Y*cell*whole/size.Y
		right, bottom := min(whole, r.Max.X*cell*whole/size.X), min(whole, r.Max.Y*cell*whole/size.Y)
		list[i] = Box{X: x, Y: y, W: max(1, right-x), H: max(1, bottom-y)}
	}
	return list
}
