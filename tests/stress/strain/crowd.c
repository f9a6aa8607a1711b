// SPDX-License-Identifier: GPL-2.0-only
/* Many at once. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "strain.h"

static void crowd(int many, void (*each)(int me, long n, const pid_t *whom), long n,
		  const pid_t *whom)
{
	pid_t kid[64];
	int i, status;

	for (i = 0; i < many; i++) {
		kid[i] = start();
		if (!kid[i]) {
			each(i, n, whom);
			_exit(0);
		}
	}
	for (i = 0; i < many; i++)
		if (waitpid(kid[i], &status, 0) < 0 || status)
			wrong("a member of the crowd", 0);
}

void read_n(int me, long n, const pid_t *whom)
{
	unsigned int seed = me + 1;

	while (n--)
		read_file(*whom, rand_r(&seed) % NFILES, 100 + rand_r(&seed) % 8192);
}

bool readers(long n)
{
	pid_t pid = victim(true, 3);

	command("+ %1$d; sample %1$d 10", pid, 0, true);
	crowd(64, read_n, n, &pid);
	command("- %d", pid, 0, true);
	end(pid);
	printf("# 64 readers, %ld reads, %ld kB\n", sh->reads, sh->bytes >> 10);
	return sh->reads >= 64 * n;
}

static void write_n(int me, long n, const pid_t *whom)
{
	static const char *const texts[] = {
		"+ %d",
		"- %d",
		"+ %d follow",
		"sample %d 10",
		"sample %d 20 noskip noflush",
		"sample %d off",
		"- %1$d; + %1$d; sample %1$d 10",
		"+ %d; + %d",
		"- %d; - %d",
		"clear",
		"clear; + %1$d; sample %1$d 30; + %2$d",
	};
	unsigned int seed = me + 7;

	while (n--)
		/* the last two, which end all tracking, seldom: to hook the events anew takes long
		 */
		command(texts[rand_r(&seed) % (rand_r(&seed) % 16 ? 9 : 11)],
			whom[rand_r(&seed) % 4], whom[rand_r(&seed) % 4], false);
}

bool writers(long n)
{
	pid_t pid[4];

	for (int i = 0; i < 4; i++)
		pid[i] = victim(i & 1, i);
	crowd(16, write_n, n, pid);
	for (int i = 0; i < 4; i++)
		end(pid[i]);
	command("clear", 0, 0, true);
	printf("# 16 writers, %ld commands, %ld refused\n", sh->commands, sh->refused);
	return sh->commands >= 16 * n && sh->refused < sh->commands;
}
