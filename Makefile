# SPDX-License-Identifier: GPL-2.0-only
# mmscope: `make` builds the tool, the BPF objects and the module for the
# running kernel; `sudo make demo` and `sudo make check` do all their own set-up.

.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

V ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

PREFIX	?= /usr/local
DESTDIR	?=
KDIR	?= /lib/modules/$(shell uname -r)/build
O	?= build
CC	?= gcc
CLANG	?= clang
BPFTOOL	?= $(shell command -v bpftool 2>/dev/null || echo /usr/sbin/bpftool)
PKG_CONFIG ?= pkg-config
SAN	?=

# The module's Kbuild has the release. A checkout says more exactly what was built.
RELEASE := $(shell sed -n 's/^mms-release := //p' module/Kbuild)
VERSION := $(RELEASE)$(shell git describe --always --dirty --exclude='*' 2>/dev/null | sed 's/^/-g/')
# Only asked when something is installed.
KREL	= $(shell $(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease 2>/dev/null)

CPPFLAGS_TOOL := -D_GNU_SOURCE -include tools/poison.h -DMMSCOPE_VERSION='"$(VERSION)"' \
	-DMMSCOPE_RELEASE='"$(RELEASE)"' -Itools -Ibpf -I$(O)/bpf \
	-isystem module/include/uapi
CFLAGS	?= -O2 -g
WARN	:= -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes \
	-Wstrict-prototypes -Wshadow -Wvla -Wpointer-arith -Wformat=2
LIBS	:= -lbpf -ldw -lelf -lzstd -lz -lm

TOOL_SRC := $(wildcard tools/*.c tools/*/*.c tools/*/*/*.c)
TOOL_OBJ := $(TOOL_SRC:%.c=$(O)/%.o)
BPF_SRC	:= $(wildcard bpf/*.bpf.c)
SKELS	:= $(BPF_SRC:bpf/%.bpf.c=$(O)/bpf/%.skel.h)
MAN	:= $(wildcard Documentation/man/*.8)

.SECONDARY:
.PHONY: FORCE help all tool bpf module install uninstall clean check check-unit check-vm check-deep debug-kernel demo lint bench bench-replay setup
all: tool module ## the tool, and the module for the running kernel
tool: $(O)/mmscope ## the tool: build/mmscope
bpf: $(SKELS)

help: ## this list
	@awk -F ' ## ' '/^[a-z-]+:.* ## / { sub(/:.*/, "", $$1); sub(/\$$\(KERNEL\)/, "$(KERNEL)", $$2); printf "  make %-14s %s\n", $$1, $$2 }' Makefile tests/tests.mk

# --- BPF objects: one build for all kernels -------------------------------
$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h)
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Wall -Werror \
		-Wno-missing-declarations -Wno-visibility -Ibpf -c $< -o $@.tmp
	$(Q)$(BPFTOOL) gen object $@ $@.tmp && rm -f $@.tmp

$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$(subst -,_,$*))_bpf > $@

# --- the tool ---------------------------------------------------------------
# Written only when it changes, so that a new commit rebuilds who tells it and no more.
$(O)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@
FORCE:
$(O)/tools/main.o: $(O)/version
$(O)/tools/collect/features.o: module/Kbuild

$(O)/%.o: %.c | $(SKELS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_TOOL) $(CFLAGS) $(WARN) $(SAN) -MMD -MP -c $< -o $@

$(O)/mmscope: $(TOOL_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) $^ $(LIBS) -o $@

# --- the module ---------------------------------------------------------------
module: ## the module: module/mmscope.ko; KDIR=DIR for another kernel
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR) modules

SBIN	:= $(DESTDIR)$(PREFIX)/sbin
MAN8	:= $(DESTDIR)$(PREFIX)/share/man/man8
COMPLETE := $(DESTDIR)$(PREFIX)/share/bash-completion/completions

# depmod here: kbuild leaves it out where the kernel's headers have no System.map.
install: tool ## tool, man pages, completion and the module if it is built; PREFIX, DESTDIR
	install -D -m 0755 $(O)/mmscope $(SBIN)/mmscope
	install -D -m 0644 -t $(MAN8) $(MAN)
	install -D -m 0644 tools/completion/mmscope $(COMPLETE)/mmscope
	@if [ ! -f module/mmscope.ko ]; then \
		echo "module/mmscope.ko is not built: the tool is installed without it (make module)"; \
	else \
		$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) modules_install && \
		{ [ -n "$(DESTDIR)" ] || PATH="$$PATH:/usr/sbin:/sbin" depmod "$(KREL)"; }; \
	fi

uninstall: ## what install has put there
	rm -f $(SBIN)/mmscope $(COMPLETE)/mmscope $(MAN:Documentation/man/%=$(MAN8)/%)
	@krel="$(KREL)"; lib="$(DESTDIR)/lib/modules/$$krel"; [ -n "$$krel" ] || exit 0; \
	for dir in "$$lib/updates" "$$lib/extra"; do \
		[ ! -d "$$dir" ] || find "$$dir" -name 'mmscope.ko*' -print -delete; \
	done; \
	[ -n "$(DESTDIR)" ] || PATH="$$PATH:/usr/sbin:/sbin" depmod "$$krel"

clean: ## what was built
	rm -rf $(O)
	-[ ! -d $(KDIR) ] || $(MAKE) -s -C $(KDIR) M=$(CURDIR) clean

-include $(TOOL_OBJ:.o=.d)
-include tests/tests.mk
