// SPDX-License-Identifier: GPL-2.0-only
/*
 * libdwfl finds the best table of symbols of a file (.symtab, .gnu_debugdata, that
 * of a debug file, .dynsym); ours is made from it at once, so that no file stays
 * mapped that somebody may cut off. Must not know of processes.
 */
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/elfsyms.h"
#include "collect/symtab.h"

#define MAX_SEGMENTS 16

struct segment {
	uint64_t offset, size, addr;
	bool exec;
};

struct mms_elfsyms {
	struct mms_symtab *symbols;
	struct segment segments[MAX_SEGMENTS];
	size_t nr_segments;
	int fd; /* -1 = not kept */
};

/* The section of the symbol before: symbols come in runs. */
struct section {
	Elf *elf;
	GElf_Word index;
	bool exec;
	uint64_t end;
};

static int no_elf(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base, char **file,
		  Elf **elf)
{
	return -1;
}

static int no_section(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base,
		      const char *section, GElf_Word index, const GElf_Shdr *sh, Dwarf_Addr *addr)
{
	return -1;
}

/* Not dwfl_standard_find_debuginfo(): it asks the debuginfod servers. */
static const Dwfl_Callbacks callbacks = {
	.find_elf = no_elf,
	.find_debuginfo = dwfl_build_id_find_debuginfo,
	.section_address = no_section,
};

/* Whoever maps an object file, or a core, cannot run it: libdwfl would place it first. */
static bool can_run(int fd)
{
	Elf64_Half type; /* at the same place for 32 bits */

	return pread(fd, &type, sizeof(type), offsetof(Elf64_Ehdr, e_type)) == sizeof(type) &&
	       (type == ET_EXEC || type == ET_DYN);
}

static bool same_build_id(Elf *elf, const uint8_t *want, size_t len)
{
	const void *id;
	ssize_t n = dwelf_elf_gnu_build_id(elf, &id);

	/* The kernel's records have room for 20 bytes. */
	return n >= (ssize_t)len && !memcmp(id, want, len);
}

static void read_segments(struct mms_elfsyms *e, Elf *elf, GElf_Addr bias)
{
	size_t nr = 0, i;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &nr))
		return;
	for (i = 0; i < nr && e->nr_segments < MAX_SEGMENTS; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD || !ph.p_filesz)
			continue;
		e->segments[e->nr_segments++] = (struct segment){
			.offset = ph.p_offset,
			.size = ph.p_filesz,
			.addr = ph.p_vaddr + bias,
			.exec = ph.p_flags & PF_X,
		};
	}
}

static void look_up_section(struct section *s, Elf *elf, GElf_Word index, GElf_Addr bias)
{
	GElf_Shdr sh;
	Elf_Scn *scn;

	if (s->elf == elf && s->index == index)
		return;
	*s = (struct section){.elf = elf, .index = index};
	scn = elf_getscn(elf, index);
	if (!scn || !gelf_getshdr(scn, &sh))
		return;
	s->exec = sh.sh_flags & SHF_EXECINSTR;
	s->end = sh.sh_addr + sh.sh_size + bias;
}

/* Of several names at one address: a function's, a global one, without underscores in front. */
static unsigned int rank_of(const GElf_Sym *sym, const char *name)
{
	size_t under = strspn(name, "_");
	unsigned int rank = under < 7 ? 7 - (unsigned int)under : 0;

	if (GELF_ST_BIND(sym->st_info) != STB_LOCAL)
		rank += 8;
	if (GELF_ST_BIND(sym->st_info) == STB_GLOBAL)
		rank += 8;
	if (GELF_ST_TYPE(sym->st_info) != STT_NOTYPE)
		rank += 32;
	return rank;
}

static int add_symbol(struct mms_elfsyms *e, Dwfl_Module *mod, int i, struct section *section)
{
	GElf_Word index;
	GElf_Addr value, bias;
	GElf_Sym sym;
	Elf *elf = NULL;
	const char *name = dwfl_module_getsym_info(mod, i, &sym, &value, &index, &elf, &bias);
	/* In .symtab the version is a part of the name: memcpy@@GLIBC_2.14. */
	size_t len = name ? strcspn(name, "@") : 0;
	int type;

	if (!len || !elf || sym.st_shndx == SHN_UNDEF)
		return 0;
	type = GELF_ST_TYPE(sym.st_info);
	if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return 0;
	/* Common, absolute: no code. */
	if (sym.st_shndx >= SHN_LORESERVE && sym.st_shndx != SHN_XINDEX)
		return 0;
	look_up_section(section, elf, index, bias);
	if (!section->exec)
		return 0;
	return mms_symtab_add(e->symbols, value, value + sym.st_size, section->end,
			      rank_of(&sym, name), name, len);
}

static int read_symbols(struct mms_elfsyms *e, Dwfl_Module *mod)
{
	int nr = dwfl_module_getsymtab(mod), err = 0, i;
	struct section section = {0};

	for (i = 1; i < nr && !err; i++)
		err = add_symbol(e, mod, i, &section);
	mms_symtab_finish(e->symbols);
	return err == -E2BIG ? 0 : err;
}

static int read_module(struct mms_elfsyms *e, Dwfl_Module *mod, const uint8_t *build_id,
		       size_t build_id_len)
{
	GElf_Addr bias;
	Elf *elf = mod ? dwfl_module_getelf(mod, &bias) : NULL;

	if (!elf)
		return -ENOEXEC;
	if (build_id && !same_build_id(elf, build_id, build_id_len))
		return -ESTALE;
	read_segments(e, elf, bias);
	return read_symbols(e, mod);
}

int mms_elfsyms_read(int fd, const char *path, const uint8_t *build_id, size_t build_id_len,
		     bool keep, struct mms_elfsyms **result)
{
	struct mms_elfsyms *e = calloc(1, sizeof(*e));
	bool runs = can_run(fd);
	Dwfl *dwfl = e && runs ? dwfl_begin(&callbacks) : NULL;
	Dwfl_Module *mod = NULL;
	int err = runs ? -ENOMEM : -ENOEXEC;

	*result = NULL;
	if (e)
		e->fd = keep ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	if (dwfl)
		e->symbols = mms_symtab_new(MMS_SYMTAB_NEAREST);
	if (dwfl && e->symbols) {
		dwfl_report_begin(dwfl);
		/* At its own addresses: what is looked up is told by the offset in the file. */
		mod = dwfl_report_elf(dwfl, path, path, fd, 0, true);
		if (mod)
			fd = -1; /* it is the library's now */
		dwfl_report_end(dwfl, NULL, NULL);
		err = read_module(e, mod, build_id, build_id_len);
	}
	dwfl_end(dwfl);
	if (fd >= 0)
		close(fd);
	if (err)
		mms_elfsyms_free(e);
	else
		*result = e;
	return err;
}

void mms_elfsyms_free(struct mms_elfsyms *e)
{
	if (!e)
		return;
	mms_symtab_free(e->symbols);
	if (e->fd >= 0)
		close(e->fd);
	free(e);
}

const char *mms_elfsyms_find(const struct mms_elfsyms *e, uint64_t offset)
{
	const struct segment *s, *found = NULL;
	size_t i;

	/* Segments may share a page of the file. */
	for (i = 0; i < e->nr_segments; i++) {
		s = &e->segments[i];
		if (offset >= s->offset && offset - s->offset < s->size && (!found || s->exec))
			found = s;
	}
	return found ? mms_symtab_find(e->symbols, offset - found->offset + found->addr) : NULL;
}

/* FF /2: a call through a register or memory. @len is what the instruction would have. */
static bool is_indirect_call(const uint8_t *op, size_t len)
{
	unsigned int mod = op[1] >> 6, rm = op[1] & 7;
	size_t want = 2;

	if (op[0] != 0xff || (op[1] >> 3 & 7) != 2)
		return false;
	if (mod != 3 && rm == 4) {
		want++;
		if (!mod && len > 2 && (op[2] & 7) == 5)
			want += 4;
	}
	if (mod == 1)
		want++;
	else if (mod == 2 || (!mod && rm == 5))
		want += 4;
	return want == len;
}

/* mov $15,%rax; syscall: handlers of signals return here, although nobody called. */
static const uint8_t sigreturn[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};

int mms_elfsyms_call_before(const struct mms_elfsyms *e, uint64_t offset)
{
	uint8_t b[7], at[sizeof(sigreturn)];
	size_t len;

	if (e->fd < 0 || offset < sizeof(b) ||
	    pread(e->fd, b, sizeof(b), (off_t)(offset - sizeof(b))) != (ssize_t)sizeof(b))
		return -1;
	if (b[2] == 0xe8)
		return 1;
	for (len = 2; len <= sizeof(b); len++)
		if (is_indirect_call(b + sizeof(b) - len, len))
			return 1;
	return pread(e->fd, at, sizeof(at), (off_t)offset) == (ssize_t)sizeof(at) &&
	       !memcmp(at, sigreturn, sizeof(at));
}

size_t mms_elfsyms_bytes(const struct mms_elfsyms *e)
{
	return sizeof(*e) + mms_symtab_bytes(e->symbols);
}
