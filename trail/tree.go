package trail

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is the hash of a leaf or of a node of a tree.
type Hash = tlog.Hash

// Tree is a tree to which leaves are appended. It keeps only its right edge: the roots of the
// full subtrees, the largest first. The zero Tree is empty.
type Tree struct {
	size int64
	edge []Hash
}

// OpenTree continues a tree of a size whose right edge is as [Tree.Edge] returned it.
func OpenTree(size int64, edge []byte) (Tree, error) {
	t := Tree{size: size}
	for ; len(edge) >= tlog.HashSize; edge = edge[tlog.HashSize:] {
		t.edge = append(t.edge, Hash(edge[:tlog.HashSize]))
	}
	full := 0
	for n := size; n > 0; n &= n - 1 {
		full++
	}
	if len(edge) != 0 || len(t.edge) != full || size < 0 {
		return Tree{}, fmt.Errorf("trail: no edge of a tree of %d leaves", size)
	}
	return t, nil
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append appends a leaf.
func (t *Tree) Append(leaf Hash) {
	t.edge = append(t.edge, leaf)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		t.edge[last-1] = tlog.NodeHash(t.edge[last-1], t.edge[last])
		t.edge = t.edge[:last]
	}
	t.size++
}

// Root is the root hash. That of an empty tree is the hash of nothing.
func (t *Tree) Root() Hash {
	if len(t.edge) == 0 {
		return sha256.Sum256(nil)
	}
	root := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.edge[i], root)
	}
	return root
}

// Edge is the right edge, for [OpenTree].
func (t *Tree) Edge() []byte { return Join(t.edge) }

// Join writes hashes one after the other.
func Join(hashes []Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}

// Split reads what [Join] wrote.
func Split(b []byte) ([]Hash, error) {
	if len(b)%tlog.HashSize != 0 {
		return nil, errors.New("trail: not a list of hashes")
	}
	hashes := make([]Hash, 0, len(b)/tlog.HashSize)
	for ; len(b) > 0; b = b[tlog.HashSize:] {
		hashes = append(hashes, Hash(b[:tlog.HashSize]))
	}
	return hashes, nil
}

// A tile holds 256 neighbouring hashes of one level. Those of level 0 are leaves, those of
// level n the roots of the tiles of level n-1. Only full tiles are kept.
const (
	TileWidth  = 256
	tileHeight = 8
)

// RootOf is the root of the tree with these leaves.
func RootOf(leaves []Hash) Hash {
	var t Tree
	for _, h := range leaves {
		t.Append(h)
	}
	return t.Root()
}

// Tiles reads the hashes of a tree from its tiles and leaves.
type Tiles struct {
	// Full reads the full tiles of a level, from one number up to and without another.
	Full func(level int, from, until int64) ([][]Hash, error)
	// Leaves reads leaves, from one position up to and without another.
	Leaves func(from, until int64) ([]Hash, error)
	// Size is the number of leaves.
	Size int64
}

// Row reads neighbouring hashes of a level of tiles: from full tiles, and the rest from the
// level below.
func (t Tiles) Row(level int, from, until int64) (hashes []Hash, err error) {
	full := FullTiles(level, t.Size)
	first, last := from/TileWidth, min((until+TileWidth-1)/TileWidth, full)
	if first < last {
		tiles, err := t.Full(level, first, last)
		if err != nil {
			return nil, err
		}
		for i, tile := range tiles {
			if len(tile) != TileWidth {
				return nil, errors.New("trail: a tile is not full")
			}
			start := (first + int64(i)) * TileWidth
			hashes = append(hashes, tile[max(from-start, 0):min(until-start, TileWidth)]...)
		}
	}
	if from = max(from, full*TileWidth); from >= until {
		return hashes, nil
	}
	if level == 0 {
		rest, err := t.Leaves(from, until)
		return append(hashes, rest...), err
	}
	below, err := t.Full(level-1, from, until)
	if err != nil {
		return nil, err
	}
	for _, tile := range below {
		hashes = append(hashes, RootOf(tile))
	}
	return hashes, nil
}

// Tile makes a full tile from what is below it.
func (t Tiles) Tile(level int, number int64) ([]Hash, error) {
	t.Size = (number+1)<<(tileHeight*(level+1)) - 1 // without this tile
	return t.Row(level, number*TileWidth, (number+1)*TileWidth)
}

// FullTiles is how many full tiles a level of a tree of a size has.
func FullTiles(level int, size int64) int64 { return size >> (tileHeight * (level + 1)) }

// ReadHashes implements [tlog.HashReader].
func (t Tiles) ReadHashes(indexes []int64) ([]Hash, error) {
	found := make([]Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		of, height := level/tileHeight, level%tileHeight
		row, err := t.Row(of, n<<height, (n+1)<<height)
		if err != nil {
			return nil, err
		}
		if len(row) != 1<<height {
			return nil, fmt.Errorf("trail: %d of %d hashes are there", len(row), 1<<height)
		}
		found[i] = RootOf(row)
	}
	return found, nil
}
