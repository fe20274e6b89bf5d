/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of ELF cores (elf(5)), of x86-64: notes, then segments.
 */
#ifndef HAYWIRE_TOOL_ELF_FILE_H
#define HAYWIRE_TOOL_ELF_FILE_H

#include <elf.h>
#include <glib.h>

/* A segment whose bytes are a part of another one's. */
typedef struct HaywireElfAlias {
    Elf64_Phdr load;
    guint of;     /* which; from 0 */
    guint64 from; /* its byte */
} HaywireElfAlias;

typedef struct HaywireElf {
    GByteArray *notes;
    GArray *load;  /* of Elf64_Phdr, in the byte order of this machine */
    GArray *alias; /* of HaywireElfAlias */
    guint64 size;  /* of the file, once it is laid out */
} HaywireElf;

void haywire_elf_init(HaywireElf *elf);
void haywire_elf_clear(HaywireElf *elf); /* one that is all zero is fine */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HaywireElf, haywire_elf_clear)

void haywire_elf_add_note(HaywireElf *elf, const char *name, guint32 type,
                          gconstpointer data, gsize length);

/* A segment: p_offset follows from p_filesz, in the order in which they come. */
void haywire_elf_add_load(HaywireElf *elf, const Elf64_Phdr *load);

void haywire_elf_add_alias(HaywireElf *elf, const HaywireElfAlias *alias);

/*
 * Give all segments their places. Returns all that stands before the first, to
 * be written at the file's beginning.
 */
GByteArray *haywire_elf_lay_out(HaywireElf *elf);

/* Little-endian numbers at a byte of a note. */
void haywire_elf_put32(guint8 *to, guint32 value);
void haywire_elf_put64(guint8 *to, guint64 value);

#endif
