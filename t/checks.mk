# What checks the code beside the tests of what it does (docs/testing.md).  A
# part of the Makefile, whose names it uses.


# Fuzzing: fuzz/NAME.c is a target of libFuzzer.  Each runs for FUZZ_TIME
# seconds on a corpus that grows in build/fuzz/corpus; what fails is left in
# build/fuzz/NAME-crash-...

FUZZ_TIME   ?= 60
FUZZ        ?= $(FUZZ_NAMES)
FUZZ_CC     ?= clang
FUZZ_CXX    ?= clang++

# two of the sanitizer's checks want a runtime of C++ that is not linked here
FUZZ_OPT    := -g -O1 -fno-omit-frame-pointer -Isrc -Imedia -Ifuzz \
               -fsanitize=fuzzer-no-link,address,undefined \
               -fno-sanitize-recover=undefined -fno-sanitize=vptr,function
FUZZ_WARN   := -Wall -Wextra -Werror -Wno-unused-parameter

FUZZ_NAMES  := $(patsubst fuzz/%.c,%,$(filter-out fuzz/replay.c, \
                   $(wildcard fuzz/*.c)))
FUZZ_DIR    := $(BUILD)/fuzz
FUZZ_HEADER := fuzz/fuzz.h $(wildcard src/aime_*.h media/*.h)

# the whole daemon but for its main(), its processes and their sandbox
FUZZ_MEDIAD := $(filter-out %/aime_mediad.c %_master.c %_worker.c \
                   %_sandbox.c %_check.c,$(wildcard media/*.c))
FUZZ_UNITS  := $(patsubst %,$(FUZZ_DIR)/%.o,$(basename $(notdir \
                   $(wildcard src/aime_*.c src/aime_*.cpp))))
FUZZ_DAEMON := $(patsubst %.c,$(FUZZ_DIR)/%.o,$(notdir $(FUZZ_MEDIAD)))
FUZZ_HALVES := json json_text media_data
FUZZ_PLAIN  := $(patsubst %,$(FUZZ_DIR)/plain_%.o,$(FUZZ_HALVES))
FUZZ_LIB    := -lcjson -lpcre2-8 -lstdc++ -lm -lavformat -lavcodec -lswscale \
               -lswresample -lavutil -lseccomp -lpthread

# the portable halves of files, beside the other ones
plain        = $(shell sed -n \
                   's/^aime_\([a-z0-9_]*\)\x28.*/-Daime_\1=plain_\1/p' \
                   $(patsubst %,src/aime_%.c,$(FUZZ_HALVES)))

$(FUZZ_UNITS): $(FUZZ_DIR)/%.o: $(FUZZ_HEADER)

$(FUZZ_DIR)/%.o: src/%.c
	@mkdir -p $(@D)
	$(if $(V),,@)$(FUZZ_CC) $(FUZZ_OPT) $(FUZZ_WARN) -std=gnu11 -c -o $@ $<

$(FUZZ_DIR)/%.o: src/%.cpp
	@mkdir -p $(@D)
	$(if $(V),,@)$(FUZZ_CXX) $(FUZZ_OPT) $(FUZZ_WARN) -std=c++17 -c -o $@ $<

$(FUZZ_DAEMON): $(FUZZ_DIR)/%.o: media/%.c $(FUZZ_HEADER)
	@mkdir -p $(@D)
	$(if $(V),,@)$(FUZZ_CC) $(FUZZ_OPT) $(FUZZ_WARN) -std=gnu11 -c -o $@ $<

$(FUZZ_PLAIN): $(FUZZ_DIR)/plain_%.o: src/aime_%.c $(FUZZ_HEADER)
	@mkdir -p $(@D)
	$(if $(V),,@)$(FUZZ_CC) $(FUZZ_OPT) $(FUZZ_WARN) -std=gnu11 -U__SSE2__ \
	    $(plain) -c -o $@ $<

$(addprefix $(FUZZ_DIR)/,$(FUZZ_NAMES)): $(FUZZ_DIR)/%: fuzz/%.c \
    $(FUZZ_HEADER) $(FUZZ_UNITS) $(FUZZ_DAEMON) $(FUZZ_PLAIN)
	@echo "building $@"
	$(if $(V),,@)$(FUZZ_CC) $(FUZZ_OPT) $(FUZZ_WARN) -D_GNU_SOURCE -std=gnu11 \
	    -fsanitize=fuzzer -o $@ $< $(filter %.o,$^) $(FUZZ_LIB)

CLANG_TOOLS := clang llvm:llvm-symbolizer

fuzz:
	@$(AGAIN) deps TOOLS="$(CLANG_TOOLS)" BROWSER=
	@echo 'int main(void) { return 0; }' | $(FUZZ_CC) -fsanitize=address \
	    -x c -o /dev/null - 2>/dev/null || $(AGAIN) deps BROWSER= \
	    PACKAGES=libclang-rt-$$($(FUZZ_CC) -dumpversion | cut -d. -f1)-dev
	@$(AGAIN) fuzz-only

fuzz-only: $(addprefix $(FUZZ_DIR)/,$(FUZZ))
	@BUILD="$(FUZZ_DIR)" fuzz/run $(FUZZ_TIME) $(FUZZ)

.PHONY: fuzz fuzz-only


# The model of parking, waking and dying (JOBS_WAITING=2: more of it)

JOBS_WAITING ?= 1

spin:
	@$(AGAIN) deps TOOLS=spin BROWSER=
	@CC="$(CC)" t/spin/run $(BUILD)/spin $(JOBS_WAITING)

.PHONY: spin


# Random calls at a server of two processes that are reloaded and killed, with
# the sanitizers, for FUZZ_SECONDS (FUZZ_SEED: as in another run)

FUZZ_SECONDS ?= 600

fuzz-protocol:
	@$(AGAIN) deps BROWSER=
	@$(AGAIN) all BUILD=$(BUILD)/asan CC_OPT="-g -O1 $(SAN)" LD_OPT="$(SAN)"
	@AIME_ASAN=1 NGINX="$(NGINX)" \
	    MODULE="$(CURDIR)/$(BUILD)/asan/$(NAME).so" fuzz/protocol \
	    --seconds $(FUZZ_SECONDS) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED))

.PHONY: fuzz-protocol


# Static analysis, and a build with all of Debian's hardening that fits both

LINT_FLAGS := DEB_BUILD_MAINT_OPTIONS=hardening=+all,-pie dpkg-buildflags --get

lint: $(OBJS)/Makefile
	@$(AGAIN) deps TOOLS="cppcheck clang dpkg-dev:dpkg-buildflags" BROWSER=
	@t/lint $(OBJS) $(TREE)
	@$(AGAIN) all BUILD=$(BUILD)/hardened \
	    CC_OPT="$$($(LINT_FLAGS) CFLAGS) $$($(LINT_FLAGS) CPPFLAGS)" \
	    LD_OPT="$$($(LINT_FLAGS) LDFLAGS)"
	@for file in $(BUILD)/hardened/$(NAME).so $(BUILD)/hardened/aime-mediad; do \
	    readelf -lW $$file | grep -q GNU_RELRO \
	    && readelf -dW $$file | grep -q BIND_NOW \
	    && readelf -sW $$file | grep -q __stack_chk_fail \
	    && readelf -sW $$file | grep -q __memcpy_chk \
	    && echo "$$file is hardened" \
	    || { echo "$$file is not hardened" >&2; exit 1; }; \
	done


# Lines that the unit tests, the model and COVERAGE_T run, by floor.  These few
# run what all suites together do, but for some lines.

COVERAGE_T ?= $(patsubst %,t/%.t,unit model model_cut lock_killed admin_access \
              admin_failures admin_jobs admin_workers conf_notices input_rows \
              job_fair job_requeue log_jobs openai_errors openai_leaks \
              openai_media openai_stream_head reload_endpoints reload_smoke \
              session_bounds session_vars worker_batch worker_cancel \
              worker_login worker_offline worker_silent_job zone_full)
COVERAGE   := $(BUILD)/coverage

coverage:
	@$(AGAIN) deps BROWSER=
	@rm -rf $(COVERAGE)/units && mkdir -p $(COVERAGE)/units
	@find $(COVERAGE) -name '*.gcda' -delete
	@status=0; \
	AIME_COVERAGE="$(CURDIR)/$(COVERAGE)/units" $(AGAIN) check \
	    BUILD=$(COVERAGE) T="$(COVERAGE_T)" LD_OPT=--coverage \
	    CC_OPT="-g -O1 --coverage -fprofile-update=atomic" || status=1; \
	t/coverage $(COVERAGE_FLAGS) $(COVERAGE) || status=1; \
	exit $$status

.PHONY: lint coverage
