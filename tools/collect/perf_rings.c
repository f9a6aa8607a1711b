// SPDX-License-Identifier: GPL-2.0-only
/* perf_event_open(2), mmap(2), and the copying out. Must not know what the records are for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "collect/perf_rings.h"

#define RING_PAGES 64 /* of data, per CPU: a power of two */
#define RECORD_MAX 65536

struct ring {
	int fd;
	struct perf_event_mmap_page *page;
	size_t size; /* of the data, which begin one page behind */
};

struct mms_perf_rings {
	struct ring *v;
	size_t nr;
	bool counts_lost; /* read(2) tells all losses */
	uint64_t nr_lost; /* as records told */
};

struct record_lost {
	struct perf_event_header h;
	uint64_t id, lost;
};

static void copy_out(const struct ring *r, uint64_t at, void *to, size_t len)
{
	const char *data = (const char *)r->page + r->page->data_offset;
	size_t from = at & (r->size - 1), first = r->size - from;

	if (first > len)
		first = len;
	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, len - first);
}

/* A record too short to say how many is of one at least. */
static uint64_t lost_by(const char *record, size_t size)
{
	struct record_lost lost = {.lost = 1};

	if (size >= sizeof(lost))
		memcpy(&lost, record, sizeof(lost));
	return lost.lost;
}

static int drain(struct mms_perf_rings *all, const struct ring *r, mms_perf_record_fn fn, void *ctx)
{
	static _Alignas(8) char record[RECORD_MAX];
	struct perf_event_header h;
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = r->page->data_tail;
	int err = 0;

	while (tail < head && !err) {
		copy_out(r, tail, &h, sizeof(h));
		if (h.size < sizeof(h) + sizeof(uint64_t) || h.size > head - tail ||
		    h.size > r->size) {
			all->nr_lost++; /* cannot be: the rest is given up */
			tail = head;
			break;
		}
		copy_out(r, tail, record, h.size);
		if (h.type == PERF_RECORD_LOST)
			all->nr_lost += lost_by(record, h.size);
		else
			err = fn((const void *)record, ctx);
		if (!err)
			tail += h.size;
	}
	__atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
	return err;
}

int mms_perf_rings_drain(struct mms_perf_rings *all, mms_perf_record_fn fn, void *ctx)
{
	int err = 0;
	size_t i;

	for (i = 0; i < all->nr && !err; i++)
		err = drain(all, &all->v[i], fn, ctx);
	return err;
}

uint64_t mms_perf_rings_told_lost(const struct mms_perf_rings *all)
{
	return all->nr_lost;
}

uint64_t mms_perf_rings_lost(const struct mms_perf_rings *all)
{
	struct {
		uint64_t value, lost;
	} v;
	uint64_t lost = 0;
	size_t i;

	for (i = 0; all->counts_lost && i < all->nr; i++)
		if (read(all->v[i].fd, &v, sizeof(v)) == (ssize_t)sizeof(v))
			lost += v.lost;
	return lost > all->nr_lost ? lost : all->nr_lost;
}

static void attr_init(struct perf_event_attr *a, bool build_id, bool lost)
{
	memset(a, 0, sizeof(*a));
	a->type = PERF_TYPE_SOFTWARE;
	a->config = PERF_COUNT_SW_DUMMY;
	a->size = sizeof(*a);
	a->sample_type = PERF_SAMPLE_TIME;
	a->sample_id_all = 1;
	a->read_format = lost ? PERF_FORMAT_LOST : 0;
	a->exclude_kernel = 1;
	a->exclude_hv = 1;
	a->mmap = 1;
	a->mmap2 = 1;
	a->comm = 1;
	a->comm_exec = 1;
	a->task = 1;
	a->use_clockid = 1;
	a->clockid = CLOCK_MONOTONIC;
	a->build_id = build_id;
}

/*
 * All processes even if one is wanted: an event of a task would cost at each of its context
 * switches, and take a descriptor per thread and CPU.
 */
static int open_event(struct mms_perf_rings *all, int cpu)
{
	static const struct {
		bool build_id, lost;
	} ways[] = {{true, true}, {true, false}, {false, false}};
	struct perf_event_attr a;
	size_t i;
	long fd;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		attr_init(&a, ways[i].build_id, ways[i].lost);
		fd = syscall(SYS_perf_event_open, &a, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
		if (fd >= 0) {
			all->counts_lost = ways[i].lost;
			return (int)fd;
		}
		if (errno != EINVAL && errno != E2BIG)
			break;
	}
	return -errno;
}

static int open_ring(struct mms_perf_rings *all, int cpu)
{
	struct ring *r = &all->v[all->nr];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages;
	void *p = MAP_FAILED;

	r->fd = open_event(all, cpu);
	if (r->fd == -ENODEV)
		return 0; /* offline */
	if (r->fd < 0)
		return r->fd;
	/* How much may be locked is limited for those without CAP_IPC_LOCK. */
	for (pages = RING_PAGES; pages && p == MAP_FAILED; pages /= 2) {
		r->size = pages * page;
		p = mmap(NULL, page + r->size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	}
	if (p == MAP_FAILED) {
		int err = -errno;

		close(r->fd);
		return err;
	}
	r->page = p;
	all->nr++;
	return 0;
}

static void close_rings(struct mms_perf_rings *all)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	while (all->nr) {
		struct ring *r = &all->v[--all->nr];

		munmap(r->page, page + r->size);
		close(r->fd);
	}
}

static int open_rings(struct mms_perf_rings *all)
{
	long nr = sysconf(_SC_NPROCESSORS_CONF);
	int cpu, err = 0;

	all->v = calloc(nr > 0 ? (size_t)nr : 1, sizeof(*all->v));
	if (!all->v)
		return -ENOMEM;
	for (cpu = 0; cpu < nr && !err; cpu++)
		err = open_ring(all, cpu);
	if (err)
		close_rings(all);
	return err;
}

int mms_perf_rings_open(struct mms_perf_rings **result)
{
	struct mms_perf_rings *all = calloc(1, sizeof(*all));
	int err = all ? open_rings(all) : -ENOMEM;

	*result = NULL;
	if (err)
		mms_perf_rings_close(all);
	else
		*result = all;
	return err;
}

void mms_perf_rings_close(struct mms_perf_rings *all)
{
	if (!all)
		return;
	close_rings(all);
	free(all->v);
	free(all);
}
