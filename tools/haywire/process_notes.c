/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The notes of a process's core: see process_notes.h. By byte, not by the
 * structures of <sys/procfs.h>: those are of the machine that this runs on.
 */
#include "process_notes.h"

#include <string.h>

#include "haywire/beacon_protocol.h"

#define PAGE 4096

/* struct elf_prstatus */
enum {
    STATUS_PID = 32,
    STATUS_PPID = 36,
    STATUS_GROUP = 40,
    STATUS_SESSION = 44,
    STATUS_REGISTERS = 112,
    STATUS_SIZE = 336,
};

/* struct elf_prpsinfo */
enum {
    INFO_LETTER = 1,
    INFO_ZOMBIE = 2,
    INFO_NICE = 3,
    INFO_UID = 16,
    INFO_GID = 20,
    INFO_PID = 24,
    INFO_PPID = 28,
    INFO_GROUP = 32,
    INFO_SESSION = 36,
    INFO_NAME = 40,
    INFO_NAME_SIZE = 16,
    INFO_ARGUMENTS = 56,
    INFO_ARGUMENTS_SIZE = 80,
    INFO_SIZE = 136,
};

/* What was made fit for people, as it was: \xNN stands for a byte. */
static GByteArray *unescape(const char *text)
{
    GByteArray *bytes = g_byte_array_new();

    while (*text) {
        guint8 byte = (guint8)*text;

        if (text[0] == '\\' && text[1] == 'x' && g_ascii_isxdigit(text[2]) &&
            g_ascii_isxdigit(text[3])) {
            byte = (guint8)(g_ascii_xdigit_value(text[2]) << 4 |
                            g_ascii_xdigit_value(text[3]));
            text += 3;
        }
        g_byte_array_append(bytes, &byte, 1);
        text++;
    }
    return bytes;
}

/* As much as there is room for, a NUL included. */
static void put_text(guint8 *to, gsize room, const char *text)
{
    g_autoptr(GByteArray) bytes = unescape(text);

    memcpy(to, bytes->data, MIN(bytes->len, room - 1));
}

static guint32 number_of(const HaywireProcess *process, int field)
{
    return (guint32)process->number[field];
}

void haywire_notes_add_process(HaywireElf *elf, const HaywireProcess *process)
{
    guint8 info[INFO_SIZE] = { 0 };

    info[INFO_LETTER] = (guint8)process->state;
    info[INFO_ZOMBIE] = process->state == 'Z';
    info[INFO_NICE] = (guint8)process->nice;
    haywire_elf_put32(info + INFO_UID, process->uid);
    haywire_elf_put32(info + INFO_GID, process->gid);
    haywire_elf_put32(info + INFO_PID, process->pid);
    haywire_elf_put32(info + INFO_PPID, process->ppid);
    haywire_elf_put32(info + INFO_GROUP,
                      number_of(process, HAYWIRE_FIELD_PROCESS_GROUP));
    haywire_elf_put32(info + INFO_SESSION,
                      number_of(process, HAYWIRE_FIELD_SESSION));
    put_text(info + INFO_NAME, INFO_NAME_SIZE, process->name);
    put_text(info + INFO_ARGUMENTS, INFO_ARGUMENTS_SIZE, process->cmdline);
    haywire_elf_add_note(elf, "CORE", NT_PRPSINFO, info, sizeof(info));
}

void haywire_notes_add_thread(HaywireElf *elf, const HaywireProcess *process,
                              const HaywireKernelThread *thread)
{
    guint8 status[STATUS_SIZE] = { 0 };

    haywire_elf_put32(status + STATUS_PID, thread->tid);
    haywire_elf_put32(status + STATUS_PPID, process->ppid);
    haywire_elf_put32(status + STATUS_GROUP,
                      number_of(process, HAYWIRE_FIELD_PROCESS_GROUP));
    haywire_elf_put32(status + STATUS_SESSION,
                      number_of(process, HAYWIRE_FIELD_SESSION));
    for (gsize i = 0; i < HAYWIRE_KERNEL_REGISTERS; i++) {
        haywire_elf_put64(status + STATUS_REGISTERS + i * 8, thread->reg[i]);
    }
    haywire_elf_add_note(elf, "CORE", NT_PRSTATUS, status, sizeof(status));
}

static void append_word(GByteArray *to, guint64 word)
{
    word = GUINT64_TO_LE(word);
    g_byte_array_append(to, (const guint8 *)&word, sizeof(word));
}

/* Others are named in brackets, or not at all. */
static gboolean is_of_file(const HaywireSection *section)
{
    return section->path[0] == '/';
}

void haywire_notes_add_files(HaywireElf *elf, const HaywireSectionList *list)
{
    g_autoptr(GByteArray) rows = g_byte_array_new();
    g_autoptr(GByteArray) names = g_byte_array_new();
    guint64 count = 0;

    for (gsize i = 0; i < list->count; i++) {
        count += is_of_file(&list->section[i]);
    }
    append_word(rows, count);
    append_word(rows, PAGE);
    for (gsize i = 0; i < list->count; i++) {
        const HaywireSection *section = &list->section[i];

        if (is_of_file(section)) {
            g_autoptr(GByteArray) path = unescape(section->path);

            append_word(rows, section->start);
            append_word(rows, section->end);
            append_word(rows, section->offset / PAGE);
            g_byte_array_append(names, path->data, path->len);
            g_byte_array_append(names, (const guint8 *)"", 1);
        }
    }
    g_byte_array_append(rows, names->data, names->len);
    haywire_elf_add_note(elf, "CORE", NT_FILE, rows->data, rows->len);
}
