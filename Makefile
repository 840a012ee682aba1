# Builds, tests and runs the module.
#
#   make            the module, build/ngx_http_aime_api_module.so, and the media
#                   daemon, build/aime-mediad
#   make install    copies the module into nginx's modules folder, the daemon to
#                   /usr/sbin, its service to /lib/systemd (DESTDIR honoured)
#   make run        a complete example: server, worker, client
#   make test       the test suite (T=t/some.t for one file of it)
#   make valgrind   what of it nginx serves, under valgrind with one process
#                   (NGINX_T=t/some.t)
#   make asan       the same with AddressSanitizer and UBSan
#   make fuzz       fuzzing; also fuzz-protocol, spin, lint, coverage: what
#                   else checks it, in t/checks.mk and docs/testing.md
#   make bench      the module against plain nginx, row by row (bench/README.md;
#                   ROWS="few many" for some of them, BENCH_FLAGS=--quick)
#   make bench-latency  latency and memory at rest
#   make bench-media    conversions next to spawning ffmpeg
#   make bench-scrape   what a scrape of the metrics takes
#   make bench-instructions  of one job, against the record
#   make chaos      accidents under load, a quarter of an hour (the same)
#   make deps       installs what is missing (run, test and the two above do;
#                   BROWSER= leaves out what tests of web pages need)
#   make clean
#
# NGINX is the nginx binary to build for and to test with, NGINX_SRC its source
# tree (Debian: nginx-dev), CC the compiler, CC_OPT and LD_OPT its options; V=1
# shows the commands.

NAME      := ngx_http_aime_api_module
BUILD     := build
MODULE    := $(BUILD)/$(NAME).so
DAEMON    := $(BUILD)/aime-mediad
LOAD      := $(BUILD)/aime-load
BENCH_MODULE := $(BUILD)/ngx_http_bench_module.so
SERVICE   := aime-mediad.service
UNITS     := /lib/systemd/system

ifeq ($(NGINX),)
NGINX     := $(shell PATH="$$PATH:/usr/sbin:/usr/local/sbin"; \
                     command -v nginx)
endif

ifeq ($(NGINX_SRC),)
NGINX_SRC := $(patsubst %/configure,%,$(firstword $(wildcard $(addsuffix \
                 /../share/nginx/src/configure,$(dir $(NGINX)) /usr/bin \
                 $(subst :, ,$(PATH))))))
NGINX_SRC := $(if $(NGINX_SRC),$(realpath $(NGINX_SRC)))
endif

CC_OPT    ?= -g -O2 -fstack-protector-strong -Wformat \
             -Werror=format-security -Wdate-time -D_FORTIFY_SOURCE=2
LD_OPT    ?= -Wl,-z,relro -Wl,-z,now
JOBS      ?= $(shell nproc 2>/dev/null || echo 1)

SAN       := -fsanitize=address,undefined -fno-omit-frame-pointer
T         ?= t/*.t
NGINX_T   ?= $(filter-out t/floors.t t/unit.t t/conformance.t,$(wildcard t/*.t))
PROVE     ?= prove
TOOLS     ?=
BROWSER   ?= chromium

SOURCES   := config $(NAME).c $(wildcard src/*.c src/*.cpp src/*.h)
TREE      := $(BUILD)/nginx-src
OBJS      := $(BUILD)/objs
SETTINGS  := $(CC) | $(CC_OPT) | $(LD_OPT) | $(NGINX) | $(NGINX_SRC)

.PHONY: all install run run-only test check valgrind asan bench \
    bench-instructions bench-latency bench-media bench-scrape chaos deps clean FORCE
.DELETE_ON_ERROR:

all: $(MODULE) $(DAEMON)


# The module.  nginx's configure works in the folder that it lies in, so it
# gets a copy of the source tree, which stays untouched.

ifneq ($(shell cat $(BUILD)/settings 2>/dev/null),$(strip $(SETTINGS)))
$(BUILD)/settings: FORCE
endif

$(BUILD)/settings:
	@mkdir -p $(BUILD)
	@test -f "$(NGINX_SRC)/configure" || { echo "no nginx source tree:" \
	    "run 'make deps' or set NGINX_SRC" >&2; exit 1; }
	@echo '$(strip $(SETTINGS))' > $@

$(TREE)/configure: $(BUILD)/settings $(wildcard $(NGINX_SRC)/configure)
	@rm -rf $(TREE)
	@mkdir -p $(TREE)
	@cp -R "$(NGINX_SRC)"/* $(TREE)/
	@chmod -R u+w $(TREE)
	@touch $@

# Debian's conf_flags are those of the binary; elsewhere the binary tells them
$(OBJS)/Makefile: $(TREE)/configure config
	@rm -rf $(OBJS)
	@cd $(TREE) && if [ -f conf_flags ]; then \
	    flags=$$(sed -n 's/^NGX_CONF_FLAGS=(\(.*\))$$/\1/p' conf_flags); \
	else \
	    flags=$$("$(NGINX)" -V 2>&1 | tr ' ' '\n' | grep -Ex -e \
	      '--with-(debug|threads|http_(ssl|v2|v3|realip)_module)'); \
	fi; \
	sh ./configure $$flags --with-compat --with-cc="$(CC)" \
	    --with-cc-opt="$(CC_OPT)" --with-ld-opt="$(LD_OPT)" \
	    --builddir="$(CURDIR)/$(OBJS)" \
	    --add-dynamic-module="$(CURDIR)" > ../configure.log 2>&1 \
	|| { tail -n 30 ../configure.log >&2; rm -f "$(CURDIR)/$@"; exit 1; }

$(MODULE): $(OBJS)/Makefile $(SOURCES)
	@echo "building $@"
	@$(MAKE) --no-print-directory $(if $(V),,-s) -C $(TREE) \
	    -f $(CURDIR)/$(OBJS)/Makefile $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS)) modules
	@cp $(OBJS)/$(NAME).so $@.new && mv -f $@.new $@

install: $(MODULE) $(DAEMON)
	@path=$$("$(NGINX)" -V 2>&1 | \
	    sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p'); \
	path="$(DESTDIR)$${path:-/usr/lib/nginx/modules}"; \
	install -D -m 644 $(MODULE) "$$path/$(NAME).so" && \
	echo "installed $$path/$(NAME).so"
	@install -D -m 755 $(DAEMON) "$(DESTDIR)/usr/sbin/aime-mediad" && \
	echo "installed $(DESTDIR)/usr/sbin/aime-mediad"
	@install -D -m 644 media/$(SERVICE) "$(DESTDIR)$(UNITS)/$(SERVICE)" && \
	echo "installed $(DESTDIR)$(UNITS)/$(SERVICE)"


# The media daemon, which knows no nginx: it shares a few files of floor 0.

DAEMON_SRC := $(sort $(wildcard media/*.c)) src/aime_media.c \
              src/aime_media_data.c src/aime_number.c
DAEMON_OBJ := $(patsubst %.c,$(BUILD)/mediad/%.o,$(notdir $(DAEMON_SRC)))
DAEMON_LIB := -lavformat -lavcodec -lswscale -lswresample -lavutil -lseccomp \
              -lcjson -lm

vpath %.c media src

$(DAEMON_OBJ): $(BUILD)/mediad/%.o: %.c $(BUILD)/settings \
    $(wildcard media/*.h src/aime_*.h)
	@mkdir -p $(@D)
	$(if $(V),,@)$(CC) $(CC_OPT) -std=gnu11 -Wall -Wextra -Werror -fPIE -Isrc \
	    -c -o $@ $<

$(DAEMON): $(DAEMON_OBJ)
	@echo "building $@"
	$(if $(V),,@)$(CC) $(CC_OPT) $(LD_OPT) -pie -o $@.new $^ $(DAEMON_LIB) \
	    && mv -f $@.new $@


# What measures it: the load generator, and a module for plain nginx which does
# what the generated file of nginx's configure would do by itself.

LOAD_OBJ  := $(patsubst %.c,$(BUILD)/load/%.o,$(notdir $(wildcard bench/load*.c)))
BENCH_INC := $(addprefix -I$(TREE)/src/,core event event/modules os/unix http \
             http/modules http/v2 http/v3) -I$(OBJS)

$(LOAD_OBJ): $(BUILD)/load/%.o: bench/%.c bench/load.h $(BUILD)/settings
	@mkdir -p $(@D)
	$(if $(V),,@)$(CC) $(CC_OPT) -std=gnu11 -Wall -Wextra -Werror -c -o $@ $<

$(LOAD): $(LOAD_OBJ)
	@echo "building $@"
	$(if $(V),,@)$(CC) $(CC_OPT) $(LD_OPT) -o $@.new $^ && mv -f $@.new $@

$(BENCH_MODULE): bench/ngx_http_bench_module.c $(OBJS)/Makefile
	@echo "building $@"
	$(if $(V),,@)$(CC) $(CC_OPT) $(LD_OPT) -fPIC -shared $(BENCH_INC) -Wall \
	    -Werror -o $@.new $< && mv -f $@.new $@


# Running and testing.  What deps has installed is found by a make of its own.

AGAIN     := $(MAKE) --no-print-directory
PROVE_ENV  = MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" CC="$(CC)" \
             LOAD="$(CURDIR)/$(LOAD)"

run:
	@$(AGAIN) deps BROWSER=
	@$(AGAIN) run-only

run-only: all
	@MODULE="$(CURDIR)/$(MODULE)" DAEMON="$(CURDIR)/$(DAEMON)" \
	    NGINX="$(NGINX)" examples/run.sh

test:
	@$(AGAIN) deps
	@$(AGAIN) check

check: all $(LOAD)
	@$(PROVE_ENV) $(PROVE) -It/lib $(PROVE_FLAGS) $(T)

valgrind:
	@$(AGAIN) deps TOOLS=valgrind
	@AIME_VALGRIND=1 $(AGAIN) check T="$(NGINX_T)"

asan:
	@$(AGAIN) deps
	@AIME_ASAN=1 $(AGAIN) check T="$(NGINX_T)" BUILD=$(BUILD)/asan \
	    CC_OPT="-g -O1 $(SAN)" LD_OPT="$(SAN)"

bench: all $(LOAD) $(BENCH_MODULE)
	@MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" \
	    LOAD="$(CURDIR)/$(LOAD)" BENCH_MODULE="$(CURDIR)/$(BENCH_MODULE)" \
	    bench/run --out "$(BUILD)/bench" $(BENCH_FLAGS) $(ROWS)

bench-latency: all
	@MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" bench/latency

bench-media: all
	@MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" bench/media

bench-scrape: all
	@MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" bench/scrape

bench-instructions: all
	@$(AGAIN) deps TOOLS=valgrind
	@MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" bench/instructions

chaos: all
	@status=0; for mode in reload kill workers zone; do \
	    MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" bench/chaos $$mode \
	    || status=1; \
	done; exit $$status


# Each line: a Debian package and the command that tells whether it is there

deps:
	@missing=; \
	need() { package=$$1; shift; \
	    "$$@" >/dev/null 2>&1 || missing="$$missing $$package"; }; \
	header() { echo "#include <$$2>" | $(CC) -E -x $$1 - ; }; \
	need gcc              command -v $(firstword $(CC)); \
	need g++              header c++ string; \
	need libc6-dev        header c stdio.h; \
	need nginx            test -x "$(NGINX)"; \
	need nginx-dev        test -f "$(NGINX_SRC)/configure"; \
	need libpcre2-dev     header c pcre2posix.h; \
	need libssl-dev       header c openssl/ssl.h; \
	need zlib1g-dev       header c zlib.h; \
	need libcjson-dev     header c cjson/cJSON.h; \
	need libtomlplusplus-dev header c++ toml++/toml.h; \
	need libavcodec-dev   header c libavcodec/avcodec.h; \
	need libavformat-dev  header c libavformat/avformat.h; \
	need libavutil-dev    header c libavutil/avutil.h; \
	need libswresample-dev header c libswresample/swresample.h; \
	need libswscale-dev   header c libswscale/swscale.h; \
	need libseccomp-dev   header c seccomp.h; \
	need ffmpeg           command -v ffmpeg; \
	need perl             command -v prove; \
	need libtest-base-perl perl -MTest::Base -e 1; \
	need libmojolicious-perl perl -MMojo::UserAgent -e 1; \
	need python3          command -v python3; \
	need curl             command -v curl; \
	need prometheus       command -v promtool; \
	if [ -n "$(BROWSER)" ]; then \
	    need $(BROWSER)   command -v $(BROWSER); \
	    need fonts-dejavu-core test -d /usr/share/fonts/truetype/dejavu; \
	    need nodejs       command -v node; \
	    need npm          command -v npm; \
	fi; \
	for tool in $(TOOLS); do \
	    need $${tool#*:} command -v $${tool%:*}; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	echo "installing:$$missing"; \
	command -v apt-get >/dev/null \
	    || { echo "no apt-get here: install them by hand" >&2; exit 1; }; \
	sudo=sudo; [ "$$(id -u)" != 0 ] || sudo=; \
	apt="$$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y"; \
	apt="$$apt --no-install-recommends"; \
	apt-cache show $$missing >/dev/null 2>&1 || $$apt update; \
	$$apt install $$missing \
	    || { $$apt update && $$apt install $$missing; }

include t/checks.mk


clean:
	rm -rf $(BUILD)
