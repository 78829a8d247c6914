package trail

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// prove finds the leaves as they were sealed. Those that the rows give are tried first, then
// those that the archive has beside the rows, then those of its tiles. A list counts up to the
// last checkpoint before the first whose root it doesn't have.
func (v *verification) prove() error {
	computed := make([]Hash, len(v.rows))
	claimed := make([]Hash, len(v.rows))
	for i, r := range v.rows {
		computed[i], claimed[i] = r.hash, r.claimed
	}
	tiled, err := v.tiledLeaves(claimed)
	if err != nil {
		return err
	}
	for _, leaves := range [][]Hash{computed, claimed, tiled} {
		if n := v.provenOf(leaves); v.leaves == nil || n > v.proven {
			v.leaves, v.proven = leaves, n
		}
	}
	return nil
}

// provenOf is how many of the leaves the checkpoints prove.
func (v *verification) provenOf(leaves []Hash) (proven int64) {
	var t Tree
	for _, c := range v.checkpoints {
		for t.Size() < c.Size {
			if t.Size() >= int64(len(leaves)) {
				return proven
			}
			t.Append(leaves[t.Size()])
		}
		if t.Root() != c.Root {
			return proven
		}
		proven = c.Size
	}
	return proven
}

// tiledLeaves are the leaves with those of the tiles in their places.
func (v *verification) tiledLeaves(leaves []Hash) ([]Hash, error) {
	tiled := append([]Hash(nil), leaves...)
	for tile, err := range readLines[Tile](v.archive, v.file(tilesFile)) {
		if err != nil {
			return nil, err
		}
		hashes, err := Split(tile.Hashes)
		if err != nil || tile.Level != 0 || tile.Number < 0 || len(hashes) != TileWidth || tile.Number > int64(len(tiled))/TileWidth+maxGap/TileWidth {
			continue
		}
		end := (tile.Number + 1) * TileWidth
		for int64(len(tiled)) < end {
			tiled = append(tiled, Hash{})
		}
		copy(tiled[end-TileWidth:end], hashes)
	}
	return tiled, nil
}

// nameRows names the rows that aren't as they were sealed.
func (v *verification) nameRows() error {
	var wrong []int64
	for p := range v.proven {
		switch {
		case p >= int64(len(v.rows)):
			// The end is cut: see checkEnd.
		case !v.rows[p].event:
			v.find(Missing, p, uuid.Nil, "row %d is missing", p)
		case v.rows[p].hash != v.leaves[p]:
			wrong = append(wrong, p)
		case !v.rows[p].detail:
			v.find(Changed, p, v.rows[p].id, "row %d was changed: its detail isn't the one that was sealed", p)
		}
	}
	if err := v.nameWrong(wrong); err != nil {
		return err
	}
	return v.nameRewritten()
}

// nameWrong says of each row that isn't the one that was sealed at its place whether it was
// changed, added, or moved from another place.
func (v *verification) nameWrong(wrong []int64) error {
	events, err := v.eventsAt(wrong)
	if err != nil {
		return err
	}
	home := map[int64]int64{} // where the row that was sealed at a place stands now
	from := map[int64]int64{} // at which place the row that stands here was sealed
	for here, e := range events {
		for _, there := range v.candidates(here, wrong) {
			if e.Position = there; e.Leaf() == v.leaves[there] {
				home[there], from[here] = here, there
			}
		}
	}
	for _, p := range wrong[:min(len(wrong), mostNamed)] {
		id := v.rows[p].id
		_, stands := home[p]
		switch place, moved := from[p]; {
		case moved && !stands:
			v.find(Missing, p, uuid.Nil, "row %d is missing: the row that was sealed at %d stands in its place", p, place)
		case moved:
			v.find(Moved, p, id, "row %d was moved: it was sealed at %d", p, place)
		case stands:
			v.find(Added, p, id, "row %d was added: what was sealed there stands at %d", p, home[p])
		default:
			v.find(Changed, p, id, "row %d was changed", p)
		}
	}
	return nil
}

// nearby is how far away a row is looked for that was moved.
const nearby = 32

// candidates are the places where a row could have been sealed that doesn't belong where it
// stands.
func (v *verification) candidates(here int64, wrong []int64) []int64 {
	if len(wrong) <= mostNamed {
		return append([]int64{}, wrong...)
	}
	var near []int64
	for p := max(here-nearby, 0); p <= min(here+nearby, v.proven-1); p++ {
		near = append(near, p)
	}
	return near
}

// eventsAt reads the events at the first of some places again.
func (v *verification) eventsAt(places []int64) (map[int64]Event, error) {
	events := map[int64]Event{}
	if len(places) == 0 {
		return events, nil
	}
	wanted := map[int64]bool{}
	for _, p := range places[:min(len(places), 2*mostNamed)] {
		wanted[p] = true
	}
	for r, err := range readLines[Row](v.archive, v.file(eventsFile)) {
		if err != nil {
			return nil, err
		}
		if r.Position != nil && r.Event != nil && wanted[*r.Position] {
			events[*r.Position] = *r.Event
		}
	}
	return events, nil
}

// nameRewritten names what is wrong between the last checkpoint that was proven and the next:
// the first row that differs from the hash beside it, and all of them if none does.
func (v *verification) nameRewritten() error {
	var from int64
	for _, c := range v.checkpoints {
		if c.Size <= v.proven {
			from = c.Size
			continue
		}
		until := min(c.Size, int64(len(v.rows)))
		for p := from; p < until; p++ {
			switch r := v.rows[p]; {
			case !r.event:
				v.find(Missing, p, uuid.Nil, "row %d is missing", p)
				return nil
			case r.hash != r.claimed:
				return v.nameShifted(p)
			}
		}
		if until == c.Size {
			v.find(Rewritten, from, uuid.Nil, "rows %d to %d aren't those that were sealed at %s: one of them was changed together with its hash, added or removed",
				from, c.Size-1, stamp(c.At))
		}
		return nil
	}
	return nil
}

// nameShifted says what happened to a row whose hash differs from the one beside it: rows can
// have moved together with their hashes.
func (v *verification) nameShifted(p int64) error {
	events, err := v.eventsAt([]int64{p, p + 1})
	if err != nil {
		return err
	}
	sealedAt := func(here int64) int64 {
		e, ok := events[here]
		for q := max(p-nearby, 0); ok && q <= p+nearby; q++ {
			if e.Position = q; e.Leaf() == v.rows[here].claimed {
				return q
			}
		}
		return -1
	}
	switch q := sealedAt(p); {
	case q > p:
		v.find(Missing, p, uuid.Nil, "row %d is missing: the row that was sealed at %d stands in its place", p, q)
	case q >= 0:
		v.find(Moved, p, v.rows[p].id, "row %d was moved: it was sealed at %d", p, q)
	case p+1 < int64(len(v.rows)) && sealedAt(p+1) == p:
		v.find(Added, p, v.rows[p].id, "row %d was added: what was sealed there stands at %d", p, p+1)
	default:
		v.find(Changed, p, v.rows[p].id, "row %d was changed", p)
	}
	return nil
}

// checkEnd demands every row of the newest checkpoint, and no more.
func (v *verification) checkEnd() {
	var size int64
	if n := len(v.checkpoints); n > 0 {
		size = v.checkpoints[n-1].Size
	}
	have := int64(len(v.rows))
	if have < size {
		v.find(Cut, have, uuid.Nil, "the end is cut: rows %d to %d are missing", have, size-1)
	}
	for p := size; p < have; p++ {
		if v.rows[p].there {
			v.find(Added, p, v.rows[p].id, "row %d is in no checkpoint", p)
			return
		}
	}
}

// checkTimes reports the rows that are dated long before the checkpoint that first holds
// them. Of what was there before the log nobody can tell: it is sealed first, in the order of
// its times.
func (v *verification) checkTimes() {
	named, next := 0, 0
	first, before := true, int64(0) // in the first run of rows with ascending times, and the last of these
	for p := range int64(len(v.rows)) {
		for next < len(v.checkpoints) && v.checkpoints[next].Size <= p {
			next++
		}
		if next == len(v.checkpoints) {
			return
		}
		c, r := v.checkpoints[next], v.rows[p]
		first, before = first && r.at >= before, r.at
		if !r.event || c.At.Sub(time.UnixMicro(r.at)) < LateAfter {
			continue
		}
		if next == 0 || first && r.at < v.log.BeganAt.UnixMicro() {
			v.log.Before++
			continue
		}
		if named++; named <= mostNamed {
			v.find(Late, p, r.id, "row %d is dated %s, and was sealed only at %s: it was slipped in later, or sealing had stopped", p, stamp(time.UnixMicro(r.at)), stamp(c.At))
		}
	}
}

// checkUnsealed reports the rows that should have been sealed long ago.
func (v *verification) checkUnsealed() {
	newest := v.manifest.ExportedAt
	if v.log.SealedAt.After(newest) {
		newest = v.log.SealedAt
	}
	for _, r := range v.unsealed {
		if r.Event == nil || len(v.checkpoints) == 0 && v.manifest.ExportedAt.IsZero() {
			continue
		}
		if newest.Sub(r.Event.At.Time) >= LateAfter {
			v.find(Added, -1, r.Event.ID, "a row dated %s isn't sealed, and should have been by %s: it was added later, or sealing had stopped", stamp(r.Event.At.Time), stamp(newest))
		}
	}
}

// checkKept compares with checkpoints that were kept elsewhere: by the verifier, and in object
// storage.
func (v *verification) checkKept(old []string) error {
	for _, signed := range old {
		c, err := v.trusted.open(signed)
		if tenant, side := sideOf(c.Origin); err == nil && tenant == v.manifest.Tenant.String() && side == v.side {
			v.compare(c, "you kept")
		}
	}
	for line, err := range readLines[signedNote](v.archive, v.file(copiesFile)) {
		if err != nil {
			return err
		}
		c, err := v.trusted.open(line.Note)
		if tenant, side := sideOf(c.Origin); err != nil || tenant != v.manifest.Tenant.String() || side != v.side {
			v.find(Unsigned, -1, uuid.Nil, "a checkpoint that was kept in object storage: %v", ErrUnsigned)
			continue
		}
		v.compare(c, "was kept in object storage")
	}
	return nil
}

// root is the root of the tree when it had a size. A checkpoint of that size knows it.
func (v *verification) root(size int64) Hash {
	at, found := slices.BinarySearchFunc(v.checkpoints, size, func(c Checkpoint, size int64) int { return cmp.Compare(c.Size, size) })
	if found {
		return v.checkpoints[at].Root
	}
	return RootOf(v.leaves[:min(size, int64(len(v.leaves)))])
}

func (v *verification) compare(c Checkpoint, where string) {
	var size int64
	if n := len(v.checkpoints); n > 0 {
		size = v.checkpoints[n-1].Size
	}
	switch {
	case c.Size > size:
		v.find(Older, size, uuid.Nil, "this is an older copy: the checkpoint that %s has %d rows and is of %s, the newest here has %d", where, c.Size, stamp(c.At), size)
	case v.root(c.Size) != c.Root:
		v.find(Fork, -1, uuid.Nil, "fork: the checkpoint that %s, of %d rows and signed at %s, is of another trail", where, c.Size, stamp(c.At))
	}
}
