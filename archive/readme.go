package archive

// readmeText explains an archive to whoever opens it.
const readmeText = `This is an archive of one workspace of Portico. Everything in it is as it was at one
moment, which manifest.json names as "at".

What is in it

  manifest.json      what is in the archive: every table with its columns, the number of its
                     rows, and the SHA-256 of its file
  manifest.json.sig  the signature of manifest.json: the id of the key, and the Ed25519
                     signature of "Portico archive", a line end, and the SHA-256 of the file
  rows/<table>.jsonl the rows of a table, one JSON object a line
  objects/<SHA-256>  the bytes of a file or picture, named by their SHA-256
  objects.jsonl      every file in objects/, with its size
  missing.jsonl      what a row names and the storage of Portico did not have

To find the bytes of an uploaded file, look for its name in rows/files.jsonl. Its "sha256",
without the \x in front, is the name of its bytes in objects/.

What people did is in rows/audit_events.jsonl. What they decided is in rows/decisions.jsonl, and
the signed certificates are in rows/certificates.jsonl. Names of people are in
rows/memberships.jsonl; other tables name them by "user_id" or "created_by".

Ids are UUIDs. Times are in UTC. Bytes are hexadecimal, with \x in front. No row says which
workspace it is of, because all are of this one.

What is not in it

  Nothing that opens a door: no sessions, no passkeys, no secrets of API keys, invitations or
  links. Nothing of uploads that were not finished. No counts, which are counted again.

To restore it

  portico tenant restore FILE --in-place    the workspace becomes as it is here
  portico tenant restore FILE --beside      a new workspace, beside the first

Both read the whole archive and compare every SHA-256 before they change anything. People, their
access, API keys and domains stay as they are; a new workspace gets none.
`
