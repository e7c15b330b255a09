# The two commands: `make demo` and `make test`. Everything else is `cargo` and `hotline`; `make web` and `make e2e` are for
# whoever changes the pages, and need Node.
#
# One profile (dev, dependencies optimised) and one target folder outside the clone serve both, so that nothing is built twice
# and a second clone starts warm.

XDG_CACHE_HOME ?= $(HOME)/.cache
export HOTLINE_CACHE ?= $(XDG_CACHE_HOME)/hotline
export CARGO_TARGET_DIR ?= $(HOTLINE_CACHE)/target
export HOTLINE_COMMIT := $(shell git describe --always --abbrev=12 --dirty 2>/dev/null || echo unknown)

.PHONY: demo test web e2e
.DEFAULT_GOAL := demo

# A line that answers, and a scripted call to it over real SIP and RTP. `make demo ARGS=--yes` pulls weights without asking.
demo:
	@.ci/rust
	@.ci/packages build run
	cargo build --locked
	@exec "$(CARGO_TARGET_DIR)/debug/hotline" demo $(ARGS)

# Formatting, lints, documentation, licences, architecture, all tests; the last lines say what was skipped and why.
test:
	@.ci/rust clippy fmt
	@.ci/packages build run test
	@.ci/test

# The widget anew from its TypeScript; its built copy is committed, so that nobody else needs Node.
web:
	@$(NODE)
	cd web/widget && npm ci --no-audit --no-fund && npm test && npm run build

# The pages in a real browser on a real line. Pictures and figures: web/e2e/shots.
e2e:
	@$(NODE)
	@.ci/packages build run test
	cargo build --locked
	cd web/e2e && npm ci --no-audit --no-fund && npm test

NODE = node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
	|| { echo "Node 20.19 or newer is needed for the pages alone: https://nodejs.org, or apt-get install nodejs npm"; exit 1; }
