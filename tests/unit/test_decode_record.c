/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records: each field arrives; each corrupt field has its status and its
 * diagnosis; a malformed record does not take its neighbours along.
 */

#include <glib.h>
#include <string.h>

#include "haywire/decode.h"
#include "page_fixture.h"

#define SESSION                                                             \
    "session\n"                                                             \
    "geometry roundrobin=8 pid=4 camera1=4 camera2=4\n"                     \
    "cycle generation=9 seen=3\n"                                           \
    "process pid=5 ppid=4 start=3 uid=2 gid=1 name=\"name\" state=\"T\" "   \
    "threads=6 nice=-20 vsize=7 rss=8 utime=9 stime=10 exe=\"/exe\" "       \
    "cmdline=\"a\\0b\\0\" flags=exe-deleted in=cycle\n"                     \
    "sections pid=5 start=3 generation=12 flags=unreadable first=2 "        \
    "total=9\n"                                                             \
    "section start=0x1000 end=0x2000 perms=\"rwxs\" offset=3 inode=4 "      \
    "major=5 minor=6 path=\"[heap]\"\n"                                     \
    "section start=0x2000 end=0x3000\n"                                     \
    "ram start=0x1000 end=0x9fc00\n"                                        \
    "vmcoreinfo gpa=0x5000 size=4k\n"                                       \
    "text release \"6.1\"\n"                                                \
    "camera 2 pid=5 start=3 pass=7\n"                                       \
    "run camera=2 gva=0x1000 pfn=0x77 pages=3 flags=present,pfn shift=21\n" \
    "run camera=2 gva=0x8000 swap=0x99 pages=2 type=4\n"

/* A page and its records. */
typedef struct Fixture {
    PageFixture base;
    HaywireRecordReader reader;
    HaywireRecord record;
} Fixture;

static void fixture_of(Fixture *fixture, const char *session,
                       const char *damage, HaywireCategory category,
                       uint32_t index)
{
    memset(fixture, 0, sizeof(*fixture));
    page_fixture_init(&fixture->base, session, damage, category, index);
    g_assert_cmpint(haywire_record_reader_init(&fixture->reader,
                                               fixture->base.page,
                                               &fixture->base.info),
                    ==, HAYWIRE_OK);
}

static void fixture_init(Fixture *fixture, const char *damage,
                         HaywireCategory category, uint32_t index)
{
    fixture_of(fixture, SESSION, damage, category, index);
}

static HaywireStatus next(Fixture *fixture)
{
    return haywire_record_next(&fixture->reader, &fixture->record,
                               &fixture->base.diagnosis);
}

/* The next record is fine and of this type. */
static const HaywireRecord *need(Fixture *fixture, HaywireRecordType type)
{
    g_assert_cmpint(next(fixture), ==, HAYWIRE_OK);
    g_assert_cmpuint(fixture->record.type, ==, type);
    return &fixture->record;
}

static void check_string(HaywireString string, const char *expected,
                         size_t length)
{
    g_assert_cmpmem(string.data, string.length, expected, length);
}

static void test_process(void)
{
    const HaywireProcessRecord *process;
    const HaywireCycleRecord *cycle;
    Fixture fixture;

    fixture_init(&fixture, "", HAYWIRE_CATEGORY_ROUNDROBIN, 0);
    cycle = &need(&fixture, HAYWIRE_RECORD_CYCLE)->cycle;
    g_assert_cmpuint(cycle->cycle, ==, 9);
    g_assert_cmpuint(cycle->processes, ==, 3);
    g_assert_cmpuint(cycle->written, ==, 1);
    g_assert_cmpuint(cycle->ordinal, ==, 0);
    g_assert_cmpuint(cycle->pages, ==, 1);
    process = &need(&fixture, HAYWIRE_RECORD_PROCESS)->process;
    g_assert_cmphex(process->flags, ==, HAYWIRE_PROCESS_EXE_DELETED);
    g_assert_cmpuint(process->pid, ==, 5);
    g_assert_cmpuint(process->ppid, ==, 4);
    g_assert_cmpuint(process->uid, ==, 2);
    g_assert_cmpuint(process->gid, ==, 1);
    g_assert_cmpuint(process->start_time_ns, ==, 3);
    g_assert_cmpuint(process->vsize, ==, 7);
    g_assert_cmpuint(process->rss, ==, 8);
    g_assert_cmpuint(process->user_time_ns, ==, 9);
    g_assert_cmpuint(process->system_time_ns, ==, 10);
    g_assert_cmpuint(process->threads, ==, 6);
    g_assert_cmpint(process->nice, ==, -20);
    g_assert_cmpint(process->state, ==, 'T');
    check_string(process->name, "name", 4);
    check_string(process->exe, "/exe", 4);
    check_string(process->cmdline, "a\0b", 4);
    g_assert_cmpint(next(&fixture), ==, HAYWIRE_NOT_FOUND);
    page_fixture_clear(&fixture.base);
}

#define FIELDS                                                      \
    "session\n"                                                     \
    "geometry roundrobin=8 pid=4 camera1=4 camera2=4\n"             \
    "process pid=5 start=3 name=\"name1234\" minor-faults=1 "       \
    "written-bytes=0x1122334455667788 priority=0xfffffffffffffff6 " \
    "cgroup=\"/a b\" in=cycle\n"                                    \
    "process pid=6 in=cycle\n"

/* The record of the fields is the third of the page. */
static void fields_init(Fixture *fixture, const char *damage)
{
    fixture_of(fixture, FIELDS, damage, HAYWIRE_CATEGORY_ROUNDROBIN, 0);
    need(fixture, HAYWIRE_RECORD_CYCLE);
    need(fixture, HAYWIRE_RECORD_PROCESS);
}

static void test_fields(void)
{
    const HaywireFieldsRecord *fields;
    Fixture fixture;

    fields_init(&fixture, "");
    fields = &need(&fixture, HAYWIRE_RECORD_PROCESS_FIELDS)->fields;
    g_assert_cmpuint(fields->pid, ==, 5);
    g_assert_cmpuint(fields->start_time_ns, ==, 3);
    g_assert_cmphex(
        fields->known, ==,
        1u << HAYWIRE_FIELD_MINOR_FAULTS | 1u << HAYWIRE_FIELD_WRITTEN_BYTES |
            1u << HAYWIRE_FIELD_PRIORITY | 1u << HAYWIRE_FIELD_CGROUP);
    g_assert_cmpuint(fields->number[HAYWIRE_FIELD_MINOR_FAULTS], ==, 1);
    g_assert_cmpuint(fields->number[HAYWIRE_FIELD_MAJOR_FAULTS], ==, 0);
    g_assert_cmphex(fields->number[HAYWIRE_FIELD_WRITTEN_BYTES], ==,
                    UINT64_C(0x1122334455667788));
    g_assert_cmpint((int64_t)fields->number[HAYWIRE_FIELD_PRIORITY], ==, -10);
    check_string(fields->cgroup, "/a b", 4);
    need(&fixture, HAYWIRE_RECORD_PROCESS);
    page_fixture_clear(&fixture.base);
}

/* The record lies at 128: its known bits at 152, its four fields at 160. */
#define FIELDS_AT 128

/* A number that a later version adds lies between ours and the texts. */
static void test_unknown_field(void)
{
    const HaywireFieldsRecord *fields;
    Fixture fixture;

    fields_init(&fixture, "set roundrobin 0 +152.8=0x8000000000000409 "
                          "+184.8=0x99\n");
    fields = &need(&fixture, HAYWIRE_RECORD_PROCESS_FIELDS)->fields;
    g_assert_cmphex(fields->known, ==, 0x409);
    g_assert_cmpint((int64_t)fields->number[HAYWIRE_FIELD_PRIORITY], ==, -10);
    g_assert_cmpuint(fields->number[HAYWIRE_FIELD_CGROUP], ==, 0);
    g_assert_cmpuint(fields->cgroup.length, ==, 0);
    page_fixture_clear(&fixture.base);
}

static void test_sections(void)
{
    const HaywireSectionRecord *section;
    const HaywireSetRecord *set;
    Fixture fixture;

    fixture_init(&fixture, "", HAYWIRE_CATEGORY_ROUNDROBIN, 4);
    set = &need(&fixture, HAYWIRE_RECORD_SECTION_SET)->section_set;
    g_assert_cmphex(set->flags, ==, HAYWIRE_SECTION_SET_UNREADABLE);
    g_assert_cmpuint(set->pid, ==, 5);
    g_assert_cmpuint(set->count, ==, 2);
    g_assert_cmpuint(set->start_time_ns, ==, 3);
    g_assert_cmpuint(set->generation, ==, 12);
    g_assert_cmpuint(set->first, ==, 2);
    g_assert_cmpuint(set->total, ==, 9);
    section = &need(&fixture, HAYWIRE_RECORD_SECTION)->section;
    g_assert_cmphex(section->flags, ==, 15);
    g_assert_cmphex(section->start.value, ==, 0x1000);
    g_assert_cmphex(section->end.value, ==, 0x2000);
    g_assert_cmpuint(section->offset, ==, 3);
    g_assert_cmpuint(section->inode, ==, 4);
    g_assert_cmpuint(section->device_major, ==, 5);
    g_assert_cmpuint(section->device_minor, ==, 6);
    check_string(section->path, "[heap]", 6);
    section = &need(&fixture, HAYWIRE_RECORD_SECTION)->section;
    g_assert_cmpuint(section->path.length, ==, 0);
    g_assert_cmpint(next(&fixture), ==, HAYWIRE_NOT_FOUND);
    page_fixture_clear(&fixture.base);
}

static void test_manifest(void)
{
    const HaywireTextRecord *text;
    const HaywireRecord *record;
    Fixture fixture;

    fixture_init(&fixture, "", HAYWIRE_CATEGORY_MASTER, 7);
    record = need(&fixture, HAYWIRE_RECORD_RAM_RANGE);
    g_assert_cmphex(record->ram_range.start.value, ==, 0x1000);
    g_assert_cmphex(record->ram_range.end.value, ==, 0x9fc00);
    record = need(&fixture, HAYWIRE_RECORD_VMCOREINFO);
    g_assert_cmphex(record->vmcoreinfo.gpa.value, ==, 0x5000);
    g_assert_cmpuint(record->vmcoreinfo.size, ==, 4096);
    text = &need(&fixture, HAYWIRE_RECORD_TEXT)->text;
    g_assert_cmpuint(text->id, ==, HAYWIRE_TEXT_KERNEL_RELEASE);
    g_assert_cmpuint(text->offset, ==, 0);
    g_assert_cmpuint(text->total, ==, 3);
    check_string(text->piece, "6.1", 3);
    g_assert_cmpint(next(&fixture), ==, HAYWIRE_NOT_FOUND);
    page_fixture_clear(&fixture.base);
}

static void test_page_runs(void)
{
    HaywireSetRecord set;
    HaywirePageRun run;
    Fixture fixture;

    fixture_init(&fixture, "", HAYWIRE_CATEGORY_CAMERA2, 1);
    set = need(&fixture, HAYWIRE_RECORD_PAGE_RUN_SET)->page_run_set;
    g_assert_cmpuint(set.pid, ==, 5);
    g_assert_cmpuint(set.count, ==, 2);
    g_assert_cmpuint(set.start_time_ns, ==, 3);
    g_assert_cmpuint(set.generation, ==, 7);
    g_assert_cmpuint(set.first, ==, 0);
    g_assert_cmpuint(set.total, ==, 2);
    g_assert_cmpint(haywire_decode_page_run(&set, &run), ==, HAYWIRE_OK);
    g_assert_cmphex(run.gva.value, ==, 0x1000);
    g_assert_cmphex(run.value, ==, 0x77);
    g_assert_cmpuint(run.pages, ==, 3);
    g_assert_cmphex(run.flags, ==, HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN);
    g_assert_cmpuint(run.page_shift, ==, 21);
    g_assert_cmpint(haywire_decode_page_run(&set, &run), ==, HAYWIRE_OK);
    g_assert_cmphex(run.value, ==, 0x99);
    g_assert_cmpuint(run.swap_type, ==, 4);
    g_assert_cmpint(haywire_decode_page_run(&set, &run), ==, HAYWIRE_NOT_FOUND);
    g_assert_cmpint(next(&fixture), ==, HAYWIRE_NOT_FOUND);
    page_fixture_clear(&fixture.base);
}

typedef struct Corruption {
    const char *damage;
    HaywireStatus status;
    size_t offset;
    const char *field;
    uint64_t value;
    HaywireStatus then; /* what the next call says */
} Corruption;

/* The @skip records in front are fine, the next one is what is said. */
static void check_corruptions(const char *session, const Corruption *corruption,
                              size_t count, HaywireCategory category,
                              uint32_t index, unsigned skip)
{
    for (size_t i = 0; i < count; i++, corruption++) {
        Fixture fixture;
        HaywireRecord before;

        g_test_message("%s", corruption->damage);
        fixture_of(&fixture, session, corruption->damage, category, index);
        for (unsigned j = 0; j < skip; j++) {
            g_assert_cmpint(next(&fixture), ==, HAYWIRE_OK);
        }
        before = fixture.record;
        g_assert_cmpint(next(&fixture), ==, corruption->status);
        g_assert_cmpuint(fixture.base.diagnosis.offset, ==,
                         144 + corruption->offset);
        g_assert_cmpstr(fixture.base.diagnosis.field, ==, corruption->field);
        g_assert_cmpuint(fixture.base.diagnosis.value, ==, corruption->value);
        g_assert_cmpmem(&fixture.record, sizeof(before), &before,
                        sizeof(before));
        g_assert_cmpint(next(&fixture), ==, corruption->then);
        page_fixture_clear(&fixture.base);
    }
}

/* The process record lies at 32, 104 bytes long. */
static void test_bad_process(void)
{
    static const Corruption corruptions[] = {
        { "set roundrobin 0 +34.2=0", HAYWIRE_BAD_RECORD, 34, "record length",
          0, HAYWIRE_BAD_RECORD },
        { "set roundrobin 0 +34.2=80", HAYWIRE_BAD_RECORD, 34, "record length",
          80, HAYWIRE_BAD_RECORD },
        { "set roundrobin 0 +34.2=100", HAYWIRE_BAD_RECORD, 34, "record length",
          100, HAYWIRE_BAD_RECORD },
        { "set roundrobin 0 +34.2=112", HAYWIRE_BAD_RECORD, 34, "record length",
          112, HAYWIRE_BAD_RECORD },
        { "set roundrobin 0 length=35", HAYWIRE_SHORT_PAYLOAD, 34,
          "record length", 1, HAYWIRE_SHORT_PAYLOAD },
        { "set roundrobin 0 +108.2=65", HAYWIRE_BAD_STRING, 120, "name", 65,
          HAYWIRE_NOT_FOUND },
        { "set roundrobin 0 +110.2=1025", HAYWIRE_BAD_STRING, 124,
          "executable path", 1025, HAYWIRE_NOT_FOUND },
        { "set roundrobin 0 +110.2=13", HAYWIRE_BAD_STRING, 124,
          "executable path", 13, HAYWIRE_NOT_FOUND },
        { "set roundrobin 0 +112.2=2049", HAYWIRE_BAD_STRING, 128,
          "command line", 2049, HAYWIRE_NOT_FOUND },
        { "set roundrobin 0 +112.2=9", HAYWIRE_BAD_STRING, 128, "command line",
          9, HAYWIRE_NOT_FOUND },
    };

    check_corruptions(SESSION, corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_ROUNDROBIN, 0, 1);
}

static void test_bad_fields(void)
{
    static const Corruption corruptions[] = {
        { "set roundrobin 0 +130.2=24", HAYWIRE_BAD_RECORD, FIELDS_AT + 2,
          "record length", 24, HAYWIRE_BAD_RECORD },
        { "set roundrobin 0 +152.8=0x1fff", HAYWIRE_SHORT_PAYLOAD,
          FIELDS_AT + 72, "field", 0, HAYWIRE_OK },
        { "set roundrobin 0 +152.8=0xffffffffffffffff", HAYWIRE_SHORT_PAYLOAD,
          FIELDS_AT + 72, "field", 0, HAYWIRE_OK },
        { "set roundrobin 0 +184.8=1025", HAYWIRE_BAD_STRING, FIELDS_AT + 64,
          "cgroup", 1025, HAYWIRE_OK },
        { "set roundrobin 0 +184.8=9", HAYWIRE_BAD_STRING, FIELDS_AT + 64,
          "cgroup", 9, HAYWIRE_OK },
        { "set roundrobin 0 +184.8=0xffffffffffffffff", HAYWIRE_BAD_STRING,
          FIELDS_AT + 64, "cgroup", UINT64_MAX, HAYWIRE_OK },
    };

    check_corruptions(FIELDS, corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_ROUNDROBIN, 0, 2);
}

static void test_bad_cycle(void)
{
    static const Corruption corruptions[] = {
        { "set roundrobin 0 +24.4=1", HAYWIRE_BAD_ORDINAL, 24, "ordinal", 1,
          HAYWIRE_OK },
        { "set roundrobin 0 +28.4=32769", HAYWIRE_BAD_ORDINAL, 24, "ordinal", 0,
          HAYWIRE_OK },
    };

    check_corruptions(SESSION, corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_ROUNDROBIN, 0, 0);
}

static void test_bad_section_set(void)
{
    static const Corruption corruptions[] = {
        { "set roundrobin 4 +12.4=71 +36.4=100", HAYWIRE_BAD_COUNT, 12, "count",
          71, HAYWIRE_OK },
        { "set roundrobin 4 +32.4=8", HAYWIRE_BAD_ORDINAL, 32,
          "ordinal of the first", 8, HAYWIRE_OK },
        { "set roundrobin 4 +32.4=0xffffffff", HAYWIRE_BAD_ORDINAL, 32,
          "ordinal of the first", 0xffffffff, HAYWIRE_OK },
    };

    check_corruptions(SESSION, corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_ROUNDROBIN, 4, 0);
}

static void test_bad_section(void)
{
    static const Corruption corruptions[] = {
        { "set roundrobin 4 +56.8=0x1000", HAYWIRE_BAD_RANGE, 56, "end gva",
          0x1000, HAYWIRE_OK },
        { "set roundrobin 4 +56.8=0xfff", HAYWIRE_BAD_RANGE, 56, "end gva",
          0xfff, HAYWIRE_OK },
        { "set roundrobin 4 +88.2=1025", HAYWIRE_BAD_STRING, 96, "path", 1025,
          HAYWIRE_OK },
        { "set roundrobin 4 +88.2=9", HAYWIRE_BAD_STRING, 96, "path", 9,
          HAYWIRE_OK },
    };

    check_corruptions(SESSION, corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_ROUNDROBIN, 4, 1);
}

static void test_bad_manifest(void)
{
    static const Corruption ram[] = {
        { "set master 7 +16.8=0x1000", HAYWIRE_BAD_RANGE, 16, "end gpa", 0x1000,
          HAYWIRE_OK },
    };
    static const Corruption note[] = {
        { "set master 7 +40.8=0", HAYWIRE_BAD_RANGE, 40, "size", 0,
          HAYWIRE_OK },
        { "set master 7 +40.8=0xffffffffffffb000", HAYWIRE_BAD_RANGE, 40,
          "size", UINT64_C(0xffffffffffffb000), HAYWIRE_OK },
    };
    static const Corruption text[] = {
        { "set master 7 +60.4=1", HAYWIRE_BAD_RANGE, 60, "offset of this piece",
          1, HAYWIRE_NOT_FOUND },
        { "set master 7 +60.4=0xffffffff", HAYWIRE_BAD_RANGE, 60,
          "offset of this piece", 0xffffffff, HAYWIRE_NOT_FOUND },
        { "set master 7 +64.4=9 +68.4=9", HAYWIRE_BAD_STRING, 72, "text", 9,
          HAYWIRE_NOT_FOUND },
    };

    check_corruptions(SESSION, ram, G_N_ELEMENTS(ram), HAYWIRE_CATEGORY_MASTER,
                      7, 0);
    check_corruptions(SESSION, note, G_N_ELEMENTS(note),
                      HAYWIRE_CATEGORY_MASTER, 7, 1);
    check_corruptions(SESSION, text, G_N_ELEMENTS(text),
                      HAYWIRE_CATEGORY_MASTER, 7, 2);
}

static void test_bad_page_run_set(void)
{
    static const Corruption corruptions[] = {
        { "set camera2 1 +12.4=3 +36.4=9", HAYWIRE_BAD_COUNT, 12, "count", 3,
          HAYWIRE_NOT_FOUND },
        { "set camera2 1 +12.4=0xffffffff", HAYWIRE_BAD_COUNT, 12, "count",
          0xffffffff, HAYWIRE_NOT_FOUND },
        { "set camera2 1 +32.4=1", HAYWIRE_BAD_ORDINAL, 32,
          "ordinal of the first", 1, HAYWIRE_NOT_FOUND },
    };

    check_corruptions(SESSION, corruptions, G_N_ELEMENTS(corruptions),
                      HAYWIRE_CATEGORY_CAMERA2, 1, 0);
}

static void check_bad_run(const char *damage, HaywireStatus status)
{
    HaywireSetRecord set;
    HaywirePageRun run;
    Fixture fixture;

    fixture_init(&fixture, damage, HAYWIRE_CATEGORY_CAMERA2, 1);
    set = need(&fixture, HAYWIRE_RECORD_PAGE_RUN_SET)->page_run_set;
    g_assert_cmpint(haywire_decode_page_run(&set, &run), ==, status);
    g_assert_cmpint(haywire_decode_page_run(&set, &run), ==, HAYWIRE_OK);
    g_assert_cmphex(run.gva.value, ==, 0x8000);
    page_fixture_clear(&fixture.base);
}

static void test_bad_page_run(void)
{
    check_bad_run("set camera2 1 +56.4=0", HAYWIRE_BAD_COUNT);
    check_bad_run("set camera2 1 +40.8=0x1001", HAYWIRE_BAD_RANGE);
    check_bad_run("set camera2 1 +40.8=0xffffffffffffe000", HAYWIRE_BAD_RANGE);
    check_bad_run("set camera2 1 +48.8=0x10000000000000", HAYWIRE_BAD_RANGE);
    check_bad_run("set camera2 1 +48.8=0xffffffffffffffff", HAYWIRE_BAD_RANGE);
}

/* Types of later versions are passed over, whatever is in them. */
static void test_unknown_type(void)
{
    Fixture fixture;

    fixture_init(&fixture, "set roundrobin 4 +40.2=999",
                 HAYWIRE_CATEGORY_ROUNDROBIN, 4);
    need(&fixture, HAYWIRE_RECORD_SECTION_SET);
    need(&fixture, 999);
    need(&fixture, HAYWIRE_RECORD_SECTION);
    page_fixture_clear(&fixture.base);
    fixture_init(&fixture, "set roundrobin 4 +40.2=0",
                 HAYWIRE_CATEGORY_ROUNDROBIN, 4);
    need(&fixture, HAYWIRE_RECORD_SECTION_SET);
    need(&fixture, 0);
    page_fixture_clear(&fixture.base);
}

static void test_reader_kinds(void)
{
    static const uint32_t others[] = {
        HAYWIRE_KIND_DISCOVERY, HAYWIRE_KIND_INDEX,    HAYWIRE_KIND_STATS,
        HAYWIRE_KIND_REQUEST,   HAYWIRE_KIND_PID,      HAYWIRE_KIND_CONTROL,
        HAYWIRE_KIND_EMPTY,     HAYWIRE_KIND_RESPONSE,
    };
    HaywirePage page = { 0 };
    HaywireRecordReader reader;

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        HaywirePageInfo info = { .kind = others[i] };

        g_assert_cmpint(haywire_record_reader_init(&reader, &page, &info), ==,
                        HAYWIRE_BAD_KIND);
    }
}

/* Whatever the bytes, reading ends, and stays in the page (sanitizers). */
static void test_random_payloads(void)
{
    HaywirePage *page = g_new0(HaywirePage, 1);

    for (int round = 0; round < 2000; round++) {
        HaywirePageInfo info = {
            .kind = HAYWIRE_KIND_ROUNDROBIN,
            .payload_length =
                (uint32_t)g_test_rand_int_range(0, HAYWIRE_PAYLOAD_MAX + 1),
        };
        HaywireRecordReader reader;
        HaywireRecord record;
        HaywireStatus status;
        unsigned records = 0;

        for (size_t i = 0; i < HAYWIRE_PAYLOAD_MAX; i += 8) {
            /* types and lengths that are often sound */
            page->payload[i] = (uint8_t)g_test_rand_int_range(0, 10);
            page->payload[i + 1] = 0;
            page->payload[i + 2] = (uint8_t)(g_test_rand_int_range(0, 32) * 8);
            page->payload[i + 3] = 0;
            page->payload[i + 4] = (uint8_t)g_test_rand_int_range(0, 256);
        }
        g_assert_cmpint(haywire_record_reader_init(&reader, page, &info), ==,
                        HAYWIRE_OK);
        do {
            status = haywire_record_next(&reader, &record, NULL);
            records++;
            if (status == HAYWIRE_OK &&
                record.type == HAYWIRE_RECORD_PAGE_RUN_SET) {
                HaywirePageRun run;

                while (haywire_decode_page_run(&record.page_run_set, &run) !=
                       HAYWIRE_NOT_FOUND) {
                    continue;
                }
            }
        } while (status != HAYWIRE_NOT_FOUND && status != HAYWIRE_BAD_RECORD &&
                 status != HAYWIRE_SHORT_PAYLOAD);
        g_assert_cmpuint(records, <=, HAYWIRE_PAYLOAD_MAX / 8 + 1);
    }
    g_free(page);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decode-record/process", test_process);
    g_test_add_func("/decode-record/fields", test_fields);
    g_test_add_func("/decode-record/unknown-field", test_unknown_field);
    g_test_add_func("/decode-record/bad-fields", test_bad_fields);
    g_test_add_func("/decode-record/sections", test_sections);
    g_test_add_func("/decode-record/manifest", test_manifest);
    g_test_add_func("/decode-record/page-runs", test_page_runs);
    g_test_add_func("/decode-record/bad-process", test_bad_process);
    g_test_add_func("/decode-record/bad-cycle", test_bad_cycle);
    g_test_add_func("/decode-record/bad-section-set", test_bad_section_set);
    g_test_add_func("/decode-record/bad-section", test_bad_section);
    g_test_add_func("/decode-record/bad-manifest", test_bad_manifest);
    g_test_add_func("/decode-record/bad-page-run-set", test_bad_page_run_set);
    g_test_add_func("/decode-record/bad-page-run", test_bad_page_run);
    g_test_add_func("/decode-record/unknown-type", test_unknown_type);
    g_test_add_func("/decode-record/reader-kinds", test_reader_kinds);
    g_test_add_func("/decode-record/random-payloads", test_random_payloads);
    return g_test_run();
}
