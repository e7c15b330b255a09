# The two commands: `make demo` and `make test`. Everything else is `cargo` and `hotline`.
#
# One profile (dev, dependencies optimised) and one target folder outside the clone serve both, so that nothing is built twice
# and a second clone starts warm.

XDG_CACHE_HOME ?= $(HOME)/.cache
export HOTLINE_CACHE ?= $(XDG_CACHE_HOME)/hotline
export CARGO_TARGET_DIR ?= $(HOTLINE_CACHE)/target
export HOTLINE_COMMIT := $(shell git describe --always --abbrev=12 --dirty 2>/dev/null || echo unknown)

.PHONY: demo test
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
