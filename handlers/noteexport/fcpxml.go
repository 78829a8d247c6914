package noteexport

import (
	"encoding/xml"
	"io"
	"net/url"
	"strconv"

	"portico/handlers/timecode"
)

// The elements of FCPXML that a list of markers needs. Final Cut Pro and DaVinci Resolve
// read version 1.9.
type (
	fcpxml struct {
		XMLName   xml.Name     `xml:"fcpxml"`
		Version   string       `xml:"version,attr"`
		Resources fcpResources `xml:"resources"`
		Event     fcpEvent     `xml:"library>event"`
	}
	fcpResources struct {
		Format fcpFormat `xml:"format"`
		Asset  fcpAsset  `xml:"asset"`
	}
	fcpFormat struct {
		ID            string `xml:"id,attr"`
		FrameDuration string `xml:"frameDuration,attr"`
	}
	fcpAsset struct {
		ID       string   `xml:"id,attr"`
		Name     string   `xml:"name,attr"`
		Start    string   `xml:"start,attr"`
		Duration string   `xml:"duration,attr"`
		HasVideo string   `xml:"hasVideo,attr,omitempty"`
		HasAudio string   `xml:"hasAudio,attr"`
		Format   string   `xml:"format,attr,omitempty"`
		Media    fcpMedia `xml:"media-rep"`
	}
	fcpMedia struct {
		Kind string `xml:"kind,attr"`
		Src  string `xml:"src,attr"`
	}
	fcpEvent struct {
		Name    string     `xml:"name,attr"`
		Project fcpProject `xml:"project"`
	}
	fcpProject struct {
		Name     string      `xml:"name,attr"`
		Sequence fcpSequence `xml:"sequence"`
	}
	fcpSequence struct {
		Format   string  `xml:"format,attr"`
		Duration string  `xml:"duration,attr"`
		TCStart  string  `xml:"tcStart,attr"`
		TCFormat string  `xml:"tcFormat,attr"`
		Note     string  `xml:"note"`
		Clip     fcpClip `xml:"spine>asset-clip"`
	}
	fcpClip struct {
		Ref      string      `xml:"ref,attr"`
		Name     string      `xml:"name,attr"`
		Offset   string      `xml:"offset,attr"`
		Start    string      `xml:"start,attr"`
		Duration string      `xml:"duration,attr"`
		Markers  []fcpMarker `xml:"marker"`
	}
	fcpMarker struct {
		Start     string `xml:"start,attr"`
		Duration  string `xml:"duration,attr"`
		Value     string `xml:"value,attr"`
		Note      string `xml:"note,attr"`
		Completed string `xml:"completed,attr"`
	}
)

// FCPXML writes the notes at a time as to-do markers on a clip, which is ticked if the note
// is done. The clip is the recording, by its name: the editing program asks where it is.
func (n Notes) FCPXML(w io.Writer, r Recording) error {
	notes, rate, from := n.of(r), r.Clock.Rate, r.Clock.From
	last := rate.Frame(r.DurationMS)
	clip := fcpClip{Ref: "r2", Name: r.Name, Offset: rational(from, rate), Start: rational(from, rate)}
	for _, note := range notes {
		first, frames := rate.Frame(*note.AtMS), int64(1)
		if note.EndMS != nil {
			frames = max(1, rate.Frame(*note.EndMS)-first)
		}
		last = max(last, first+frames)
		m := fcpMarker{Start: rational(from+first, rate), Duration: rational(frames, rate), Value: note.markerName(), Note: note.oneLine(), Completed: "0"}
		if n.Staff {
			m.Note = "(" + n.sees(note.Team) + ") " + m.Note
		}
		if note.Done {
			m.Completed = "1"
		}
		clip.Markers = append(clip.Markers, m)
	}
	length := rational(max(1, last), rate)
	clip.Duration = length
	format := "NDF"
	if r.Clock.Drop {
		format = "DF"
	}
	said := "Notes on " + n.Title + ", version " + strconv.Itoa(n.Version) + ". Frame rate: " + r.assumed()
	if n.Cut {
		said += " There are more replies than this file has."
	}
	asset := fcpAsset{ID: "r2", Name: r.Name, Start: rational(from, rate), Duration: length, HasVideo: "1", HasAudio: "1", Format: "r1",
		Media: fcpMedia{Kind: "original-media", Src: "file:///" + url.PathEscape(r.Name)}}
	if r.Sound {
		asset.HasVideo, asset.Format = "", ""
	}
	doc := fcpxml{Version: "1.9",
		Resources: fcpResources{fcpFormat{"r1", rational(1, rate)}, asset},
		Event: fcpEvent{n.Client, fcpProject{"Notes on " + n.Title + " v" + strconv.Itoa(n.Version), fcpSequence{
			Format: "r1", Duration: length, TCStart: rational(from, rate), TCFormat: format, Note: said, Clip: clip}}}}
	if _, err := io.WriteString(w, xml.Header+"<!DOCTYPE fcpxml>\n"); err != nil {
		return err
	}
	out := xml.NewEncoder(w)
	out.Indent("", "  ")
	if err := out.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// rational is a number of frames in seconds, as a fraction.
func rational(frames int64, r timecode.Rate) string {
	if frames == 0 {
		return "0s"
	}
	num, den := frames*r.Den, r.Num
	if a := gcd(num, den); a > 1 {
		num, den = num/a, den/a
	}
	text := strconv.FormatInt(num, 10)
	if den != 1 {
		text += "/" + strconv.FormatInt(den, 10)
	}
	return text + "s"
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
