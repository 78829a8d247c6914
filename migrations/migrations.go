// Package migrations holds the schema as numbered SQL, and the functions of schema
// lookup as they now are, all applied by portico_owner.
//
// Every tenant table gets its row level security, its policies and its grants
// in the file that creates it, so that no version of the schema is ever open. A
// file that has been released is not edited: what comes later is a new file.
package migrations

import "embed"

// Files are the migrations, in the order of their numbers. There is no 3: the
// functions it made are those of [Lookup].
//
//go:embed *.sql
var Files embed.FS

// Lookup are the functions of schema lookup, the whole cross-tenant surface of
// the product. They keep nothing, so every migrate makes them anew from these
// files, and whoever reviews them reads them as they are.
//
//go:embed lookup/*.sql
var Lookup embed.FS
