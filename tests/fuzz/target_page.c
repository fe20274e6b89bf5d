/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target: one page, through reading, verification and every decoder.
 *
 * The input is the page's bytes; what is missing is zero.
 */

#include <string.h>

#include "fuzz.h"
#include "haywire/decode.h"
#include "haywire/page_read.h"
#include "haywire/text.h"

/* @string lies within the page, and its escaped form is harmless. */
static void check_string(const HaywirePage *page, HaywireString string)
{
    const uint8_t *start = page->payload;
    g_autofree char *text = NULL;
    size_t length;

    if (string.length == 0) {
        return;
    }
    FUZZ_CHECK(string.data >= start);
    FUZZ_CHECK(string.length <=
               (size_t)(start + HAYWIRE_PAYLOAD_MAX - string.data));
    text = g_malloc(4 * string.length + 1);
    length = haywire_text_escape(string.data, string.length, text);
    FUZZ_CHECK(length == strlen(text));
    fuzz_check_text(text, false);
}

static void check_runs(HaywireSetRecord *set)
{
    HaywirePageRun run;
    HaywireStatus status;
    uint32_t count = 0;

    do {
        status = haywire_decode_page_run(set, &run);
        count += status != HAYWIRE_NOT_FOUND;
        if (status == HAYWIRE_OK) {
            FUZZ_CHECK(run.pages > 0);
            FUZZ_CHECK(run.gva.value % HAYWIRE_PAGE_SIZE == 0);
        }
    } while (status != HAYWIRE_NOT_FOUND);
    FUZZ_CHECK(count <= HAYWIRE_PAYLOAD_MAX / sizeof(HaywireWirePageRun));
}

static void check_record(const HaywirePage *page, HaywireRecord *record)
{
    switch (record->type) {
    case HAYWIRE_RECORD_PROCESS:
        FUZZ_CHECK(record->process.name.length <= HAYWIRE_NAME_MAX);
        FUZZ_CHECK(record->process.exe.length <= HAYWIRE_EXE_MAX);
        FUZZ_CHECK(record->process.cmdline.length <= HAYWIRE_CMDLINE_MAX);
        check_string(page, record->process.name);
        check_string(page, record->process.exe);
        check_string(page, record->process.cmdline);
        break;
    case HAYWIRE_RECORD_SECTION:
        FUZZ_CHECK(record->section.start.value < record->section.end.value);
        FUZZ_CHECK(record->section.path.length <= HAYWIRE_PATH_MAX);
        check_string(page, record->section.path);
        break;
    case HAYWIRE_RECORD_PAGE_RUN_SET:
        check_runs(&record->page_run_set);
        break;
    case HAYWIRE_RECORD_TEXT:
        check_string(page, record->text.piece);
        break;
    case HAYWIRE_RECORD_RAM_RANGE:
        FUZZ_CHECK(record->ram_range.start.value < record->ram_range.end.value);
        break;
    default:
        break;
    }
}

static void decode_records(const HaywirePage *page, const HaywirePageInfo *info)
{
    HaywireRecordReader reader;
    HaywireRecord record;
    HaywireStatus status;
    size_t count = 0;

    if (haywire_record_reader_init(&reader, page, info) != HAYWIRE_OK) {
        return;
    }
    do {
        HaywireDiagnosis diagnosis = { 0 };

        status = haywire_record_next(&reader, &record, &diagnosis);
        if (status == HAYWIRE_OK) {
            check_record(page, &record);
        } else if (status != HAYWIRE_NOT_FOUND) {
            FUZZ_CHECK(diagnosis.field != NULL);
            FUZZ_CHECK(diagnosis.offset < HAYWIRE_PAGE_SIZE);
        }
        count++;
    } while (status != HAYWIRE_NOT_FOUND && status != HAYWIRE_BAD_RECORD &&
             status != HAYWIRE_SHORT_PAYLOAD);
    FUZZ_CHECK(count <= HAYWIRE_PAYLOAD_MAX / HAYWIRE_RECORD_ALIGN + 1);
}

static void decode_entries(const HaywirePage *page, const HaywirePageInfo *info)
{
    HaywirePidPage pids;
    HaywirePidEntry entry;
    uint32_t count = 0;

    if (haywire_decode_pid_page(page, info, &pids, NULL) != HAYWIRE_OK) {
        return;
    }
    while (haywire_decode_pid_entry(&pids, &entry) == HAYWIRE_OK) {
        FUZZ_CHECK(entry.name_length <= HAYWIRE_SHORT_NAME_SIZE);
        count++;
    }
    FUZZ_CHECK(count == pids.count);
}

static void decode_index(const HaywirePage *page, const HaywirePageInfo *info)
{
    HaywireIndexPage index;
    uint64_t pfn;

    if (haywire_decode_index(page, info, &index, NULL) != HAYWIRE_OK) {
        return;
    }
    for (uint32_t i = 0; i < index.count; i++) {
        FUZZ_CHECK(haywire_cursor_u64(&index.entries, &pfn) == HAYWIRE_OK);
    }
}

/* Each decoder refuses kinds that are not its own. */
static void decode(const HaywirePage *page, const HaywirePageInfo *info)
{
    uint64_t counter[HAYWIRE_COUNTER_COUNT];
    HaywireDiscovery discovery;
    HaywireControl control;

    if (haywire_decode_discovery(page, info, &discovery, NULL) == HAYWIRE_OK) {
        for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
            FUZZ_CHECK(discovery.geometry[i] >= 1);
            FUZZ_CHECK(discovery.geometry[i] <= HAYWIRE_CATEGORY_PAGES_MAX);
        }
    }
    if (haywire_decode_stats(page, info, counter, NULL) == HAYWIRE_OK) {
        FUZZ_CHECK(info->kind == HAYWIRE_KIND_STATS);
    }
    if (haywire_decode_control(page, info, &control, NULL) == HAYWIRE_OK) {
        FUZZ_CHECK(control.nonce != 0);
    }
    decode_index(page, info);
    decode_entries(page, info);
    decode_records(page, info);
}

/* As a reader finds it in memory. */
static HaywireStatus read_page(const HaywirePage *live, HaywirePage *ret_copy,
                               HaywirePageInfo *ret_info)
{
    HaywireRegion region = { { 0 }, sizeof(*live), (const uint8_t *)live };
    HaywireMemory *memory;
    HaywireStatus status;

    FUZZ_CHECK(haywire_memory_array_new(&region, 1, false, NULL, &memory) ==
               HAYWIRE_OK);
    status = haywire_page_read(memory, (HaywirePosition){ 0 }, ret_copy,
                               ret_info, NULL);
    haywire_memory_destroy(memory);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HaywirePage *live = g_aligned_alloc0(1, sizeof(*live), HAYWIRE_PAGE_SIZE);
    /* Of its own, so that reading past its end is seen. */
    HaywirePage *copy = g_malloc(sizeof(*copy));
    HaywirePageInfo info, again;
    HaywireStatus status;

    memcpy(live, data, MIN(size, sizeof(*live)));
    status = read_page(live, copy, &info);
    /* Which of several faults is named first may differ, no more. */
    FUZZ_CHECK((status == HAYWIRE_OK) ==
               (haywire_page_verify(live, &again, NULL) == HAYWIRE_OK));
    if (status == HAYWIRE_OK) {
        FUZZ_CHECK(memcmp(live, copy, sizeof(*copy)) == 0);
        decode(copy, &info);
    }
    g_free(copy);
    g_aligned_free(live);
    return 0;
}
