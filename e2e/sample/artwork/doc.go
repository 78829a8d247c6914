// Package artwork generates the files of the sample agencies: logos, palettes, posters,
// pages and documents. They are generated, so the repository holds no images, and
// deterministic, so tests can detect a changed byte.
package artwork

// Piece generates one file. Pieces share no state and may run concurrently.
type Piece func() ([]byte, error)
