# Builds, tests and runs the module.
#
#   make            the module, build/ngx_http_aime_api_module.so, and the media
#                   daemon, build/aime-mediad
#   make install    copies the module into nginx's modules folder, the daemon to
#                   /usr/sbin, its service to /lib/systemd, its manual page to
#                   /usr/local/share/man, the pages to /usr/share (DESTDIR
#                   honoured)
#   make run        a complete example: server, worker, client
#   make test       the test suite (T=t/some.t for one file of it)
#   make pictures   those of the dashboard in docs/images, anew
#   make valgrind   what of it nginx serves, under valgrind with one process
#                   (NGINX_T=t/some.t)
#   make asan       the same with AddressSanitizer and UBSan
#   make fuzz       fuzzing; also fuzz-protocol, spin, lint, coverage: what
#                   else checks it, in t/checks.mk and docs/testing.md
#   make test-static    the module as a part of nginx
#   make test-newer     with the nginx of Debian 13
#   make arm64          compiles what knows no HTTP for that, without warnings
#   make package        Debian packages, into build/package
#   make package-test   builds and installs them in a fresh Debian 12, as root
#                   (RELEASE=trixie: in Debian 13)
#   make image-test     builds the images of docker/, and runs them, as root
#   make bench      the module against plain nginx, row by row (bench/README.md;
#                   ROWS="few many" for some of them, BENCH_FLAGS=--quick)
#   make bench-latency  latency and memory at rest
#   make bench-media    conversions next to spawning ffmpeg
#   make bench-scrape   what a scrape of the metrics takes
#   make bench-streams  the way of a token through many streams
#   make bench-instructions  of one job, against the record
#   make chaos      accidents under load, a quarter of an hour (the same)
#   make deps       installs what is missing (the targets above do;
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
UI        := /usr/share/ngx-http-aime-api/ui

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

HTTP_MODULES := auth_request|dav|realip|slice|ssl|stub_status|v2|v3

SAN       := -fsanitize=address,undefined -fno-omit-frame-pointer
T         ?= t/*.t
NGINX_T   ?= $(filter-out t/floors.t t/unit.t t/conformance.t,$(wildcard t/*.t))
# what another nginx, or another way to be built into it, could break
PORT_T    ?= $(filter-out t/worker_vanish.t,$(wildcard $(patsubst %,t/%.t, \
             client_* conf_* cors http2 job_fair job_requeue job_results \
             media_client metrics_counts nginx_* park_quit proc_killed \
             reload_smoke secrets session_vars static_files stream_* worker_*)))
PROVE     ?= prove
TOOLS     ?=
PACKAGES  ?=
BROWSER   ?= chromium

SOURCES   := config $(NAME).c $(wildcard src/*.c src/*.cpp src/*.h)
TREE      := $(BUILD)/nginx-src
OBJS      := $(BUILD)/objs
STATIC    := $(BUILD)/nginx
STATIC_OBJS := $(BUILD)/objs-static
SETTINGS  := $(CC) | $(CC_OPT) | $(LD_OPT) | $(NGINX) | $(NGINX_SRC)

.PHONY: all install run run-only test check pictures test-static check-static \
    test-newer valgrind asan bench bench-instructions bench-latency \
    bench-media bench-scrape bench-streams chaos package package-test \
    image-test arm64 arm64-only deps clean FORCE
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

# Debian's conf_flags are those of the binary; elsewhere the binary tells them.
# $(call configure,FOLDER,OPTIONS)
define configure
@rm -rf $(1)
@cd $(TREE) && if [ -f conf_flags ]; then \
    flags=$$(sed -n 's/^NGX_CONF_FLAGS=(\(.*\))$$/\1/p' conf_flags); \
else \
    flags=$$("$(NGINX)" -V 2>&1 | tr ' ' '\n' | grep -Ex -e \
      '--with-(debug|threads|http_($(HTTP_MODULES))_module)'); \
fi; \
sh ./configure $$flags --with-compat --with-cc="$(CC)" \
    --with-cc-opt="$(CC_OPT)" --with-ld-opt="$(LD_OPT)" \
    --builddir="$(CURDIR)/$(1)" $(2) > $(CURDIR)/$(1).log 2>&1 \
|| { tail -n 30 $(CURDIR)/$(1).log >&2; rm -f "$(CURDIR)/$@"; exit 1; }
endef

# $(call build,FOLDER,TARGET): with what was configured there
build = $(MAKE) --no-print-directory $(if $(V),,-s) -C $(TREE) \
    -f $(CURDIR)/$(1)/Makefile $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS)) \
    $(2)

$(OBJS)/Makefile: $(TREE)/configure config
	$(call configure,$(OBJS),--add-dynamic-module="$(CURDIR)")

$(MODULE): $(OBJS)/Makefile $(SOURCES)
	@echo "building $@"
	@+$(call build,$(OBJS),modules)
	@cp $(OBJS)/$(NAME).so $@.new && mv -f $@.new $@

# The module as a part of nginx

$(STATIC_OBJS)/Makefile: $(TREE)/configure config
	$(call configure,$(STATIC_OBJS),--add-module="$(CURDIR)")

$(STATIC): $(STATIC_OBJS)/Makefile $(SOURCES)
	@echo "building $@"
	@+$(call build,$(STATIC_OBJS),binary)
	@cp $(STATIC_OBJS)/nginx $@.new && mv -f $@.new $@

install: $(MODULE) $(DAEMON)
	@path=$$("$(NGINX)" -V 2>&1 | \
	    sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p'); \
	path="$(DESTDIR)$${path:-/usr/lib/nginx/modules}"; \
	install -D -m 644 $(MODULE) "$$path/$(NAME).so" && \
	echo "installed $$path/$(NAME).so"
	@install -D -m 755 $(DAEMON) "$(DESTDIR)/usr/sbin/aime-mediad" && \
	echo "installed $(DESTDIR)/usr/sbin/aime-mediad"
	@install -D -m 644 media/aime-mediad.8 \
	    "$(DESTDIR)/usr/local/share/man/man8/aime-mediad.8" && \
	echo "installed $(DESTDIR)/usr/local/share/man/man8/aime-mediad.8"
	@install -D -m 644 media/$(SERVICE) "$(DESTDIR)$(UNITS)/$(SERVICE)" && \
	echo "installed $(DESTDIR)$(UNITS)/$(SERVICE)"
	@for file in $$(cd ui && find * -type f); do \
	    install -D -m 644 "ui/$$file" "$(DESTDIR)$(UI)/$$file" || exit 1; \
	done; echo "installed $(DESTDIR)$(UI)/"


# The media daemon, which knows no nginx: it shares a few files of floor 0.

DAEMON_SRC := $(sort $(wildcard media/*.c)) src/aime_media_data.c \
              src/aime_media_name.c src/aime_media_rules.c src/aime_number.c
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
NGINX_INC := $(addprefix -I$(TREE)/src/,core event event/modules os/unix http \
             http/modules http/v2 http/v3) -I$(OBJS)

$(LOAD_OBJ): $(BUILD)/load/%.o: bench/%.c bench/load.h $(BUILD)/settings
	@mkdir -p $(@D)
	$(if $(V),,@)$(CC) $(CC_OPT) -std=gnu11 -Wall -Wextra -Werror -c -o $@ $<

$(LOAD): $(LOAD_OBJ)
	@echo "building $@"
	$(if $(V),,@)$(CC) $(CC_OPT) $(LD_OPT) -o $@.new $^ && mv -f $@.new $@

$(BENCH_MODULE): bench/ngx_http_bench_module.c $(OBJS)/Makefile
	@echo "building $@"
	$(if $(V),,@)$(CC) $(CC_OPT) $(LD_OPT) -fPIC -shared $(NGINX_INC) -Wall \
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

pictures:
	@$(AGAIN) deps
	@AIME_SHOTS=1 $(AGAIN) check T=t/ui_pictures.t

# The module as a part of nginx: a binary that is asked for no module.  MODULE
# is where the tests find the daemon.
test-static:
	@$(AGAIN) deps
	@src=$$(t/package/nginx $(BUILD)/static bookworm) && \
	    $(AGAIN) check-static NGINX_SRC="$$src" BUILD=$(BUILD)/static/build

check-static: $(STATIC) $(DAEMON)
	@$(STATIC) -V 2>&1 | head -n 1
	@$(PROVE_ENV) NGINX="$(CURDIR)/$(STATIC)" MODULE="$(CURDIR)/$(STATIC)" \
	    AIME_STATIC=1 $(PROVE) -It/lib $(PROVE_FLAGS) $(PORT_T)

# The nginx of Debian 13, which is built for that
test-newer:
	@$(AGAIN) deps
	@src=$$(t/package/nginx $(BUILD)/newer trixie --with-compat --with-debug \
	    --with-threads $(foreach m,ssl v2 v3 realip stub_status auth_request \
	    slice,--with-http_$(m)_module)) && "$$src/objs/nginx" -v && \
	$(AGAIN) check T="$(PORT_T)" BUILD=$(BUILD)/newer/build \
	    NGINX="$$src/objs/nginx" NGINX_SRC="$$src"

# Floors 0 to 2 and the daemon for another processor, compiled only.  What nginx
# has found out about this one holds there as well, as far as they look; headers
# of libraries that are the same everywhere come last.
ARM64     ?= aarch64-linux-gnu-
ARM64_SRC := $(wildcard src/aime_*.c src/aime_*.cpp src/ngx_aime_*.c media/*.c)
ARM64_OBJ := $(patsubst %,$(BUILD)/arm64/%.o,$(notdir $(ARM64_SRC)))
ARM64_CFLAGS := -O2 -W -Wall -Wpointer-arith -Wno-unused-parameter -Werror \
             -fPIC -Isrc $(addprefix -idirafter ,/usr/include \
             /usr/include/$(shell $(CC) -print-multiarch))

vpath %.cpp src

arm64:
	@$(AGAIN) deps TOOLS="gcc-aarch64-linux-gnu:$(ARM64)gcc \
	    g++-aarch64-linux-gnu:$(ARM64)g++"
	@$(AGAIN) arm64-only

arm64-only: $(ARM64_OBJ)
	@$(ARM64)readelf -h $(ARM64_OBJ) | sed -n 's/ *Machine: */all for /p' | \
	    sort -u
	@echo "$(words $(ARM64_OBJ)) files without a warning"

$(BUILD)/arm64/%.c.o: %.c $(OBJS)/Makefile
	@mkdir -p $(@D)
	$(if $(V),,@)$(ARM64)gcc $(ARM64_CFLAGS) -std=gnu11 \
	    $(if $(filter ngx_%,$(<F)),$(NGINX_INC)) -c -o $@ $<

$(BUILD)/arm64/%.cpp.o: %.cpp $(OBJS)/Makefile
	@mkdir -p $(@D)
	$(if $(V),,@)$(ARM64)g++ $(ARM64_CFLAGS) -std=c++17 -c -o $@ $<

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

bench-streams: all $(LOAD)
	@MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" \
	    LOAD="$(CURDIR)/$(LOAD)" bench/streams $(BENCH_FLAGS)

bench-scrape: all
	@MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" bench/scrape

bench-instructions: all
	@$(AGAIN) deps TOOLS=valgrind
	@MODULE="$(CURDIR)/$(MODULE)" NGINX="$(NGINX)" bench/instructions

# Packages and images, which are tried in a Debian of their own

RELEASE   ?= bookworm
ROOT       = $(BUILD)/$(RELEASE)

package:
	@$(AGAIN) deps PACKAGES="dpkg-dev debhelper lintian"
	@t/package/build $(BUILD)/package

package-test: package
	@$(AGAIN) deps PACKAGES="debootstrap iproute2"
	@t/package/root $(ROOT) $(RELEASE)
	@t/package/build $(BUILD)/package-$(RELEASE) $(ROOT)
	@t/package/deb $(BUILD)/package-$(RELEASE) $(ROOT)

image-test:
	@$(AGAIN) deps PACKAGES="buildah debootstrap iproute2 podman procps \
	    python3-yaml"
	@t/package/root $(BUILD)/bookworm bookworm
	@t/package/image $(BUILD)/image $(BUILD)/bookworm

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
	need openssl          command -v openssl; \
	need prometheus       command -v promtool; \
	if [ -n "$(BROWSER)" ]; then \
	    need $(BROWSER)   command -v $(BROWSER); \
	    need fonts-dejavu-core test -d /usr/share/fonts/truetype/dejavu; \
	    need nodejs       command -v node; \
	    need npm          command -v npm; \
	fi; \
	installed() { dpkg -s $$1 | grep -q 'ok installed'; }; \
	for package in $(PACKAGES); do \
	    need $$package installed $$package; done; \
	for tool in $(TOOLS); do \
	    need $${tool%:*} command -v $${tool#*:}; done; \
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
