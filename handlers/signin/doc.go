// Package signin is the room where people prove who they are and look after
// their account: sign-in by mail and by provider, step-up, sign-out, and the
// page with one's own browsers.
//
// A proof is spent in the database and nowhere else. What this room adds is what
// belongs to a browser: the cookies, the forms, the limits, and the one answer
// that known and unknown addresses get alike.
package signin
