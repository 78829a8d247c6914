// Package timecode counts the frames of recordings and writes them as editing programs do,
// "01:00:12:08".
package timecode

import (
	"fmt"
	"strconv"
	"strings"
)

// Rate is how many frames a second has, as a fraction: 25/1, or 30000/1001 for 29.97.
type Rate struct{ Num, Den int64 }

// Assumed is the rate of a recording whose own isn't known.
var Assumed = Rate{25, 1}

// ParseRate reads a rate as "25/1". It is from 1 to 1,000 frames a second.
func ParseRate(text string) (r Rate, ok bool) {
	num, den, found := strings.Cut(text, "/")
	if !found {
		return r, false
	}
	var errNum, errDen error
	r.Num, errNum = strconv.ParseInt(num, 10, 32)
	r.Den, errDen = strconv.ParseInt(den, 10, 32)
	if errNum != nil || errDen != nil || r.Num < 1 || r.Den < 1 || r.Num < r.Den || r.Num > 1000*r.Den {
		return Rate{}, false
	}
	return r, true
}

// String is the rate as [ParseRate] reads it.
func (r Rate) String() string {
	return strconv.FormatInt(r.Num, 10) + "/" + strconv.FormatInt(r.Den, 10)
}

// Words is the rate as people write it: "25 fps", "29.97 fps".
func (r Rate) Words() string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(float64(r.Num)/float64(r.Den), 'f', 3, 64), "0"), ".") + " fps"
}

// whole is how many frames timecode counts in a second: 30 for 29.97.
func (r Rate) whole() int64 { return (r.Num + r.Den/2) / r.Den }

// drops is how many numbers drop-frame timecode leaves out at the start of a minute, 0 for a
// rate without.
func (r Rate) drops() int64 {
	if r.Den != 1001 || r.whole()%30 != 0 {
		return 0
	}
	return r.whole() / 15
}

// Frame is the frame that is shown at a time, from 0. Times are rounded to milliseconds, so
// half of one is added.
func (r Rate) Frame(ms int64) int64 { return (2*ms + 1) * r.Num / (2000 * r.Den) }

// Clock counts the frames of one recording.
type Clock struct {
	Rate Rate
	Drop bool  // drop-frame: it leaves out numbers, so that 29.97 keeps up with the time of day
	From int64 // the number of its first frame
}

// Drops is how many numbers the clock leaves out at the start of a minute.
func (c Clock) Drops() int64 {
	if !c.Drop {
		return 0
	}
	return c.Rate.drops()
}

// NewClock returns the clock of a recording that begins at a timecode, "01:00:00:00", with a
// semicolon before the frames for drop-frame. One that can't be read is 00:00:00:00.
func NewClock(r Rate, start string) Clock {
	c := Clock{Rate: r}
	var hours, minutes, seconds, frames int64
	head, tail := start, ""
	if at := strings.LastIndexAny(start, ":;."); at > 0 {
		c.Drop = start[at] != ':' && r.drops() > 0
		head, tail = start[:at], start[at+1:]
	}
	parts := strings.Split(head, ":")
	if len(parts) != 3 {
		return c
	}
	for i, to := range []*int64{&hours, &minutes, &seconds, &frames} {
		text := tail
		if i < 3 {
			text = parts[i]
		}
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || len(text) != 2 {
			return c
		}
		*to = int64(n)
	}
	if hours > 23 || minutes > 59 || seconds > 59 || frames >= r.whole() {
		return c
	}
	all := hours*60 + minutes
	c.From = (all*60+seconds)*r.whole() + frames
	if c.Drop {
		c.From -= r.drops() * (all - all/10)
	}
	return c
}

// At is the timecode at a time from the beginning of the recording, in milliseconds.
func (c Clock) At(ms int64) string { return c.Text(c.From + c.Rate.Frame(ms)) }

// Text writes the number of a frame as timecode. A day begins at 0 again.
func (c Clock) Text(frame int64) string {
	whole, colon := c.Rate.whole(), ":"
	if c.Drop {
		drops := c.Rate.drops()
		inMinute, inTen := whole*60-drops, whole*600-drops*9
		tens, rest := frame/inTen, frame%inTen
		frame += drops * 9 * tens
		if rest >= drops {
			frame += drops * ((rest - drops) / inMinute)
		}
		colon = ";"
	}
	seconds := frame / whole
	return fmt.Sprintf("%02d:%02d:%02d%s%02d", seconds/3600%24, seconds/60%60, seconds%60, colon, frame%whole)
}
