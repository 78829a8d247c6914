package handlers

import (
	"net/http"
	"strings"

	"portico/handlers/api"
	"portico/store"
	"portico/views"
)

// apiShow describes the API to people.
func (s *Server) apiShow(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	p := views.APIProps{Address: s.cfg.URL.String() + api.Prefix, Problems: problems, Metrics: strings.Join(s.reportedNames(), ", ")}
	for _, o := range api.Operations() {
		p.Operations = append(p.Operations, views.APIOperation(o))
	}
	return views.Render(w, r, http.StatusOK, views.API(p))
}

// reportedNames are the metrics that programs report, as the API calls them.
func (s *Server) reportedNames() (names []string) {
	for _, m := range s.db.Plans().Reported() {
		names = append(names, m.JSON())
	}
	return names
}

// apiDocument describes the API to programs.
func (s *Server) apiDocument(w http.ResponseWriter, _ *http.Request, _ store.Visitor) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(api.Document)
	return nil
}

// problems are all types of problem that a program can get. A test gets each of them.
var problems = []views.APIProblem{
	{Type: "no-key", Status: "401", Means: "No key came, or one that doesn't work: unknown, expired, revoked, or made by somebody who left."},
	{Type: "plan-limit", Status: "402", Means: "The plan allows no more. The problem names the metric, the limit, and what the usage would be."},
	{Type: "forbidden", Status: "403", Means: "The key's scopes, or the rights of the person who made it, don't allow this. Or the workspace is suspended or archived."},
	{Type: "not-found", Status: "404", Means: "It doesn't exist in this workspace."},
	{Type: "too-slow", Status: "408", Means: "The bytes didn't arrive in time. Send them again."},
	{Type: "conflict", Status: "409", Means: "The state doesn't allow it."},
	{Type: "draft-exists", Status: "409", Means: "The deliverable has a draft version already."},
	{Type: "files-pending", Status: "409", Means: "A file of the version hasn't finished uploading."},
	{Type: "nothing-to-publish", Status: "409", Means: "The version has no file, or it is published already."},
	{Type: "read-only", Status: "402, 403", Means: "Nobody can change anything at the moment. Reading still works."},
	{Type: "request-running", Status: "409", Means: "A request with this Idempotency-Key is running."},
	{Type: "too-large", Status: "413", Means: "The body or the file is too large."},
	{Type: "invalid", Status: "422", Means: "The request can't be accepted. Where fields are wrong, the problem names each."},
	{Type: "idempotency-key-reused", Status: "422", Means: "Another request came with this Idempotency-Key before. It is remembered for 24 hours, and of a report of usage for ever."},
	{Type: "field-twice", Status: "400", Means: "A field is in the body twice. Send it once."},
	{Type: "no-idempotency-key", Status: "422", Means: "A report of usage needs an Idempotency-Key."},
	{Type: "too-many-requests", Status: "429", Means: "Too many requests, or too much of one kind in an hour. Retry-After says when to go on."},
	{Type: "failed", Status: "400, 500", Means: "The upload broke off, or the fault is ours. Send it again."},
	{Type: "unavailable", Status: "503", Means: "A part of the service doesn't answer. Retry-After says when to try again."},
}
