// SPDX-License-Identifier: GPL-2.0-only
/* The words of -v, the same in each command. */
#include <sys/resource.h>
#include <time.h>
#include "cmd/cost.h"

static uint64_t timeval_ns(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000000ULL + (uint64_t)t->tv_usec * 1000;
}

struct cost cost_now(void)
{
	struct cost c = {};
	struct timespec t;
	struct rusage ru;

	if (!getrusage(RUSAGE_SELF, &ru))
		c.cpu_ns = timeval_ns(&ru.ru_utime) + timeval_ns(&ru.ru_stime);
	clock_gettime(CLOCK_MONOTONIC, &t);
	c.ns = (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
	return c;
}

void cost_report(struct out *o, const struct cost *a, const struct cost *b, bool verbose)
{
	uint64_t runs = b->bpf.runs - a->bpf.runs, ns = b->bpf.run_ns - a->bpf.run_ns;
	uint64_t cpu = b->cpu_ns - a->cpu_ns, wall = b->ns - a->ns;

	if (b->bpf.runs) {
		out_num(o, "program_runs", verbose ? "program runs" : NULL, OUT_COUNT, runs);
		out_num(o, "program_ns", verbose ? "time in them" : NULL, OUT_NS, ns);
		out_num(o, "program_ns_per_run", verbose ? "time of a run" : NULL, OUT_NS,
			runs ? ns / runs : 0);
	}
	out_num(o, "map_bytes", verbose ? "maps" : NULL, OUT_BYTES, b->bpf.map_bytes);
	out_num(o, "tool_cpu_ns", verbose ? "mmscope's own CPU time" : NULL, OUT_NS, cpu);
	if (b->bpf.runs && wall)
		out_real(o, "cost_percent", verbose ? "both, of one CPU" : NULL, OUT_PERCENT,
			 100.0 * (double)(ns + cpu) / (double)wall);
}
