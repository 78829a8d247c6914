package handlers

// Routes is the table that the server is built from, for tests that walk it.
func (s *Server) Routes() []Route { return s.routes() }

// Pattern is a route's method and path as the mux knows it.
func (route Route) Pattern() string { return route.pattern() }
