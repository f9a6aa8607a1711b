// SPDX-License-Identifier: GPL-2.0-only
/*
 * faultapi COUNT-OPTIONS [-- COMMAND]: counts faults through collect/bpf_fault.h and
 * prints what the functions give, one JSON object per line, for test_faultapi.py.
 * Without a COMMAND it says "ready" on stdout and counts until stdin ends; a line on
 * stdin gives a report in between. -x NAME: the kernel skips that program each time.
 *
 * faultapi blind: opens in each way, takes one program away at a time, and asks the
 * self-test what it says of that.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "collect/bpf_fault_impl.h"
#include "collect/command.h"

static const char *const kinds[] = {
#define NAME(id, name) name,
	MMS_FAULT_KINDS(NAME)
#undef NAME
		"any"};
static const char *const origins[] = {
#define NAME(id, name) name,
	MMS_FAULT_ORIGINS(NAME)
#undef NAME
};
static const char *const segments[] = {
#define NAME(id, name) name,
	MMS_SEGMENTS(NAME)
#undef NAME
};

static void print_stack(struct mms_faults *f, const char *key, int32_t id)
{
	uint64_t ips[MMS_FAULT_FRAMES];
	int i, nr = mms_faults_stack(f, id, ips, MMS_FAULT_FRAMES);

	printf(",\"%s\":[", key);
	for (i = 0; i < nr; i++)
		printf("%s%" PRIu64, i ? "," : "", ips[i]);
	printf("]");
}

static void print_count(struct mms_faults *f, const struct mms_fault_count *c, unsigned int by)
{
	printf("{\"what\":\"count\",\"pid\":%d,\"tid\":%d,\"comm\":\"%s\",\"kind\":\"%s\",\"origin\":\"%s\"",
	       c->tgid, c->tid, c->comm, kinds[c->kind], origins[c->origin]);
	printf(",\"nr\":%" PRIu64 ",\"minor\":%" PRIu64 ",\"major\":%" PRIu64
	       ",\"untimed\":%" PRIu64,
	       c->nr, c->nr_minor, c->nr_major, c->nr_untimed);
	printf(",\"ns\":%" PRIu64 ",\"max_ns\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"around\":%" PRIu64,
	       c->ns, c->max_ns, c->bytes, c->around);
	printf(",\"where\":%" PRIu64 ",\"dev\":%u", c->where, c->dev);
	if (c->has_place)
		printf(",\"segment\":\"%s\",\"start\":%llu,\"end\":%llu,\"ino\":%llu,\"name\":\"%s\"",
		       segments[c->place.segment], c->place.start, c->place.end, c->place.ino,
		       c->place.name);
	if (by & MMS_BY_USTACK)
		print_stack(f, "ustack", c->ustack);
	if (by & MMS_BY_KSTACK)
		print_stack(f, "kstack", c->kstack);
	printf("}\n");
}

static void print_event(const struct mms_fault_event *e, void *ctx)
{
	printf("{\"what\":\"event\",\"pid\":%u,\"tid\":%u,\"kind\":\"%s\",\"origin\":\"%s\",\"segment\":\"%s\"",
	       e->tgid, e->tid, kinds[e->kind], origins[e->origin], segments[e->segment]);
	printf(",\"addr\":%llu,\"bytes\":%llu,\"around\":%u,\"name\":\"%s\"}\n", e->addr, e->bytes,
	       e->around, e->name);
}

static void print_losses(struct mms_faults *f)
{
	struct mms_fault_losses l;

	if (mms_faults_losses(f, &l))
		exit(1);
	printf("{\"what\":\"losses\",\"attach\":\"%s\",\"seen\":%" PRIu64 ",\"stored\":%" PRIu64
	       ",\"filtered\":%" PRIu64 ",\"sampled_out\":%" PRIu64 ",\"dropped\":%" PRIu64,
	       mms_faults_attach_kind(f), l.seen, l.stored, l.filtered, l.sampled_out,
	       l.dropped_map_full + l.missed_entry);
	printf(",\"lost\":%" PRIu64 ",\"stack_lost\":%" PRIu64 ",\"events\":%" PRIu64
	       ",\"ring_full\":%" PRIu64 ",\"missed_probe\":%" PRIu64 "}\n",
	       l.missed_recursion + l.missed_return + l.missed_child + l.walk_failed, l.stack_lost,
	       l.events, l.dropped_ring_full, l.missed_probe);
}

static void print_rest(struct mms_faults *f)
{
	struct mms_fault_open *open;
	struct mms_bpf_cost cost = mms_faults_cost(f);
	uint64_t nr_inside, ns_inside;
	size_t i, nr;

	if (mms_faults_in_flight(f, &nr_inside, &ns_inside))
		exit(1);
	printf("{\"what\":\"cost\",\"runs\":%" PRIu64 ",\"run_ns\":%" PRIu64
	       ",\"map_bytes\":%" PRIu64 ",\"in_flight\":%" PRIu64 "}\n",
	       cost.runs, cost.run_ns, cost.map_bytes, nr_inside);
	if (mms_faults_open_list(f, &open, &nr))
		exit(1);
	for (i = 0; i < nr; i++)
		printf("{\"what\":\"open\",\"pid\":%d,\"tid\":%d,\"comm\":\"%s\",\"addr\":%" PRIu64
		       ",\"ns\":%" PRIu64 ",\"origin\":\"%s\",\"links\":%u}\n",
		       open[i].tgid, open[i].tid, open[i].comm, open[i].addr, open[i].ns,
		       origins[open[i].origin], open[i].links);
	free(open);
}

static void report(struct mms_faults *f, const struct mms_fault_opts *opts)
{
	struct mms_fault_count *c;
	size_t i, nr;

	while (opts->events && mms_faults_poll(f, 0, print_event, NULL) > 0)
		;
	if (mms_faults_read(f, &c, &nr))
		exit(1);
	for (i = 0; i < nr; i++)
		print_count(f, &c[i], opts->by);
	free(c);
	print_losses(f);
	print_rest(f);
	printf("{\"what\":\"end\"}\n");
	fflush(stdout);
}

static unsigned int by_name(char *names)
{
	static const char *const all[] = {"thread", "vma", "file", "swap", "ustack", "kstack"};
	unsigned int by = 0, i;
	char *name;

	while ((name = strsep(&names, ",")))
		for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			if (!strcmp(name, all[i]))
				by |= 1U << i;
	return by;
}

/* Takes away the @i-th program, or of those at handle_mm_fault(). Return: its name, or NULL. */
static const char *take_away(struct mms_faults *f, size_t i, bool ends)
{
	const char *name;

	if (ends)
		i += f->nr_links - (f->session_fd < 0 && !f->entry ? 2 : 0);
	if (i < f->nr_links) {
		name = f->links[i].program;
		bpf_link__destroy(f->links[i].link);
		memmove(&f->links[i], &f->links[i + 1], (--f->nr_links - i) * sizeof(f->links[0]));
		return name;
	}
	i -= f->nr_links;
	if (f->session_fd >= 0 && i == 0) {
		close(f->session_fd);
		f->session_fd = -1;
		return f->entry_program;
	}
	if (f->entry && i < 2) {
		mms_probe_close(i ? f->ret : f->entry);
		*(i ? &f->ret : &f->entry) = NULL;
		return i ? f->return_program : f->entry_program;
	}
	return NULL;
}

static void take_away_named(struct mms_faults *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->nr_links; i++)
		if (!strcmp(f->links[i].program, name)) {
			take_away(f, i, false);
			return;
		}
	exit(2);
}

static int observe(struct mms_fault_opts *opts, unsigned int period, const char *without,
		   char **command)
{
	struct mms_command cmd = {.go = -1};
	const char *why = NULL;
	struct mms_faults *f;
	struct rusage ru;
	sigset_t none;
	char line[64];
	int err, status = 0;

	sigemptyset(&none);
	if (*command) {
		if (mms_command_hold(&cmd, command, &none))
			return 1;
		opts->command = cmd.pid;
	}
	err = mms_faults_open(&f, opts, &why);
	if (err) {
		fprintf(stderr, "%s: %s\n", strerror(-err), why ? why : "");
		mms_command_drop(&cmd);
		return err == -EOPNOTSUPP ? 77 : 1;
	}
	if (without)
		take_away_named(f, without);
	if (period)
		mms_faults_throttle(f, period, true);
	if (*command) {
		mms_command_go(&cmd);
		while (!mms_command_ended(&cmd, &status, &ru))
			usleep(10000);
	} else {
		printf("ready\n");
		fflush(stdout);
		while (fgets(line, sizeof(line), stdin))
			report(f, opts);
	}
	report(f, opts);
	mms_faults_close(f);
	return WEXITSTATUS(status);
}

/* Return: 0, -1 when all programs have had their turn, or an exit status. */
static int blind_one(const char *attach, size_t i)
{
	struct mms_fault_opts opts = {.attach = attach};
	const char *why = NULL, *name;
	struct mms_faults *f;
	int err = mms_faults_open(&f, &opts, &why);

	if (err) {
		fprintf(stderr, "%s: %s\n", strerror(-err), why ? why : "");
		return err == -EOPNOTSUPP ? 77 : 1;
	}
	name = take_away(f, i, attach != NULL);
	if (name) {
		why = NULL;
		err = mms_faults_self_test(f, &why);
		printf("{\"attach\":\"%s\",\"program\":\"%s\",\"error\":%d,\"why\":\"%s\"}\n",
		       mms_faults_attach_kind(f), name, -err, why ? why : "");
	}
	mms_faults_close(f);
	return name ? 0 : -1;
}

/* All programs of the way that is chosen, and of each other way what is its own. */
static int blind(void)
{
	const char *attach = NULL;
	size_t a = 0, i;
	int ret;

	do {
		for (i = 0; !(ret = blind_one(attach, i)); i++)
			;
		if (ret > 0 && ret != 77)
			return ret;
		attach = mms_faults_attach_kinds(a++);
	} while (attach);
	return 0;
}

int main(int argc, char **argv)
{
	struct mms_fault_opts opts = {};
	const char *without = NULL;
	unsigned int period = 0;
	int c;

	if (argc == 2 && !strcmp(argv[1], "blind"))
		return blind();
	while ((c = getopt(argc, argv, "+p:t:feknmb:A:s:x:")) != -1) {
		if (c == 'p')
			opts.tgid = (pid_t)strtol(optarg, NULL, 10);
		else if (c == 't')
			opts.tid = (pid_t)strtol(optarg, NULL, 10);
		else if (c == 'f')
			opts.follow = true;
		else if (c == 'e')
			opts.events = true;
		else if (c == 'k')
			opts.no_kinds = true;
		else if (c == 'n')
			opts.around = true;
		else if (c == 'm')
			opts.measure = true;
		else if (c == 'b')
			opts.by = by_name(optarg);
		else if (c == 'A')
			opts.attach = optarg;
		else if (c == 's')
			period = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'x')
			without = optarg;
		else
			return 2;
	}
	return observe(&opts, period, without, argv + optind);
}
