package api

import (
	"errors"
	"net/http"

	"portico/handlers/web"
	"portico/store"
)

// Prefix begins the paths of all resources.
const Prefix = "/api/v1"

// Config holds what a [Service] uses. All of it is required.
type Config struct {
	DB *store.DB
	// Home returns the address of a tenant's pages, without a slash at the end.
	Home func(store.Tenant) string
}

// Service answers programs. Make one with [New].
type Service struct {
	db   *store.DB
	home func(store.Tenant) string
}

// New returns a Service. It fails if the Config is incomplete.
func New(cfg Config) (*Service, error) {
	if cfg.Home == nil {
		return nil, errors.New("api: Home is missing")
	}
	return &Service{db: cfg.DB, home: cfg.Home}, nil
}

type tenant struct {
	ID   string           `json:"id"`
	Kind store.TenantKind `json:"kind"`
	Slug string           `json:"slug"`
	Name string           `json:"name"`
}

type key struct {
	ID     string           `json:"id"`
	Name   string           `json:"name"`
	Scopes []store.KeyScope `json:"scopes"`
}

type person struct {
	ID    string      `json:"id"`
	Name  string      `json:"name"`
	Party store.Party `json:"party"`
	Role  store.Role  `json:"role"`
}

// Me says which key this is, in which tenant, and whose.
func (s *Service) Me(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return send(w, r, http.StatusOK, struct {
		Tenant tenant `json:"tenant"`
		Key    key    `json:"key"`
		ActsAs person `json:"acts_as"`
	}{
		tenant{ID: me.TenantID().String(), Kind: me.Tenant.Kind, Slug: me.Tenant.Slug, Name: me.Tenant.Name},
		key{ID: me.Key.ID.String(), Name: me.Key.Name, Scopes: me.Key.Scopes},
		person{ID: me.ID().String(), Name: me.Name, Party: me.Party, Role: me.Role},
	})
}

// NotFound answers a path that no resource has.
func (s *Service) NotFound(http.ResponseWriter, *http.Request, store.Member) error {
	return &web.Problem{Status: http.StatusNotFound, Cause: store.ErrNotFound}
}
