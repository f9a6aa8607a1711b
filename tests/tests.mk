# SPDX-License-Identifier: GPL-2.0-only
# Everything that tests. `make check-unit` needs no root; `make check` does all
# the set-up and runs the guests.

CPPFLAGS_UNIT := -D_GNU_SOURCE -DMMSCOPE_VERSION='"test"' -Itools -Ibpf -iquote bpf -iquote module -Itests/unit \
	-isystem module/include/uapi
SAN_UNIT := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT	:= $(UNIT_SRC:tests/unit/%.c=$(O)/unit/%)
# The pure parts: no kernel, no I/O. Each unit test links against all of them.
PURE_SRC := $(wildcard module/entry_x86.c module/errcode.c module/cow_rule.c module/range.c module/census.c module/region.c module/record.c module/tables.c tools/model/*.c tools/model/*/*.c \
	tools/collect/module_text*.c tools/render/*.c tools/util/*.c)
PURE_OBJ := $(PURE_SRC:%.c=$(O)/unit/obj/%.o)
# The parts that name addresses: no BPF, and /proc as it is on the host.
SYMBOL_OBJ := $(patsubst %,$(O)/unit/obj/tools/collect/%.o,elfsyms jitmap kallsyms keyed lives lives_proc mapped_file mmaps names perf_rings proc symbols symtab)
WORKLOADS := $(patsubst tests/workloads/%.c,$(O)/workloads/%,$(wildcard tests/workloads/*.c)) \
	$(patsubst tests/bench/%.c,$(O)/workloads/%,$(filter-out tests/bench/replay.c,$(wildcard tests/bench/*.c)))
STRESS	:= $(patsubst tests/stress/%.c,$(O)/workloads/%,$(wildcard tests/stress/*.c)) $(O)/workloads/fuzz $(O)/workloads/strain

$(O)/unit/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_UNIT) -O1 -g $(WARN) $(SAN_UNIT) -MMD -MP -c $< -o $@

$(O)/unit/test_symbols $(O)/unit/test_lives $(O)/unit/test_proc: $(SYMBOL_OBJ)
$(O)/unit/test_symbols $(O)/unit/test_lives $(O)/unit/test_proc: LIBS_UNIT := -ldw -lelf
# It has two of them in itself.
$(O)/unit/test_perf_records: $(filter-out %/mmaps.o %/perf_rings.o %/symbols.o,$(SYMBOL_OBJ))
$(O)/unit/test_perf_records: LIBS_UNIT := -ldw -lelf
# It counts allocations by what the sanitizer has for that.
$(O)/unit/test_rename: private LIBS_UNIT := -fsanitize=address
$(O)/unit/test_thp_rows: $(patsubst %,$(O)/unit/obj/tools/%.o,cmd/thp_rows collect/cover collect/keyed)
$(O)/unit/test_thp_rows: LIBS_UNIT := -Wl,--wrap=fopen
$(O)/unit/test_kin: LIBS_UNIT := -Wl,--wrap=fopen
$(O)/unit/test_jitmap: $(patsubst %,$(O)/unit/obj/tools/collect/%.o,jitmap symtab)
$(O)/unit/test_jitmap: LIBS_UNIT := -Wl,--wrap=fopen,--wrap=clock_gettime
$(O)/unit/test_calls: $(O)/unit/obj/tools/collect/symtab.o
$(O)/unit/test_calls: LIBS_UNIT := -ldw -lelf
$(O)/unit/test_event_rows: $(O)/unit/obj/tools/cmd/faults_event_rows.o
$(O)/unit/test_bill: $(O)/unit/obj/tools/collect/bpf_bill.o
$(O)/unit/test_bill: LIBS_UNIT := -Wl,--wrap=usleep,--wrap=clock_gettime
$(O)/unit/test_segments: $(patsubst %,$(O)/unit/obj/tools/collect/%.o,proc_segments keyed)
$(O)/unit/test_keyed: $(patsubst %,$(O)/unit/obj/tools/collect/%.o,keyed psi)
$(O)/unit/test_cgroup: $(patsubst %,$(O)/unit/obj/tools/collect/%.o,cgroup keyed)
$(O)/unit/test_smaps: $(patsubst %,$(O)/unit/obj/tools/collect/%.o,proc proc_segments keyed)
$(O)/unit/test_keyed $(O)/unit/test_cgroup $(O)/unit/test_smaps: LIBS_UNIT := -Wl,--wrap=fopen
$(O)/unit/test_cgroup: LIBS_UNIT += -Wl,--wrap=statfs,--wrap=open_by_handle_at
$(O)/unit/test_proc_files $(O)/unit/test_share: $(patsubst %,$(O)/unit/obj/tools/collect/%.o,keyed proc)
$(O)/unit/test_proc_files $(O)/unit/test_share: LIBS_UNIT := -Wl,--wrap=fopen
# Allocations of the program's own code that fail (failing.h).
FAILING	:= -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=strndup,--wrap=asprintf \
	-Wl,--wrap=getline,--wrap=__getdelim
$(O)/unit/test_no_memory: $(SYMBOL_OBJ) $(patsubst %,$(O)/unit/obj/tools/collect/%.o,cgroup proc_segments psi)
$(O)/unit/test_no_memory: LIBS_UNIT := -Wl,--wrap=fopen $(FAILING) -ldw -lelf
# The file of a reference string, and what is made into one.
STORE_OBJ := $(patsubst %.c,$(O)/unit/obj/%.o,$(wildcard tools/store/refs_*.c) tools/store/new_file.c)
$(O)/unit/test_refs_file $(O)/unit/test_refs_forged: $(STORE_OBJ)
IMPORT_OBJ := $(patsubst %.c,$(O)/unit/obj/%.o,$(wildcard tools/collect/import*.c))
$(O)/unit/test_import: $(IMPORT_OBJ)
$(O)/unit/test_refs_file $(O)/unit/test_refs_forged $(O)/unit/test_import: LIBS_UNIT := -lzstd -lz
$(O)/unit/test_refs_file: LIBS_UNIT += -Wl,--wrap=fsync,--wrap=geteuid
$(O)/unit/test_replay_sizes: $(patsubst %,$(O)/unit/obj/tools/%.o,cmd/replay_sizes cmd/memory collect/cgroup collect/keyed)
$(O)/unit/test_replay_sizes: LIBS_UNIT := -Wl,--wrap=fopen,--wrap=realloc
$(O)/unit/obj/tools/cmd/memory.o: SAN_UNIT += -fsanitize=float-cast-overflow
$(O)/unit/test_watch $(O)/unit/test_command: $(patsubst %,$(O)/unit/obj/tools/%.o,cmd/watch collect/command collect/cgroup collect/keyed collect/switches)
$(O)/unit/%: tests/unit/%.c $(PURE_OBJ)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_UNIT) -O1 -g $(WARN) $(SAN_UNIT) -MMD -MP $(filter tests/unit/%.c %.o,$^) -lcmocka -ljansson -lm $(LIBS_UNIT) -o $@

-include $(wildcard $(O)/unit/obj/*/*/*.d $(O)/unit/obj/*/*/*/*.d $(O)/unit/obj/*/*.d) $(UNIT:%=%.d)

# Static: they run in any guest.
$(O)/workloads/%: tests/workloads/%.c tests/workloads/expect.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -Wall -Wextra -Werror -static -pthread $< -o $@

$(O)/workloads/%: tests/stress/%.c tests/stress/args.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -Wall -Wextra -Werror -static -pthread $< -o $@

$(O)/workloads/fuzz $(O)/workloads/strain: $(O)/workloads/%: $(wildcard tests/stress/fuzz/*.[ch] tests/stress/strain/*.[ch]) tests/stress/args.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -Wall -Wextra -Werror -static -pthread $(filter tests/stress/$*/%.c,$^) -o $@

# Calls the module's kfunc; with the libraries that every guest has.
$(O)/kfunc/kfunc.bpf.o: tests/kfunc/kfunc.bpf.c tests/kfunc/kfunc.h module/include/uapi/linux/mmscope.h
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Wall -Werror \
		-Imodule/include/uapi -idirafter /usr/include/x86_64-linux-gnu -c $< -o $@

$(O)/kfunc/kfunc.skel.h: $(O)/kfunc/kfunc.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name kfunc_bpf > $@

$(O)/workloads/kfunc: tests/kfunc/kfunc.c $(O)/kfunc/kfunc.skel.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -Wall -Wextra -Werror -Imodule/include/uapi -Itests/kfunc -I$(O)/kfunc $< -o $@ -lbpf

# Programs whose functions are known: a PIE with a shared object, and two static ones, not PIE, whose
# functions have the same addresses and other names.
STACKS	:= $(addprefix $(O)/workloads/,stacks stacks-first stacks-second)
STACKS_CFLAGS := -O2 -g -Wall -Wextra -Werror -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls
$(O)/workloads/libmmsstacks.so: tests/workloads/stacks/lib.c tests/workloads/stacks/stacks.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STACKS_CFLAGS) -fPIC -shared -Wl,-soname,$(@F) $< -o $@

$(O)/workloads/stacks: tests/workloads/stacks/stacks.c $(O)/workloads/libmmsstacks.so
	$(call say,CC,$@)
	$(Q)$(CC) $(STACKS_CFLAGS) -fPIE -pie $^ -Wl,-rpath,'$$ORIGIN' -o $@

$(O)/workloads/stacks-%: tests/workloads/stacks/stacks.c tests/workloads/stacks/lib.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STACKS_CFLAGS) -DPREFIX=$*_ -static -no-pie $^ -o $@

# The tool's own counters of hardware events, on events that a guest has.
$(O)/workloads/pmu: tests/pmu/pmu.c tools/collect/pmu.c tools/util/args.c tools/collect/pmu.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -static -Itools $(filter %.c,$^) -o $@

# What the command line does not show: linked with the tool's own objects.
$(O)/workloads/faultapi: tests/bpf/faultapi.c $(filter-out $(O)/tools/main.o $(O)/tools/cmd/%,$(TOOL_OBJ))
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_TOOL) $(CFLAGS) $(WARN) $^ $(LIBS) -o $@

.PHONY: workloads
workloads: $(WORKLOADS) $(STRESS) $(STACKS) $(O)/workloads/kfunc $(O)/workloads/pmu $(O)/workloads/faultapi

# libFuzzer: FUZZ_TIME seconds each, from the corpus; what it finds is left in build/fuzz. A fuzzer is
# linked with the tool's own objects that it fuzzes.
FUZZ	:= $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TIME ?= 600
FUZZ_SAN := address,undefined,float-cast-overflow
FUZZ_CFLAGS := -O1 -g -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-string-concatenation -fno-sanitize-recover=all
fuzz-objects = $(patsubst %.c,$(O)/fuzz/obj/%.o,$(wildcard $(1)))
$(O)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS_UNIT) -Itests/fuzz $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,$(FUZZ_SAN) -MMD -MP -c $< -o $@

$(O)/fuzz/fuzz_refs: $(call fuzz-objects,tools/store/refs_*.c tools/store/new_file.c)
$(O)/fuzz/fuzz_import: $(call fuzz-objects,tools/collect/import*.c)
$(O)/fuzz/fuzz_refs $(O)/fuzz/fuzz_import: LIBS_FUZZ := -lzstd -lz
$(O)/fuzz/fuzz_module: $(call fuzz-objects,tools/collect/module_text*.c tools/model/table.c tools/model/vma.c tools/util/args.c)
FUZZ_PROC := $(patsubst %,tools/collect/%.c,proc proc_pagemap proc_segments share lives lives_proc mapped_file keyed module_text module_text_walk) \
	tools/model/table.c tools/model/vma.c tools/util/args.c tests/fuzz/paths.c
$(O)/fuzz/fuzz_proc: $(call fuzz-objects,$(FUZZ_PROC))
$(O)/fuzz/fuzz_proc $(O)/fuzz/fuzz_keyed $(O)/fuzz/fuzz_records: LIBS_FUZZ := -Wl,--wrap=fopen,--wrap=open
FUZZ_KEYED := $(patsubst %,tools/collect/%.c,keyed cgroup psi cover module proc module_text module_text_walk) tools/model/table.c \
	tools/model/vma.c tools/util/args.c tests/fuzz/paths.c
$(O)/fuzz/fuzz_keyed: $(call fuzz-objects,$(FUZZ_KEYED))
$(O)/fuzz/fuzz_keyed: LIBS_FUZZ += -lbpf
FUZZ_RECORDS := $(patsubst %,tools/collect/%.c,lives lives_proc mapped_file proc keyed module_text module_text_walk) tools/model/table.c \
	tools/model/vma.c tools/model/wss.c tools/model/prefetch.c tools/util/args.c module/record.c module/entry_x86.c \
	tests/fuzz/paths.c
$(O)/fuzz/fuzz_records: $(call fuzz-objects,$(FUZZ_RECORDS))
FUZZ_SYMBOLS := $(patsubst %,tools/collect/%.c,elfsyms jitmap kallsyms symtab) tests/fuzz/paths.c
$(O)/fuzz/fuzz_symbols: $(call fuzz-objects,$(FUZZ_SYMBOLS))
$(O)/fuzz/fuzz_symbols: LIBS_FUZZ := -Wl,--wrap=fopen,--wrap=open -ldw -lelf
# Of the policies only the names are asked for: they are as the tool has them.
FUZZ_LISTS := $(patsubst %,tools/cmd/%.c,memory replay_sizes replay_policies size_opts) tools/util/*.c tools/model/replay/policies.c \
	tools/collect/cgroup.c tools/collect/keyed.c
$(O)/fuzz/fuzz_lists: $(call fuzz-objects,$(FUZZ_LISTS)) \
	$(filter-out %/policies.o,$(patsubst %.c,$(O)/%.o,$(wildcard tools/model/replay/*.c tools/render/*.c)))
$(O)/fuzz/fuzz_lists: LIBS_FUZZ := -lm
$(O)/fuzz/obj/tools/cmd/replay_sizes.o: FUZZ_CFLAGS += -DMAX_SIZES=4096U
# What reads arguments is fuzzed; where commands begin to work they are the tool's own, and not reached.
FUZZ_ARGS := $(patsubst %,tools/cmd/%.c,allot census cow export faults_opts import maps memory ranges replay replay_policies \
	replay_sizes replay_text size size_opts target thp thrash tlb walk watch wss) tools/util/*.c tools/model/replay/policies.c
WRAP_ARGS := watch_begin target_check target_open target_open_module mms_strains_open mms_cgroup_find mms_refs_open \
	replay_string_open size_measure allot_open import_run fopen sigaction
$(O)/fuzz/fuzz_args: $(call fuzz-objects,$(FUZZ_ARGS)) \
	$(filter-out $(O)/tools/main.o $(patsubst %.c,$(O)/%.o,$(wildcard $(FUZZ_ARGS))),$(TOOL_OBJ))
$(O)/fuzz/fuzz_args: LIBS_FUZZ := $(WRAP_ARGS:%=-Wl,--wrap=%) $(LIBS)
$(O)/fuzz/%: $(O)/fuzz/obj/tests/fuzz/%.o
	$(call say,CC,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,$(FUZZ_SAN) $(filter %.o,$^) $(LIBS_FUZZ) -o $@

-include $(wildcard $(O)/fuzz/obj/*/*/*.d $(O)/fuzz/obj/*/*/*/*.d $(O)/fuzz/obj/*/*.d)

.PHONY: fuzz
fuzz: ## libFuzzer on all that the tool reads; FUZZ_TIME=SECONDS each (600)
	$(Q)CLANG=$(CLANG) tests/fuzz/able
	$(Q)$(MAKE) --no-print-directory $(FUZZ)
	$(Q)CLANG=$(CLANG) tests/fuzz/run $(O) $(FUZZ_TIME)

# Lines and branches that the tests of the host reach, in a build of its own without sanitizers. GUEST=1:
# those in guests, too.
COUNTING := --coverage -fprofile-update=atomic -O1 -w
.PHONY: coverage coverage-build
ifneq ($(origin GUEST),command line)
GUEST :=
endif
coverage-build: tool $(UNIT)
coverage: bpf $(if $(filter 1,$(GUEST)),tool workloads) ## lines and branches that tests reach; GUEST=1 also in guests: an hour or two, as root
	$(Q)mkdir -p $(O)/coverage && cp -au $(O)/bpf $(O)/coverage/
	$(Q)$(CC) -O1 -Wall -Wextra -Werror -c tests/coverage/end.c -o $(O)/coverage/end.o
	$(Q)$(MAKE) --no-print-directory O=$(O)/coverage CFLAGS="-g $(COUNTING)" SAN_UNIT="$(COUNTING)" \
		LDFLAGS=$(O)/coverage/end.o coverage-build
	$(Q)tests/coverage/run $(O) $(if $(filter 1,$(GUEST)),guests)

# Programs that read the sources: several minutes. STATIC="sparse tidy" runs some of them.
.PHONY: static pure-files
static: bpf ## sparse, clang, gcc -fanalyzer, cppcheck: minutes; STATIC="sparse ..." runs some
	$(Q)tests/static/run $(O) $(STATIC)
pure-files:
	@echo $(PURE_SRC)

setup: ## installs what tests need, as root
	$(Q)tests/setup

# Not every clang has libFuzzer: tests/fuzz/run tells, and tests/skips has whether that is allowed.
check-unit: $(UNIT) tool ## unit tests and those of the command line: minutes, no root
	$(Q)! CLANG=$(CLANG) tests/fuzz/able > /dev/null || $(MAKE) --no-print-directory $(FUZZ)
	$(Q)CLANG=$(CLANG) tests/run-unit $(O)

check-vm: tool workloads ## rows of tests/matrix in guests, without the rest of check, as root
	$(Q)tests/run-guests $(O)

check: ## all that a change has to pass: less than an hour, as root
	$(Q)tests/setup
	$(Q)tests/check $(O)

# Kernels that check themselves: hours. DEEP="kasan-module ..." takes some rows only.
check-deep: ## on kernels that check themselves: hours, as root; DEEP="ROW ..." runs some rows of tests/matrix-deep
	$(Q)tests/setup
	$(Q)$(MAKE) --no-print-directory tool workloads
	$(Q)tests/check-deep $(O) $(DEEP)

# One of them, or all: half an hour of a processor each, once; goes on where it was interrupted.
# Not what happens to be called KERNEL in the environment.
ifneq ($(origin KERNEL),command line)
KERNEL := kasan lockdep kcsan newest-kasan
endif
debug-kernel: ## builds kernels that check themselves ($(KERNEL)), half an hour each, as root; KERNEL=NAME builds one
	$(Q)tests/setup
	$(Q)tests/vm/fetch -b $(KERNEL)

demo: ## sqlite3 and redis-server in a disposable guest, as root
	$(Q)tests/setup
	$(Q)$(MAKE) --no-print-directory tool
	$(Q)tests/demo/run

bench: ## instructions beside pagemap, smaps, bpftrace, perf and bcc, in a guest, as root
	$(Q)tests/setup
	$(Q)$(MAKE) --no-print-directory tool workloads
	$(Q)tests/bench/run

# On this machine, without a guest: CPU time of one thread.
$(O)/bench/replay: tests/bench/replay.c $(filter-out $(O)/tools/main.o $(O)/tools/cmd/%,$(TOOL_OBJ))
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_TOOL) $(CFLAGS) $(WARN) $^ $(LIBS) -o $@

bench-replay: tool $(O)/bench/replay ## policies and curves of the replay lab on this machine
	$(Q)tests/replay/strings $(O)/mmscope $(O)/bench 100000000 cc1 python3
	$(Q)$(O)/bench/replay -d $(O)/bench $(O)/bench/*.refs

lint: ## layers, format, shell, Python, spelling
	$(Q)tests/lint/run

$(O)/workloads/%: tests/bench/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -Wall -Wextra -Werror -static -isystem module/include/uapi $< -o $@
