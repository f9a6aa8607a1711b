// SPDX-License-Identifier: GPL-2.0-only
/* Who has ended, as far as ids tell. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect/proc.h"

#define NOBODY	    0x3fffffff /* above the kernel's highest id */
#define NOT_ALLOWED 77

static void who_lives_is_not_gone(void **state)
{
	pid_t pid = fork();

	assert_return_code(pid, 0);
	if (!pid)
		_exit(0);
	assert_false(mms_proc_gone(getpid()));
	assert_false(mms_proc_gone(1)); /* perhaps not ours to signal */
	assert_false(mms_proc_gone(pid));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(mms_proc_gone(pid), mms_proc_first_namespace());
	assert_int_equal(mms_proc_gone(NOBODY), mms_proc_first_namespace());
}

/* The kernel's ids mean nothing there: who lives outside would look gone. */
static void nobody_is_gone_in_another_namespace(void **state)
{
	int status = -1;
	pid_t pid = fork();

	assert_return_code(pid, 0);
	if (!pid) {
		if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
			_exit(NOT_ALLOWED);
		pid = fork();
		if (!pid)
			_exit(mms_proc_first_namespace() || mms_proc_gone(NOBODY));
		_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
									   : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_ALLOWED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_lives_is_not_gone),
		cmocka_unit_test(nobody_is_gone_in_another_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
