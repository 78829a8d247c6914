package media

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"portico/handlers/timecode"
)

// Facts are what a recording says of itself.
type Facts struct {
	Duration time.Duration // 0 if it doesn't say
	Rate     timecode.Rate // of its frames; zero for sound
	Start    string        // the timecode of its first frame, "01:00:00:00"; "" for none
	Width    int           // of its picture as it is shown; 0 for none
	Height   int
	Sound    bool // it has sound
	Plays    bool // browsers play it as it is
}

// Picture reports whether the recording has a picture that moves.
func (f Facts) Picture() bool { return f.Width > 0 }

// report is what ffprobe says.
type report struct {
	Streams []stream `json:"streams"`
	Format  struct {
		Duration string            `json:"duration"`
		Tags     map[string]string `json:"tags"`
	} `json:"format"`
}

type stream struct {
	Kind        string            `json:"codec_type"`
	Codec       string            `json:"codec_name"`
	Pixels      string            `json:"pix_fmt"`
	Width       int               `json:"width"`
	Height      int               `json:"height"`
	Shape       string            `json:"sample_aspect_ratio"`
	Rate        string            `json:"r_frame_rate"`
	AverageRate string            `json:"avg_frame_rate"`
	Duration    string            `json:"duration"`
	Tags        map[string]string `json:"tags"`
	Disposition struct {
		Cover int `json:"attached_pic"`
	} `json:"disposition"`
	Side []struct {
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

// Look measures a recording.
func (t *Tool) Look(ctx context.Context, r Recording) (f Facts, unfit Unfit, err error) {
	dir, remove, err := scratch()
	if err != nil {
		return f, "", err
	}
	defer remove()
	out := &capped{most: maxReport}
	unfit, err = t.run(ctx, r, run{
		program: t.ffprobe, dir: dir, timeout: t.look, stdout: out,
		before: []string{"-v", "error", "-print_format", "json", "-show_format", "-show_streams"},
	})
	if err != nil || unfit != "" {
		return f, unfit, err
	}
	var said report
	if json.Unmarshal(out.Bytes(), &said) != nil {
		return f, Broken, nil
	}
	return said.facts(r.ContentType)
}

func (said report) facts(contentType string) (f Facts, unfit Unfit, err error) {
	f.Duration = seconds(said.Format.Duration)
	f.Start = startOf(said.Format.Tags)
	var picture, sound *stream
	for i, s := range said.Streams {
		switch {
		case s.Kind == "video" && s.Disposition.Cover == 0 && picture == nil:
			picture = &said.Streams[i]
		case s.Kind == "audio" && sound == nil:
			sound = &said.Streams[i]
		}
		f.Duration = max(f.Duration, seconds(s.Duration))
		if f.Start == "" {
			f.Start = startOf(s.Tags)
		}
	}
	f.Sound = sound != nil
	if picture == nil && sound == nil {
		return f, Broken, nil
	}
	if f.Duration > maxDuration {
		return f, Large, nil
	}
	if picture != nil {
		if picture.Width < 1 || picture.Height < 1 {
			return f, Broken, nil
		}
		if picture.Width*picture.Height > maxPixels {
			return f, Large, nil
		}
		f.Width, f.Height = picture.shown()
		f.Rate = picture.rate()
	}
	f.Plays = plays(contentType, picture, sound)
	if picture == nil && strings.HasPrefix(contentType, "video/") {
		return f, NoPicture, nil
	}
	return f, "", nil
}

// plays reports whether browsers play a recording as it is: whether all of them have its
// container and codecs.
func plays(contentType string, picture, sound *stream) bool {
	var pictures, sounds string
	switch contentType {
	case "video/mp4", "video/x-m4v", "video/quicktime", "audio/mp4", "audio/x-m4a":
		pictures, sounds = "h264", "aac mp3"
	case "video/webm", "audio/webm":
		pictures, sounds = "vp8 vp9", "opus vorbis"
	case "audio/mpeg":
		sounds = "mp3"
	case "audio/aac":
		sounds = "aac"
	case "audio/wav":
		sounds = "pcm_u8 pcm_s16le pcm_s24le pcm_f32le"
	case "audio/flac":
		sounds = "flac"
	}
	has := func(list, codec string) bool { return strings.Contains(" "+list+" ", " "+codec+" ") }
	if picture != nil && (!has(pictures, picture.Codec) || picture.Pixels != "yuv420p" && picture.Pixels != "yuvj420p") {
		return false
	}
	return sound == nil || has(sounds, sound.Codec)
}

// shown is the size at which a picture is shown: turned, and with square pixels.
func (s stream) shown() (width, height int) {
	width, height = s.Width, s.Height
	if num, den, ok := strings.Cut(s.Shape, ":"); ok {
		a, _ := strconv.Atoi(num)
		b, _ := strconv.Atoi(den)
		if a > 0 && b > 0 && a < 100*b && b < 100*a {
			width = max(1, width*a/b)
		}
	}
	for _, side := range s.Side {
		if turned := int(math.Abs(side.Rotation)); turned == 90 || turned == 270 {
			width, height = height, width
		}
	}
	return width, height
}

// standard are the rates that cameras and editing programs use.
var standard = []timecode.Rate{{Num: 24000, Den: 1001}, {Num: 24, Den: 1}, {Num: 25, Den: 1}, {Num: 30000, Den: 1001}, {Num: 30, Den: 1},
	{Num: 48, Den: 1}, {Num: 50, Den: 1}, {Num: 60000, Den: 1001}, {Num: 60, Den: 1}, {Num: 100, Den: 1}, {Num: 120000, Den: 1001}, {Num: 120, Den: 1}}

// rate is the rate of a picture's frames. Containers round it, so one that is close to a
// standard rate is that. Where frames come irregularly it is their average.
func (s stream) rate() timecode.Rate {
	average, ok := timecode.ParseRate(s.AverageRate)
	if !ok {
		average, ok = timecode.ParseRate(s.Rate)
	}
	if !ok {
		return timecode.Assumed
	}
	of := func(r timecode.Rate) float64 { return float64(r.Num) / float64(r.Den) }
	if exact, ok := timecode.ParseRate(s.Rate); ok && math.Abs(of(exact)-of(average)) < 0.01*of(average) {
		average = exact
	}
	nearest := average
	for _, r := range standard {
		if off := math.Abs(of(r) - of(average)); off < 0.0005*of(average) && (nearest == average || off < math.Abs(of(nearest)-of(average))) {
			nearest = r
		}
	}
	return nearest
}

// startOf is the timecode among the tags of a file or a track, if it is one.
func startOf(tags map[string]string) string {
	start := strings.ReplaceAll(tags["timecode"], ".", ";")
	if len(start) != 11 {
		return ""
	}
	for i, c := range start {
		digit := c >= '0' && c <= '9'
		if colon := i%3 == 2; colon == digit || colon && c != ':' && (c != ';' || i != 8) {
			return ""
		}
	}
	return start
}

func seconds(text string) time.Duration {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(s) || s < 0 {
		return 0
	}
	if s > 1e9 { // an invented time; it is beyond the bound
		s = 1e9
	}
	return time.Duration(s * float64(time.Second))
}
