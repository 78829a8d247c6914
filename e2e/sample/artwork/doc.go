// Package artwork draws the work that the sample agency shows to its sample
// clients: marks, palettes, posters, pages and documents. Everything comes out
// of code and comes out the same every time, so that no picture needs to lie in
// the repository and a byte that changed on its way can be told.
package artwork

// Piece makes one file. Pieces share nothing, so they may be made side by side.
type Piece func() ([]byte, error)
