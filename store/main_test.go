package store_test

import (
	"testing"

	"portico/e2e/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }
