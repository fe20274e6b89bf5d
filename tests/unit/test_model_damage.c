/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Models of damaged guests: good pages, damaged at random under a right
 * checksum, as a hostile guest could publish them. What a model promises is
 * checked after each round. glib prints the seed, and --seed repeats it.
 */

#include <glib.h>
#include <string.h>

#include "beacon_model.h"
#include "haywire/bytes.h"
#include "haywire/publish.h"

#define ROUNDS    5000
#define PAGES_MAX 128
#define SESSION   0x77

static const char seed_text[] =
    "session id=0x77\n"
    "geometry roundrobin=16 pid=8 camera1=6 camera2=6\n"
    "ram start=0x1000 end=0x9fc00\n"
    "ram start=1M end=1G\n"
    "vmcoreinfo gpa=0x5000 size=4k\n"
    "text release \"6.1.0\"\n"
    "text version \"#1 SMP\"\n"
    "counter pid-rounds=3\n"
    "processes first=1 count=40 sections=6\n"
    "snapshot\n"
    "processes first=1 count=120 in=snapshot\n"
    "cycle\n"
    "process pid=5 name=\"odd\" exe=\"/x\" cmdline=\"a\\0b\\0\" in=cycle "
    "minor-faults=3 open-files=4 cgroup=\"/user.slice\"\n"
    "camera 1 pid=5 pass=4 flags=figures\n"
    "sections pid=5 camera=1\n"
    "section start=0x1000 end=0x2000 path=\"/x\"\n"
    "section start=0x2000 end=0x9000 perms=\"rw-p\" path=\"[heap]\"\n"
    "run camera=1 gva=0x1000 pfn=0x500 pages=3 shift=12\n"
    "run camera=1 gva=0x4000 swap=0x77 pages=2 type=3\n"
    "run camera=1 gva=0x200000 pfn=0x600 pages=512 shift=21\n"
    "camera 2 pid=6\n"
    "run camera=2 gva=0x1000 pfn=1\n";

/* What escaping promises of every string that leaves the model. */
static void check_text(const char *text)
{
    g_assert_nonnull(text);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (; *text; text++) {
        g_assert_true((uint8_t)*text >= 0x20 && *text != 0x7f);
    }
}

static void check_sections(const HaywireModel *model, uint32_t pid)
{
    HaywireSectionList list;
    uint64_t end = 0;

    if (haywire_model_sections(model, pid, &list) != HAYWIRE_OK) {
        return;
    }
    g_assert_cmpuint(list.pid, ==, pid);
    g_assert_true(!list.complete || list.count == list.total);
    for (size_t i = 0; i < list.count; i++) {
        g_assert_cmphex(list.section[i].start, >=, end);
        g_assert_cmphex(list.section[i].end, >, list.section[i].start);
        end = list.section[i].end;
        check_text(list.section[i].path);
        g_assert_cmpuint(strlen(list.section[i].permissions), ==, 4);
    }
}

/* Every run translates to where it says, and clips to itself. */
static void check_run(const HaywireModel *model, uint32_t pid,
                      const HaywirePageRun *run)
{
    HaywireGva last = { run->gva.value + (uint64_t)run->pages * 4096 - 1 };
    HaywireTranslation result;
    HaywirePageRun part;
    HaywireStatus status = haywire_model_translate(model, pid, last, &result);

    g_assert_true(haywire_page_run_clip(run, (HaywireGva){ 0 }, 0, &part));
    g_assert_cmpuint(part.pages, ==, run->pages);
    if (status == HAYWIRE_OK) {
        g_assert_cmphex(result.gpa.value, ==,
                        (run->value + run->pages) * 4096 - 1);
    } else {
        g_assert_true(status == HAYWIRE_NOT_PRESENT ||
                      status == HAYWIRE_NO_PFN);
    }
}

static void check_runs(const HaywireModel *model, uint32_t pid)
{
    HaywirePageRunList list;
    uint64_t end = 0;

    if (haywire_model_page_runs(model, pid, &list) != HAYWIRE_OK) {
        return;
    }
    g_assert_true(!list.complete || list.count == list.total);
    for (size_t i = 0; i < list.count; i++) {
        g_assert_cmphex(list.run[i].gva.value, >=, end);
        g_assert_cmphex(list.run[i].gva.value % HAYWIRE_PAGE_SIZE, ==, 0);
        g_assert_cmpuint(list.run[i].pages, >, 0);
        end = list.run[i].gva.value + (uint64_t)list.run[i].pages * 4096;
        check_run(model, pid, &list.run[i]);
    }
}

static void check_process(const HaywireModel *model, size_t number)
{
    const HaywireProcess *process = &model->process[number];

    g_assert_true(number == 0 || process[-1].pid < process->pid);
    g_assert_true(haywire_model_process(model, process->pid) == process);
    g_assert_true(process->state > 0x20 && process->state < 0x7f);
    check_text(process->name);
    check_text(process->exe);
    check_text(process->cmdline);
    check_text(process->cgroup);
    g_assert_cmphex(process->known >> HAYWIRE_FIELD_COUNT, ==, 0);
    for (size_t i = 0; i < HAYWIRE_FIELD_COUNT; i++) {
        g_assert_true(process->known & UINT64_C(1) << i ||
                      process->number[i] == 0 || i == HAYWIRE_FIELD_CGROUP);
    }
    check_sections(model, process->pid);
    check_runs(model, process->pid);
}

static void check_model(const HaywireModel *model)
{
    check_text(model->overview.kernel_release);
    check_text(model->overview.host_name);
    check_text(model->manifest.kernel_version);
    check_text(model->manifest.kernel_cmdline);
    check_text(model->manifest.vmcoreinfo_text);
    g_assert_cmpuint(model->overview.processes, ==,
                     model->process_count + model->overview.processes_missing);
    for (size_t i = 0; i < model->process_count; i++) {
        check_process(model, i);
    }
    check_sections(model, 5);
    check_runs(model, 5);
}

/* Make a page pass verification, whatever its payload; false if it cannot. */
static bool seal(HaywirePage *page, HaywirePageInfo *ret_info)
{
    HaywireLe32 lock = page->header.lock_top;

    for (int i = 0; i < HAYWIRE_MAGIC_COUNT; i++) {
        page->header.magic[i] = haywire_le32(HAYWIRE_MAGIC);
    }
    page->header.version = haywire_le16(HAYWIRE_PROTOCOL_VERSION);
    page->header.session = haywire_le64(SESSION);
    page->lock_bottom = lock;
    haywire_beacon_reseal(page);
    return haywire_page_verify(page, ret_info, NULL) == HAYWIRE_OK;
}

static bool is_new_slot(const HaywireCopy *copy, size_t count,
                        const HaywirePageInfo *info)
{
    for (size_t i = 0; i < count; i++) {
        if (copy[i].info.category == info->category &&
            copy[i].info.index == info->index) {
            return false;
        }
    }
    return true;
}

static void run_pages(HaywirePage *page, size_t pages)
{
    HaywireCopy copy[PAGES_MAX] = { 0 };
    const HaywireCopy *list[PAGES_MAX];
    HaywireOverview overview = { .has_guest = true, .has_session = true };
    HaywireDiscovery discovery;
    HaywireHostCounters host = { 0 };
    HaywireBeaconInput input = { .overview = &overview,
                                 .copy = list,
                                 .host = &host };
    HaywireModel *model;

    for (size_t i = 0; i < pages; i++) {
        HaywireCopy *next = &copy[input.copy_count];

        if (!seal(&page[i], &next->info) ||
            !is_new_slot(copy, input.copy_count, &next->info)) {
            continue;
        }
        next->page = &page[i];
        next->position.value = i * HAYWIRE_PAGE_SIZE;
        list[input.copy_count++] = next;
        if (haywire_decode_discovery(next->page, &next->info, &discovery,
                                     NULL) == HAYWIRE_OK) {
            input.discovery = &discovery;
        }
    }
    g_assert_cmpint(haywire_beacon_build(&input, &model), ==, HAYWIRE_OK);
    check_model(model);
    haywire_model_unref(model);
}

/* Numbers that make bounds checks wrong. */
static uint64_t awkward_number(void)
{
    static const uint64_t numbers[] = {
        0,          1,          7,          8,
        97,         98,         4095,       4096,
        32768,      UINT16_MAX, INT32_MAX,  UINT32_MAX - 7,
        UINT32_MAX, INT64_MAX,  UINT64_MAX, UINT64_MAX - 4095,
    };

    return numbers[g_test_rand_int_range(0, G_N_ELEMENTS(numbers))];
}

static void damage(HaywirePage *page)
{
    uint8_t *bytes = (uint8_t *)page;
    size_t width = (size_t)1 << g_test_rand_int_range(0, 4);
    bool in_header = g_test_rand_int_range(0, 8) == 0;
    size_t start = in_header ? HAYWIRE_CHECKED_START : 144;
    /* records begin, and most fields lie, in the front of a page */
    int span = in_header ? 64 : g_test_rand_bit() ? 256 : 3936;
    size_t at = start + (size_t)g_test_rand_int_range(0, span);
    HaywireLe64 value = haywire_le64(awkward_number());

    at -= at % width;
    if (g_test_rand_bit()) {
        value.byte[0] = (uint8_t)g_test_rand_int_range(0, 256);
        width = 1;
    }
    memcpy(bytes + at, value.byte, width);
}

static size_t copy_seed(const HaywireBeacons *seed, HaywirePage *out)
{
    size_t count = 0;

    for (size_t i = 0; i < haywire_beacons_count(seed); i++) {
        /* now and then a page is out of sight */
        if (g_test_rand_int_range(0, 40) > 0) {
            memcpy(&out[count++], haywire_beacons_get(seed, i)->page,
                   sizeof(*out));
        }
    }
    return count;
}

static void test_damaged_pages(void)
{
    g_autoptr(HaywireBeacons) seed = haywire_beacons_make(seed_text);
    g_autofree HaywirePage *page = g_new0(HaywirePage, PAGES_MAX);

    g_assert_cmpuint(haywire_beacons_count(seed), <=, PAGES_MAX);
    for (int round = 0; round < ROUNDS; round++) {
        size_t pages = copy_seed(seed, page);
        int damages = g_test_rand_int_range(0, 60);

        for (int i = 0; i < damages; i++) {
            damage(&page[g_test_rand_int_range(0, (gint32)pages)]);
        }
        run_pages(page, pages);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model-damage/damaged-pages", test_damaged_pages);
    return g_test_run();
}
