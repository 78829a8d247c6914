// Package stack starts the neighbours Portico lives with, private and real,
// each on a free loopback port: PostgreSQL, S3, an OpenID Connect provider, a
// mail server and a TLS front. Tests and the demo use it. It knows nothing of
// Portico but the names of its environment variables, and is never linked into
// the portico binary.
package stack
