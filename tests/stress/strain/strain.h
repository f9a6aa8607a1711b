/* SPDX-License-Identifier: GPL-2.0-only */
/* What all strains need: those who are looked at, those who look, and the account of both. */
#ifndef MMS_STRAIN_H
#define MMS_STRAIN_H

#include <stdbool.h>
#include <sys/types.h>

#define ROOT   "/sys/kernel/debug/mmscope"
#define PG     4096UL
#define NFILES 13

/* Shared by all processes of a strain. */
struct shared {
	long reads, bytes, commands, refused, wrong;
	char why[200];
};
extern struct shared *sh;

/* base.c */
void wrong(const char *what, int err);
/* Writes @fmt of @a, @b, @a, @b to control. Unless it @must work, what others may have done
 * meanwhile is no error. */
void command(const char *fmt, int a, int b, bool must);
/* fork() that ends the strain where it fails; the child ends with its parent. */
pid_t start(void);
void end(pid_t pid);
void nap(long us);
/* How often longer than elsewhere all may take here (MMS_SLOW). */
int slow(void);
int open_file(int pid, int file);
/* Returns the bytes, -1 at an error or the end. */
ssize_t read_some(int fd, int file, size_t step);
void read_file(int pid, int file, size_t step);
/* Any files of @whom, @n times. */
void read_n(int me, long n, const pid_t *whom);
/* A process with memory of many kinds; with @busy it goes on changing it. */
pid_t victim(bool busy, unsigned int seed);

/* Strains: true if done @n times. */
bool deaths(long n);
bool readers(long n);
bool writers(long n);
bool stopped(long n);
bool bomb(long n);
bool reuse(long n);
bool execs(long n);
bool storm(long n);
bool uffd(long n);
/* What the program does after exec, for execs(). */
void exec_again(char **argv);

#endif
