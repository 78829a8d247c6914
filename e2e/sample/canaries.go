package sample

// Canaries are words that stand in the texts, the file names and the bytes of
// the files of one tenant, and in nothing else: where one turns up in what
// somebody else was sent, something leaked. They are lower case wherever they
// stand.
var Canaries = map[string][]string{
	"northwind": {"halyard"},
	"acme":      {"lodgepole"},
	"globex":    {"heliotrope"},
	"contoso":   {"marzipan"},
	"initech":   {"quicksilver"},
}

// TeamOnly are words that stand only in what a client's own people must not see:
// drafts, and what lies in the bin.
var TeamOnly = map[string][]string{
	"acme":    {"smokejumper"},
	"globex":  {"moonflower"},
	"initech": {"paperweight"},
}
