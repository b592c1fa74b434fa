# Everything a person or CI calls. `make run` needs a Python and, for the FHIR server, Java and Maven; the rest it brings.
.DEFAULT_GOAL := help
N ?= 1
SEED ?= 1
EXAMPLES ?= 100
OBSERVE ?= 0
QUICK ?=
ROWS ?=
CLUSTER ?=
# mypy takes one part at a time: every part has a package `tests` of its own.
PARTS = libs/common services/auth services/patients services/letters services/notify infra/native infra/nats infra/openehr infra/ops infra/postgres infra/k8s bench docs

.PHONY: help run stores status sync test lint lint-web story web measure bench samples browser alerts pictures lighthouse scrolling attack fuzz drill chaos chaos-teeth sbom

help: ## What can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: sync ## Start the whole fleet; Ctrl-C stops it. QUILL_PORT, QUILL_HOME and DEMO=0 and OBSERVE=1 are explained in .env.example
	@exec .venv/bin/python -m native run

stores: sync ## Start PostgreSQL and NATS only, as `quill restore` wants them; Ctrl-C stops them
	@exec .venv/bin/python -m native run --stores

status: sync ## List the processes of the running fleet
	@.venv/bin/python -m native status

web: web/node_modules/.package-lock.json ## The web app from its sources, over the running fleet, shown anew at each change; needs Node
	@npm --prefix web run dev

web/node_modules/.package-lock.json: web/package-lock.json
	@npm --prefix web ci --no-audit --no-fund

story: sync ## Play the main job against the running fleet; N=20 plays it twenty times
	@.venv/bin/python -m native story $(N)

measure: sync ## Measure sign-out, storms, hangs and restarts on the running fleet; ends with 1 where a promise is not kept
	@.venv/bin/python bench/identity.py; kept=$$?; .venv/bin/python bench/faults.py && exit $$kept

bench: sync ## Measure every budget of speed on a clean fleet of its own; QUICK=1 takes three minutes, ROWS="search broker" some of it
	@PYTHONPATH=bench .venv/bin/python -m speed $(if $(QUICK),--quick) $(ROWS)

test: sync browser lint ## Lint and all tests, with real servers and a real browser
	@.venv/bin/python -m pytest -n 2 --dist loadscope

browser: ## The Chromium that the tests of the web app drive: what is there, or Debian's package
	@infra/native/browser.sh

alerts: sync ## Check the alert rules and the dashboards, with the promtool of Debian's package where there is none
	@.venv/bin/python -m pytest -q tests/observe

pictures: sync browser ## Make the README's pictures anew, from the running fleet
	@PYTHONPATH=tests .venv/bin/python -m web.pictures

lighthouse: browser ## What Lighthouse thinks of the running fleet's pages; ends with 1 where that is below 95; needs Node
	@npm ci --prefix bench/lighthouse --no-audit --no-fund --silent
	@CHROME_PATH=$$(command -v chromium || command -v google-chrome) node bench/lighthouse/measure.mjs

scrolling: sync browser ## Measure what scrolling a list of 1,000 letters costs; ends with 1 where that is too much
	@PYTHONPATH=tests .venv/bin/python bench/scrolling.py

samples: sync ## The five programs of samples/, over restarts of a broker and of the fleet's; needs Node, Go, a JDK and Maven
	@QUILL_SAMPLES=all .venv/bin/python -m pytest tests/samples tests/e2e/test_partner_samples.py

attack: sync ## The attack suite with one replica of each service and with two, and the faults that it must see
	@QUILL_ATTACK_REPLICAS=1 .venv/bin/python -m pytest tests/attack
	@QUILL_ATTACK_REPLICAS=2 QUILL_TEETH=all .venv/bin/python -m pytest tests/attack

drill: sync ## Back a fleet up while people write, make it anew, lose one store after another; upgrade one while people work
	@QUILL_DRILL=all .venv/bin/python -m pytest tests/drill tests/e2e/test_backup.py

chaos: sync ## Let everything die while people write, and see that nothing is lost; SEED="1 2 3" says which runs, CLUSTER=1 with three brokers
	@PYTHONPATH=tests .venv/bin/python -m chaos $(if $(CLUSTER),--cluster) $(SEED)

chaos-teeth: sync ## The same with one protection after the other taken away: each of these runs must fail
	@QUILL_TEETH=all .venv/bin/python -m pytest tests/chaos/test_chaos.py -k without

fuzz: sync ## Try the four OpenAPI documents at length; EXAMPLES=100 is how much for each call
	@QUILL_FUZZ_EXAMPLES=$(EXAMPLES) .venv/bin/python -m pytest --timeout=0 tests/e2e/test_openapi.py

sbom: sync ## What our images are made of, as CycloneDX, in the folder sbom; needs Node
	@infra/docker/sbom.sh

lint: sync ## Style, types, import rules, and migrations that can run while people work
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@set -e; for part in $(PARTS) "tests conftest.py"; do .venv/bin/mypy $$part; done
	@.venv/bin/lint-imports
	@.venv/bin/python infra/postgres/migrations.py
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-web; fi

lint-web: web/node_modules/.package-lock.json ## Types and unit tests of the web app, a part of lint where Node is
	@npm --prefix web run --silent check
	@npm --prefix web test --silent

sync:
	@infra/native/sync.sh
