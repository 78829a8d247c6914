package main

import (
	"path/filepath"
	"strings"

	"portico/e2e/stack"
)

// envName is the file that tells scripts of this run. It is there while the
// demo serves, and only then.
const envName = "demo.env"

func (d *demo) envFile() string { return filepath.Join(d.dir, envName) }

// writeEnv writes what scripts need to know of this run, for a shell to source.
// It holds passwords, of private servers on loopback though they are.
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

// quote makes s one word of a shell. A plain word stays as it is, so that the
// file can be read without a shell, too.
func quote(s string) string {
	special := func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@?=%+,-", r)
	}
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
