package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"portico/certificate"
)

const certificateDoes = "Checks a certificate of approval without any server: its signature, and with --files the files that it is about.\n" +
	"--keys names the public keys, as saved from /.well-known/portico-signing-keys of the portal. Exits with 0 if all is as it says."

func (p program) certificate(_ context.Context, args []string) error {
	verb, args, err := p.verb("certificate", args, "verify")
	if verb == "" {
		return err
	}
	options := p.flags("certificate verify FILE", certificateDoes)
	keyFile := options.String("keys", "", "file with the public keys")
	dir := options.String("files", "", "directory with the files, in any place below it")
	var file string
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		file, args = args[0], args[1:]
	}
	if help, err := p.parse(options, args); help || err != nil {
		return err
	}
	if file == "" || *keyFile == "" {
		return errors.New("name the certificate and its keys: portico certificate verify FILE --keys KEYS")
	}
	signed, err := verifyCertificate(file, *keyFile)
	if err != nil {
		return err
	}
	if _, err := p.stdout.Write(signed.Text); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "\nThe signature is right. Key: %s\n", signed.KeyID)
	if *dir == "" {
		return nil
	}
	return p.checkFiles(*dir, signed.Files)
}

func verifyCertificate(file, keyFile string) (certificate.Signed, error) {
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return certificate.Signed{}, fmt.Errorf("keys: %w", err)
	}
	keys, err := certificate.ParseKeys(text)
	if err != nil {
		return certificate.Signed{}, fmt.Errorf("%s: %w", keyFile, err)
	}
	f, err := os.Open(file)
	if err != nil {
		return certificate.Signed{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, certificate.MaxSize+1))
	if err != nil {
		return certificate.Signed{}, err
	}
	signed, err := certificate.Verify(b, keys)
	if err != nil {
		return certificate.Signed{}, fmt.Errorf("%s: %w", file, err)
	}
	return signed, nil
}

// checkFiles looks for each file of the certificate below a directory, by its bytes: people
// rename what they download.
func (p program) checkFiles(dir string, files []certificate.File) error {
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		sum, err := sumOf(path)
		found[sum] = path
		return err
	})
	if err != nil {
		return err
	}
	missing := 0
	for _, f := range files {
		if path, ok := found[hex.EncodeToString(f.SHA256)]; ok {
			fmt.Fprintf(p.stdout, "%s: the same bytes as %s\n", f.Name, path)
			continue
		}
		missing++
		fmt.Fprintf(p.stdout, "%s: no file there has these bytes\n", f.Name)
	}
	if missing > 0 {
		return fmt.Errorf("%d of %d files are missing or changed", missing, len(files))
	}
	return nil
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
