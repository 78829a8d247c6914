package main

import (
	"path/filepath"
	"strings"

	"portico/e2e/stack"
)

// envName is the file that describes this run for scripts. It exists only while the
// demo serves.
const envName = "demo.env"

func (d *demo) envFile() string { return filepath.Join(d.dir, envName) }

// writeEnv writes the addresses and credentials of this run, for a shell to source.
// The file holds passwords of private servers on loopback, so only its owner can
// read it.
func (d *demo) writeEnv(s *stack.Stack) error {
	env := s.Env()
	var b strings.Builder
	for _, v := range [][2]string{
		{"PORTICO_URL", env["PORTICO_URL"]},
		{"DATABASE_URL", env["DATABASE_URL"]},
		{"DATABASE_OWNER_URL", env["DATABASE_OWNER_URL"]},
		{"DATABASE_ADMIN_URL", s.Postgres.AdminURL(stack.DatabaseName)},
		{"S3_ENDPOINT", env["S3_ENDPOINT"]},
		{"S3_REGION", env["S3_REGION"]},
		{"S3_BUCKET", env["S3_BUCKET"]},
		{"S3_ACCESS_KEY_ID", env["S3_ACCESS_KEY_ID"]},
		{"S3_SECRET_ACCESS_KEY", env["S3_SECRET_ACCESS_KEY"]},
		{"MAIL_DIR", s.Mail.Dir()},
	} {
		b.WriteString(v[0] + "=" + quote(v[1]) + "\n")
	}
	return stack.WriteFileAtomic(d.envFile(), []byte(b.String()), 0o600)
}

// quote makes s one shell word. It leaves plain words unquoted, so other programs
// can read the file too.
func quote(s string) string {
	special := func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@?=%+,-", r)
	}
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
