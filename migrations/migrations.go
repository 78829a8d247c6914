// Package migrations holds the schema as numbered SQL, and the functions of schema
// lookup as they now are, all applied by portico_owner.
//
// Every tenant table gets its row level security, its policies and its grants
// in the file that creates it, so that no version of the schema is ever open. A
// file that has been released is not edited: what comes later is a new file.
package migrations

import (
	"embed"
	"io/fs"
)

// Files are the migrations, in the order of their numbers. There is no 3: the
// functions it made are those of [Lookup]. Only tests put another file system here.
var Files fs.FS = files

//go:embed *.sql
var files embed.FS

// Lookup are the functions of schema lookup, the whole cross-tenant surface of
// the product, in its directory "lookup". They keep nothing, so every migrate makes
// them anew from these files, and whoever reviews them reads them as they are.
// Only tests put another file system here.
var Lookup fs.FS = lookup

//go:embed lookup/*.sql
var lookup embed.FS
