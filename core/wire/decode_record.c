/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records: docs/protocol.md, sections 5.5 to 5.7.
 *
 * A record's length is checked against the least that its type needs. So its
 * fixed part can be copied as a whole, and only what follows needs bounds.
 */

#include <string.h>

#include "diagnose.h"
#include "haywire/bytes.h"
#include "haywire/decode.h"

/* A record whose length is sound. */
typedef struct Body {
    const uint8_t *at; /* its first byte */
    size_t length;
    size_t used;   /* its fixed part, and what was read behind it */
    size_t offset; /* of its first byte in the page */
    HaywireDiagnosis *diagnosis;
} Body;

#define REFUSE(body, status, type, member, name, value) \
    haywire_diagnose((body)->diagnosis, status,         \
                     (body)->offset + offsetof(type, member), name, value)

/* Copy the fixed part of @body to @wire. */
#define TAKE(body, wire)                           \
    do {                                           \
        memcpy(&(wire), (body)->at, sizeof(wire)); \
        (body)->used = sizeof(wire);               \
    } while (0)

static HaywireStatus take_string(Body *body, uint64_t length, size_t limit,
                                 const char *name, HaywireString *ret_string)
{
    if (length > limit || length > body->length - body->used) {
        return haywire_diagnose(body->diagnosis, HAYWIRE_BAD_STRING,
                                body->offset + body->used, name, length);
    }
    *ret_string = (HaywireString){ body->at + body->used, (size_t)length };
    body->used += (size_t)length;
    return HAYWIRE_OK;
}

static HaywireStatus read_process(Body *body, uint32_t flags,
                                  HaywireRecord *ret_record)
{
    HaywireWireProcess wire;
    HaywireString name, exe, cmdline;
    HaywireStatus status;

    TAKE(body, wire);
    status = take_string(body, haywire_le16_get(wire.name_length),
                         HAYWIRE_NAME_MAX, "name", &name);
    if (status == HAYWIRE_OK) {
        status = take_string(body, haywire_le16_get(wire.exe_length),
                             HAYWIRE_EXE_MAX, "executable path", &exe);
    }
    if (status == HAYWIRE_OK) {
        status = take_string(body, haywire_le16_get(wire.cmdline_length),
                             HAYWIRE_CMDLINE_MAX, "command line", &cmdline);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    ret_record->process = (HaywireProcessRecord){
        .flags = flags,
        .pid = haywire_le32_get(wire.pid),
        .ppid = haywire_le32_get(wire.ppid),
        .uid = haywire_le32_get(wire.uid),
        .gid = haywire_le32_get(wire.gid),
        .start_time_ns = haywire_le64_get(wire.start_time_ns),
        .vsize = haywire_le64_get(wire.vsize),
        .rss = haywire_le64_get(wire.rss),
        .user_time_ns = haywire_le64_get(wire.user_time_ns),
        .system_time_ns = haywire_le64_get(wire.system_time_ns),
        .threads = haywire_le32_get(wire.threads),
        .nice = (int32_t)haywire_le32_get(wire.nice),
        .state = wire.state,
        .name = name,
        .exe = exe,
        .cmdline = cmdline,
    };
    return HAYWIRE_OK;
}

static HaywireStatus read_cycle(Body *body, uint32_t flags,
                                HaywireRecord *ret_record)
{
    HaywireWireCycle wire;
    HaywireCycleRecord cycle;

    (void)flags;
    TAKE(body, wire);
    cycle = (HaywireCycleRecord){
        .cycle = haywire_le64_get(wire.cycle),
        .processes = haywire_le32_get(wire.processes),
        .written = haywire_le32_get(wire.written),
        .ordinal = haywire_le32_get(wire.ordinal),
        .pages = haywire_le32_get(wire.pages),
    };
    if (cycle.pages > HAYWIRE_CATEGORY_PAGES_MAX ||
        cycle.ordinal >= cycle.pages) {
        return REFUSE(body, HAYWIRE_BAD_ORDINAL, HaywireWireCycle, ordinal,
                      "ordinal", cycle.ordinal);
    }
    ret_record->cycle = cycle;
    return HAYWIRE_OK;
}

/* What a later version adds comes behind what is known here, of each kind. */
static HaywireStatus read_fields(Body *body, uint32_t flags,
                                 HaywireRecord *ret_record)
{
    HaywireWireProcessFields wire;
    HaywireFieldsRecord fields = { 0 };
    HaywireStatus status;
    uint64_t known;

    (void)flags;
    TAKE(body, wire);
    known = haywire_le64_get(wire.known);
    fields.pid = haywire_le32_get(wire.pid);
    fields.start_time_ns = haywire_le64_get(wire.start_time_ns);
    fields.known = known & ((UINT64_C(1) << HAYWIRE_FIELD_COUNT) - 1);
    for (unsigned i = 0; i < 64; i++) {
        HaywireLe64 number;

        if (!(known & UINT64_C(1) << i)) {
            continue;
        }
        if (body->length - body->used < sizeof(number)) {
            return haywire_diagnose(body->diagnosis, HAYWIRE_SHORT_PAYLOAD,
                                    body->offset + body->used, "field",
                                    body->length - body->used);
        }
        memcpy(&number, body->at + body->used, sizeof(number));
        body->used += sizeof(number);
        if (i < HAYWIRE_FIELD_COUNT) {
            fields.number[i] = haywire_le64_get(number);
        }
    }
    status = take_string(body, fields.number[HAYWIRE_FIELD_CGROUP],
                         HAYWIRE_CGROUP_MAX, "cgroup", &fields.cgroup);
    if (status == HAYWIRE_OK) {
        ret_record->fields = fields;
    }
    return status;
}

_Static_assert(HAYWIRE_FIELD_COUNT < 64, "a bit for each field");
_Static_assert(sizeof(HaywireWireSectionSet) == sizeof(HaywireWirePageRunSet),
               "read_set() reads both");

/* What section sets and page-run sets have in common: all but the runs. */
static HaywireStatus read_set(Body *body, uint32_t flags, uint32_t count_max,
                              HaywireSetRecord *ret_set)
{
    HaywireWireSectionSet wire;
    HaywireSetRecord set;

    TAKE(body, wire);
    set = (HaywireSetRecord){
        .flags = flags,
        .pid = haywire_le32_get(wire.pid),
        .count = haywire_le32_get(wire.count),
        .start_time_ns = haywire_le64_get(wire.start_time_ns),
        .generation = haywire_le64_get(wire.generation),
        .first = haywire_le32_get(wire.first),
        .total = haywire_le32_get(wire.total),
    };
    if (set.count > count_max) {
        return REFUSE(body, HAYWIRE_BAD_COUNT, HaywireWireSectionSet, count,
                      "count", set.count);
    }
    if (set.first > set.total || set.count > set.total - set.first) {
        return REFUSE(body, HAYWIRE_BAD_ORDINAL, HaywireWireSectionSet, first,
                      "ordinal of the first", set.first);
    }
    *ret_set = set;
    return HAYWIRE_OK;
}

static HaywireStatus read_section_set(Body *body, uint32_t flags,
                                      HaywireRecord *ret_record)
{
    return read_set(body, flags,
                    HAYWIRE_PAYLOAD_MAX / sizeof(HaywireWireSection),
                    &ret_record->section_set);
}

static HaywireStatus read_page_run_set(Body *body, uint32_t flags,
                                       HaywireRecord *ret_record)
{
    size_t room = body->length - sizeof(HaywireWirePageRunSet);
    HaywireStatus status =
        read_set(body, flags, (uint32_t)(room / sizeof(HaywireWirePageRun)),
                 &ret_record->page_run_set);

    if (status == HAYWIRE_OK) {
        haywire_cursor_init(
            &ret_record->page_run_set.runs, body->at + body->used,
            ret_record->page_run_set.count * sizeof(HaywireWirePageRun));
    }
    return status;
}

static HaywireStatus read_section(Body *body, uint32_t flags,
                                  HaywireRecord *ret_record)
{
    HaywireWireSection wire;
    HaywireStatus status;
    HaywireString path;
    uint64_t start, end;

    TAKE(body, wire);
    start = haywire_le64_get(wire.start);
    end = haywire_le64_get(wire.end);
    if (end <= start) {
        return REFUSE(body, HAYWIRE_BAD_RANGE, HaywireWireSection, end,
                      "end gva", end);
    }
    status = take_string(body, haywire_le16_get(wire.path_length),
                         HAYWIRE_PATH_MAX, "path", &path);
    if (status == HAYWIRE_OK) {
        ret_record->section = (HaywireSectionRecord){
            .flags = flags,
            .start = { start },
            .end = { end },
            .offset = haywire_le64_get(wire.offset),
            .inode = haywire_le64_get(wire.inode),
            .device_major = haywire_le32_get(wire.device_major),
            .device_minor = haywire_le32_get(wire.device_minor),
            .path = path,
        };
    }
    return status;
}

static HaywireStatus read_ram_range(Body *body, uint32_t flags,
                                    HaywireRecord *ret_record)
{
    HaywireWireRamRange wire;
    HaywireRamRange range;

    (void)flags;
    TAKE(body, wire);
    range.start.value = haywire_le64_get(wire.start);
    range.end.value = haywire_le64_get(wire.end);
    if (range.end.value <= range.start.value) {
        return REFUSE(body, HAYWIRE_BAD_RANGE, HaywireWireRamRange, end,
                      "end gpa", range.end.value);
    }
    ret_record->ram_range = range;
    return HAYWIRE_OK;
}

static HaywireStatus read_text(Body *body, uint32_t flags,
                               HaywireRecord *ret_record)
{
    HaywireWireText wire;
    HaywireTextRecord text;
    HaywireStatus status;
    uint32_t length;

    (void)flags;
    TAKE(body, wire);
    text.id = haywire_le32_get(wire.id);
    text.offset = haywire_le32_get(wire.offset);
    text.total = haywire_le32_get(wire.total);
    length = haywire_le32_get(wire.length);
    if (text.offset > text.total || length > text.total - text.offset) {
        return REFUSE(body, HAYWIRE_BAD_RANGE, HaywireWireText, offset,
                      "offset of this piece", text.offset);
    }
    status =
        take_string(body, length, HAYWIRE_PAYLOAD_MAX, "text", &text.piece);
    if (status == HAYWIRE_OK) {
        ret_record->text = text;
    }
    return status;
}

static HaywireStatus read_vmcoreinfo(Body *body, uint32_t flags,
                                     HaywireRecord *ret_record)
{
    HaywireWireVmcoreinfo wire;
    HaywireVmcoreinfo note;

    (void)flags;
    TAKE(body, wire);
    note.gpa.value = haywire_le64_get(wire.gpa);
    note.size = haywire_le64_get(wire.size);
    if (note.size == 0 || note.size > UINT64_MAX - note.gpa.value) {
        return REFUSE(body, HAYWIRE_BAD_RANGE, HaywireWireVmcoreinfo, size,
                      "size", note.size);
    }
    ret_record->vmcoreinfo = note;
    return HAYWIRE_OK;
}

/* @read writes its result on success only. */
typedef struct RecordKind {
    size_t least; /* bytes, its head included */
    HaywireStatus (*read)(Body *body, uint32_t flags,
                          HaywireRecord *ret_record);
} RecordKind;

static const RecordKind record_kinds[] = {
    [HAYWIRE_RECORD_PROCESS] = { sizeof(HaywireWireProcess), read_process },
    [HAYWIRE_RECORD_SECTION_SET] = { sizeof(HaywireWireSectionSet),
                                     read_section_set },
    [HAYWIRE_RECORD_SECTION] = { sizeof(HaywireWireSection), read_section },
    [HAYWIRE_RECORD_PAGE_RUN_SET] = { sizeof(HaywireWirePageRunSet),
                                      read_page_run_set },
    [HAYWIRE_RECORD_RAM_RANGE] = { sizeof(HaywireWireRamRange),
                                   read_ram_range },
    [HAYWIRE_RECORD_TEXT] = { sizeof(HaywireWireText), read_text },
    [HAYWIRE_RECORD_VMCOREINFO] = { sizeof(HaywireWireVmcoreinfo),
                                    read_vmcoreinfo },
    [HAYWIRE_RECORD_CYCLE] = { sizeof(HaywireWireCycle), read_cycle },
    [HAYWIRE_RECORD_PROCESS_FIELDS] = { sizeof(HaywireWireProcessFields),
                                        read_fields },
};

#define RECORD_KINDS (sizeof(record_kinds) / sizeof(record_kinds[0]))

/* NULL for types that we do not know. */
static const RecordKind *find_kind(uint16_t type)
{
    if (type >= RECORD_KINDS || !record_kinds[type].read) {
        return NULL;
    }
    return &record_kinds[type];
}

HaywireStatus haywire_record_reader_init(HaywireRecordReader *reader,
                                         const HaywirePage *copy,
                                         const HaywirePageInfo *info)
{
    switch (info->kind) {
    case HAYWIRE_KIND_ROUNDROBIN:
    case HAYWIRE_KIND_CAMERA:
    case HAYWIRE_KIND_MANIFEST:
        haywire_cursor_init(&reader->cursor, copy->payload,
                            info->payload_length);
        return HAYWIRE_OK;
    default:
        return HAYWIRE_BAD_KIND;
    }
}

/* Not even a record's type and length are there. */
static HaywireStatus refuse_short(const Body *body, size_t left)
{
    size_t read = left < sizeof(HaywireLe16) ? 0 : sizeof(HaywireLe16);

    return haywire_diagnose(
        body->diagnosis, HAYWIRE_SHORT_PAYLOAD, body->offset + read,
        read ? "record length" : "record type", left - read);
}

static bool is_length(size_t length, size_t least, size_t left)
{
    return length >= least && length % HAYWIRE_RECORD_ALIGN == 0 &&
           length <= left;
}

HaywireStatus haywire_record_next(HaywireRecordReader *reader,
                                  HaywireRecord *ret_record,
                                  HaywireDiagnosis *diagnosis)
{
    HaywireCursor *cursor = &reader->cursor;
    size_t left = haywire_cursor_left(cursor);
    Body body = { .at = cursor->data + cursor->position,
                  .offset = offsetof(HaywirePage, payload) + cursor->position,
                  .diagnosis = diagnosis };
    HaywireStatus status = HAYWIRE_OK;
    const RecordKind *kind;
    HaywireWireRecord head;
    uint16_t type;

    if (left == 0) {
        return HAYWIRE_NOT_FOUND;
    }
    if (left < offsetof(HaywireWireRecord, flags)) {
        return refuse_short(&body, left);
    }
    memcpy(&head, body.at, offsetof(HaywireWireRecord, flags));
    type = haywire_le16_get(head.type);
    kind = find_kind(type);
    body.length = haywire_le16_get(head.length);
    if (!is_length(body.length, kind ? kind->least : sizeof(head), left)) {
        return REFUSE(&body, HAYWIRE_BAD_RECORD, HaywireWireRecord, length,
                      "record length", body.length);
    }
    memcpy(&head, body.at, sizeof(head));
    cursor->position += body.length;
    if (kind) {
        status = kind->read(&body, haywire_le32_get(head.flags), ret_record);
    }
    if (status == HAYWIRE_OK) {
        ret_record->type = type;
    }
    return status;
}

bool haywire_record_skip(HaywireRecordReader *reader, HaywireRecordType type)
{
    HaywireCursor *cursor = &reader->cursor;
    size_t length, left = haywire_cursor_left(cursor);
    HaywireWireRecord head;

    if (left < sizeof(head)) {
        return false;
    }
    memcpy(&head, cursor->data + cursor->position, sizeof(head));
    length = haywire_le16_get(head.length);
    if (haywire_le16_get(head.type) != type ||
        !is_length(length, record_kinds[type].least, left)) {
        return false;
    }
    cursor->position += length;
    return true;
}

/* The last page of the address space is in no run: ends stay exclusive. */
static bool run_wraps(uint64_t first, uint32_t pages, uint64_t limit)
{
    return first > limit || pages > limit - first;
}

/* 4 KiB to 16 GiB, which is more than any system has. */
static uint8_t known_page_shift(uint8_t shift)
{
    return shift >= 12 && shift <= 34 ? shift : 0;
}

/* Of swapped pages the value tells itself: place 0 holds the area's header. */
static uint16_t run_flags(uint16_t flags, uint64_t value)
{
    const uint16_t known = HAYWIRE_RUN_PFN_KNOWN;

    if (!(flags & HAYWIRE_RUN_SWAPPED)) {
        return flags;
    }
    return value != 0 ? flags | known : flags & (uint16_t)~known;
}

HaywireStatus haywire_decode_page_run(HaywireSetRecord *set,
                                      HaywirePageRun *ret_run)
{
    HaywireWirePageRun wire;
    HaywirePageRun run;
    const uint8_t *bytes;

    if (haywire_cursor_bytes(&set->runs, sizeof(wire), &bytes) != HAYWIRE_OK) {
        return HAYWIRE_NOT_FOUND;
    }
    memcpy(&wire, bytes, sizeof(wire));
    run = (HaywirePageRun){
        .gva = { haywire_le64_get(wire.gva) },
        .value = haywire_le64_get(wire.value),
        .pages = haywire_le32_get(wire.pages),
        .flags = run_flags(haywire_le16_get(wire.flags),
                           haywire_le64_get(wire.value)),
        .swap_type = wire.swap_type,
        .page_shift = known_page_shift(wire.page_shift),
    };
    if (run.pages == 0) {
        return HAYWIRE_BAD_COUNT;
    }
    if (run.gva.value % HAYWIRE_PAGE_SIZE ||
        run_wraps(run.gva.value >> HAYWIRE_PAGE_SHIFT, run.pages,
                  UINT64_MAX >> HAYWIRE_PAGE_SHIFT) ||
        run_wraps(run.value, run.pages, UINT64_MAX >> HAYWIRE_PAGE_SHIFT)) {
        return HAYWIRE_BAD_RANGE;
    }
    *ret_run = run;
    return HAYWIRE_OK;
}
