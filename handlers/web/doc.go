// Package web holds what all handlers share: forms, problems, local paths, request
// ids, JSON, logs, limits and readiness. It knows no tenants, people or pages, and
// imports none of our other packages.
package web
