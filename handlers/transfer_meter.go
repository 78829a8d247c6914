package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"portico/handlers/web"
	"portico/store"
)

// transferWait is how long downloads of a tenant are added up in memory before they are
// counted in the database. A process that is killed loses that much.
const transferWait = time.Minute

// transferMeter counts the bytes of files that visitors of a tenant get. It is safe for
// concurrent use.
type transferMeter struct {
	db  *store.DB
	log *slog.Logger

	mu      sync.Mutex
	waiting map[uuid.UUID]transferred
}

type transferred struct {
	by    store.Member // one of those who downloaded; names the tenant
	bytes int64
}

func (m *transferMeter) add(by store.Member, bytes int64) {
	if bytes == 0 {
		return
	}
	tenant := by.TenantID()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == nil {
		m.waiting = map[uuid.UUID]transferred{}
	}
	before, waits := m.waiting[tenant]
	m.waiting[tenant] = transferred{by, before.bytes + bytes}
	if !waits {
		time.AfterFunc(transferWait, func() {
			ctx, cancel := context.WithTimeout(context.Background(), backgroundTimeout)
			defer cancel()
			m.count(ctx, tenant)
		})
	}
}

// count counts what waits for a tenant. What can't be counted waits again.
func (m *transferMeter) count(ctx context.Context, tenant uuid.UUID) {
	m.mu.Lock()
	t, waits := m.waiting[tenant]
	delete(m.waiting, tenant)
	m.mu.Unlock()
	if !waits {
		return
	}
	counted, err := m.db.CountTransfer(ctx, t.by, t.bytes)
	if err != nil {
		left := t.bytes - counted
		m.log.WarnContext(ctx, "downloads not counted yet", "tenant", tenant, "bytes", left, "error", err.Error())
		m.add(t.by, left)
	}
}

// CountTransfers counts the downloads that wait in memory. Call it after the last request.
func (s *Server) CountTransfers(ctx context.Context) {
	s.transferred.mu.Lock()
	tenants := make([]uuid.UUID, 0, len(s.transferred.waiting))
	for tenant := range s.transferred.waiting {
		tenants = append(tenants, tenant)
	}
	s.transferred.mu.Unlock()
	for _, tenant := range tenants {
		s.transferred.count(ctx, tenant)
	}
}

// meter counts what a handler sends as the tenant's downloads. What support gets doesn't
// count. Call end when the handler has returned.
func (s *Server) meter(w http.ResponseWriter, me store.Member) (_ http.ResponseWriter, end func()) {
	if me.Support != nil {
		return w, func() {}
	}
	rec := &web.Recorder{ResponseWriter: w}
	return rec, func() { s.transferred.add(me, rec.Bytes) }
}
