/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lies within pages that are good as pages: numbers, strings, ranges.
 */

#include <stdlib.h>

#include "lies.h"

static Forge *forge;

static void beat(void)
{
    forge->heartbeat++;
    forge_discover(forge);
}

static void begin(unsigned long number)
{
    (void)number;
    forge = forge_new(NULL);
    forge_all(forge);
}

static const uint32_t numbers[] = {
    0, 1, 7, 97, 98, 490, 3936, 3937, 32768, 0x7fffffff, 0x80000000, 0xffffffff,
};

/* Some of the payload's words become numbers that hurt. */
static void sprinkle(uint8_t *payload, size_t length)
{
    for (size_t i = 0; i < length / 64 + 1; i++) {
        size_t at = forge_random() % (length / 4) * 4;
        HaywireLe32 wire = haywire_le32(
            numbers[forge_random() % (sizeof(numbers) / sizeof(numbers[0]))]);

        memcpy(payload + at, &wire, sizeof(wire));
    }
}

static const struct {
    HaywireCategory category;
    uint32_t kind;
} places[] = {
    { HAYWIRE_CATEGORY_MASTER, HAYWIRE_KIND_STATS },
    { HAYWIRE_CATEGORY_MASTER, HAYWIRE_KIND_MANIFEST },
    { HAYWIRE_CATEGORY_MASTER, HAYWIRE_KIND_INDEX },
    { HAYWIRE_CATEGORY_PID, HAYWIRE_KIND_PID },
    { HAYWIRE_CATEGORY_ROUNDROBIN, HAYWIRE_KIND_ROUNDROBIN },
    { HAYWIRE_CATEGORY_CAMERA1, HAYWIRE_KIND_CONTROL },
    { HAYWIRE_CATEGORY_CAMERA1, HAYWIRE_KIND_CAMERA },
};

/* A chain of records whose heads are wrong here and there. */
static void fill_records(uint8_t *payload, size_t length)
{
    size_t at = 0;

    while (length - at >= 64) {
        size_t size = 8 + forge_random() % 12 * 8;
        HaywireWireRecord record;

        size = size > length - at ? length - at : size;
        record = forge_record(forge_random() % 10, size);
        for (size_t i = 0; i < size; i++) {
            payload[at + i] = (uint8_t)forge_random();
        }
        memcpy(payload + at, &record, sizeof(record));
        at += size;
    }
}

static void publish_absurd(size_t place)
{
    HaywireCategory category = places[place].category;
    uint32_t index =
        1 + (uint32_t)(forge_random() % (forge->geometry[category] - 1));
    uint8_t payload[HAYWIRE_PAYLOAD_MAX] = { 0 };

    fill_records(payload, sizeof(payload));
    sprinkle(payload, sizeof(payload));
    forge_publish(forge, category, index, places[place].kind, payload,
                  sizeof(payload));
}

static void beat_absurd(void)
{
    for (size_t i = 0; i < 4 * sizeof(places) / sizeof(places[0]); i++) {
        forge->generation = forge_random() % 4;
        publish_absurd(i % (sizeof(places) / sizeof(places[0])));
    }
    beat();
}

/* Strings that would do harm if they were printed as they are. */
static const char *const nasty[] = {
    "\033]0;owned\007\033[2J\033[31m",
    "line\nfeed\rreturn\ttab\bback",
    "\xff\xfe\xc0\xaf\xed\xa0\x80\xf5\x80",
    "\xe2\x80\xae"
    "exe.txt\xe2\x81\xa6",
    "\xc2\x9b"
    "31m\xe2\x80\xa8\xef\xbb\xbf",
    "\"},{\"pid\":1,\"x\":\"\\",
    "%s%n%x",
};

#define NASTY (sizeof(nasty) / sizeof(nasty[0]))

/* A process record; @claimed is what its length of command line says. */
static void publish_process(uint32_t index, uint32_t pid, const char *text,
                            uint16_t claimed)
{
    HaywireWriter writer = { 0 };
    uint16_t length = (uint16_t)strlen(text);
    HaywireWireCycle cycle = {
        .record = forge_record(HAYWIRE_RECORD_CYCLE, 0),
        .cycle = haywire_le64(forge->generation),
        .processes = haywire_le32(NASTY),
        .written = haywire_le32(1),
        .ordinal = haywire_le32(index),
        .pages = haywire_le32(NASTY),
    };
    HaywireWireProcess process = {
        .record = forge_record(HAYWIRE_RECORD_PROCESS, 0),
        .pid = haywire_le32(pid),
        .state = (uint8_t)text[0],
        .name_length = haywire_le16(length),
        .exe_length = haywire_le16(length),
        .cmdline_length = haywire_le16(claimed ? claimed : length),
    };
    HaywireBytes tail[] = { { text, length },
                            { text, length },
                            { text, length } };

    if (haywire_writer_append(&writer, &cycle, sizeof(cycle), NULL, 0, NULL) !=
            HAYWIRE_OK ||
        haywire_writer_append(&writer, &process, sizeof(process), tail, 3,
                              NULL) != HAYWIRE_OK) {
        abort();
    }
    forge_publish(forge, HAYWIRE_CATEGORY_ROUNDROBIN, index,
                  HAYWIRE_KIND_ROUNDROBIN, writer.payload, writer.used);
}

static void publish_pids(const uint32_t *pid, uint32_t count)
{
    struct {
        HaywireWirePidPage head;
        HaywireWirePidEntry entry[HAYWIRE_PIDS_PER_PAGE];
    } payload = {
        .head = {
            .pages = haywire_le32(1),
            .count = haywire_le32(count),
            .total = haywire_le32(count),
            .taken_ns = haywire_le64(forge_now()),
        },
    };

    for (uint32_t i = 0; i < count; i++) {
        const char *name = nasty[i % NASTY];

        payload.entry[i].pid = haywire_le32(pid[i]);
        payload.entry[i].ppid = haywire_le32(pid[count - 1 - i]);
        payload.entry[i].state = (uint8_t)name[0];
        memcpy(payload.entry[i].name, name,
               strnlen(name, HAYWIRE_SHORT_NAME_SIZE));
    }
    forge_publish(forge, HAYWIRE_CATEGORY_PID, 0, HAYWIRE_KIND_PID, &payload,
                  sizeof(payload.head) + count * sizeof(payload.entry[0]));
}

static void begin_names(unsigned long number)
{
    uint32_t pid[NASTY];

    begin(number);
    for (uint32_t i = 0; i < NASTY; i++) {
        pid[i] = i + 1;
        publish_process(i, pid[i], nasty[i], 0);
        publish_process((uint32_t)NASTY + i, pid[i], nasty[i], 0xffff);
    }
    publish_pids(pid, NASTY);
}

static void begin_pids(unsigned long number)
{
    static const uint32_t pid[] = {
        0, 0x80000000, 0xffffffff, 1, 1, 0x7fffffff, 0,
    };
    uint32_t count = sizeof(pid) / sizeof(pid[0]);

    begin(number);
    publish_pids(pid, count);
    for (uint32_t i = 0; i < count; i++) {
        publish_process(i, pid[i], "x", 0);
    }
}

static void append_section(HaywireWriter *writer, uint64_t start, uint64_t end)
{
    HaywireWireSection section = {
        .record = forge_record(HAYWIRE_RECORD_SECTION, 0),
        .start = haywire_le64(start),
        .end = haywire_le64(end),
        .path_length = haywire_le16((uint16_t)strlen(nasty[0])),
    };
    HaywireBytes path = { nasty[0], strlen(nasty[0]) };

    if (haywire_writer_append(writer, &section, sizeof(section), &path, 1,
                              NULL) != HAYWIRE_OK) {
        abort();
    }
}

static void begin_sections(unsigned long number)
{
    static const uint64_t range[][2] = {
        { 0x1000, 0x9000 },          { 0x2000, 0x3000 },
        { 0x1000, 0x9000 },          { 0x8000, 0x7000 },
        { UINT64_MAX, 0 },           { UINT64_MAX - 4095, UINT64_MAX },
        { 0x5000, 0x5000 },          { 0, UINT64_MAX },
        { UINT64_MAX - 4095, 4096 },
    };
    uint32_t count = sizeof(range) / sizeof(range[0]);
    HaywireWriter writer = { 0 };
    HaywireWireSectionSet set = {
        .record = forge_record(HAYWIRE_RECORD_SECTION_SET, 0),
        .pid = haywire_le32(FORGE_PID),
        .count = haywire_le32(count),
        .generation = haywire_le64(1),
        .total = haywire_le32(count),
    };

    begin(number);
    if (haywire_writer_append(&writer, &set, sizeof(set), NULL, 0, NULL) !=
        HAYWIRE_OK) {
        abort();
    }
    for (uint32_t i = 0; i < count; i++) {
        append_section(&writer, range[i][0], range[i][1]);
    }
    forge_publish(forge, HAYWIRE_CATEGORY_ROUNDROBIN, 0,
                  HAYWIRE_KIND_ROUNDROBIN, writer.payload, writer.used);
}

static void publish_control(uint32_t pages)
{
    HaywireWireControl control = {
        .nonce = haywire_le32(forge->nonce),
        .status = haywire_le32(HAYWIRE_CAMERA_ACTIVE),
        .target_pid = haywire_le32(FORGE_PID),
        .current_pid = haywire_le32(FORGE_PID),
        .pass = haywire_le64(1),
        .first_page = haywire_le32(1),
        .pages = haywire_le32(pages),
        .runs_total = haywire_le32(0xffffffff),
        .runs_stored = haywire_le32(0xffffffff),
        .rss = haywire_le64(UINT64_MAX),
        .flags = haywire_le32(1),
    };

    forge_publish(forge, HAYWIRE_CATEGORY_CAMERA1, 0, HAYWIRE_KIND_CONTROL,
                  &control, sizeof(control));
}

/* Runs whose pages are more than an address space has, and overlap. */
static void begin_runs(unsigned long number)
{
    enum {
        RUNS = 100
    };
    struct {
        HaywireWirePageRunSet set;
        HaywireWirePageRun run[RUNS];
    } payload = {
        .set = {
            .record = forge_record(HAYWIRE_RECORD_PAGE_RUN_SET,
                                   sizeof(payload)),
            .pid = haywire_le32(FORGE_PID),
            .count = haywire_le32(RUNS),
            .generation = haywire_le64(1),
            .total = haywire_le32(RUNS),
        },
    };

    begin(number);
    for (uint64_t i = 0; i < RUNS; i++) {
        uint64_t gva = i * UINT64_C(0x100000000000);

        payload.run[i] = (HaywireWirePageRun){
            .gva = haywire_le64(i % 7 ? gva : UINT64_MAX - 4095),
            .value = haywire_le64(i % 5 ? i << 30 : UINT64_MAX >> 12),
            .pages = haywire_le32(i % 3 ? 0xffffffff : 0),
            .flags = haywire_le16((uint16_t)(i % 64)),
            .page_shift = (uint8_t)(i * 3),
        };
    }
    publish_control(1);
    forge_publish(forge, HAYWIRE_CATEGORY_CAMERA1, 1, HAYWIRE_KIND_CAMERA,
                  &payload, sizeof(payload));
}

const Lie lies_of_payload[] = {
    { "absurd", "lengths, counts, nesting, indexes out of all range", 0, begin,
      beat_absurd },
    { "names", "strings that would harm a terminal", 0, begin_names, beat },
    { "pids", "process ids that no process has", 0, begin_pids, beat },
    { "sections", "sections that overlap, wrap, end before they start", 0,
      begin_sections, beat },
    { "runs", "page runs that add up past all memory", 0, begin_runs, beat },
    { NULL },
};
