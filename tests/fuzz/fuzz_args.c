// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command lines, on anything: the first byte is the command, the lines of the rest are its
 * arguments. They go through the commands' own tables and checks; where a command would begin to
 * work it ends.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "cmd/allot.h"
#include "cmd/import.h"
#include "cmd/replay.h"
#include "cmd/size.h"
#include "cmd/watch.h"
#include "collect/cgroup.h"
#include "collect/strain.h"
#include "fuzz_file.h"
#include "store/refs_file.h"

#define MAX_ARGS 30

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool parsing;

/* Where work begins, and what would leave traces. Linked with --wrap. */
int __wrap_watch_begin(struct watch *w);
int __wrap_target_check(pid_t pid);
int __wrap_target_open(pid_t pid, bool no_module, void **t, const char **why);
int __wrap_target_open_module(pid_t pid, const char *what, void **t);
int __wrap_mms_strains_open(struct mms_strains **s, const struct mms_strains_opts *opts,
			    const char **why);
int __wrap_mms_cgroup_find(const char *name, char **dir, const char **why);
int __wrap_mms_refs_open(struct mms_refs_reader **r, const char *path, const char **why);
int __wrap_replay_string_open(struct replay_string *s, const struct replay_opts *opts);
int __real_replay_string_open(struct replay_string *s, const struct replay_opts *opts);
int __wrap_size_measure(struct size_opts *opts);
int __wrap_allot_open(struct allot_data *d, struct allot_opts *opts);
int __wrap_import_run(const struct import_args *a);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);
int __wrap_sigaction(int sig, const struct sigaction *sa, struct sigaction *old);
int __real_sigaction(int sig, const struct sigaction *sa, struct sigaction *old);

int __wrap_watch_begin(struct watch *w)
{
	MUST(!w->pid || w->pid > 0);
	w->command = NULL;
	w->pidfd = -1;
	sigemptyset(&w->mask);
	return EXIT_FAILED;
}

int __wrap_target_check(pid_t pid)
{
	MUST(pid > 0);
	return EXIT_FAILED;
}

int __wrap_target_open(pid_t pid, bool no_module, void **t, const char **why)
{
	MUST(pid > 0);
	*t = NULL;
	return EXIT_FAILED;
}

int __wrap_target_open_module(pid_t pid, const char *what, void **t)
{
	MUST(pid > 0);
	*t = NULL;
	return EXIT_FAILED;
}

int __wrap_mms_strains_open(struct mms_strains **s, const struct mms_strains_opts *opts,
			    const char **why)
{
	*why = "fuzzed";
	return -EPERM;
}

/* There is each that has a name. */
int __wrap_mms_cgroup_find(const char *name, char **dir, const char **why)
{
	*why = "its name is empty";
	*dir = *name ? strdup("/") : NULL;
	return *name ? 0 : -EINVAL;
}

int __wrap_mms_refs_open(struct mms_refs_reader **r, const char *path, const char **why)
{
	*r = NULL;
	*why = "fuzzed";
	return -ENOENT;
}

int __wrap_replay_string_open(struct replay_string *s, const struct replay_opts *opts)
{
	int ret = __real_replay_string_open(s, opts);

	MUST(opts->nr_policies || opts->curves);
	replay_string_close(s);
	memset(s, 0, sizeof(*s));
	return ret ? ret : EXIT_FAILED;
}

int __wrap_size_measure(struct size_opts *opts)
{
	MUST(opts->path && opts->nr_goals <= SIZE_GOALS);
	return EXIT_FAILED;
}

int __wrap_allot_open(struct allot_data *d, struct allot_opts *opts)
{
	MUST(opts->nr_paths && opts->nr_paths <= ALLOT_MAX_PROCS && opts->rules);
	return EXIT_FAILED;
}

int __wrap_import_run(const struct import_args *a)
{
	MUST(a->format && a->out && (a->nr_files || a->command));
	return EXIT_FAILED;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (!parsing || mode[0] == 'r')
		return __real_fopen(path, mode);
	errno = EACCES;
	return NULL;
}

int __wrap_sigaction(int sig, const struct sigaction *sa, struct sigaction *old)
{
	return parsing ? -1 : __real_sigaction(sig, sa, old);
}

/* What is wrong, and help, are told there. libFuzzer keeps the stderr that it had. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	stderr = __real_fopen("/dev/null", "we");
	stdout = __real_fopen("/dev/null", "we");
	MUST(stderr && stdout);
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(int argc, char **argv);
} commands[] = {
	{"walk", cmd_walk},	{"maps", cmd_maps},	{"ranges", cmd_ranges},
	{"census", cmd_census}, {"wss", cmd_wss},	{"faults", cmd_faults},
	{"tlb", cmd_tlb},	{"thp", cmd_thp},	{"cow", cmd_cow},
	{"thrash", cmd_thrash}, {"import", cmd_import}, {"export", cmd_export},
	{"replay", cmd_replay}, {"size", cmd_size},	{"allot", cmd_allot},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t command, argc = 1;
	char *argv[MAX_ARGS + 1], *text, *rest;
	int ret;

	if (!len)
		return 0;
	command = (uint8_t)(data[0] - 'a') % (sizeof(commands) / sizeof(commands[0]));
	text = rest = strndup((const char *)data + 1, len - 1);
	argv[0] = (char *)commands[command].name;
	while (argc < MAX_ARGS && *rest && (argv[argc] = strsep(&rest, "\n"))) {
		argc++;
		if (!rest)
			break;
	}
	argv[argc] = NULL;
	optind = 0; /* anew, with all that getopt remembers */
	parsing = true;
	ret = commands[command].fn((int)argc, argv);
	parsing = false;
	MUST(ret >= EXIT_OK && ret <= EXIT_MISSING);
	free(text);
	return 0;
}
