/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of ELF cores: see elf_file.h.
 */
#include "elf_file.h"

#include <string.h>

#define PAGE  4096
#define WORDS 4 /* notes are padded to this */

void haywire_elf_init(HaywireElf *elf)
{
    elf->notes = g_byte_array_new();
    elf->load = g_array_new(FALSE, FALSE, sizeof(Elf64_Phdr));
    elf->alias = g_array_new(FALSE, FALSE, sizeof(HaywireElfAlias));
    elf->size = 0;
}

void haywire_elf_clear(HaywireElf *elf)
{
    g_clear_pointer(&elf->notes, g_byte_array_unref);
    g_clear_pointer(&elf->load, g_array_unref);
    g_clear_pointer(&elf->alias, g_array_unref);
}

void haywire_elf_put32(guint8 *to, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(to, &value, sizeof(value));
}

void haywire_elf_put64(guint8 *to, guint64 value)
{
    value = GUINT64_TO_LE(value);
    memcpy(to, &value, sizeof(value));
}

static void append_padded(GByteArray *to, gconstpointer data, gsize length)
{
    static const guint8 zeroes[WORDS];

    g_byte_array_append(to, data, (guint)length);
    g_byte_array_append(to, zeroes, (guint)(-length % WORDS));
}

void haywire_elf_add_note(HaywireElf *elf, const char *name, guint32 type,
                          gconstpointer data, gsize length)
{
    const guint32 header[] = { GUINT32_TO_LE((guint32)strlen(name) + 1),
                               GUINT32_TO_LE((guint32)length),
                               GUINT32_TO_LE(type) };

    g_byte_array_append(elf->notes, (const guint8 *)header, sizeof(header));
    append_padded(elf->notes, name, strlen(name) + 1);
    append_padded(elf->notes, data, length);
}

void haywire_elf_add_load(HaywireElf *elf, const Elf64_Phdr *load)
{
    g_array_append_val(elf->load, *load);
}

void haywire_elf_add_alias(HaywireElf *elf, const HaywireElfAlias *alias)
{
    g_array_append_val(elf->alias, *alias);
}

static void append_program_header(GByteArray *to, const Elf64_Phdr *header)
{
    const Elf64_Phdr wire = {
        .p_type = GUINT32_TO_LE(header->p_type),
        .p_flags = GUINT32_TO_LE(header->p_flags),
        .p_offset = GUINT64_TO_LE(header->p_offset),
        .p_vaddr = GUINT64_TO_LE(header->p_vaddr),
        .p_paddr = GUINT64_TO_LE(header->p_paddr),
        .p_filesz = GUINT64_TO_LE(header->p_filesz),
        .p_memsz = GUINT64_TO_LE(header->p_memsz),
        .p_align = GUINT64_TO_LE(header->p_align),
    };

    g_byte_array_append(to, (const guint8 *)&wire, sizeof(wire));
}

/* More headers than fit into 16 bits are counted in a section's header. */
static void append_file_header(GByteArray *to, guint count, guint64 behind)
{
    const gboolean many = count >= PN_XNUM;
    Elf64_Ehdr header = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
                     ELFDATA2LSB, EV_CURRENT, ELFOSABI_NONE },
        .e_type = GUINT16_TO_LE(ET_CORE),
        .e_machine = GUINT16_TO_LE(EM_X86_64),
        .e_version = GUINT32_TO_LE(EV_CURRENT),
        .e_phoff = GUINT64_TO_LE(sizeof(Elf64_Ehdr)),
        .e_ehsize = GUINT16_TO_LE(sizeof(Elf64_Ehdr)),
        .e_phentsize = GUINT16_TO_LE(sizeof(Elf64_Phdr)),
        .e_phnum = GUINT16_TO_LE((guint16)MIN(count, PN_XNUM)),
    };

    if (many) {
        header.e_shoff = GUINT64_TO_LE(behind);
        header.e_shentsize = GUINT16_TO_LE(sizeof(Elf64_Shdr));
        header.e_shnum = GUINT16_TO_LE(1);
    }
    g_byte_array_append(to, (const guint8 *)&header, sizeof(header));
}

static void append_count(GByteArray *to, guint count)
{
    const Elf64_Shdr header = { .sh_info = GUINT32_TO_LE(count) };

    if (count >= PN_XNUM) {
        g_byte_array_append(to, (const guint8 *)&header, sizeof(header));
    }
}

static void place_loads(HaywireElf *elf, guint64 at)
{
    for (guint i = 0; i < elf->load->len; i++) {
        Elf64_Phdr *load = &g_array_index(elf->load, Elf64_Phdr, i);

        at = (at + PAGE - 1) / PAGE * PAGE;
        load->p_type = PT_LOAD;
        load->p_offset = at;
        at += load->p_filesz;
    }
    elf->size = at;
}

static void append_loads(const HaywireElf *elf, GByteArray *to)
{
    for (guint i = 0; i < elf->load->len; i++) {
        append_program_header(to, &g_array_index(elf->load, Elf64_Phdr, i));
    }
    for (guint i = 0; i < elf->alias->len; i++) {
        const HaywireElfAlias *alias =
            &g_array_index(elf->alias, HaywireElfAlias, i);
        Elf64_Phdr load = alias->load;

        load.p_type = PT_LOAD;
        load.p_offset =
            g_array_index(elf->load, Elf64_Phdr, alias->of).p_offset +
            alias->from;
        append_program_header(to, &load);
    }
}

GByteArray *haywire_elf_lay_out(HaywireElf *elf)
{
    GByteArray *head = g_byte_array_new();
    const guint count = elf->load->len + elf->alias->len + 1;
    const guint64 behind =
        sizeof(Elf64_Ehdr) + (guint64)count * sizeof(Elf64_Phdr);
    const Elf64_Phdr notes = {
        .p_type = PT_NOTE,
        .p_offset = behind + (count >= PN_XNUM ? sizeof(Elf64_Shdr) : 0),
        .p_filesz = elf->notes->len,
        .p_align = WORDS,
    };

    place_loads(elf, notes.p_offset + notes.p_filesz);
    append_file_header(head, count, behind);
    append_program_header(head, &notes);
    append_loads(elf, head);
    append_count(head, count);
    g_byte_array_append(head, elf->notes->data, elf->notes->len);
    return head;
}
