package api

import (
	_ "embed" // for openapi.json
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Document is the description of the API as OpenAPI 3.1.
//
//go:embed openapi.json
var Document []byte

// Operation is one operation of the API, for the page that describes it.
type Operation struct {
	Method, Path, Summary, Scope string
}

// Operations returns the operations of the document, by path. It reads the document once,
// and not before somebody asks.
var Operations = sync.OnceValue(func() (all []Operation) {
	var document struct {
		Paths map[string]map[string]struct{ Summary, Description string }
	}
	if err := json.Unmarshal(Document, &document); err != nil {
		panic(fmt.Sprintf("openapi.json: %v", err)) // it is part of the binary, and a test reads it
	}
	for path, methods := range document.Paths {
		for method, op := range methods {
			scope := strings.TrimSuffix(strings.TrimPrefix(op.Description, "Scope: "), ".")
			all = append(all, Operation{strings.ToUpper(method), Prefix + path, op.Summary, scope})
		}
	}
	slices.SortFunc(all, func(a, b Operation) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return all
})
