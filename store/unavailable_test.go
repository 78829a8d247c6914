package store_test

import (
	"errors"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// A server that can't serve is unavailable, whatever it lacks, and the next deed succeeds.
// A statement that is wrong is no outage. Neither error quotes the server.
func TestServerThatCannotServeIsUnavailable(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	for code, outage := range map[string]bool{
		"53000": true, "53100": true, "53200": true, "53300": true, "53400": true, // no disk, memory, connections, or more than configured
		"58030": true,                                                             // its files can't be read
		"57014": true, "57P01": true, "57P02": true, "57P03": true, "57P04": true, // it stops, or its database is gone
		"55P03": true,
		"08000": true, "08001": true, "08003": true, "08004": true, "08006": true, "08P01": true,
		"22012": false, "42P01": false, "42601": false, "58P01": false, "XX000": false, "P0001": false, "57000": false, "54001": false,
	} {
		err := write(t, dana, func(tx *store.Tx) error { return tx.RaiseForTest(t.Context(), code) })
		if err == nil || errors.Is(err, store.ErrUnavailable) != outage {
			t.Errorf("%s is %v, want an outage: %v", code, err, outage)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), code)) {
			t.Errorf("%s reads %q", code, err)
		}
	}
	storetest.Project(t, dana, "Afterwards")
}
