# Needs python3 ≥ 3.11 with venv, make, git. Everything goes into .venv/ from hash-pinned locks.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOCKS  := requirements
DEMO_COMMUNE ?= Xã Bình Lư
# Offices often re-sign TLS; uv then needs the system's certificates, and pip is the way out.
export UV_SYSTEM_CERTS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

define SYNC
	@$(BIN)/uv --version >/dev/null 2>&1 \
	 || $(BIN)/python -m pip install -q --require-hashes --only-binary :all: -r $(LOCKS)/tool.txt 2>/dev/null \
	 || echo "Không có uv, dùng pip."
	@{ $(BIN)/uv --version >/dev/null 2>&1 \
	   && $(BIN)/uv pip install -q --compile-bytecode --require-hashes --python $(BIN)/python -r $(1) 2>/dev/null; } \
	 || $(BIN)/python -m pip install -q --require-hashes -r $(1)
endef

FAKE_PORT ?= 9100
# Runs the demo behind a fake platform until the person at the keyboard leaves.
define WITH_BOT
	rm -rf data/fake; $(1) BOT_CLOCK=2025-01-02T08:00 BOT_DATA_DIR=data/fake \
	 $(BIN)/python -m bot run --demo-data >data-fake.log 2>&1 & bot=$$!; \
	 $(2); kill $$bot; rm -rf data/fake data-fake.log
endef

.PHONY: demo-telegram demo-zalo run test test-browser faults demo chat check bench eval setup screenshots lock help

help:
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Cần Python 3.11 trở lên." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { echo "Thiếu venv: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.run: $(LOCKS)/run.txt | $(BIN)/python
	$(call SYNC,$(LOCKS)/run.txt)
# Learn the plan now, so that the first start is as quick as the next.
	@$(BIN)/python -c 'from knowledge.plan import load; load()'
	@touch $@

$(VENV)/.dev: $(LOCKS)/dev.txt | $(BIN)/python
	$(call SYNC,$(LOCKS)/dev.txt)
	@touch $@ $(VENV)/.run

$(VENV)/.browser: $(LOCKS)/browser.txt | $(BIN)/python
	$(call SYNC,$(LOCKS)/browser.txt)
	@touch $@ $(VENV)/.dev $(VENV)/.run

setup: $(VENV)/.run ## set up what is needed to run

run: $(VENV)/.run ## run everything on this machine, with a demo officer's entry
	@$(BIN)/python -m bot run --demo-officer "$(DEMO_COMMUNE)"

demo: $(VENV)/.run ## the same on a clock inside the plan's period, with invented people
	@BOT_CLOCK=2025-01-02T08:00 BOT_DATA_DIR=data/demo \
	 $(BIN)/python -m bot run --demo-data --demo-officer "$(DEMO_COMMUNE)"

demo-telegram: $(VENV)/.dev ## the demo against a fake Telegram, which you type at
	@$(call WITH_BOT,BOT_TELEGRAM_TOKEN=7000000001:AAFakeFakeFakeFakeFakeFakeFakeFakeFak \
	  BOT_TELEGRAM_API_BASE=http://127.0.0.1:$(FAKE_PORT),$(BIN)/python -m tests.fakes.telegram_demo $(FAKE_PORT))

demo-zalo: $(VENV)/.dev ## the demo against a fake Zalo Official Account, which you type at
	@$(call WITH_BOT,BOT_ZALO_OA_ID=388613280878808645 BOT_ZALO_OA_APP_ID=3608465248940903967 \
	  BOT_ZALO_OA_APP_SECRET=the-app-s-own-secret BOT_ZALO_OA_SECRET_KEY=the-webhook-page-s-secret \
	  BOT_ZALO_OA_REFRESH_TOKEN=refresh-of-the-first-consent \
	  BOT_ZALO_OA_API_BASE=http://127.0.0.1:$(FAKE_PORT) BOT_ZALO_OA_OAUTH_BASE=http://127.0.0.1:$(FAKE_PORT),\
	  $(BIN)/python -m tests.fakes.zalo_console oa --port $(FAKE_PORT) --webhook http://127.0.0.1:8080/zalo/oa/webhook)

chat: $(VENV)/.run ## a conversation in the terminal
	@$(BIN)/python -m bot chat

test: $(VENV)/.dev ## the test suite, but for browser tests and the long fault runs
	@$(BIN)/python -m pytest -n 2 -m "not long" --ignore=tests/browser
	@echo "Chưa chạy: make test-browser (trang web trong Chromium), make faults (thử lỗi đủ cỡ)."

test-browser: $(VENV)/.browser ## the pages in a real Chromium
	@$(BIN)/python -m pytest -m browser tests/browser

faults: $(VENV)/.dev ## the fault runs and random walks at full size
	@$(BIN)/python -m pytest -m long -s --ignore=tests/browser

# The browser tests are type-checked too, so their packages must be there.
check: $(VENV)/.browser ## formatter, linter, type checker, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m bot plan check knowledge/plans/lai-chau-2021-2025
	@! grep -rnE 'https?://[^ ]*(index|simple|registry)' requirements Makefile pyproject.toml

bench: $(VENV)/.dev ## the benchmarks, side by side, as ratios
	@$(BIN)/python -m tests.load.bench

eval: $(VENV)/.dev ## how well the plan is answered from, against the baselines
	@$(BIN)/python -m tests.evaluation $(FILES)

screenshots: $(VENV)/.browser ## the README's pictures, made anew
	@$(BIN)/python -m tests.browser.screenshots

lock: $(BIN)/python ## write the locks anew from requirements/*.in
	@for name in run dev browser tool; do \
	  (cd $(LOCKS) && ../$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header $$name.in -o $$name.txt) || exit 1; done
