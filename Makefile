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

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo 0.1)

CPPFLAGS_TOOL := -D_GNU_SOURCE -include tools/poison.h -DMMSCOPE_VERSION='"$(VERSION)"' -Itools -Ibpf -I$(O)/bpf \
	-isystem module/include/uapi
CFLAGS	?= -O2 -g
WARN	:= -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes \
	-Wstrict-prototypes -Wshadow -Wvla -Wpointer-arith -Wformat=2
LIBS	:= -lbpf -lelf -lz -ljansson -lm

TOOL_SRC := $(wildcard tools/*.c tools/*/*.c)
TOOL_OBJ := $(TOOL_SRC:%.c=$(O)/%.o)
BPF_SRC	:= $(wildcard bpf/*.bpf.c)
SKELS	:= $(BPF_SRC:bpf/%.bpf.c=$(O)/bpf/%.skel.h)
MAN	:= $(wildcard Documentation/man/*.8)

.SECONDARY:
.PHONY: all tool bpf module install uninstall clean check check-unit check-vm demo lint bench setup
all: tool module
tool: $(O)/mmscope
bpf: $(SKELS)

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
$(O)/%.o: %.c | $(SKELS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_TOOL) $(CFLAGS) $(WARN) $(SAN) -MMD -MP -c $< -o $@

$(O)/mmscope: $(TOOL_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) $^ $(LIBS) -o $@

# --- the module ---------------------------------------------------------------
module:
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR) modules

install: tool
	install -D -m 0755 $(O)/mmscope $(DESTDIR)$(PREFIX)/sbin/mmscope
	for m in $(MAN); do install -D -m 0644 $$m $(DESTDIR)$(PREFIX)/share/man/man8/$${m##*/} || exit 1; done
	if [ -f module/mmscope.ko ]; then \
		$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) modules_install; \
	fi

clean:
	rm -rf $(O)
	-[ ! -d $(KDIR) ] || $(MAKE) -s -C $(KDIR) M=$(CURDIR) clean

-include $(TOOL_OBJ:.o=.d)
-include tests/tests.mk
