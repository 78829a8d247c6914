package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Poster writes one frame of a video as JPEG, of at most 1600 by 1600 pixels. Whatever took
// over the child could have written it.
func (t *Tool) Poster(ctx context.Context, r Recording, f Facts) (picture []byte, unfit Unfit, err error) {
	dir, remove, err := scratch()
	if err != nil {
		return nil, "", err
	}
	defer remove()
	// Many videos begin black.
	for _, at := range []time.Duration{min(f.Duration/10, 30*time.Second), 0} {
		out := &capped{most: maxPicture}
		unfit, err = t.run(ctx, r, run{
			program: t.ffmpeg, dir: dir, timeout: t.look, stdout: out,
			before: []string{"-v", "error", "-nostdin", "-threads", "2", "-ss", fmt.Sprintf("%.3f", at.Seconds())},
			after: []string{"-map", "0:V:0", "-frames:v", "1", "-vf", "scale=iw*sar:ih,setsar=1," + within(1600, 1600),
				"-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "3", "pipe:1"},
		})
		if err != nil || unfit == Slow {
			return nil, unfit, err
		}
		if out.Len() > 0 {
			return out.Bytes(), "", nil
		}
	}
	return nil, Broken, nil
}

// within is a filter that fits a picture into a box, with even sides as codecs want.
func within(width, height int) string {
	return fmt.Sprintf("scale=w='min(%d,iw)':h='min(%d,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2", width, height)
}

// The size of a wave, in pixels, and how many samples of sound a second it is made from.
const (
	waveWidth, waveHeight = 1600, 200
	waveRate              = 4000
)

// Wave draws how loud a sound is over its time, as PNG. We draw it from what ffmpeg decodes.
func (t *Tool) Wave(ctx context.Context, r Recording) (picture []byte, unfit Unfit, err error) {
	dir, remove, err := scratch()
	if err != nil {
		return nil, "", err
	}
	defer remove()
	w := &wave{}
	unfit, err = t.run(ctx, r, run{
		program: t.ffmpeg, dir: dir, timeout: t.look, stdout: w,
		before: []string{"-v", "error", "-nostdin", "-threads", "1"},
		after: []string{"-map", "0:a:0", "-t", strconv.Itoa(int(maxDuration.Seconds())), "-ac", "1", "-ar", strconv.Itoa(waveRate),
			"-f", "s16le", "-c:a", "pcm_s16le", "pipe:1"},
	})
	if err != nil || unfit == Slow {
		return nil, unfit, err
	}
	if w.samples == 0 {
		return nil, Broken, nil
	}
	picture, err = w.draw()
	return picture, "", err
}

// wave collects the loudest sample of each piece of a sound. When there are too many pieces,
// two become one, so that its memory is the same for any length.
type wave struct {
	peaks   []int
	each    int // samples in a piece
	within  int // samples in the last piece
	samples int64
	odd     []byte // the first half of a sample
}

const wavePieces = 2 * waveWidth

func (w *wave) Write(p []byte) (int, error) {
	written := len(p)
	if len(w.odd) > 0 {
		p = append(w.odd, p...)
	}
	for ; len(p) >= 2; p = p[2:] {
		w.add(int(int16(binary.LittleEndian.Uint16(p))))
	}
	w.odd = append([]byte(nil), p...)
	return written, nil
}

func (w *wave) add(sample int) {
	w.samples++
	w.each = max(w.each, 1)
	if w.within == w.each || len(w.peaks) == 0 {
		if len(w.peaks) == wavePieces {
			for i := range wavePieces / 2 {
				w.peaks[i] = max(w.peaks[2*i], w.peaks[2*i+1])
			}
			w.peaks, w.each = w.peaks[:wavePieces/2], 2*w.each
		}
		w.peaks, w.within = append(w.peaks, 0), 0
	}
	w.within++
	last := len(w.peaks) - 1
	w.peaks[last] = max(w.peaks[last], sample, -sample)
}

func (w *wave) draw() ([]byte, error) {
	picture := image.NewPaletted(image.Rect(0, 0, waveWidth, waveHeight), color.Palette{color.Transparent, color.NRGBA{0x4f, 0x8a, 0x96, 0xff}})
	for x := range waveWidth {
		peak := 0
		for _, p := range w.peaks[x*len(w.peaks)/waveWidth : max(x*len(w.peaks)/waveWidth+1, (x+1)*len(w.peaks)/waveWidth)] {
			peak = max(peak, p)
		}
		half := max(1, peak*(waveHeight/2)/32768)
		for y := waveHeight/2 - half; y < waveHeight/2+half; y++ {
			picture.SetColorIndex(x, y, 1)
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}

// Copy is a playable copy of a recording, in a file without a name.
type Copy struct {
	*os.File
	ContentType   string // video/mp4 or audio/mp4
	Size          int64
	Width, Height int // of a video
}

// Play makes a copy that all browsers play: H.264 of at most 1920 by 1080 pixels with AAC,
// or AAC alone. The longer a recording, the fewer bytes a second has, so that the copy stays
// below [MaxPlayable]. The caller closes it.
func (t *Tool) Play(ctx context.Context, r Recording, f Facts) (c *Copy, unfit Unfit, err error) {
	dir, remove, err := scratch()
	if err != nil {
		return nil, "", err
	}
	defer remove()
	path := filepath.Join(dir, "copy.mp4")
	after := []string{"-map", "0:V:0", "-map", "0:a:0?", "-map_metadata", "-1", "-map_chapters", "-1",
		"-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-profile:v", "high", "-pix_fmt", "yuv420p", "-vf", "scale=iw*sar:ih,setsar=1," + box(f),
		"-maxrate", strconv.Itoa(bitrate(f)), "-bufsize", strconv.Itoa(2 * bitrate(f)), "-threads", "2"}
	kind := "video/mp4"
	if !f.Picture() {
		kind, after = "audio/mp4", []string{"-map", "0:a:0", "-map_metadata", "-1"}
	}
	after = append(after, "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart", "-f", "mp4", "-y", path)
	unfit, err = t.run(ctx, r, run{
		program: t.ffmpeg, dir: dir, timeout: t.play,
		before: []string{"-v", "error", "-nostdin", "-threads", "2"}, after: after,
	})
	if err != nil || unfit != "" {
		return nil, unfit, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, "", fmt.Errorf("media: %w", err)
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < 1 || info.Size() > MaxPlayable {
		_ = file.Close() // nobody reads it
		return nil, Broken, err
	}
	c = &Copy{File: file, ContentType: kind, Size: info.Size()}
	if f.Picture() {
		c.Width, c.Height = fitted(f)
	}
	return c, "", nil
}

// box is the filter that fits a video into 1920 by 1080, or upright.
func box(f Facts) string {
	if f.Height > f.Width {
		return within(1080, 1920)
	}
	return within(1920, 1080)
}

// fitted is about the size of the copy.
func fitted(f Facts) (width, height int) {
	w, h := 1920, 1080
	if f.Height > f.Width {
		w, h = h, w
	}
	scale := min(1, float64(w)/float64(f.Width), float64(h)/float64(f.Height))
	even := func(n float64) int { return max(2, int(n+1)/2*2) }
	return even(float64(f.Width) * scale), even(float64(f.Height) * scale)
}

// bitrate is how many bits a second of a copy's picture may have.
func bitrate(f Facts) int {
	const most, least = 6_000_000, 150_000
	length := f.Duration.Seconds()
	if length < 1 {
		return most
	}
	// A tenth is left for sound and container.
	return max(least, min(most, int(0.85*8*MaxPlayable/length)))
}
