package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
)

// blockOf returns the code block of docs/operate.md after a mark.
func blockOf(t *testing.T, mark string) string {
	t.Helper()
	manual := string(must(os.ReadFile("../../docs/operate.md")))
	m := regexp.MustCompile("(?s)<!-- " + mark + " -->\n```[a-z]*\n(.*?)```").FindStringSubmatch(manual)
	if m == nil {
		t.Fatalf("the manual has no block %q", mark)
	}
	return m[1]
}

// An installation is created, backed up and restored with the exact lines of the
// operator's manual, and its data is there again.
func TestOperatorsManual(t *testing.T) {
	t.Parallel()
	// Use a separate server, because roles belong to the whole server.
	server := must(stack.StartPostgres(t.Context(), stack.PostgresOptions{}))
	t.Cleanup(func() { _ = server.Stop() })
	bin := t.TempDir()
	if err := stack.Build(t.Context(), "./cmd/portico", filepath.Join(bin, "portico")); err != nil {
		t.Fatal(err)
	}
	backup := withUser(t, server.AppURL("first"), "portico_backup", "choose-one")
	run := func(database, lines string) (string, error) {
		t.Helper()
		env := stack.Env(healthy(t)).
			With("DATABASE_URL", server.AppURL(database)).With("DATABASE_OWNER_URL", server.OwnerURL(database)).
			With("DATABASE_ADMIN_URL", server.AdminURL("first")).With("DATABASE_BACKUP_URL", backup).
			With("DATABASE_RESTORED_URL", server.AdminURL("second"))
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", lines)
		cmd.Dir = must(stack.ModuleRoot())
		cmd.Env = append(env.List(), "PATH="+bin+":"+os.Getenv("PATH"), "TMPDIR="+bin)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	inBin := strings.NewReplacer("portico.dump", filepath.Join(bin, "portico.dump"))
	for _, step := range []struct{ database, block string }{{"first", "install"}, {"first", "backup"}, {"second", "restore"}} {
		lines := blockOf(t, "run: "+step.block)
		if step.block == "install" {
			// The smoke test needs the database, which exists by now.
			lines = strings.Replace(lines, `--admin-dsn "$DATABASE_ADMIN_URL"`, `--admin-dsn "`+server.AdminURL("postgres")+`"`, 1)
		}
		out, err := run(step.database, inBin.Replace(lines))
		if err != nil {
			t.Fatalf("%s: %v\n%s", step.block, err, out)
		}
		if next := "dana@northwind.example signs in at http"; step.block == "install" && !(strings.Contains(out, next) && strings.Contains(out, "/w/northwind/clients\n")) {
			t.Errorf("the owner of the new agency is not told what is next:\n%s", out)
		}
		if step.block == "install" {
			must(must(pgx.Connect(t.Context(), server.AdminURL("first"))).Exec(t.Context(), `
insert into projects (tenant_id, id, name, created_by)
select tenant_id, user_id, 'Kept project', user_id from memberships`))
		}
	}
	var kept string
	err := must(pgx.Connect(t.Context(), server.AdminURL("second"))).QueryRow(t.Context(), `select name from projects`).Scan(&kept)
	if err != nil || kept != "Kept project" {
		t.Errorf("restored without its work: %v", err)
	}
	if out, err := run("second", "portico tenant list"); err != nil || !strings.Contains(out, "northwind") {
		t.Errorf("restored without its tenants: %v %s", err, out)
	}
	// The mistake that the manual warns about.
	if out, err := run("first", inBin.Replace(`pg_dump --file=portico.dump.owner "$DATABASE_OWNER_URL"`)); err == nil || !strings.Contains(out, "row-level security") {
		t.Errorf("the owner's dump does not refuse: %v %s", err, out)
	}
	if out, err := run("first", `pg_dump --enable-row-security --data-only --table=projects "$DATABASE_OWNER_URL"`); err != nil || strings.Contains(out, "Kept") {
		t.Errorf("the owner's other dump: %v %s", err, out)
	}
	if out, err := run("first", `DATABASE_URL="$DATABASE_BACKUP_URL" portico serve`); err == nil || !strings.Contains(out, "BYPASSRLS") {
		t.Errorf("it serves with the role of the backup: %v %s", err, out)
	}
}

func withUser(t *testing.T, address, user, password string) string {
	t.Helper()
	return withPassword(t, strings.Replace(address, "portico_app", user, 1), password)
}

// systemd accepts the manual's unit file as it is.
func TestUnitFileOfTheManual(t *testing.T) {
	t.Parallel()
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze here")
	}
	dir := t.TempDir()
	unit := strings.NewReplacer(
		"/usr/local/bin/portico", must(exec.LookPath("true")), "/etc/portico/env", os.DevNull,
	).Replace(blockOf(t, "unit"))
	path := filepath.Join(dir, "portico.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(storetest.Within(t, 30e9), verify, "verify", "--man=no", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), path) {
		t.Errorf("%v: %s", err, out)
	}
}
