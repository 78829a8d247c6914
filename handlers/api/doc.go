// Package api answers programs, which send an API key: the resources under /api/v1. Pages
// and programs share the deeds of package store. Rights, limits and refusals are those of
// the route table in package handlers; openapi.json describes all of it.
package api
