// Package migrations holds the schema as numbered SQL, applied by portico_owner.
//
// Every tenant table gets its row level security, its policies and its grants
// in the file that creates it, so that no version of the schema is ever open.
package migrations

import "embed"

// Files are the migrations, in the order of their numbers.
//
//go:embed *.sql
var Files embed.FS
