// SPDX-License-Identifier: GPL-2.0-only
/* collect/elfsyms: which bytes are a call, by the processor's manual; and segments that share a
 * page. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "collect/elfsyms.c" /* without a program around it */

#define NOP 0x90

/* What is told of the address behind @code, with nothing but nops before and behind. */
static int behind(const void *code, size_t len)
{
	struct mms_elfsyms e = {.fd = memfd_create("code", MFD_CLOEXEC)};
	uint8_t text[64];
	int ret;

	assert_return_code(e.fd, errno);
	memset(text, NOP, sizeof(text));
	memcpy(text + 16, code, len);
	assert_int_equal(write(e.fd, text, sizeof(text)), sizeof(text));
	ret = mms_elfsyms_call_before(&e, 16 + len);
	close(e.fd);
	return ret;
}

#define CODE(text) behind(text, sizeof(text) - 1)

static void calls(void **state)
{
	assert_int_equal(CODE("\xe8\x01\x02\x03\x04"), 1);	   /* call x */
	assert_int_equal(CODE("\xff\xd0"), 1);			   /* call *%rax */
	assert_int_equal(CODE("\x41\xff\xd4"), 1);		   /* call *%r12 */
	assert_int_equal(CODE("\xff\x10"), 1);			   /* call *(%rax) */
	assert_int_equal(CODE("\xff\x14\x24"), 1);		   /* call *(%rsp) */
	assert_int_equal(CODE("\xff\x50\x08"), 1);		   /* call *8(%rax) */
	assert_int_equal(CODE("\xff\x54\x24\x08"), 1);		   /* call *8(%rsp) */
	assert_int_equal(CODE("\xff\x15\x01\x02\x03\x04"), 1);	   /* call *x(%rip) */
	assert_int_equal(CODE("\xff\x90\x01\x02\x03\x04"), 1);	   /* call *x(%rax) */
	assert_int_equal(CODE("\xff\x94\x24\x01\x02\x03\x04"), 1); /* call *x(%rsp) */
	assert_int_equal(CODE("\xff\x14\x25\x01\x02\x03\x04"), 1); /* call *x */
	assert_int_equal(CODE("\xff\x14\xc5\x01\x02\x03\x04"), 1); /* call *x(,%rax,8) */
}

static void no_calls(void **state)
{
	assert_int_equal(CODE(""), 0);
	assert_int_equal(CODE("\xe9\x01\x02\x03\x04"), 0); /* jmp x */
	assert_int_equal(CODE("\xff\xe0"), 0);		   /* jmp *%rax */
	assert_int_equal(CODE("\xff\x30"), 0);		   /* push (%rax) */
	assert_int_equal(CODE("\xff\x10\x90"), 0);	   /* a call, and one byte more */
	assert_int_equal(CODE("\xff\x15\x01\x02\x03"), 0); /* and one byte less */
	assert_int_equal(CODE("\xff\x14\x25\x01\x02"), 0);
	assert_int_equal(CODE("\xe8\x01\x02\x03"), 0);
}

/* Handlers of signals return to it. */
static void signals_return(void **state)
{
	struct mms_elfsyms e = {.fd = memfd_create("code", MFD_CLOEXEC)};

	assert_return_code(e.fd, errno);
	assert_int_equal(pwrite(e.fd, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9, 8), 9);
	assert_int_equal(mms_elfsyms_call_before(&e, 8), 1);
	assert_int_equal(mms_elfsyms_call_before(&e, 9), 0);
	assert_int_equal(pwrite(e.fd, "\x10", 1, 11), 1);
	assert_int_equal(mms_elfsyms_call_before(&e, 8), 0);
	close(e.fd);
}

static void what_cannot_be_looked_at(void **state)
{
	struct mms_elfsyms e = {.fd = -1};

	assert_int_equal(mms_elfsyms_call_before(&e, 100), -1);
	e.fd = memfd_create("code", MFD_CLOEXEC);
	assert_int_equal(write(e.fd, "\xe8\x01\x02\x03\x04\x90\x90\x90", 8), 8);
	assert_int_equal(mms_elfsyms_call_before(&e, 6), -1); /* too near the begin */
	assert_int_equal(mms_elfsyms_call_before(&e, 8), 0);
	assert_int_equal(mms_elfsyms_call_before(&e, 9), -1); /* nor behind the end */
	assert_int_equal(mms_elfsyms_call_before(&e, 16), -1);
	close(e.fd);
}

/* The page at the border is in both: the code's is meant. */
static void segments_that_share_a_page(void **state)
{
	struct mms_elfsyms e = {
		.fd = -1,
		.symbols = mms_symtab_new(MMS_SYMTAB_NEAREST),
		.segments = {{.offset = 0, .size = 0x1800, .addr = 0x400000},
			     {.offset = 0x1000, .size = 0x1000, .addr = 0x501000, .exec = true},
			     {.offset = 0x1800, .size = 0x1000, .addr = 0x601800}},
		.nr_segments = 3,
	};

	assert_int_equal(mms_symtab_add(e.symbols, 0x501000, 0x502000, 0, 0, "code", 4), 0);
	assert_int_equal(mms_symtab_add(e.symbols, 0x400000, 0x400100, 0, 0, "head", 4), 0);
	assert_int_equal(mms_symtab_add(e.symbols, 0x602000, 0x602800, 0, 0, "data", 4), 0);
	mms_symtab_finish(e.symbols);
	assert_string_equal(mms_elfsyms_find(&e, 0x10), "head");
	assert_null(mms_elfsyms_find(&e, 0x200));
	assert_string_equal(mms_elfsyms_find(&e, 0x1000), "code");
	assert_string_equal(mms_elfsyms_find(&e, 0x1fff), "code");
	assert_string_equal(mms_elfsyms_find(&e, 0x2000), "data");
	assert_null(mms_elfsyms_find(&e, 0x2800));
	assert_true(mms_elfsyms_bytes(&e) > sizeof(e));
	mms_symtab_free(e.symbols);
	mms_elfsyms_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),
		cmocka_unit_test(no_calls),
		cmocka_unit_test(signals_return),
		cmocka_unit_test(what_cannot_be_looked_at),
		cmocka_unit_test(segments_that_share_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
