# Everything is built with the Go toolchain on this machine at the versions in
# go.mod and ci/tools/go.mod; nothing else is needed but git and make.
export GOTOOLCHAIN := local
export GOFLAGS := -buildvcs=false
GO ?= go
TOOL := $(GO) tool -modfile=ci/tools/go.mod
CGO := $(shell $(GO) env CGO_ENABLED)
BIN := bin
FUZZTIME ?= 20s
FOR ?= 30m
LISTEN ?= 127.0.0.1:8080
ADMIN ?= 127.0.0.1:8081
RESULTS ?= ci/e2e/RESULTS.md

.DEFAULT_GOAL := help
.PHONY: help run programs build test race sync gate lint fmt generate fuzz bench soak conformance image e2e e2e-api e2e-ci ci clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: programs ## serve the example in routes/ and swap on save (LISTEN=, ADMIN= set the addresses)
	@exec $(BIN)/lintel dev routes --listen $(LISTEN) --admin $(ADMIN)

build: programs $(BIN)/lintel-k6 ## build the programs into bin/

programs:
	@echo "building lintel and lintel-gateway into $(BIN)/ (the first time takes about a minute)"
	@mkdir -p $(BIN)
	@$(GO) build -trimpath -o $(BIN)/lintel ./cmd/lintel
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/lintel-gateway ./cmd/lintel-gateway

sync: ## build lintel-sync into bin/ (the first time takes some minutes)
	@mkdir -p $(BIN)
	@cd cmd/lintel-sync && CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $(abspath $(BIN))/lintel-sync .

# What lintel-k6 is made of: it is built anew only when one of these changes.
K6_PARTS := k6/build.sh k6/go.mod k6/go.sum go.mod go.sum ci/tools/go.mod $(wildcard k6/*.js k6/*.d.ts) \
	$(filter-out %_test.go,$(shell find k6 schemas runtime/runtimetest -name '*.go'))

$(BIN)/lintel-k6: $(K6_PARTS)
	@echo "building lintel-k6 into $(BIN)/ (the first time takes about two minutes)"
	@GO="$(GO)" sh k6/build.sh $@

test: build ## run every test, then those of the engine and the codecs under the race detector
	@echo "running all tests"
	@LINTEL_K6="$(abspath $(BIN))/lintel-k6" LINTEL_MUTATIONS="$(abspath $(BIN))/mutations.txt" $(GO) test ./...
	@cat $(BIN)/mutations.txt
	@echo "running the tests of k6"
	@cd k6 && LINTEL_K6="$(abspath $(BIN))/lintel-k6" $(GO) test ./...
	@echo "running the tests of the images, of lintel-sync and of the charts"
	@cd ci/image && $(GO) test ./...
	@cd cmd/lintel-sync && LINTEL="$(abspath $(BIN))/lintel" LINTEL_GATEWAY="$(abspath $(BIN))/lintel-gateway" CGO_ENABLED=0 $(GO) test -trimpath ./...
	@GO="$(GO)" sh ci/charts.sh
	@$(MAKE) --no-print-directory race

race: ## run the tests under the race detector (needs a C compiler)
	@if command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1; then \
		echo "running the tests under the race detector"; \
		CGO_ENABLED=1 $(GO) test -race -short ./schemas/... ./runtime/... ./compiler/...; \
	else \
		echo "=== SKIPPED: the race detector needs a C compiler and there is none ==="; \
	fi

gate: build ## run the pipeline of a routes repository on the example: format, check, test, coverage, render
	@PATH="$(abspath $(BIN)):$$PATH" OUT=$(BIN)/gate sh ci/pipelines/lintel.sh

# staticcheck reads every dependency, which for Kubernetes takes longer than all tests:
# cmd/lintel-sync and ci/charts are vetted only.
lint: ## check format, vet, staticcheck and generated files
	@echo "checking format, vet, staticcheck and generated files"
	@out=$$($(TOOL) gofumpt -l .); if [ -n "$$out" ]; then echo "not formatted (make fmt):"; echo "$$out"; exit 1; fi
	@$(GO) vet ./...
	@cd k6 && $(GO) vet ./...
	@for dir in ci/image ci/charts cmd/lintel-sync; do (cd $$dir && CGO_ENABLED=0 $(GO) vet -trimpath ./...) || exit 1; done
	@$(TOOL) staticcheck ./...
	@tool=$$($(TOOL) -n staticcheck) && for dir in k6 ci/image; do (cd $$dir && CGO_ENABLED=0 GOFLAGS="$(GOFLAGS) -trimpath" "$$tool" ./...) || exit 1; done
	@$(MAKE) --no-print-directory programs
	@$(BIN)/lintel schema sync --check routes
	@$(BIN)/lintel fmt --check routes
	@sh ci/generated.sh

fmt: programs ## format Go and CUE files
	@$(TOOL) gofumpt -w .
	@$(BIN)/lintel fmt routes

generate: ## write the generated files: filter schema and list, routes/lintel.cue, the references
	@$(GO) run ./compiler/filtergen
	@$(MAKE) --no-print-directory programs
	@$(BIN)/lintel schema sync routes
	@$(GO) run ./ci/docgen

fuzz: ## run every fuzz target for FUZZTIME
	@sh ci/fuzz.sh $(FUZZTIME)

bench: build ## measure the compiler, the bundle, the table, the swap and the proxy; prints the figures
	@sh ci/bench/run.sh

soak: programs ## keep the gateway under mixed load for FOR (30m) with swaps, rotations and faults; checks every answer
	@$(GO) run ./ci/soak -gateway $(BIN)/lintel-gateway -for $(FOR)

conformance: programs ## judge the gateway by hostile requests and by the programs of others; prints the counts
	@sh ci/conformance.sh

image: ## write the container images into bin/images (REGISTRY= TAG= PLATFORMS= IMAGES=)
	@cd ci/image && $(GO) build -trimpath -o $(abspath $(BIN))/image .
	@$(BIN)/image -go "$(GO)" -out $(BIN)/images -registry "$(or $(REGISTRY),lintel.local)" -tag "$(TAG)" -platforms "$(PLATFORMS)" -only "$(IMAGES)"

e2e: build sync image ## prove the delivery of a change on a real cluster in a sandbox; writes ci/e2e/RESULTS.md (needs root)
	@$(GO) run -trimpath ./ci/e2e -results "$(RESULTS)" -run "$(RUN)"

e2e-api: programs ## prove manifests and lintel-sync on a real API server (etcd and kube-apiserver; needs no root)
	@$(GO) run -trimpath ./ci/e2e -api -run "$(RUN)"

# The whole where its programs are built, or with LINTEL_E2E=require; what an API server can
# judge everywhere.
e2e-ci:
	@if [ "$$($(GO) run ./ci/e2e -print-kind)" = whole ]; then LINTEL_E2E=require $(MAKE) --no-print-directory e2e RESULTS=; fi
	@$(MAKE) --no-print-directory e2e-api

ci: lint test gate e2e-ci ## what continuous integration runs

clean: ## remove what was built
	@rm -rf $(BIN)
