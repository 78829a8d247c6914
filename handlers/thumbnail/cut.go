package thumbnail

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
)

// maxKept is how much of a picture is kept while it is decoded. Most decoders refuse a
// picture that ends in its middle, so it is read a second time, for its upper part. A larger
// one has no thumbnail then.
const maxKept = 32 << 20

// keeper keeps what was read.
type keeper struct {
	r     io.Reader
	kept  bytes.Buffer
	over  bool // there was more than is kept
	ended bool // the picture was read to its end
}

// Read implements io.Reader.
func (k *keeper) Read(p []byte) (int, error) {
	n, err := k.r.Read(p)
	k.ended = k.ended || errors.Is(err, io.EOF)
	if k.over = k.over || k.kept.Len()+n > maxKept; k.over {
		k.kept = bytes.Buffer{}
	} else {
		k.kept.Write(p[:n])
	}
	return n, err
}

// upper decodes the upper part of a picture whose decoder refused it at its end, as browsers
// do. What is missing stays transparent.
func (k *keeper) upper(contentType string, shape header) (image.Image, place, error) {
	if !k.ended || k.over {
		return nil, place{}, UnfitError{unreadable}
	}
	switch contentType {
	case "image/jpeg":
		m, err := decodeRare(bytes.NewReader(k.kept.Bytes()))
		return m, shape.place, err
	case "image/png", "image/apng", "image/vnd.mozilla.apng":
		return upperPNG(k.kept.Bytes(), shape.place)
	}
	return nil, place{}, UnfitError{unreadable}
}

// upperPNG decodes the rows of a PNG that are there, as a picture of that height.
func upperPNG(content []byte, at place) (image.Image, place, error) {
	head, palette, pixels := pngParts(content)
	row := bytesPerRow(head)
	if row == 0 || pixels == nil {
		return nil, at, UnfitError{unreadable}
	}
	height := wholeRows(pixels, row, int64(binary.BigEndian.Uint32(head[4:])))
	if height == 0 {
		return nil, at, UnfitError{unreadable}
	}
	binary.BigEndian.PutUint32(head[4:], uint32(height))
	r, w := io.Pipe()
	defer r.Close()
	go func() {
		defer func() {
			if v := recover(); v != nil {
				w.CloseWithError(UnfitError{fmt.Sprintf("the encoder panicked (%T)", v)})
			}
		}()
		w.CloseWithError(writeRows(w, head, palette, pixels, row*height))
	}()
	m, err := png.Decode(r)
	if err != nil {
		return nil, at, err
	}
	if at.frame.Empty() {
		at.frame = image.Rectangle{Max: at.canvas}
	}
	at.frame.Max.Y = at.frame.Min.Y + int(height)
	return m, at, nil
}

// pngParts returns the content of IHDR, the chunks between it and the pixels, and the
// pixels that are there.
func pngParts(content []byte) (head, palette, pixels []byte) {
	all, err := io.ReadAll(newPNGReader(bytes.NewReader(content)))
	if err != nil || len(all) < len(pngSignature) {
		return nil, nil, nil
	}
	const end = 12 // bytes of the IEND that the reader added, maybe inside a chunk that is cut
	for all = all[len(pngSignature):]; len(all) >= 12; {
		length, kind := int64(binary.BigEndian.Uint32(all)), string(all[4:8])
		rest := all[8:]
		if length+4 > int64(len(rest)) {
			if kind == "IDAT" && len(rest) > end {
				pixels = append(pixels, rest[:len(rest)-end]...)
			}
			return head, palette, pixels
		}
		switch kind {
		case "IHDR":
			head = bytes.Clone(rest[:length])
		case "IDAT":
			pixels = append(pixels, rest[:length]...)
		case "PLTE", "tRNS":
			palette = append(palette, all[:12+length]...)
		}
		all = rest[length+4:]
	}
	return head, palette, pixels
}

// bytesPerRow returns the bytes of a row and of its filter, or 0 if the rows don't follow
// each other, as in interlaced pictures.
func bytesPerRow(head []byte) int64 {
	if len(head) != 13 || head[12] != 0 {
		return 0
	}
	samples, ok := map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[head[9]]
	if !ok {
		return 0
	}
	return 1 + (int64(binary.BigEndian.Uint32(head))*samples*int64(head[8])+7)/8
}

// wholeRows counts the rows that are there, up to the height that the picture claims.
func wholeRows(pixels []byte, row, height int64) int64 {
	z, err := zlib.NewReader(bytes.NewReader(pixels))
	if err != nil {
		return 0
	}
	n, _ := io.Copy(io.Discard, io.LimitReader(z, row*height)) // it ends with the cut
	return n / row
}

// writeRows writes a PNG of the first n bytes of the pixels.
func writeRows(w io.Writer, head, palette, pixels []byte, n int64) error {
	start := append([]byte(pngSignature), appendChunk(nil, "IHDR", head)...)
	if _, err := w.Write(append(start, palette...)); err != nil {
		return err
	}
	from, err := zlib.NewReader(bytes.NewReader(pixels))
	if err != nil {
		return err
	}
	to, err := zlib.NewWriterLevel(chunkWriter{w}, zlib.NoCompression)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(to, from, n); err != nil {
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	_, err = w.Write(appendChunk(nil, "IEND", nil))
	return err
}

// chunkWriter writes everything as pixels of a PNG.
type chunkWriter struct{ w io.Writer }

// Write implements io.Writer.
func (c chunkWriter) Write(p []byte) (int, error) {
	if _, err := c.w.Write(appendChunk(nil, "IDAT", p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
