/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core: one process as gdb takes it.
 *
 * A hostile guest's page tables may lead to as much memory as it likes. Each
 * step in them and each page that is copied takes one from a budget.
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "exit_status.h"
#include "field_macros.h"
#include "process_notes.h"
#include "progress.h"
#include "text_format.h"
#include "whole_file.h"

#define PAGE UINT64_C(4096)

/* Memory is copied in parts of this size. */
#define PART HAYWIRE_READ_MAX

/* A longer gap in a section begins a segment anew: files have limits. */
#define GAP_MAX (UINT64_C(1) << 30)

/* Steps in page tables and pages, beside as many as the guest has, often. */
#define BUDGET       (UINT64_C(1) << 24)
#define BUDGET_PAGES 16

#define SEGMENTS_MAX (1u << 20)

typedef struct CoreRow {
    uint32_t pid;
    const char *file;
    uint64_t sections;
    uint64_t threads;
    uint64_t running;
    uint64_t without_registers;
    uint64_t present;
    uint64_t absent;
} CoreRow;

static const HaywireField fields[] = {
    FIELD(CoreRow, pid, "pid", "of the process"),
    FIELD(CoreRow, file, "file", "that was written"),
    FIELD(CoreRow, sections, "sections", "of its memory"),
    FIELD(CoreRow, threads, "threads", "that it has"),
    FIELD(CoreRow, running, "running",
          "of these, on a processor: their registers are older"),
    FIELD(CoreRow, without_registers, "without-registers",
          "of these, whose registers were not found: all 0"),
    FIELD(CoreRow, present, "present", "memory that is in the file",
          UNIT(BYTES)),
    FIELD(CoreRow, absent, "absent",
          "memory that is not there: holes in the file", UNIT(BYTES)),
};

const HaywireTable haywire_core_table = TABLE(CoreRow, "core", fields);

typedef struct Core {
    HaywireRamGuest guest;
    HaywireProcess process;
    HaywireSectionList sections;
    HaywireElf elf;
    HaywireWholeFile file;
    HaywireAddressSpace *space;
    guint64 budget;
    guint64 total; /* bytes to be written, for the progress */
    uint8_t *part; /* PART bytes */
    CoreRow row;
} Core;

static void clear(Core *core)
{
    haywire_elf_clear(&core->elf);
    haywire_whole_file_clear(&core->file);
    haywire_kernel_space_free(core->space);
    g_free(core->part);
}

static gboolean fail_status(const Core *core, HaywireStatus status,
                            GError **error)
{
    if (status == HAYWIRE_NO_SECTIONS) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                                 "A process without memory of its own (pid "
                                 "%u): kernel threads have none",
                                 core->process.pid);
    }
    return haywire_exit_fail_about(error, status, "pid", core->process.pid,
                                   NULL);
}

static gboolean spend(Core *core, guint64 steps, GError **error)
{
    if (core->budget < steps) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_CORRUPT,
                                 "The page table of pid %u leads to more "
                                 "memory than this guest can have",
                                 core->process.pid);
    }
    core->budget -= steps;
    return TRUE;
}

/* Page tables as they are now. */
static gboolean open_space(Core *core, GError **error)
{
    HaywireStatus status;

    haywire_kernel_space_free(core->space);
    core->space = NULL;
    status = haywire_kernel_space_new(core->guest.kernel, core->process.pid,
                                      &core->space);
    return status == HAYWIRE_OK || fail_status(core, status, error);
}

static gboolean add_notes(Core *core, GError **error)
{
    uint8_t auxv[HAYWIRE_KERNEL_AUXV_MAX];
    HaywireKernelThread *thread;
    size_t count, length;
    HaywireStatus status = haywire_kernel_threads(
        core->guest.kernel, core->process.pid, &thread, &count);

    if (status != HAYWIRE_OK) {
        return fail_status(core, status, error);
    }
    haywire_notes_add_process(&core->elf, &core->process);
    for (size_t i = 0; i < count; i++) {
        haywire_notes_add_thread(&core->elf, &core->process, &thread[i]);
        core->row.running += thread[i].running;
        core->row.without_registers += !thread[i].has_registers;
    }
    core->row.threads = count;
    free(thread);
    if (haywire_kernel_auxv(core->guest.kernel, core->process.pid, auxv,
                            &length) == HAYWIRE_OK) {
        haywire_elf_add_note(&core->elf, "CORE", NT_AUXV, auxv, length);
    }
    haywire_notes_add_files(&core->elf, &core->sections);
    return TRUE;
}

static guint32 flags_of(const HaywireSection *section)
{
    const char *rights = section->permissions;

    return (rights[0] == 'r' ? PF_R : 0u) | (rights[1] == 'w' ? PF_W : 0u) |
           (rights[2] == 'x' ? PF_X : 0u);
}

/* A segment from @start on: @end of the last page there, @next segment's. */
static gboolean add_segment(Core *core, const HaywireSection *section,
                            guint64 start, guint64 end, guint64 next,
                            GError **error)
{
    const Elf64_Phdr load = {
        .p_flags = flags_of(section),
        .p_vaddr = start,
        .p_filesz = end - start,
        .p_memsz = next - start,
        .p_align = PAGE,
    };

    if (core->elf.load->len == SEGMENTS_MAX) {
        return spend(core, G_MAXUINT64, error);
    }
    haywire_elf_add_load(&core->elf, &load);
    core->total += load.p_filesz;
    return TRUE;
}

/* Find out how far each part of a section must be in the file. */
static gboolean add_section(Core *core, const HaywireSection *section,
                            GError **error)
{
    guint64 at = section->start, start = at, end = at;

    while (at < section->end) {
        HaywireStretch stretch = { 0 };
        const HaywireStatus status =
            core->space->translate(core->space, (HaywireGva){ at }, &stretch);
        const guint64 run = MIN(stretch.length, section->end - at);

        if (!spend(core, 1, error)) {
            return FALSE;
        }
        if (status == HAYWIRE_OK) {
            if (at - end > GAP_MAX) {
                if (!add_segment(core, section, start, end, at, error)) {
                    return FALSE;
                }
                start = at;
            }
            end = at + run;
        }
        at += run;
    }
    return add_segment(core, section, start, end, section->end, error);
}

static gboolean add_sections(Core *core, GError **error)
{
    if (!open_space(core, error)) {
        return FALSE;
    }
    for (gsize i = 0; i < core->sections.count; i++) {
        if (!add_section(core, &core->sections.section[i], error)) {
            return FALSE;
        }
        core->row.absent +=
            core->sections.section[i].end - core->sections.section[i].start;
    }
    return TRUE;
}

static gboolean is_zero(const uint8_t *page, gsize length)
{
    return page[0] == 0 && memcmp(page, page + 1, length - 1) == 0;
}

/* Pages that are all zero are there, and need no place in the file. */
static gboolean write_present(Core *core, const uint8_t *from, gsize length,
                              guint64 offset, GError **error)
{
    gsize begun = 0, at = 0;

    core->row.present += length;
    while (at < length) {
        const gsize page = MIN(PAGE, length - at);

        if (is_zero(from + at, page)) {
            if (at > begun &&
                !haywire_whole_file_write(&core->file, from + begun, at - begun,
                                          offset + begun, error)) {
                return FALSE;
            }
            begun = at + page;
        }
        at += page;
    }
    return begun >= length ||
           haywire_whole_file_write(&core->file, from + begun, length - begun,
                                    offset + begun, error);
}

/* @length bytes at @gva, at most PART, to @offset of the file. */
static gboolean copy_part(Core *core, guint64 gva, gsize length, guint64 offset,
                          GError **error)
{
    HaywireMissing missing[HAYWIRE_READ_MISSING_MAX];
    size_t count;
    gsize at = 0;
    HaywireStatus status = haywire_memory_read_gva(
        core->guest.memory, core->space, (HaywireGva){ gva }, core->part,
        length, missing, G_N_ELEMENTS(missing), &count);

    if (status != HAYWIRE_OK) {
        return fail_status(core, status, error);
    }
    for (size_t i = 0; i <= count; i++) {
        const gsize end =
            i < count ? (gsize)(missing[i].start.value - gva) : length;

        if (!write_present(core, core->part + at, end - at, offset + at,
                           error)) {
            return FALSE;
        }
        at = i < count ? end + (gsize)missing[i].length : end;
    }
    return TRUE;
}

static gboolean copy_segment(Core *core, const Elf64_Phdr *load, guint64 *done,
                             GError **error)
{
    guint64 at = 0;

    if (load->p_filesz > 0 && !open_space(core, error)) {
        return FALSE;
    }
    while (at < load->p_filesz) {
        const guint64 left = load->p_filesz - at;
        HaywireStretch stretch = { 0 };
        gsize step = (gsize)MIN(left, PART);

        if (core->space->translate(core->space,
                                   (HaywireGva){ load->p_vaddr + at },
                                   &stretch) != HAYWIRE_OK) {
            step = (gsize)MIN(left, stretch.length);
            if (!spend(core, 1, error)) {
                return FALSE;
            }
        } else if (!spend(core, step / PAGE, error) ||
                   !copy_part(core, load->p_vaddr + at, step,
                              load->p_offset + at, error)) {
            return FALSE;
        }
        at += step;
        haywire_progress_show(core->guest.progress, *done + at, core->total);
    }
    *done += at;
    return TRUE;
}

static gboolean write_all(Core *core, GError **error)
{
    g_autoptr(GByteArray) head = haywire_elf_lay_out(&core->elf);
    guint64 done = 0;

    core->part = g_malloc(PART);
    core->guest.progress->doing = "writing";
    if (!haywire_whole_file_write(&core->file, head->data, head->len, 0,
                                  error)) {
        return FALSE;
    }
    for (guint i = 0; i < core->elf.load->len; i++) {
        if (!copy_segment(core, &g_array_index(core->elf.load, Elf64_Phdr, i),
                          &done, error)) {
            return FALSE;
        }
    }
    core->row.absent -= MIN(core->row.present, core->row.absent);
    return haywire_whole_file_finish(&core->file, core->elf.size, error);
}

static gboolean find_process(HaywireContext *context, Core *core,
                             GError **error)
{
    HaywireBackend *backend = context->backend;
    const HaywireProcess *process;

    if (!haywire_command_begin(context, error) ||
        !backend->ops->sections(backend, context->pid, &core->sections,
                                error) ||
        !haywire_backend_ram_guest(backend, &core->guest, error)) {
        return FALSE;
    }
    if (backend->ops->overview(backend)->arch != HAYWIRE_ARCH_X86_64) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                                 "Cores are made of guests of x86-64 only");
    }
    process = haywire_model_process(core->guest.model, context->pid);
    if (!process) {
        return haywire_exit_fail_about(error, HAYWIRE_NO_PROCESS, "pid",
                                       context->pid, NULL);
    }
    core->process = *process;
    core->budget =
        BUDGET + haywire_memory_size(core->guest.memory) / PAGE * BUDGET_PAGES;
    core->row.pid = context->pid;
    core->row.sections = core->sections.count;
    if (!core->sections.complete) {
        haywire_exit_complain("Not all sections of this process could be read: "
                              "the core lacks some");
    }
    return TRUE;
}

static const char *plural(guint64 number)
{
    return number == 1 ? "" : "s";
}

static void print(GString *out, const CoreRow *row)
{
    g_string_append_printf(out,
                           "%s: %" G_GUINT64_FORMAT
                           " section%s, %" G_GUINT64_FORMAT " thread%s; ",
                           row->file, row->sections, plural(row->sections),
                           row->threads, plural(row->threads));
    haywire_format_bytes(out, row->present);
    g_string_append(out, " of memory, ");
    haywire_format_bytes(out, row->absent);
    g_string_append(out, " are not there\n");
    if (row->running > 0) {
        g_string_append_printf(out,
                               "%" G_GUINT64_FORMAT
                               " of the threads were running: registers are "
                               "those of their last way into the kernel\n",
                               row->running);
    }
    if (row->without_registers > 0) {
        g_string_append_printf(
            out, "%" G_GUINT64_FORMAT " of the threads are without registers\n",
            row->without_registers);
    }
}

static gboolean report(HaywireContext *context, CoreRow *row, GError **error)
{
    g_autofree char *file = g_utf8_make_valid(context->file, -1);
    HaywireEmitter *json = haywire_output_begin(
        &context->output, context->backend->ops->overview(context->backend));

    row->file = file;
    if (json) {
        json->begin_object(json, "core");
        haywire_reply_members(json, &haywire_core_table, row);
        json->end_object(json);
    } else {
        print(context->output.text, row);
    }
    return haywire_output_end(&context->output, error);
}

gboolean haywire_run_core(HaywireContext *context, GError **error)
{
    Core core = { 0 };
    gboolean done;

    haywire_elf_init(&core.elf);
    /* A file that cannot be written is said before anything is read. */
    done = haywire_whole_file_begin(&core.file, context->file, error) &&
           find_process(context, &core, error) && add_notes(&core, error) &&
           add_sections(&core, error) && write_all(&core, error);
    if (core.guest.progress) {
        haywire_progress_end(core.guest.progress);
    }
    done = done && report(context, &core.row, error);
    clear(&core);
    return done;
}
