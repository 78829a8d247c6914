package sample

// Canaries are words that occur only in one tenant's texts, file names and file
// contents. If one appears in another tenant's data, something leaked. They are always
// in lower case.
var Canaries = map[string][]string{
	"northwind": {"halyard"},
	"acme":      {"ridgeline"},
	"globex":    {"heliotrope"},
	"contoso":   {"marzipan"},
	"initech":   {"quicksilver"},
}

// TeamOnly are words that occur only in what a client must not see: drafts and the bin.
var TeamOnly = map[string][]string{
	"acme":    {"pictogram"},
	"globex":  {"jubilee"},
	"initech": {"wireframe"},
}
