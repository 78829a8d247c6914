// Package signin handles sign-in by mail, passkey and provider, step-up, sign-out and
// the account page.
//
// The database alone checks and spends proofs. This package adds what concerns the
// browser: cookies, forms, rate limits, and the same answer for known and unknown
// addresses.
package signin
