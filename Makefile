# Bare `make` prints what there is. The line above each target says what it
# does, and that line is what gets printed.

# Test binaries at one time: each starts its own PostgreSQL, S3 and browser. One more than
# there are cores, because some tests mostly wait.
JOBS ?= $(shell n=$$(($$(nproc) + 1)); [ $$n -gt 5 ] && n=5; echo $$n)

.PHONY: help
help:
	@awk '/^## /{text=substr($$0,4)} /^[a-z-]+:/{if(text)printf "  make %-11s %s\n",substr($$1,1,length($$1)-1),text; text=""}' Makefile

## Run the whole product on this machine, with sample data; Ctrl-C stops it.
.PHONY: demo
demo: setup
	@go build -buildvcs=false -o bin/demo ./cmd/demo
	@bin/demo

## Forget everything the demo stored.
.PHONY: demo-reset
demo-reset:
	@if [ -d .data ]; then flock -n .data/lock rm -rf .data || { echo "stop the demo first"; exit 1; }; fi

## Run the demo, and build and restart Portico whenever a source file is saved.
.PHONY: dev
dev: setup
	@go build -buildvcs=false -o bin/demo ./cmd/demo
	@bin/demo -watch

# GOGC=400: the tests have memory to spare, and collect garbage for a fifth of their time.
# -ldflags=-w: each of forty test binaries takes a second less without what debuggers need.
# The longest packages first, so that no core is idle while the last one runs.
LONGEST = ./handlers ./e2e ./views ./e2e/faults ./store ./handlers/signin ./handlers/jobs ./cmd/portico ./e2e/domains

## Run all tests, browser included; at most 6 minutes. Ends with the slowest.
.PHONY: test
test: setup
	@GOGC=400 go run ./e2e/budget -want 6m -- -p $(JOBS) -ldflags=-w -timeout 30m $(LONGEST) ./...
	@cat tmp/matrix.txt

## Run the long tests: big files, long races, faults.
.PHONY: test-long
test-long: setup
	@go test -p 1 -timeout 60m -tags long -run Long ./...

## Take guards away, one at a time: a test must notice. BASE=rev, ALL=1; ONLY, NARROW, DEEDS=regexp.
.PHONY: mutants
mutants: setup
	@go run ./e2e/mutants $(if $(ALL),-all) $(if $(BASE),-base '$(BASE)') $(if $(ONLY),-only '$(ONLY)') $(if $(NARROW),-narrow '$(NARROW)') $(if $(DEEDS),-deeds '$(DEEDS)')

## Measure what the product promises of its speed; ends with what held and what did not.
.PHONY: bench
bench: setup
	@go build -buildvcs=false -o bin/bench ./e2e/bench
	@bin/bench -doc docs/performance.md

## Check format, lint, generated code, modules and the arrows between rooms.
.PHONY: check
check: setup
	@scripts/check

## Generate the Go code of the templates.
.PHONY: generate
generate:
	@go tool templ generate -log-level error

## Build the portico binary into bin/.
.PHONY: build
build:
	@go build -trimpath -o bin/portico ./cmd/portico

## Install what tests and demo need and this machine lacks.
.PHONY: setup
setup:
	@scripts/setup
