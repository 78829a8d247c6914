package artwork

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image/jpeg"
	"image/png"
)

// Files name their owner in plain bytes: PNG in a tEXt chunk, JPEG in a comment. So a
// scan of object storage can tell whose they are.

// png is the picture as a PNG file.
func (c *canvas) png(owner string) ([]byte, error) {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&b, c.img); err != nil {
		return nil, err
	}
	const header = 8 + 25 // signature and IHDR
	out := append([]byte(nil), b.Bytes()[:header]...)
	out = append(out, pngText("Copyright", owner)...)
	return append(out, b.Bytes()[header:]...), nil
}

func pngText(key, text string) []byte {
	body := append([]byte("tEXt"+key), 0)
	body = append(body, text...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
}

// jpeg is the picture as a JPEG file.
func (c *canvas) jpeg(owner string) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, c.img, &jpeg.Options{Quality: 88}); err != nil {
		return nil, err
	}
	comment := binary.BigEndian.AppendUint16([]byte{0xff, 0xfe}, uint16(len(owner)+2))
	out := append([]byte(nil), b.Bytes()[:2]...) // start of image
	out = append(out, comment...)
	out = append(out, owner...)
	return append(out, b.Bytes()[2:]...), nil
}
