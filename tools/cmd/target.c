// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all commands on a PID share. Owns the words for a process or a module
 * that cannot be used; knows nothing of what is read.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/target.h"
#include "collect/module.h"
#include "collect/proc.h"
#include "util/args.h"
#include "util/err.h"

int target_parse_pid(const char *cmd, const char *arg, pid_t *pid)
{
	switch (args_pid(arg, pid)) {
	case 0:
		return EXIT_OK;
	case -ERANGE:
		return err_usage(cmd, "no process can have pid %s", arg);
	default:
		return err_usage(cmd, "'%s' is not a pid", arg);
	}
}

int target_check(pid_t pid)
{
	pid_t tgid;

	switch (mms_proc_check(pid)) {
	case 0:
		tgid = mms_proc_tgid(pid);
		if (tgid && tgid != pid)
			return err_failed("%d is a thread of process %d: give that", pid, tgid);
		return EXIT_OK;
	case -ESRCH:
		return err_failed("no process %d", pid);
	case -ECHILD:
		return err_failed("process %d has exited and waits for its parent (a zombie): "
				  "its address space is gone",
				  pid);
	case -EINVAL:
		return err_failed("%d is a kernel thread: it has no address space of its own", pid);
	default:
		return err_failed("cannot read /proc/%d/stat", pid);
	}
}

static int open_with(pid_t pid, struct mms_target **t)
{
	const char *why;

	if (mms_target_open(t, pid, &why))
		return err_failed("process %d: %s", pid, why);
	return EXIT_OK;
}

int target_open(pid_t pid, bool no_module, struct mms_target **t, const char **why)
{
	static char reason[160];
	enum mms_module_state state;
	int rc;

	*t = NULL;
	*why = reason;
	rc = target_check(pid);
	if (rc != EXIT_OK)
		return rc;
	if (no_module) {
		snprintf(reason, sizeof(reason), "without the module as asked");
		return EXIT_OK;
	}
	state = mms_module_probe();
	if (state == MMS_MODULE_OK)
		return open_with(pid, t);
	snprintf(reason, sizeof(reason), "%s (%s)", mms_module_why(state), mms_module_fix(state));
	return EXIT_OK;
}

int target_open_module(pid_t pid, const char *what, struct mms_target **t)
{
	enum mms_module_state state;
	int rc = target_check(pid);

	if (rc != EXIT_OK)
		return rc;
	state = mms_module_probe();
	if (state != MMS_MODULE_OK)
		return err_missing("%s needs the module: %s; fix: %s", what, mms_module_why(state),
				   mms_module_fix(state));
	return open_with(pid, t);
}

int target_failed(pid_t pid, const char *what, int err)
{
	enum mms_module_state state;

	switch (err) {
	case -ENOENT:
	case -ENXIO:
		state = mms_proc_check(pid) ? MMS_MODULE_OK : mms_module_probe();
		if (state != MMS_MODULE_OK)
			return err_missing("%s of process %d: %s; fix: %s", what, pid,
					   mms_module_why(state), mms_module_fix(state));
		__attribute__((fallthrough));
	case -ESRCH:
		return err_failed("process %d has exited", pid);
	case -EACCES:
	case -EPERM:
		return err_missing("%s of process %d may not be read by this user; "
				   "fix: run it with sudo",
				   what, pid);
	case -EBUSY:
		return err_failed("another target with the address space of process %d is being "
				  "sampled",
				  pid);
	case -EOPNOTSUPP:
		return err_missing("this kernel lets the module flush no TLB: no sampling; see the "
				   "line tlb-flush of 'mmscope doctor'");
	case -EBADMSG:
		return err_failed("%s of process %d is not in the form this tool knows: "
				  "are tool and module of one version?",
				  what, pid);
	default:
		return err_failed("cannot read %s of process %d: %s", what, pid, strerror(-err));
	}
}

void target_fields(struct out *o, pid_t pid)
{
	char comm[64];

	mms_proc_comm(pid, comm);
	out_num(o, "pid", "pid", OUT_COUNT, pid);
	out_str(o, "comm", "comm", comm);
}
