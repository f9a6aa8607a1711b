// SPDX-License-Identifier: GPL-2.0-only
/* Runs bpf/ksyms.bpf.c, once. Must not know what is at the addresses. */
#include <errno.h>
#include <stdbool.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "collect/bpf_ksyms.h"
#include "ksyms.skel.h"

static int ask(struct mms_ksyms *k)
{
	struct ksyms_bpf *skel = ksyms_bpf__open_and_load();
	LIBBPF_OPTS(bpf_test_run_opts, run);
	__u32 zero = 0;
	int err;

	if (!skel)
		return -errno;
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.find_ksyms), &run);
	if (!err)
		err = (int)run.retval;
	if (!err)
		err = bpf_map_lookup_elem(bpf_map__fd(skel->maps.data_found), &zero, k);
	ksyms_bpf__destroy(skel);
	return err;
}

int mms_ksyms(struct mms_ksyms *k, const char **why)
{
	static struct mms_ksyms answer;
	static bool asked;
	static int err;

	if (!asked)
		err = ask(&answer);
	asked = true;
	if (err)
		*why = err == -EPERM
			       ? "the kernel hides its symbols (kernel.kptr_restrict, CAP_SYSLOG)"
			       : "the kernel refused the program that asks for its symbols";
	*k = answer;
	return err;
}
