# Needs Go, GNU make, git and bash; the race detector needs a C compiler. Everything else is built from pinned modules.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.ONESHELL:

IMG            ?= jira-token-operator:dev# image to build, push and deploy
VERSION        ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)# what the image's programs call themselves
PLATFORMS      ?= linux/amd64,linux/arm64# of the image
CONTAINER_TOOL ?= docker# docker, podman …
DOCKER_BUILD_ARGS ?=# more for docker-build, such as --build-arg GOPROXY=… (docs/operations.md)
KUBECTL        ?= kubectl# what install, deploy and their opposites call, with your current context
FUZZTIME       ?= 30s# for each fuzz target
BENCH          ?= .# which benchmarks
PKG            ?= ./...# which packages test, bench and vet look at
RERUNS         ?= 0# how often a failed test is tried again, as long as few failed; those that then pass are named
TESTFLAGS      ?=# more flags for go test, such as -run or -count=1
DEMO           ?=# DEMO=once ends the demo after its transcript

# What config/manager names, for the manager and for the gateways.
DEV_IMG := jira-token-operator:dev

CHART := charts/jira-token-operator

TOOLS          := bin/tools
CONTROLLER_GEN := $(TOOLS)/controller-gen
GOLANGCI_LINT  := $(TOOLS)/golangci-lint
GOTESTSUM      := $(TOOLS)/gotestsum
BENCHSTAT      := $(TOOLS)/benchstat
CRD_REF_DOCS   := $(TOOLS)/crd-ref-docs
HEADER         := hack/boilerplate.go.txt

# The folder with etcd, kube-apiserver and kubectl: yours, if KUBEBUILDER_ASSETS has all three, else built on first use.
WITH_CONTROLPLANE = KUBEBUILDER_ASSETS=$$(hack/controlplane/build.sh); export KUBEBUILDER_ASSETS

# The store for rate limits: see hack/redis.sh.
WITH_REDIS = REDIS_SERVER=$$(hack/redis.sh); export REDIS_SERVER

# The Prometheus that tests alerts and the dashboard: see hack/prometheus.sh.
WITH_PROMETHEUS = PROMETHEUS=$$(hack/prometheus.sh); export PROMETHEUS

# What backs etcd up and restores it in the test of docs/backup.md: see hack/etcd.
WITH_ETCD_TOOLS = ETCD_TOOLS=$$(hack/etcd/build.sh); export ETCD_TOOLS

# Go turns cgo off by itself where it finds no C compiler, and without cgo there is no race detector.
CGO  := $(shell go env CGO_ENABLED 2>/dev/null)
RACE := $(if $(filter 1,$(CGO)),-race)

# Everything but tests with the race detector is compiled in one way, that of the images: what one target compiled, another finds in
# Go's cache. Most of Kubernetes' libraries would else be compiled three times.
export CGO_ENABLED := 0
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)

##@ General

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "; printf "\nUsage: make <target> [VARIABLE=value]\n"} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  %-18s %s\n", $$1, $$2} \
	  /^[A-Z_]+ +\?=.*#/ {split($$0, a, /[ ?=]+/); sub(/^[^#]*# */, ""); vars = vars sprintf("  %-18s %s\n", a[1], $$0)} \
	  END {printf "\nVariables\n%s", vars}' $(MAKEFILE_LIST)

.PHONY: clean
clean: ## Remove everything that was built (not Go's caches)
	rm -rf bin

##@ Development

.PHONY: build
build: ## Build bin/manager, bin/gateway and the kubectl plugin bin/kubectl-apitoken
	go build -ldflags '-s -w' -o bin/ ./cmd/manager ./cmd/gateway ./cmd/kubectl-apitoken

.PHONY: generate
generate: $(CONTROLLER_GEN) $(CRD_REF_DOCS) ## Generate deepcopy, CRDs, RBAC, docs, the rules for secret scanners and parts of the chart from the code
	go run ./hack/gen-scopes
	go run ./hack/gen-leak-rules
	hack/gen-prometheusrule.sh
	$(CONTROLLER_GEN) object:headerFile=$(HEADER) paths=./api/...
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=manager-role paths=./controllers/... output:rbac:dir=config/rbac
	$(CRD_REF_DOCS) --log-level=WARN --source-path=api/v1alpha1 --config=hack/gen-api-reference/config.yaml \
	  --templates-dir=hack/gen-api-reference/templates --renderer=markdown --output-path=docs/api.md
	go run ./hack/gen-namespaced-role
	hack/gen-chart.sh

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format all Go code
	$(GOLANGCI_LINT) fmt ./...

.PHONY: vet
vet: ## Run go vet
	go vet $(PKG)

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Lint the code, and the API against the Kubernetes API conventions
	@status=0
	$(GOLANGCI_LINT) run ./... || status=1
	$(GOLANGCI_LINT) run --config .golangci-kal.yml ./api/... || status=1
	exit $$status

.PHONY: lint-fix
lint-fix: $(GOLANGCI_LINT) ## Lint, and fix what can be fixed
	$(GOLANGCI_LINT) run --fix ./...
	$(GOLANGCI_LINT) run --fix --config .golangci-kal.yml ./api/...

.PHONY: verify
verify: ## Fail if generated files or go.mod files are out of date, or go vet complains
	@hack/verify.sh
	$(MAKE) vet

##@ Test

.PHONY: test
test: $(GOTESTSUM) ## Run all tests with the race detector
	@$(WITH_CONTROLPLANE)
	$(WITH_REDIS)
	$(WITH_PROMETHEUS)
	$(WITH_ETCD_TOOLS)
	$(if $(RACE),,echo '*** WARNING: no C compiler found: the tests run WITHOUT the race detector ***' >&2)
	CGO_ENABLED=$(CGO) $(GOTESTSUM) --format pkgname-and-test-fails --packages '$(PKG)' \
	  --rerun-fails=$(RERUNS) --rerun-fails-max-failures=5 --rerun-fails-abort-on-data-race \
	  --rerun-fails-run-root-test --rerun-fails-report=bin/rerun.txt -- \
	  $(RACE) -p 4 -timeout 20m $(TESTFLAGS)

.PHONY: test-hostile
test-hostile: ## Send the hostile and the honest requests through the gateway, and print each with what came of it
	@table=$$(mktemp)
	trap 'rm -f "$$table"' EXIT
	TOMCAT_HOME=$$(hack/tomcat.sh)
	export TOMCAT_HOME
	status=0
	HOSTILE_TABLE=$$table go test -count=1 $(TESTFLAGS) ./internal/test/hostile || status=$$?
	cat "$$table"
	echo
	grep -E '^[a-z ]+: [0-9]+ cases' "$$table"
	exit $$status

.PHONY: test-clients
test-clients: ## Install Jira clients of several languages into bin/clients, and use each through the gateway
	@JIRA_CLIENTS=$$(hack/clients/install.sh)
	export JIRA_CLIENTS
	go test -count=1 -v $(TESTFLAGS) ./internal/test/clients

.PHONY: test-floods
test-floods: ## Open a thousand slow connections to a gateway, and watch its memory and what others notice
	@SLOWHTTPTEST=$$(hack/slowhttptest.sh)
	export SLOWHTTPTEST
	go test -count=1 -v -timeout 15m $(TESTFLAGS) ./internal/test/floods

.PHONY: test-browser
test-browser: ## Have a headless Chromium log in through the gateway, and a script with the same password not get through
	@installed=$$(hack/browser/install.sh)
	export BROWSER_DRIVER=$$(head -n 1 <<<"$$installed") CHROMIUM=$$(tail -n 1 <<<"$$installed")
	go test -count=1 -v $(TESTFLAGS) ./internal/test/browser

.PHONY: test-flux
test-flux: ## Have Flux's own controllers apply policies and tokens from a Git repository
	@$(WITH_CONTROLPLANE)
	FLUX=$$(hack/flux/build.sh)
	export FLUX
	go test -count=1 -v -timeout 20m $(TESTFLAGS) ./internal/test/flux

.PHONY: test-leaks
test-leaks: ## Have gitleaks find tokens by docs/leaks/gitleaks.toml
	@go test -C hack/gitleaks -count=1 -v $(TESTFLAGS) ./...

.PHONY: test-docs
test-docs: ## Test the documentation: commands with bash, kubectl and helm, recipes, manifests, messages and links
	@$(WITH_CONTROLPLANE)
	HELM=$$(hack/helm/build.sh helm)
	export HELM
	go test -count=1 -v -timeout 15m $(TESTFLAGS) ./internal/test/docs

.PHONY: test-monitoring
test-monitoring: ## Test alerts with promtool, and these and the dashboard on a Prometheus that scrapes manager and gateway
	@$(WITH_CONTROLPLANE)
	$(WITH_PROMETHEUS)
	go test -count=1 -v -timeout 15m $(TESTFLAGS) ./internal/test/monitoring

.PHONY: dashboard-picture
dashboard-picture: ## Draw the dashboard of docs/monitoring.md anew, from some minutes of traffic on a local control plane
	@$(WITH_CONTROLPLANE)
	$(WITH_PROMETHEUS)
	go build -C hack/dashboard-picture -o $(CURDIR)/bin/dashboard-picture .
	DASHBOARD_DATA=$(CURDIR)/bin/dashboard.json go test -count=1 -run PictureData -timeout 15m ./internal/test/monitoring
	mkdir -p docs/images
	bin/dashboard-picture bin/dashboard.json docs/images/dashboard.png

.PHONY: chart-test
chart-test: ## Lint and test the Helm chart, and install it with Helm 3 and Helm 4 on a local control plane
	@$(WITH_CONTROLPLANE)
	HELM=$$(hack/helm/build.sh)
	OTHERS_CRDS=$$(hack/crds/crds.sh)
	export HELM OTHERS_CRDS
	for values in $(CHART)/ci/*-values.yaml; do
	  for helm in helm3 helm; do "$$HELM/$$helm" lint --strict --quiet --values "$$values" $(CHART); done
	done
	"$$HELM/helm-unittest" --strict $(CHART)
	go test -count=1 -v -timeout 15m $(TESTFLAGS) ./internal/test/chart

.PHONY: e2e
e2e: ## Run the end-to-end suite on the cluster of KUBECONFIG, with the images E2E_IMAGE and E2E_WORKLOAD_IMAGE
	@$(if $(E2E_IMAGE),,echo 'E2E_IMAGE must name the image: see docs/development.md' >&2; exit 1)
	HELM=$$(hack/helm/build.sh helm helm3)
	export HELM
	go test -count=1 -v -timeout 30m $(TESTFLAGS) ./internal/test/e2e

.PHONY: e2e-images
e2e-images: ## Make these images as archives in bin/images, without Docker
	@hack/e2e/images.sh

.PHONY: e2e-local
e2e-local: ## Run the suite on a one-node cluster of its own, which is built on first use (root on Debian, no Docker)
	@hack/e2e/local.sh $(TESTFLAGS)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	hack/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: ## Run the benchmarks (compare two saved outputs with bin/tools/benchstat)
	@$(WITH_CONTROLPLANE)
	go test -run '^$$' -bench '$(BENCH)' -benchmem -p 1 -timeout 30m $(TESTFLAGS) $(PKG)

.PHONY: bench-revocation
bench-revocation: ## Measure the time from kubectl delete to the first 401
	@$(WITH_CONTROLPLANE)
	go run ./hack/bench-revocation

.PHONY: bench-tightening
bench-tightening: ## Measure how 5,000 tokens follow a policy that is tightened, and count the writes
	@$(WITH_CONTROLPLANE)
	go run ./hack/bench-tightening

.PHONY: bench-activity
bench-activity: ## Measure what it costs to tell the use of 10,000 tokens, and how far behind it is told (half an hour)
	@$(WITH_CONTROLPLANE)
	go run ./hack/bench-activity

.PHONY: bench-limits
bench-limits: ## Measure what two gateways let through of one limit, with and without a store, even and skewed
	@$(WITH_REDIS)
	go run ./hack/bench-limits

.PHONY: bench-fairness
bench-fairness: ## Measure how the latency of others fares while one token hammers
	@go run ./hack/bench-fairness

.PHONY: demo
demo: ## Show the whole story on a local control plane, then keep it up until Ctrl-C
	@$(WITH_CONTROLPLANE)
	go build -o bin/demo-runner ./hack/demo
	# On a terminal the demo is in the foreground alone: Ctrl-C would end make as well, as an error. Ctrl-Z would leave it behind.
	if [ -t 0 ]; then set -m; trap '' TSTP; fi
	bin/demo-runner $(if $(filter once,$(DEMO)),-once) || exit

##@ Tools

.PHONY: controlplane
controlplane: ## Build etcd, kube-apiserver and kubectl, unless KUBEBUILDER_ASSETS has them
	@hack/controlplane/build.sh

.PHONY: tools
tools: $(CONTROLLER_GEN) $(GOLANGCI_LINT) $(GOTESTSUM) $(BENCHSTAT) $(CRD_REF_DOCS) ## Build the pinned development tools

$(CONTROLLER_GEN): tool = sigs.k8s.io/controller-tools/cmd/controller-gen
$(GOLANGCI_LINT):  tool = sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter
$(GOTESTSUM):      tool = gotest.tools/gotestsum
$(BENCHSTAT):      tool = golang.org/x/perf/cmd/benchstat
$(CRD_REF_DOCS):   tool = github.com/elastic/crd-ref-docs

$(CONTROLLER_GEN) $(GOLANGCI_LINT) $(GOTESTSUM) $(BENCHSTAT) $(CRD_REF_DOCS): hack/tools/go.mod hack/tools/go.sum
	@echo 'building $(@F)' >&2
	export GOWORK=off GOFLAGS='-mod=readonly -trimpath'
	go build -C hack/tools -v -buildvcs=false -ldflags '-s -w' -o $(CURDIR)/$@ $(tool) 2>&1 |
	  hack/progress.sh '$(@F): packages compiled'
	touch $@

# The time of everything in the image is the commit's.
define BUILD_IMAGE
go build -C hack/image -o $(CURDIR)/bin/build-image .
bin/build-image -name '$(IMG)' -version '$(VERSION)' -platforms '$(PLATFORMS)' -revision "$$(git rev-parse HEAD 2>/dev/null || true)" \
  -source-date-epoch "$$(git log -1 --format=%ct 2>/dev/null || echo 0)" $(1)
endef

##@ Deploy

.PHONY: install
install: ## Install the CRDs into the current cluster
	$(KUBECTL) apply --server-side -k config/crd

.PHONY: uninstall
uninstall: ## Remove the CRDs, and with them every ApiToken and TokenPolicy
	$(KUBECTL) delete --ignore-not-found -k config/crd

.PHONY: deploy
deploy: ## Deploy the CRDs and the manager, with the image IMG, into the current cluster
	$(KUBECTL) kustomize config/default | sed 's|: $(DEV_IMG)$$|: $(IMG)|' | $(KUBECTL) apply --server-side -f -

.PHONY: undeploy
undeploy: ## Remove the manager, its roles and its webhook; keep, as helm uninstall does, the CRDs with every token and what protects them
	@for part in webhook manager rbac; do
	  $(KUBECTL) delete --ignore-not-found -k config/$$part
	done

.PHONY: image
image: ## Build the image IMG without a container engine, with bills of materials, into bin/image; the same commit and VERSION, the same digest
	@$(call BUILD_IMAGE)

.PHONY: image-push
image-push: ## Build the image IMG and push it to the registry that its name begins with, by docker login's credentials
	@$(call BUILD_IMAGE,-push)

.PHONY: test-image
test-image: ## Build the image twice and compare, look into it, and push it to a registry
	@go test -C hack/image -count=1 -v $(TESTFLAGS) ./...

.PHONY: docker-build
docker-build: ## Build the image IMG with CONTAINER_TOOL
	$(CONTAINER_TOOL) build --build-arg VERSION=$(VERSION) $(DOCKER_BUILD_ARGS) -t $(IMG) .

.PHONY: chart-package
chart-package: ## Package the Helm chart into dist
	@HELM=$$(hack/helm/build.sh helm)
	"$$HELM/helm" package $(CHART) --destination dist
