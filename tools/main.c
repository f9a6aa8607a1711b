// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command table and its dispatch. Knows the commands' names and what they
 * live on; nothing of what they do.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "model/replay/curve.h"

/* What a command reads, for the list in the help. */
#define NEED_MODULE (1U << 0) /* nothing without mmscope.ko */
#define NEED_BPF    (1U << 1) /* nothing without BPF */
#define WANT_MODULE (1U << 2) /* mmscope.ko, else less from /proc */
#define NEED_STRING (1U << 3) /* a reference string, nothing of the kernel */

static const struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *summary;
	unsigned int needs;
} commands[] = {
	{"doctor", cmd_doctor, "what works here, and the fix for what does not", 0},
	{"walk", cmd_walk, "the page-table entry of every level for an address", WANT_MODULE},
	{"maps", cmd_maps, "what the tables hold, per mapping", WANT_MODULE},
	{"ranges", cmd_ranges, "neighbouring equal entries, merged", WANT_MODULE},
	{"census", cmd_census, "pages per combination of entry flags", NEED_MODULE},
	{"wss", cmd_wss, "working set: pages touched in a window of time", NEED_MODULE},
	{"faults", cmd_faults, "page faults by kind, with latency", NEED_BPF},
	{"tlb", cmd_tlb, "TLB flushes by reason and process, shootdowns", NEED_BPF},
	{"thp", cmd_thp, "huge pages: collapses, splits, cover by process", NEED_BPF},
	{"cow", cmd_cow, "what a fork costs: copied, reused, still shared", NEED_BPF},
	{"thrash", cmd_thrash, "does the memory suffice, and how much would", NEED_BPF},
	{"import", cmd_import, "makes a reference string of traces, or of a command", 0},
	{"export", cmd_export, "a reference string for others, or what it is", 0},
	{"replay", cmd_replay, "what other policies and sizes would have done", NEED_STRING},
	{"size", cmd_size, "how much memory is enough for a reference string", NEED_STRING},
	{"allot", cmd_allot, "how to divide memory among reference strings", NEED_STRING},
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *lives_on(const struct command *c)
{
	if (c->needs & NEED_MODULE)
		return "module";
	if (c->needs & NEED_BPF)
		return "BPF";
	if (c->needs & WANT_MODULE)
		return "module, /proc";
	if (c->needs & NEED_STRING)
		return "string";
	return "";
}

static int print_help(void)
{
	const struct command *c;

	printf("Usage: mmscope COMMAND [OPTION]... [ARGUMENT]...\n"
	       "       mmscope help [COMMAND]\n"
	       "       mmscope --version\n"
	       "\n"
	       "Shows what the MMU sees of live processes.\n"
	       "\n"
	       "  %-8s%-54s%s\n",
	       "COMMAND", "SHOWS", "READS");
	for (c = commands; c < commands + NR_COMMANDS; c++)
		printf("  %-8s%-54s%s\n", c->name, c->summary, lives_on(c));
	printf("\n'mmscope COMMAND -h' shows options and examples, 'man mmscope-COMMAND' all of it.\n"
	       "Exit status: 0 ok; 1 failed; 2 bad usage; 3 something needed is missing.\n");
	if (fflush(stdout))
		return err_output(-errno);
	return EXIT_OK;
}

static const struct command *find_command(const char *name)
{
	const struct command *c;

	for (c = commands; c < commands + NR_COMMANDS; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static int unknown_command(const char *name)
{
	if (name[0] == '-')
		return err_usage(NULL, "unknown option '%s'", name);
	return err_usage(NULL, "unknown command '%s'", name);
}

static int help(int argc, char **argv)
{
	char dash_h[] = "-h";
	char *help_argv[] = {argv[1], dash_h, NULL};
	const struct command *c;

	if (argc > 2)
		return err_usage(NULL, "help takes one command");
	if (argc < 2)
		return print_help();
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1]);
	return c->fn(2, help_argv);
}

static int run(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2)
		return err_usage(NULL, "no command given");
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return print_help();
	if (!strcmp(argv[1], "help"))
		return help(argc - 1, argv + 1);
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		printf("mmscope %s\n", MMSCOPE_VERSION);
		return fflush(stdout) ? err_output(-errno) : EXIT_OK;
	}
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1]);
	return c->fn(argc - 1, argv + 1);
}

static void ignore(int sig)
{
}

/* What is closed would be the number of the next file, and that would get what is said. */
static void fill_gaps(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	/*
	 * A closed pipe must end us by way of EPIPE, so that what was set in the
	 * kernel is undone. A handler rather than SIG_IGN: exec resets it, so that
	 * "faults -- COMMAND" does not pass it on. So must a limit on the size of files.
	 */
	struct sigaction sa = {.sa_handler = ignore, .sa_flags = SA_RESTART};

	fill_gaps();
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL);
	mms_simd_use_named(getenv("MMSCOPE_SIMD")); /* for tests and benchmarks */
	return run(argc, argv);
}
