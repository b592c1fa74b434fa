# Everything that people and CI run. `make run` needs Python and, for the FHIR server, Java and Maven; it installs the rest.
.DEFAULT_GOAL := help
N ?= 1
SEED ?= 1
EXAMPLES ?= 100
OBSERVE ?= 0
COPY ?=
QUICK ?=
ROWS ?=
CLUSTER ?=
SECONDS ?=
ALERTS ?=
# mypy checks one part at a time, because every part has its own package `tests`.
PARTS = libs/common services/auth services/patients services/letters services/notify infra/native infra/nats infra/openehr infra/ops infra/postgres infra/k8s bench docs

.PHONY: help run stores status sync test lint lint-web story web measure bench sizing samples browser alerts alerts-drill dashboards pictures lighthouse scrolling attack fuzz drill chaos chaos-teeth sbom

help: ## List these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: sync ## Start the whole fleet; Ctrl-C stops it. docs/settings.md explains QUILL_PORT, QUILL_HOME, DEMO=0, OBSERVE=1 and COPY=folder
	@exec $(if $(COPY),env QUILL_COPY="$(COPY)") .venv/bin/python -m native run

stores: sync ## Start only PostgreSQL and NATS, for `quill restore`; Ctrl-C stops them
	@exec .venv/bin/python -m native run --stores

status: sync ## List the processes of the running fleet
	@.venv/bin/python -m native status

web: web/node_modules/.package-lock.json ## Serve the web app from its sources on the running fleet, with reload on each change; needs Node
	@npm --prefix web run dev

web/node_modules/.package-lock.json: web/package-lock.json
	@npm --prefix web ci --no-audit --no-fund

story: sync ## Run the main use case against the running fleet; N=20 runs it twenty times
	@.venv/bin/python -m native story $(N)

measure: sync ## Measure sign-out, bursts of sign-ins, hangs and restarts on the running fleet; exits with 1 if a limit is exceeded
	@.venv/bin/python bench/identity.py; kept=$$?; .venv/bin/python bench/faults.py && exit $$kept

bench: sync ## Measure every speed budget on a separate, clean fleet; QUICK=1 takes three minutes, ROWS="search broker" measures only these
	@PYTHONPATH=bench .venv/bin/python -m speed $(if $(QUICK),--quick) $(ROWS)

sizing: sync ## Measure what letters and signed-in people cost on a separate, clean fleet (docs/sizing.md); QUICK=1 measures a tenth
	@.venv/bin/python bench/sizing.py $(if $(QUICK),--quick)

test: sync browser lint ## Run lint and all tests, with real servers and a real browser
	@.venv/bin/python -m pytest -n 3 --dist loadscope

browser: ## Find Chromium for the tests of the web app, or install Debian's package
	@infra/native/browser.sh

alerts: sync ## Check the alert rules and the dashboards; uses promtool from Debian's package if none is installed
	@.venv/bin/python -m pytest -q tests/observe

alerts-drill: sync ## Make each alert fire by a real fault and clear after it, in a fleet with Prometheus; ALERTS="QuillSlow QuillBlind" tries only these
	@PYTHONPATH=tests .venv/bin/python -m observe $(ALERTS)

dashboards: sync browser ## Compare the dashboards with a chaos run that they show, and take the pictures of them in docs/operations.md again
	@PYTHONPATH=tests .venv/bin/python -m observe.dashboards

pictures: sync browser ## Take the README's pictures again, from the running fleet
	@PYTHONPATH=tests .venv/bin/python -m web.pictures

lighthouse: browser ## Run Lighthouse on the running fleet's pages; exits with 1 if a score is below 95; needs Node
	@npm ci --prefix bench/lighthouse --no-audit --no-fund --silent
	@CHROME_PATH=$$(command -v chromium || command -v google-chrome) node bench/lighthouse/measure.mjs

scrolling: sync browser ## Measure scrolling in a list of 1,000 letters; exits with 1 if it is too slow
	@PYTHONPATH=tests .venv/bin/python bench/scrolling.py

samples: sync ## Test the five sample programs while brokers restart; needs Node, Go, a JDK and Maven
	@QUILL_SAMPLES=all .venv/bin/python -m pytest tests/samples tests/e2e/test_partner_samples.py

attack: sync ## Run the attack suite with one and two replicas of each service, and with the planted faults it must detect
	@QUILL_ATTACK_REPLICAS=1 .venv/bin/python -m pytest tests/attack
	@QUILL_ATTACK_REPLICAS=2 QUILL_TEETH=all .venv/bin/python -m pytest tests/attack

drill: sync ## Test a backup made while people write, restores of everything and of each store, and an upgrade while people work
	@QUILL_DRILL=all .venv/bin/python -m pytest tests/drill tests/e2e/test_backup.py

chaos: sync ## Inject faults while people write, and check that nothing is lost; SEED="1 2 3" chooses the runs, SECONDS=800 their length, CLUSTER=1 uses three NATS servers
	@PYTHONPATH=tests .venv/bin/python -m chaos $(if $(CLUSTER),--cluster) $(if $(SECONDS),--seconds $(SECONDS)) $(SEED)

chaos-teeth: sync ## Run the same with one protection removed at a time; each of these runs must fail
	@QUILL_TEETH=all .venv/bin/python -m pytest tests/chaos/test_chaos.py -k without

fuzz: sync ## Test the four APIs with requests generated from their OpenAPI documents; EXAMPLES=100 is the number for each call
	@QUILL_FUZZ_EXAMPLES=$(EXAMPLES) .venv/bin/python -m pytest --timeout=0 tests/e2e/test_openapi.py

sbom: sync ## Write the software bills of materials of our images (CycloneDX) to the folder sbom; needs Node
	@infra/docker/sbom.sh

lint: sync ## Check style, types and import rules, and that migrations can run while people work
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@set -e; for part in $(PARTS) "tests conftest.py"; do .venv/bin/mypy $$part; done
	@.venv/bin/lint-imports
	@.venv/bin/python infra/postgres/migrations.py
	@if command -v npm >/dev/null || [ -n "$$QUILL_TEST_STRICT" ]; then $(MAKE) --no-print-directory lint-web; fi

lint-web: web/node_modules/.package-lock.json ## Check the web app's types and run its unit tests; a part of lint if Node is installed
	@npm --prefix web run --silent check
	@npm --prefix web test --silent

sync:
	@infra/native/sync.sh
