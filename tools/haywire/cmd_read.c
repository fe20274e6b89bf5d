/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * read: memory, by address.
 */
#include "commands.h"
#include "exit_status.h"
#include "field_macros.h"
#include "hex_dump.h"
#include "whole_file.h"

/* What was read, as JSON tells it. */
typedef struct MemoryRow {
    uint32_t whose;
    uint32_t pid;
    uint64_t address;
    uint64_t length;
    uint64_t present;
    uint32_t source;
    const char *data;
} MemoryRow;

typedef struct MissingRow {
    uint64_t address;
    uint64_t length;
    const char *reason;
    const char *text;
    uint32_t level;
} MissingRow;

static const char *source_name(uint32_t value)
{
    return haywire_provider_name((HaywireProvider)value);
}

static const HaywireField memory_fields[] = {
    ENUM(MemoryRow, whose, "whose", haywire_whose_name,
         "whose addresses: process, kernel, physical"),
    FIELD(MemoryRow, pid, "pid", "of the process", IF_U32(MemoryRow, pid)),
    FIELD(MemoryRow, address, "address", "of the first byte", UNIT(ADDRESS)),
    FIELD(MemoryRow, length, "length", "bytes that were asked for",
          UNIT(BYTES)),
    FIELD(MemoryRow, present, "present", "of these, how many were read",
          UNIT(BYTES)),
    ENUM(MemoryRow, source, "source", source_name,
         "who said where they lie: companion or kernel"),
    FIELD(MemoryRow, data, "data",
          "all of them in base64; what is missing as zeroes"),
};

static const HaywireField missing_fields[] = {
    FIELD(MissingRow, address, "address", "where it begins", UNIT(ADDRESS)),
    FIELD(MissingRow, length, "length", "how long it is", UNIT(BYTES)),
    FIELD(MissingRow, reason, "reason",
          "not-mapped, swapped-by-guest, hole, not-resident, swapped, ..."),
    FIELD(MissingRow, text, "text", "the same for people"),
    FIELD(MissingRow, level, "level",
          "where the page table ends: 1 has pages, 2 those of level 1, ...",
          IF_U32(MissingRow, level)),
};

const HaywireTable haywire_memory_table =
    TABLE(MemoryRow, "memory", memory_fields);
const HaywireTable haywire_missing_table =
    TABLE(MissingRow, "element of missing", missing_fields);

/* The guest's own swap is another than the host's. */
static const char *reason_name(const HaywireMissing *part)
{
    if (part->swapped) {
        return "swapped-by-guest";
    }
    return part->why == HAYWIRE_NOT_PRESENT && part->level
               ? "not-mapped"
               : haywire_status_name(part->why);
}

static void emit_missing(HaywireEmitter *emitter,
                         const HaywireReadResult *result)
{
    emitter->begin_list(emitter, "missing");
    for (gsize i = 0; i < result->count; i++) {
        const HaywireMissing *part = &result->missing[i];
        const MissingRow row = {
            .address = part->start.value,
            .length = part->length,
            .reason = reason_name(part),
            .text = haywire_missing_reason(part),
            .level = part->level,
        };

        emitter->begin_object(emitter, NULL);
        haywire_reply_members(emitter, &haywire_missing_table, &row);
        emitter->end_object(emitter);
    }
    emitter->end_list(emitter);
}

static void emit(HaywireEmitter *emitter, const HaywireReadWish *wish,
                 const uint8_t *bytes, const HaywireReadResult *result)
{
    g_autofree char *data = g_base64_encode(bytes, wish->length);
    const MemoryRow row = {
        .whose = wish->whose,
        .pid = wish->pid,
        .address = wish->address,
        .length = wish->length,
        .present = result->present,
        .source = result->source,
        .data = data,
    };

    emitter->begin_object(emitter, "memory");
    haywire_reply_members(emitter, &haywire_memory_table, &row);
    emit_missing(emitter, result);
    emitter->end_object(emitter);
}

/* For bytes alone, which do not say it themselves. */
static void complain(const HaywireReadWish *wish,
                     const HaywireReadResult *result)
{
    g_autofree char *line = NULL;

    if (result->count > 0) {
        line =
            g_strdup_printf("%" G_GUINT64_FORMAT " of %" G_GSIZE_FORMAT
                            " bytes are missing, and zeroes here; the first at "
                            "%" G_GINT64_MODIFIER "x: %s",
                            wish->length - result->present, wish->length,
                            result->missing[0].start.value,
                            haywire_missing_reason(&result->missing[0]));
        haywire_exit_complain(line);
    }
}

/* @file: begun where bytes are to go into one. */
static gboolean show(HaywireContext *context, const HaywireReadWish *wish,
                     const uint8_t *bytes, const HaywireReadResult *result,
                     HaywireWholeFile *file, GError **error)
{
    const HaywireOptions *options = context->options;
    const HaywireOverview *overview =
        context->backend->ops->overview(context->backend);
    HaywireEmitter *json;

    if (options->raw || options->column_lists) {
        haywire_output_warn(overview);
        complain(wish, result);
    }
    if (options->column_lists) {
        return haywire_whole_file_write(file, bytes, wish->length, 0, error) &&
               haywire_whole_file_finish(file, wish->length, error);
    }
    if (options->raw) {
        return haywire_output_bytes(bytes, wish->length, error);
    }
    json = haywire_output_begin(&context->output, overview);
    if (json) {
        emit(json, wish, bytes, result);
    } else {
        haywire_hex_dump(context->output.text, wish->address, bytes,
                         wish->length, result);
    }
    return haywire_output_end(&context->output, error);
}

gboolean haywire_read_check(const HaywireContext *context, GError **error)
{
    const HaywireOptions *options = context->options;

    if (options->kernel && options->physical) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "Either --kernel or --physical");
    }
    if (options->column_lists > 1 ||
        options->raw + options->json + options->column_lists > 1) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "Only one of --raw, --json and -o FILE");
    }
    if (context->length > HAYWIRE_READ_MAX) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "LENGTH is at most %" G_GUINT64_FORMAT
                                 " bytes (1 MiB): read it in parts",
                                 HAYWIRE_READ_MAX);
    }
    if (context->length - 1 > G_MAXUINT64 - context->address) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "ADDRESS and LENGTH lead behind the end of "
                                 "the address space");
    }
    return TRUE;
}

static HaywireReadWish wish_of(const HaywireContext *context)
{
    const HaywireOptions *options = context->options;

    return (HaywireReadWish){
        .whose = options->kernel     ? HAYWIRE_WHOSE_KERNEL
                 : options->physical ? HAYWIRE_WHOSE_PHYSICAL
                                     : HAYWIRE_WHOSE_PROCESS,
        .pid = context->pid,
        .address = context->address,
        .length = (gsize)context->length,
    };
}

gboolean haywire_run_read(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    g_autofree HaywireReadResult *result = g_new0(HaywireReadResult, 1);
    g_auto(HaywireWholeFile) file = { 0 };
    g_autofree uint8_t *bytes = NULL;
    HaywireReadWish wish;

    if ((context->options->column_lists &&
         !haywire_whole_file_begin(&file, context->options->columns[0],
                                   error)) ||
        !haywire_command_begin_plainly(context, error)) {
        return FALSE;
    }
    wish = wish_of(context);
    bytes = g_malloc0(wish.length);
    if (!backend->ops->read(backend, &wish, bytes, result, error)) {
        return FALSE;
    }
    if (result->present > 0 || context->options->json) {
        if (!show(context, &wish, bytes, result, &file, error)) {
            return FALSE;
        }
    }
    return result->present > 0 ||
           haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                             "Nothing of it can be read: %s%s",
                             haywire_missing_reason(&result->missing[0]),
                             result->count > 1 ? ", and more" : "");
}
