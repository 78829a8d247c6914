package thumbnail

import (
	"encoding/binary"
	"image"
)

// jpegHead holds fields of a JPEG's header that the standard library doesn't
// export.
type jpegHead struct {
	progressive bool
	samples     float64 // per pixel, of all components
	orientation int     // EXIF's orientation, 1 to 8
}

// readJPEGHead reads the segments up to the frame header. If there is none, it
// assumes the values that need the most memory.
func readJPEGHead(b []byte) jpegHead {
	h := jpegHead{progressive: true, samples: 4, orientation: 1}
	for at := 2; at+4 <= len(b); {
		if b[at] != 0xff {
			return h
		}
		marker, length := b[at+1], int(binary.BigEndian.Uint16(b[at+2:]))
		if marker == 0xff { // padding
			at++
			continue
		}
		end := at + 2 + length
		if length < 2 || end > len(b) {
			return h
		}
		segment := b[at+4 : end]
		switch marker {
		case 0xe1:
			if len(segment) > 6 && string(segment[:6]) == "Exif\x00\x00" {
				h.orientation = exifOrientation(segment[6:])
			}
		case 0xc0, 0xc1, 0xc2:
			h.progressive = marker == 0xc2
			h.samples = samplesPerPixel(segment)
			return h
		}
		at = end
	}
	return h
}

// samplesPerPixel sums the components of a frame header, each weighted by its
// sampling factor relative to the largest.
func samplesPerPixel(frame []byte) float64 {
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) {
		return 4
	}
	var sum, across, down int
	for c := range int(frame[5]) {
		sampling := frame[6+3*c+1]
		h, v := int(sampling>>4), int(sampling&15)
		sum, across, down = sum+h*v, max(across, h), max(down, v)
	}
	if sum == 0 || across*down == 0 {
		return 4
	}
	return float64(sum) / float64(across*down)
}

// exifOrientation reads the orientation from the first directory of EXIF's TIFF. It
// returns 1 if there is none.
func exifOrientation(tiff []byte) int {
	const upright, orientation, short = 1, 0x0112, 3
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return upright
		}
		if order.Uint16(entries) == orientation && order.Uint16(entries[2:]) == short {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return upright
		}
		entries = entries[12:]
	}
	return upright
}

// swapsSides reports whether an orientation swaps width and height.
func swapsSides(o int) bool { return o >= 5 }

// rotate turns an image upright, given its EXIF orientation.
func rotate(m *image.RGBA, o int) *image.RGBA {
	if o == 1 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewRGBA(m.Rect)
	if swapsSides(o) {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			fromX, fromY := x, y
			if swapsSides(o) {
				fromX, fromY = y, x
			}
			if o == 2 || o == 3 || o == 7 || o == 8 {
				fromX = w - 1 - fromX
			}
			if o == 3 || o == 4 || o == 6 || o == 7 {
				fromY = h - 1 - fromY
			}
			out.SetRGBA(x, y, m.RGBAAt(fromX, fromY))
		}
	}
	return out
}
