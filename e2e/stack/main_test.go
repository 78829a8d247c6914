package stack

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
)

// The roles of this test binary when a test starts it again.
const (
	roleVariable = "STACK_TEST_ROLE"
	roleParent   = "parent"  // starts a stack, prints its children and waits
	rolePortico  = "portico" // answers /readyz until SIGTERM
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case roleParent:
		playParent()
	case rolePortico:
		playPortico()
	default:
		os.Exit(m.Run())
	}
}

func playParent() {
	s, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(strconv.Itoa(s.Postgres.proc.cmd.Process.Pid), strconv.Itoa(s.S3.proc.cmd.Process.Pid),
		s.Postgres.temp.top, s.S3.temp.top, s.Mail.temp.top)
	select {}
}

func playPortico() {
	if len(os.Args) > 1 && os.Args[1] == "broken" {
		fmt.Println("DATABASE_URL is not a URL")
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println("listening on", os.Getenv("PORTICO_ADDR"), "leaked", os.Getenv("STACK_TEST_SECRET"))
	server := &http.Server{Addr: os.Getenv("PORTICO_ADDR")}
	context.AfterFunc(ctx, func() { _ = server.Shutdown(context.Background()) })
	http.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	_ = server.ListenAndServe()
	fmt.Println("stopped cleanly")
}
