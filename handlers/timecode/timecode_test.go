package timecode_test

import (
	"testing"

	"portico/handlers/timecode"
)

// Frames are counted at the true rate, and timecode begins where the recording's does.
func TestTimecode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate, start string
		ms          int64
		want        string
	}{
		{"25/1", "", 0, "00:00:00:00"},
		{"25/1", "", 12_320, "00:00:12:08"},
		{"25/1", "10:00:00:00", 12_320, "10:00:12:08"},
		{"25/1", "23:59:59:24", 40, "00:00:00:00"},
		{"24000/1001", "01:00:00:00", 1001, "01:00:01:00"},
		{"30000/1001", "00:00:00:00", 33, "00:00:00:01"},
		{"30000/1001", "00:00:00:00", 60_060, "00:01:00:00"},
		{"30000/1001", "00:00:00;00", 60_060, "00:01:00;02"},
		{"30000/1001", "00:00:00;00", 60_027, "00:00:59;29"},
		{"30000/1001", "00:00:00;00", 600_000, "00:10:00;00"},
		{"30000/1001", "01:00:00;00", 0, "01:00:00;00"},
		{"60000/1001", "00:00:00;00", 60_060, "00:01:00;04"},
		{"25/1", "00:00:00;12", 0, "00:00:00:12"}, // 25 has no drop-frame
		{"25/1", "1:2:3", 0, "00:00:00:00"},
		{"25/1", "00:00:00:25", 0, "00:00:00:00"},
		{"25/1", "99:00:00:00", 0, "00:00:00:00"},
		{"25/1", "-1:00:00:00", 0, "00:00:00:00"},
	} {
		rate, ok := timecode.ParseRate(c.rate)
		if !ok {
			t.Fatalf("%s is no rate", c.rate)
		}
		if got := timecode.NewClock(rate, c.start).At(c.ms); got != c.want {
			t.Errorf("%s from %q at %d ms: %s, want %s", c.rate, c.start, c.ms, got, c.want)
		}
	}
}

// What the timecode says of a frame and what it reads are the same, through a whole day.
func TestTimecodeReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	for _, rate := range []timecode.Rate{{Num: 24, Den: 1}, {Num: 30000, Den: 1001}, {Num: 60000, Den: 1001}} {
		for _, drop := range []bool{false, true} {
			clock := timecode.NewClock(rate, "00:00:00:00")
			if drop {
				clock = timecode.NewClock(rate, "00:00:00;00")
			}
			for frame := int64(0); frame < 2_000_000; frame += 97 {
				if text := clock.Text(frame); timecode.NewClock(rate, text).From != frame {
					t.Fatalf("%v drop %v: frame %d is %s, which is read as %d", rate, clock.Drop, frame, text, timecode.NewClock(rate, text).From)
				}
			}
		}
	}
}

// A rate is a fraction of small numbers; anything else is none.
func TestRates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"25/1": "25 fps", "30000/1001": "29.97 fps", "24000/1001": "23.976 fps", "100/1": "100 fps"} {
		if r, ok := timecode.ParseRate(text); !ok || r.Words() != want || r.String() != text {
			t.Errorf("%s: %q, %v", text, r.Words(), ok)
		}
	}
	for _, text := range []string{"", "25", "0/0", "25/0", "-25/1", "1/2", "90000/1", "x/1", "25/1/1", "99999999999/1"} {
		if _, ok := timecode.ParseRate(text); ok {
			t.Errorf("%q is a rate", text)
		}
	}
}
