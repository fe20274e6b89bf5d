/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmcore: all of a guest's memory, as crash, drgn and others take it; and the
 * note that its kernel keeps for them.
 */
#include <string.h>

#include "commands.h"
#include "elf_file.h"
#include "exit_status.h"
#include "field_macros.h"
#include "haywire/beacon_protocol.h"
#include "haywire/kernel_memory.h"
#include "haywire/text.h"
#include "progress.h"
#include "text_format.h"
#include "whole_file.h"

#define PAGE UINT64_C(4096)
#define PART (UINT64_C(1) << 20)

/* https://github.com/504ensicsLabs/LiME, doc/README.md, version 1 */
#define LIME_MAGIC       0x4c694d45
#define LIME_VERSION     1
#define LIME_HEADER_SIZE 32

typedef struct VmcoreRow {
    const char *file;
    const char *format;
    uint64_t ranges;
    bool note;
    uint64_t present;
    uint64_t absent;
} VmcoreRow;

typedef struct NoteRow {
    bool has_address;
    uint64_t address;
    uint64_t length;
    const char *text;
} NoteRow;

static const HaywireField vmcore_fields[] = {
    FIELD(VmcoreRow, file, "file", "that was written"),
    FIELD(VmcoreRow, format, "format", "elf or lime"),
    FIELD(VmcoreRow, ranges, "ranges", "of guest physical addresses in it"),
    FIELD(VmcoreRow, note, "note", "whether the kernel's note is in it"),
    FIELD(VmcoreRow, present, "present", "memory that is in the file",
          UNIT(BYTES)),
    FIELD(VmcoreRow, absent, "absent",
          "memory that is not there: holes in the file", UNIT(BYTES)),
};
static const HaywireField note_fields[] = {
    FIELD(NoteRow, address, "address", "guest physical, of its text",
          UNIT(ADDRESS), IF(NoteRow, has_address)),
    FIELD(NoteRow, length, "length", "of its text", UNIT(BYTES)),
    FIELD(NoteRow, text, "text", "lines, escaped; line feeds between"),
};

const HaywireTable haywire_vmcore_table =
    TABLE(VmcoreRow, "vmcore", vmcore_fields);
const HaywireTable haywire_note_table =
    TABLE(NoteRow, "vmcoreinfo, with --info", note_fields);

typedef struct Vmcore {
    HaywireRamGuest guest;
    HaywireElf elf;
    HaywireWholeFile file;
    gboolean lime;
    guint64 offset[HAYWIRE_LAYOUT_RANGES_MAX]; /* of each range in the file */
    guint64 size;
    guint64 total; /* bytes of memory */
    uint8_t part[PART];
    VmcoreRow row;
} Vmcore;

static gboolean fail(HaywireStatus status, GError **error)
{
    return haywire_exit_fail_status(error, status, NULL, NULL);
}

static gboolean add_note(Vmcore *core, GError **error)
{
    uint8_t text[HAYWIRE_KERNEL_NOTE_MAX];
    HaywirePosition where;
    size_t length;
    const HaywireStatus status =
        haywire_kernel_note(core->guest.kernel, text, &length, &where);

    if (status == HAYWIRE_NOT_FOUND) {
        haywire_exit_complain("The kernel's note (vmcoreinfo) is not in "
                              "memory: crash and drgn will not take the file");
        return TRUE;
    }
    if (status != HAYWIRE_OK) {
        return fail(status, error);
    }
    haywire_elf_add_note(&core->elf, "VMCOREINFO", 0, text, length);
    core->row.note = true;
    return TRUE;
}

/* The kernel's image once more, where it is mapped: readers begin there. */
static void add_image(Vmcore *core)
{
    const HaywireLayout *layout = core->guest.layout;
    HaywireKernelImage image;

    if (haywire_kernel_image(core->guest.kernel, &image) != HAYWIRE_OK) {
        return;
    }
    for (guint i = 0; i < layout->count; i++) {
        const HaywireLayoutRange *range = &layout->range[i];
        const guint64 from = image.gpa.value - range->gpa.value;

        if (image.gpa.value >= range->gpa.value && from < range->length &&
            image.length <= range->length - from) {
            const HaywireElfAlias alias = {
                .load = { .p_flags = PF_R | PF_W | PF_X,
                          .p_vaddr = image.start.value,
                          .p_paddr = image.gpa.value,
                          .p_filesz = image.length,
                          .p_memsz = image.length },
                .of = i,
                .from = from,
            };

            haywire_elf_add_alias(&core->elf, &alias);
        }
    }
}

/*
 * Segments where the kernel maps all RAM. That they are aligned to nothing is
 * how crash knows them from those of netdump.
 */
static gboolean begin_elf(Vmcore *core, GError **error)
{
    const HaywireLayout *layout = core->guest.layout;
    g_autoptr(GByteArray) head = NULL;
    HaywireGva base;
    const HaywireStatus status =
        haywire_kernel_direct_map(core->guest.kernel, &base);

    if (status != HAYWIRE_OK) {
        return fail(status, error);
    }
    if (!add_note(core, error)) {
        return FALSE;
    }
    for (size_t i = 0; i < layout->count; i++) {
        const HaywireLayoutRange *range = &layout->range[i];
        const Elf64_Phdr load = {
            .p_flags = PF_R | PF_W | PF_X,
            .p_vaddr = base.value + range->gpa.value,
            .p_paddr = range->gpa.value,
            .p_filesz = range->length,
            .p_memsz = range->length,
        };

        haywire_elf_add_load(&core->elf, &load);
    }
    add_image(core);
    head = haywire_elf_lay_out(&core->elf);
    for (size_t i = 0; i < layout->count; i++) {
        core->offset[i] = g_array_index(core->elf.load, Elf64_Phdr, i).p_offset;
    }
    core->size = core->elf.size;
    return haywire_whole_file_write(&core->file, head->data, head->len, 0,
                                    error);
}

static gboolean begin_lime(Vmcore *core, GError **error)
{
    const HaywireLayout *layout = core->guest.layout;

    for (size_t i = 0; i < layout->count; i++) {
        const HaywireLayoutRange *range = &layout->range[i];
        guint8 header[LIME_HEADER_SIZE] = { 0 };

        haywire_elf_put32(header, LIME_MAGIC);
        haywire_elf_put32(header + 4, LIME_VERSION);
        haywire_elf_put64(header + 8, range->gpa.value);
        haywire_elf_put64(header + 16, range->gpa.value + range->length - 1);
        if (!haywire_whole_file_write(&core->file, header, sizeof(header),
                                      core->size, error)) {
            return FALSE;
        }
        core->offset[i] = core->size + sizeof(header);
        core->size = core->offset[i] + range->length;
    }
    return TRUE;
}

/* @length bytes, at most PART; pages that cannot be had are left out. */
static gboolean copy_part(Vmcore *core, HaywirePosition where, gsize length,
                          guint64 offset, GError **error)
{
    gsize at = 0;

    while (at < length) {
        const HaywirePosition here = { where.value + at };
        size_t got;
        const HaywireStatus status = haywire_memory_read(
            core->guest.memory, here, core->part, length - at, &got);

        if (status == HAYWIRE_SOURCE_TRUNCATED || status == HAYWIRE_IO_ERROR) {
            return fail(status, error);
        }
        if (!haywire_whole_file_write(&core->file, core->part, got, offset + at,
                                      error)) {
            return FALSE;
        }
        core->row.present += got;
        at += got;
        if (status != HAYWIRE_OK) {
            at += (gsize)(PAGE - (where.value + at) % PAGE);
        }
    }
    return TRUE;
}

/* One range: whatever of it memory says that it has. */
static gboolean copy_range(Vmcore *core, const HaywireLayoutRange *range,
                           guint64 offset, guint64 *done, GError **error)
{
    const guint64 start = range->position.value;
    const guint64 end = start + range->length;
    HaywirePosition at = { start };
    HaywireWindow window;
    HaywireStatus status;

    while ((status = haywire_memory_next_window(core->guest.memory, at,
                                                &window)) == HAYWIRE_OK &&
           window.start.value < end) {
        const guint64 to = MIN(end, window.start.value + window.length);

        for (at = window.start; at.value < to;) {
            const gsize step = (gsize)MIN(PART, to - at.value);

            if (!copy_part(core, at, step, offset + (at.value - start),
                           error)) {
                return FALSE;
            }
            at.value += step;
            haywire_progress_show(core->guest.progress,
                                  *done + (at.value - start), core->total);
        }
        at.value = window.start.value + window.length;
    }
    *done += range->length;
    return status == HAYWIRE_OK || status == HAYWIRE_NOT_FOUND ||
           fail(status, error);
}

static gboolean write_all(Vmcore *core, GError **error)
{
    const HaywireLayout *layout = core->guest.layout;
    guint64 done = 0;

    for (size_t i = 0; i < layout->count; i++) {
        core->total += layout->range[i].length;
    }
    core->row.ranges = layout->count;
    core->guest.progress->doing = "writing";
    if (!(core->lime ? begin_lime(core, error) : begin_elf(core, error))) {
        return FALSE;
    }
    for (size_t i = 0; i < layout->count; i++) {
        if (!copy_range(core, &layout->range[i], core->offset[i], &done,
                        error)) {
            return FALSE;
        }
    }
    core->row.absent = core->total - MIN(core->row.present, core->total);
    return haywire_whole_file_finish(&core->file, core->size, error);
}

static void print(GString *out, const VmcoreRow *row)
{
    g_string_append_printf(out, "%s: ", row->file);
    haywire_format_bytes(out, row->present);
    g_string_append_printf(out, " of memory in %" G_GUINT64_FORMAT " range%s, ",
                           row->ranges, row->ranges == 1 ? "" : "s");
    haywire_format_bytes(out, row->absent);
    g_string_append(out, " are not there\n");
}

static HaywireEmitter *begin(HaywireContext *context)
{
    return haywire_output_begin(
        &context->output, context->backend->ops->overview(context->backend));
}

static gboolean report(HaywireContext *context, VmcoreRow *row, GError **error)
{
    g_autofree char *file = g_utf8_make_valid(context->file, -1);
    HaywireEmitter *json = begin(context);

    row->file = file;
    if (json) {
        json->begin_object(json, "vmcore");
        haywire_reply_members(json, &haywire_vmcore_table, row);
        json->end_object(json);
    } else {
        print(context->output.text, row);
    }
    return haywire_output_end(&context->output, error);
}

/* The lines, each fit for a terminal. */
static char *escape_lines(const uint8_t *text, gsize length)
{
    GString *out = g_string_new(NULL);
    g_autofree char *line = g_malloc(4 * length + 1);

    while (length > 0) {
        const uint8_t *end = memchr(text, '\n', length);
        const gsize count = end ? (gsize)(end - text) : length;

        haywire_text_escape(text, count, line);
        g_string_append(out, line);
        g_string_append_c(out, '\n');
        length -= end ? count + 1 : count;
        text += end ? count + 1 : count;
    }
    return g_string_free(out, FALSE);
}

static gboolean show_note(HaywireContext *context, GError **error)
{
    uint8_t text[HAYWIRE_KERNEL_NOTE_MAX];
    g_autofree char *lines = NULL;
    HaywireRamGuest guest;
    HaywirePosition where;
    HaywireGpa gpa = { 0 };
    HaywireEmitter *json;
    HaywireStatus status;
    size_t length;
    NoteRow row;

    if (!haywire_command_begin_plainly(context, error) ||
        !haywire_backend_ram_guest(context->backend, &guest, error)) {
        return FALSE;
    }
    status = haywire_kernel_note(guest.kernel, text, &length, &where);
    if (status == HAYWIRE_NOT_FOUND) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                                 "The kernel's note (vmcoreinfo) is not in "
                                 "memory");
    }
    if (status != HAYWIRE_OK) {
        return fail(status, error);
    }
    lines = escape_lines(text, length);
    row = (NoteRow){ .length = length, .text = lines };
    row.has_address =
        haywire_layout_gpa(guest.layout, where, &gpa) == HAYWIRE_OK;
    row.address = gpa.value;
    json = begin(context);
    if (json) {
        json->begin_object(json, "vmcoreinfo");
        haywire_reply_members(json, &haywire_note_table, &row);
        json->end_object(json);
    } else {
        g_string_append(context->output.text, lines);
    }
    return haywire_output_end(&context->output, error);
}

gboolean haywire_vmcore_check(const HaywireContext *context, GError **error)
{
    const HaywireOptions *options = context->options;

    if (options->format && !g_str_equal(options->format, "elf") &&
        !g_str_equal(options->format, "lime")) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "--format is elf or lime, not: %s",
                                 options->format);
    }
    if (!options->info == !context->file) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "vmcore takes either FILE or --info");
    }
    return TRUE;
}

static gboolean check_machine(HaywireContext *context, const Vmcore *core,
                              GError **error)
{
    const HaywireOverview *overview =
        context->backend->ops->overview(context->backend);

    return core->lime || overview->arch == HAYWIRE_ARCH_X86_64 ||
           haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                             "ELF cores are made of guests of x86-64 only: "
                             "try --format lime");
}

static gboolean write_vmcore(HaywireContext *context, Vmcore *core,
                             GError **error)
{
    gboolean done =
        haywire_whole_file_begin(&core->file, context->file, error) &&
        haywire_command_begin_plainly(context, error) &&
        haywire_backend_ram_guest(context->backend, &core->guest, error) &&
        check_machine(context, core, error) && write_all(core, error);

    if (core->guest.progress) {
        haywire_progress_end(core->guest.progress);
    }
    return done && report(context, &core->row, error);
}

gboolean haywire_run_vmcore(HaywireContext *context, GError **error)
{
    const char *format = context->options->format;
    Vmcore *core;
    gboolean done;

    if (context->options->info) {
        return show_note(context, error);
    }
    core = g_new0(Vmcore, 1);
    core->lime = format && g_str_equal(format, "lime");
    core->row.format = core->lime ? "lime" : "elf";
    haywire_elf_init(&core->elf);
    done = write_vmcore(context, core, error);
    haywire_elf_clear(&core->elf);
    haywire_whole_file_clear(&core->file);
    g_free(core);
    return done;
}
