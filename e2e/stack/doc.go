// Package stack starts the services that Portico needs, private and real, each on a
// free loopback port: PostgreSQL, S3, an OpenID Connect provider, a mail server and
// a TLS front. Tests and the demo use it. Of Portico it knows only the names of its
// environment variables. It is never linked into the portico binary.
package stack
