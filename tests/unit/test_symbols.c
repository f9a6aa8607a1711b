// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses to names. Oracles: the program's own functions, the dynamic linker
 * (dladdr), and files that are changed behind the tool's back.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "collect/elfsyms.h"
#include "collect/mmaps.h"
#include "collect/symbols.h"

static char dir[] = "/tmp/mms-symbols-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[2][128];
	static int i;

	i = !i;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

static struct mms_mmaps *maps;
static struct mms_symbols *symbols;

static void open_symbols(pid_t pid)
{
	assert_int_equal(mms_mmaps_open(&maps, pid), 0);
	assert_int_equal(mms_symbols_open(&symbols, maps), 0);
}

static void close_symbols(void)
{
	mms_symbols_close(symbols);
	mms_mmaps_close(maps);
}

static const char *user(const void *p)
{
	return mms_symbols_user(symbols, getpid(), (uint64_t)p);
}

static __attribute__((noinline, used)) int a_local_function(int x)
{
	return x * 3 + 1;
}

static void names_of_this_program(void **state)
{
	open_symbols(getpid());
	assert_string_equal(user(a_local_function), "a_local_function");
	assert_string_equal(user((char *)a_local_function + 3), "a_local_function");
	assert_string_equal(user(mms_symbols_open), "mms_symbols_open");
	assert_string_equal(user((void *)16), "0x10");
	assert_string_equal(user((void *)0xffffffffff600400), "[vsyscall]");
	assert_string_equal(user((char *)getauxval(AT_SYSINFO_EHDR) + 0x400), "[vdso]");
	assert_string_equal(mms_symbols_user(symbols, 0x7ffffff0, 0x1000), "0x1000");
	close_symbols();
}

/* Every 16 bytes of a library's code: the dynamic linker's word for it, or ours is none. */
static void names_of_a_library(void **state)
{
	char *begin = (char *)json_object, *p;
	Dl_info base, info;
	size_t named = 0;

	assert_true(dladdr(begin, &base));
	open_symbols(getpid());
	for (p = begin - 0x2000; p < begin + 0x2000; p += 16) {
		const char *got = user(p);

		if (!dladdr(p, &info) || info.dli_fbase != base.dli_fbase)
			continue;
		if (info.dli_sname && got[0] != '[') {
			assert_ptr_equal(dlsym(RTLD_DEFAULT, got), info.dli_saddr);
			named++;
		} else if (info.dli_sname) {
			const ElfW(Sym) *sym = NULL;

			dladdr1(p, &info, (void **)&sym, RTLD_DL_SYMENT);
			assert_true(!sym || !sym->st_size);
		}
	}
	assert_true(named > 100);
	close_symbols();
}

/* Where calls end, by the compiler's word: __builtin_return_address(). */
static __attribute__((noinline)) int returns_to(void)
{
	return mms_symbols_returns_to(symbols, getpid(), UINT64_MAX,
				      (uint64_t)__builtin_return_address(0));
}

static void calls_and_what_is_none(void **state)
{
	int (*volatile through)(void) = returns_to;
	int (*volatile array[4])(void) = {returns_to, returns_to, returns_to, returns_to};
	volatile size_t i = 2;
	char *p = (char *)a_local_function;
	int none;

	open_symbols(getpid());
	none = mms_mmaps_whole(maps) ? 0 : -1; /* records of mappings need rights */
	assert_int_equal(returns_to(), 1);
	assert_int_equal(through(), 1);
	assert_int_equal(array[i](), 1);
	assert_int_equal(mms_symbols_returns_to(symbols, getpid(), UINT64_MAX, (uint64_t)p), 0);
	assert_int_equal(mms_symbols_returns_to(symbols, getpid(), UINT64_MAX, (uint64_t)&p), none);
	assert_int_equal(mms_symbols_returns_to(symbols, getpid(), UINT64_MAX, 0x1000), none);
	assert_int_equal(mms_symbols_returns_to(symbols, 0x7ffffff0, UINT64_MAX, 0x1000), -1);
	close_symbols();
}

static int volatile handled;

static void on_signal(int sig)
{
	handled = returns_to();
	if (handled == 1)
		handled = mms_symbols_returns_to(symbols, getpid(), UINT64_MAX,
						 (uint64_t)__builtin_return_address(0));
}

/* A handler returns to code that nobody called. */
static void handlers_return(void **state)
{
	open_symbols(getpid());
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	assert_int_equal(handled, 1);
	close_symbols();
}

static void copy_file(const char *from, const char *to)
{
	char buf[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	close(in);
	close(out);
}

/* A process that has a copy of this program mapped as a library and waits. */
static pid_t start_mapper(const char *path, uint64_t *at)
{
	Dl_info info;
	int fds[2], fd;
	char *p, byte;
	pid_t pid;

	assert_true(dladdr(a_local_function, &info));
	copy_file("/proc/self/exe", path);
	assert_int_equal(pipe(fds), 0);
	p = mmap(NULL, 64 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*at = (uint64_t)p + (uint64_t)((char *)a_local_function - (char *)info.dli_fbase);
	pid = fork();
	if (!pid) {
		fd = open(path, O_RDONLY);
		p = mmap(p, 64 << 20, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
		if (p == MAP_FAILED || write(fds[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	munmap(p, 64 << 20);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void of_an_ended_process(const char *name, void (*change)(const char *), const char *want)
{
	const char *path = in_dir(name);
	uint64_t at;
	pid_t pid = start_mapper(path, &at);

	open_symbols(pid);
	assert_int_equal(mms_mmaps_poll(maps), 0);
	end(pid);
	usleep(50000); /* file times go by ticks */
	if (change)
		change(path);
	assert_string_equal(mms_symbols_user(symbols, pid, at), want);
	close_symbols();
}

static void replace(const char *path)
{
	const char *other = in_dir("other");

	copy_file("/proc/self/exe", other);
	assert_int_equal(rename(other, path), 0);
}

static void rewrite(const char *path)
{
	copy_file("/proc/self/exe", path);
}

static void removed(const char *path)
{
	unlink(path);
}

static void made_a_fifo(const char *path)
{
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void never_a_wrong_name(void **state)
{
	of_an_ended_process("same", NULL, "a_local_function");
	of_an_ended_process("replaced", replace, "[replaced]");
	of_an_ended_process("rewritten", rewrite, "[rewritten]");
	of_an_ended_process("removed", removed, "[removed]");
	of_an_ended_process("fifo", made_a_fifo, "[fifo]");
}

/* While it runs, what it has mapped can still be opened, by those who may. */
static void deleted_but_mapped(void **state)
{
	const char *path = in_dir("deleted");
	uint64_t at;
	pid_t pid = start_mapper(path, &at);

	unlink(path);
	open_symbols(pid);
	assert_string_equal(mms_symbols_user(symbols, pid, at),
			    geteuid() ? "[deleted]" : "a_local_function");
	end(pid);
	close_symbols();
}

/* A program may map any file with the right to execute it. */
static void no_program(void **state)
{
	static const uint16_t types[] = {ET_NONE, ET_REL, ET_CORE, 0xffff};
	const char *path = in_dir("no-program");
	struct mms_elfsyms *e;
	size_t i;
	int fd;

	copy_file("/proc/self/exe", path);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		fd = open(path, O_RDWR);
		assert_int_equal(pwrite(fd, &types[i], 2, offsetof(ElfW(Ehdr), e_type)), 2);
		assert_int_equal(mms_elfsyms_read(fd, path, NULL, 0, false, &e), -ENOEXEC);
	}
	assert_int_equal(truncate(path, 10), 0);
	fd = open(path, O_RDWR);
	assert_int_equal(mms_elfsyms_read(fd, path, NULL, 0, false, &e), -ENOEXEC);
}

/* Addresses are shown to those who may see them; to others the lack is told. */
static void names_of_the_kernel(void **state)
{
	unsigned long addr = 0;
	char name[128] = "", type;
	FILE *f = fopen("/proc/kallsyms", "r");

	assert_non_null(f);
	while (strcmp(name, "vfs_read") &&
	       fscanf(f, "%lx %c %127s%*[^\n]", &addr, &type, name) == 3)
		;
	fclose(f);
	assert_string_equal(name, "vfs_read");
	open_symbols(getpid());
	if (addr) {
		assert_string_equal(mms_symbols_kernel(symbols, addr + 1), "vfs_read");
		assert_null(mms_symbols_lack(symbols));
	} else {
		assert_string_equal(mms_symbols_kernel(symbols, 0xffffffff81000001),
				    "0xffffffff81000001");
		assert_non_null(mms_symbols_lack(symbols));
	}
	close_symbols();
}

static void ask_for_names(void)
{
	open_symbols(getpid());
	user(json_object);
	close_symbols();
}

/* A stripped library, a server for debug files, and nobody calls it. */
static void no_network(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	char url[64];

	assert_int_equal(bind(s, (void *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s, 5), 0);
	assert_int_equal(getsockname(s, (void *)&a, &len), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(a.sin_port));
	setenv("DEBUGINFOD_URLS", url, 1);
	setenv("DEBUGINFOD_TIMEOUT", "2", 1);
	setenv("DEBUGINFOD_CACHE_PATH", in_dir("cache"), 1);
	ask_for_names();
	assert_int_equal(accept(s, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	unsetenv("DEBUGINFOD_URLS");
	close(s);
}

static void jit(void **state)
{
	char path[64];
	char *code = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	open_symbols(getpid());
	assert_string_equal(user(code), "[anon]");
	usleep(250000); /* it is not asked for more often */
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%lx 100 Lfirst;->run \n%lx 0 empty\nbad line\n%lx 80 second\n",
		(unsigned long)code, (unsigned long)code + 0x200, (unsigned long)code + 0x80);
	fclose(f);
	assert_string_equal(user(code + 0x7f), "Lfirst;->run");
	assert_string_equal(user(code + 0x80), "second"); /* the newer one */
	assert_string_equal(user(code + 0x100), "[anon]");
	close_symbols();
	if (!geteuid()) {
		assert_int_equal(chown(path, 12345, 0), 0);
		open_symbols(getpid());
		assert_string_equal(user(code + 0x7f), "[anon]"); /* somebody else's word */
		close_symbols();
	}
	unlink(path);
	munmap(code, 8192);
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_this_program),
		cmocka_unit_test(names_of_a_library),
		cmocka_unit_test(calls_and_what_is_none),
		cmocka_unit_test(handlers_return),
		cmocka_unit_test(never_a_wrong_name),
		cmocka_unit_test(deleted_but_mapped),
		cmocka_unit_test(no_program),
		cmocka_unit_test(names_of_the_kernel),
		cmocka_unit_test(no_network),
		cmocka_unit_test(jit),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
