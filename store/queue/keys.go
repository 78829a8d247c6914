package queue

import "github.com/google/uuid"

// KeyMail tells one owner of a tenant that somebody made an API key.
type KeyMail struct {
	Signature
	APIKey uuid.UUID `json:"api_key"` // "key" is the signature's
	To     uuid.UUID `json:"to"`
}

// Kind implements river.JobArgs.
func (KeyMail) Kind() string { return "key_mail" }
