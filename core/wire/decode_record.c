/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Records: docs/protocol.md, sections 5.5 to 5.7.
 */

#include "decode_fields.h"

static void read_process(HaywireFields *fields, uint32_t flags,
                         HaywireRecord *record)
{
    HaywireProcessRecord *process = &record->process;
    uint16_t name_length, exe_length, cmdline_length;

    process->flags = flags;
    process->pid = haywire_fields_u32(fields, "pid");
    process->ppid = haywire_fields_u32(fields, "parent pid");
    process->uid = haywire_fields_u32(fields, "uid");
    process->gid = haywire_fields_u32(fields, "gid");
    process->start_time_ns = haywire_fields_u64(fields, "start time");
    process->vsize = haywire_fields_u64(fields, "virtual size");
    process->rss = haywire_fields_u64(fields, "resident size");
    process->user_time_ns = haywire_fields_u64(fields, "user time");
    process->system_time_ns = haywire_fields_u64(fields, "system time");
    process->threads = haywire_fields_u32(fields, "threads");
    process->nice = (int32_t)haywire_fields_u32(fields, "nice value");
    process->state = haywire_fields_u8(fields, "state letter");
    haywire_fields_skip(fields, 3);
    name_length = haywire_fields_u16(fields, "length of name");
    exe_length = haywire_fields_u16(fields, "length of executable path");
    cmdline_length = haywire_fields_u16(fields, "length of command line");
    haywire_fields_skip(fields, 6);
    process->name =
        haywire_fields_string(fields, name_length, HAYWIRE_NAME_MAX, "name");
    process->exe = haywire_fields_string(fields, exe_length, HAYWIRE_EXE_MAX,
                                         "executable path");
    process->cmdline = haywire_fields_string(
        fields, cmdline_length, HAYWIRE_CMDLINE_MAX, "command line");
}

static void read_cycle(HaywireFields *fields, uint32_t flags,
                       HaywireRecord *record)
{
    HaywireCycleRecord *cycle = &record->cycle;

    (void)flags;
    cycle->cycle = haywire_fields_u64(fields, "number of the cycle");
    cycle->processes = haywire_fields_u32(fields, "processes seen");
    cycle->written = haywire_fields_u32(fields, "process records written");
    cycle->ordinal = haywire_fields_u32(fields, "ordinal");
    cycle->pages = haywire_fields_u32(fields, "pages of the bank in use");
    if (cycle->pages > HAYWIRE_CATEGORY_PAGES_MAX ||
        cycle->ordinal >= cycle->pages) {
        haywire_fields_fail(fields, HAYWIRE_BAD_ORDINAL, 8, "ordinal",
                            cycle->ordinal);
    }
}

/* What a later version adds comes behind what is known here, of each kind. */
static void read_fields(HaywireFields *fields, uint32_t flags,
                        HaywireRecord *record)
{
    HaywireFieldsRecord *more = &record->fields;
    uint64_t known;

    (void)flags;
    *more = (HaywireFieldsRecord){ 0 };
    more->pid = haywire_fields_u32(fields, "pid");
    haywire_fields_skip(fields, 4);
    more->start_time_ns = haywire_fields_u64(fields, "start time");
    known = haywire_fields_u64(fields, "known");
    for (unsigned i = 0; i < 64; i++) {
        uint64_t number = 0;

        if (known & UINT64_C(1) << i) {
            number = haywire_fields_u64(fields, "field");
        }
        if (i < HAYWIRE_FIELD_COUNT) {
            more->number[i] = number;
        }
    }
    more->known = known & ((UINT64_C(1) << HAYWIRE_FIELD_COUNT) - 1);
    more->cgroup =
        haywire_fields_string(fields, more->number[HAYWIRE_FIELD_CGROUP],
                              HAYWIRE_CGROUP_MAX, "cgroup");
}

_Static_assert(HAYWIRE_FIELD_COUNT < 64, "a bit for each field");

/* What section sets and page-run sets have in common: all but the runs. */
static void read_set(HaywireFields *fields, uint32_t flags, uint32_t count_max,
                     HaywireSetRecord *set)
{
    set->flags = flags;
    set->pid = haywire_fields_u32(fields, "pid");
    set->count = haywire_fields_u32(fields, "count");
    if (set->count > count_max) {
        haywire_fields_fail(fields, HAYWIRE_BAD_COUNT, 4, "count", set->count);
    }
    set->start_time_ns = haywire_fields_u64(fields, "start time");
    set->generation = haywire_fields_u64(fields, "generation");
    set->first = haywire_fields_u32(fields, "ordinal of the first");
    set->total = haywire_fields_u32(fields, "in all");
    if (set->first > set->total || set->count > set->total - set->first) {
        haywire_fields_fail(fields, HAYWIRE_BAD_ORDINAL, 8,
                            "ordinal of the first", set->first);
    }
}

static void read_section_set(HaywireFields *fields, uint32_t flags,
                             HaywireRecord *record)
{
    read_set(fields, flags, HAYWIRE_PAYLOAD_MAX / sizeof(HaywireWireSection),
             &record->section_set);
    haywire_cursor_init(&record->section_set.runs, NULL, 0);
}

static void read_page_run_set(HaywireFields *fields, uint32_t flags,
                              HaywireRecord *record)
{
    size_t left = haywire_cursor_left(&fields->cursor);
    size_t head = sizeof(HaywireWirePageRunSet) - sizeof(HaywireWireRecord);
    size_t room = left < head ? 0 : left - head;

    read_set(fields, flags, room / sizeof(HaywireWirePageRun),
             &record->page_run_set);
    haywire_fields_split(
        fields, record->page_run_set.count * sizeof(HaywireWirePageRun),
        &record->page_run_set.runs, "runs");
}

static void read_section(HaywireFields *fields, uint32_t flags,
                         HaywireRecord *record)
{
    HaywireSectionRecord *section = &record->section;
    uint16_t path_length;

    section->flags = flags;
    section->start.value = haywire_fields_u64(fields, "start gva");
    section->end.value = haywire_fields_u64(fields, "end gva");
    if (section->end.value <= section->start.value) {
        haywire_fields_fail(fields, HAYWIRE_BAD_RANGE, 8, "end gva",
                            section->end.value);
    }
    section->offset = haywire_fields_u64(fields, "offset in the file");
    section->inode = haywire_fields_u64(fields, "inode");
    section->device_major = haywire_fields_u32(fields, "device, major");
    section->device_minor = haywire_fields_u32(fields, "device, minor");
    path_length = haywire_fields_u16(fields, "length of path");
    haywire_fields_skip(fields, 6);
    section->path =
        haywire_fields_string(fields, path_length, HAYWIRE_PATH_MAX, "path");
}

static void read_ram_range(HaywireFields *fields, uint32_t flags,
                           HaywireRecord *record)
{
    HaywireRamRange *range = &record->ram_range;

    (void)flags;
    range->start.value = haywire_fields_u64(fields, "start gpa");
    range->end.value = haywire_fields_u64(fields, "end gpa");
    if (range->end.value <= range->start.value) {
        haywire_fields_fail(fields, HAYWIRE_BAD_RANGE, 8, "end gpa",
                            range->end.value);
    }
}

static void read_text(HaywireFields *fields, uint32_t flags,
                      HaywireRecord *record)
{
    HaywireTextRecord *text = &record->text;
    uint32_t length;

    (void)flags;
    text->id = haywire_fields_u32(fields, "which text");
    text->offset = haywire_fields_u32(fields, "offset of this piece");
    text->total = haywire_fields_u32(fields, "length of the whole text");
    length = haywire_fields_u32(fields, "length of this piece");
    if (text->offset > text->total || length > text->total - text->offset) {
        haywire_fields_fail(fields, HAYWIRE_BAD_RANGE, 12,
                            "offset of this piece", text->offset);
    }
    text->piece =
        haywire_fields_string(fields, length, HAYWIRE_PAYLOAD_MAX, "text");
}

static void read_vmcoreinfo(HaywireFields *fields, uint32_t flags,
                            HaywireRecord *record)
{
    HaywireVmcoreinfo *note = &record->vmcoreinfo;

    (void)flags;
    note->gpa.value = haywire_fields_u64(fields, "gpa");
    note->size = haywire_fields_u64(fields, "size");
    if (note->size == 0 || note->size > UINT64_MAX - note->gpa.value) {
        haywire_fields_fail(fields, HAYWIRE_BAD_RANGE, 8, "size", note->size);
    }
}

typedef struct RecordKind {
    size_t least; /* bytes, its head included */
    void (*read)(HaywireFields *fields, uint32_t flags, HaywireRecord *record);
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

/*
 * Read a record's head, and set *ret_kind and @body to what follows it. The
 * fields' cursor ends up behind the record.
 */
static void read_head(HaywireFields *fields, uint16_t *ret_type,
                      uint32_t *ret_flags, const RecordKind **ret_kind,
                      HaywireCursor *ret_body)
{
    size_t head = sizeof(HaywireWireRecord);
    size_t left = haywire_cursor_left(&fields->cursor);
    size_t least;
    uint16_t length;

    *ret_type = haywire_fields_u16(fields, "record type");
    *ret_kind = find_kind(*ret_type);
    least = *ret_kind ? (*ret_kind)->least : head;
    length = haywire_fields_u16(fields, "record length");
    if (length < least || length % HAYWIRE_RECORD_ALIGN || length > left) {
        haywire_fields_fail(fields, HAYWIRE_BAD_RECORD, 2, "record length",
                            length);
    }
    *ret_flags = haywire_fields_u32(fields, "record flags");
    haywire_fields_split(fields, length - head, ret_body, "record");
}

/*
 * Of the reader only the position moves: copying a structure that was just
 * written in parts holds the processor up for longer than the reading takes.
 */
HaywireStatus haywire_record_next(HaywireRecordReader *reader,
                                  HaywireRecord *ret_record,
                                  HaywireDiagnosis *diagnosis)
{
    HaywireCursor *cursor = &reader->cursor;
    HaywireFields fields = { .base = cursor->data, .diagnosis = diagnosis };
    HaywireFields body = { .base = cursor->data, .diagnosis = diagnosis };
    HaywireRecord record;
    const RecordKind *kind;
    uint32_t flags;

    if (haywire_cursor_left(cursor) == 0) {
        return HAYWIRE_NOT_FOUND;
    }
    haywire_cursor_init(&fields.cursor, cursor->data + cursor->position,
                        haywire_cursor_left(cursor));
    read_head(&fields, &record.type, &flags, &kind, &body.cursor);
    if (fields.status != HAYWIRE_OK) {
        return fields.status;
    }
    cursor->position += fields.cursor.position;
    if (kind) {
        kind->read(&body, flags, &record);
    }
    if (body.status == HAYWIRE_OK) {
        *ret_record = record;
    }
    return body.status;
}

/* The last page of the address space is in no run: ends stay exclusive. */
static bool run_wraps(uint64_t first, uint32_t pages, uint64_t limit)
{
    return first > limit || pages > limit - first;
}

static uint8_t known_page_shift(uint8_t shift)
{
    return shift == 12 || shift == 21 || shift == 30 ? shift : 0;
}

HaywireStatus haywire_decode_page_run(HaywireSetRecord *set,
                                      HaywirePageRun *ret_run)
{
    HaywireFields fields = { .cursor = set->runs, .base = set->runs.data };
    HaywirePageRun run;

    if (haywire_cursor_left(&set->runs) == 0) {
        return HAYWIRE_NOT_FOUND;
    }
    run.gva.value = haywire_fields_u64(&fields, "gva");
    run.value = haywire_fields_u64(&fields, "pfn or swap offset");
    run.pages = haywire_fields_u32(&fields, "pages");
    run.flags = haywire_fields_u16(&fields, "flags");
    run.swap_type = haywire_fields_u8(&fields, "swap type");
    run.page_shift = known_page_shift(haywire_fields_u8(&fields, "page shift"));
    if (fields.status != HAYWIRE_OK) {
        return HAYWIRE_NOT_FOUND; /* cannot be: the set's count was checked */
    }
    set->runs = fields.cursor;
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
