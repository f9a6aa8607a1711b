// SPDX-License-Identifier: GPL-2.0-only
/* Wrong on purpose, for each program of tests/static/run to find something here. Built into
 * nothing. */
#ifdef __KERNEL__
#include <linux/rcupdate.h>

static int __rcu *pointer;
static __le32 little;

int mms_wrong(void);
int mms_wrong(void)
{
	rcu_read_lock();
	return *pointer + little;
}
#else
#include <stdlib.h>
#include <string.h>

void mms_wrong_free(char *p, int n);
void mms_wrong_free(char *p, int n)
{
	if (n > 3)
		free(p);
	if (n > 4)
		free(p);
}

int mms_wrong(int n);
int mms_wrong(int n)
{
	char small[4], *p = malloc(n);
	int unset;

	memset(p, 0, sizeof(p));
	memcpy(small, "more than that", 14);
	if (n == 5)
		unset = small[0];
	return unset + *p, n;
}
#endif
