package difference

import "time"

// SetTimeout changes how long the finder's calls may take.
func (f *Finder) SetTimeout(d time.Duration) { f.timeout = d }
