// Package signin answers the routes of sign-in and account: sign-in by mail, by
// passkey and by provider, step-up, sign-out, and the account page.
//
// A proof is spent in the database and nowhere else. This package adds what belongs
// to a browser: cookies, forms, limits, and the same answer for known and unknown
// addresses.
package signin
