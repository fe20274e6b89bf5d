/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel as a provider, on a small made-up kernel for arm64 with each size of
 * pages and addresses, and entries of its page tables. Real kernels are for
 * tests/guest.
 */

#include <glib.h>
#include <string.h>

#include "kernel_image_arm64.h"
#include "kernel_world.h"
#include "table.h"

#define SECOND_NS UINT64_C(1000000000)
#define ARGUMENT  200 /* where they begin in a process's page */

#define NO_ADDRESS UINT64_MAX

typedef struct Case {
    const char *name;
    KernelImageArm64 as;
} Case;

static const Case cases[] = {
    { "4k-39", { 12, 39, 39, 25 } },
    { "4k-48", { 12, 48, 48, 16 } },
    { "4k-52", { 12, 52, 52, 12 } },
    { "4k-52-on-48", { 12, 48, 52, 16 } },
    { "16k-36", { 14, 36, 36, 28 } },
    { "16k-47", { 14, 47, 47, 17 } },
    { "16k-48", { 14, 48, 48, 16 } },
    { "16k-52", { 14, 52, 52, 12 } },
    { "16k-52-on-47", { 14, 47, 52, 17 } },
    { "64k-42", { 16, 42, 42, 22 } },
    { "64k-48", { 16, 48, 48, 16 } },
    { "64k-52", { 16, 52, 52, 12 } },
    { "64k-52-on-48", { 16, 52, 52, 16 } },
};

typedef struct Fixture {
    const KernelImageArm64 *as;
    KernelWorld world;
    uint64_t looks;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->as = data;
    kernel_world_open(&fixture->world, kernel_image_new_arm64(fixture->as));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    kernel_world_close(&fixture->world);
}

static void look(Fixture *fixture)
{
    kernel_world_look(&fixture->world, ++fixture->looks * 1000 * SECOND_NS,
                      false);
}

static void check_processes(Fixture *fixture)
{
    const HaywireOverview *overview;
    const HaywireProcess *process;
    uint64_t page = UINT64_C(1) << fixture->as->page_shift;

    look(fixture);
    overview = &fixture->world.model->overview;
    g_assert_true(overview->has_guest);
    g_assert_cmpint(overview->arch, ==, HAYWIRE_ARCH_AARCH64);
    g_assert_cmpuint(overview->page_size, ==, page);
    g_assert_cmpstr(overview->kernel_release, ==, KERNEL_IMAGE_RELEASE);
    g_assert_cmpuint(fixture->world.model->process_count, ==,
                     KERNEL_IMAGE_PROCESSES);
    process = haywire_model_process(fixture->world.model, 2);
    g_assert_cmpstr(process->name, ==, "process-2");
    g_assert_cmpstr(process->cmdline, ==, "an argument");
    g_assert_cmpuint(process->vsize, ==, 3 * page);
    g_assert_cmpuint(process->rss, ==, 2 * page);
}

static void test_note(Fixture *fixture, gconstpointer data)
{
    (void)data;
    check_processes(fixture);
}

/* Without a note the types and the first task are enough. */
static void test_bare(Fixture *fixture, gconstpointer data)
{
    (void)data;
    memset(fixture->world.image->bytes + KERNEL_IMAGE_NOTE, 0xa5, 4);
    check_processes(fixture);
}

/* The page of process 2 as one run, and what lies there. */
static void check_page(Fixture *fixture)
{
    HaywireTranslation translation;
    HaywirePageRunList runs;
    HaywirePosition where;

    look(fixture);
    g_assert_cmpint(haywire_model_page_runs(fixture->world.model, 2, &runs), ==,
                    HAYWIRE_OK);
    g_assert_true(runs.complete);
    g_assert_cmpuint(runs.count, ==, 1);
    g_assert_cmpuint(runs.run->page_shift, ==, fixture->as->page_shift);
    g_assert_cmpuint(runs.run->pages, ==, 1u << (fixture->as->page_shift - 12));
    g_assert_cmpint(
        haywire_model_translate(fixture->world.model, 2,
                                (HaywireGva){ KERNEL_IMAGE_USER + ARGUMENT },
                                &translation),
        ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_layout_position(&fixture->world.model->layout,
                                            translation.gpa, &where),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(where.value, ==,
                    translation.gpa.value - KERNEL_IMAGE_ARM64_RAM);
    g_assert_cmpmem(fixture->world.image->bytes + where.value, 3, "an", 3);
}

static void set_entry(Fixture *fixture, uint64_t entry)
{
    entry = GUINT64_TO_LE(entry);
    memcpy(fixture->world.image->bytes +
               kernel_image_arm64_entry(fixture->world.image, fixture->as, 1),
           &entry, sizeof(entry));
}

/* There; not to be touched, before Linux 6.11 and since; in swap; not there. */
static void test_runs(Fixture *fixture, gconstpointer data)
{
    HaywirePageRunList runs;
    uint64_t entry;

    (void)data;
    memcpy(&entry,
           fixture->world.image->bytes +
               kernel_image_arm64_entry(fixture->world.image, fixture->as, 1),
           sizeof(entry));
    entry = GUINT64_FROM_LE(entry);
    haywire_watch_want(fixture->world.watch, 0, 2);
    check_page(fixture);
    set_entry(fixture, (entry & ~UINT64_C(1)) | UINT64_C(1) << 58 | 0xc00);
    check_page(fixture);
    set_entry(fixture, (entry & ~UINT64_C(1)) | 0xc00);
    check_page(fixture);
    set_entry(fixture, UINT64_C(0x123) << 12 | 1 << 3);
    look(fixture);
    g_assert_cmpint(haywire_model_page_runs(fixture->world.model, 2, &runs), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(runs.count, ==, 1);
    g_assert_cmpuint(runs.run->flags, ==, HAYWIRE_RUN_SWAPPED);
    set_entry(fixture, 0);
    look(fixture);
    g_assert_cmpint(haywire_model_page_runs(fixture->world.model, 2, &runs), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(runs.count, ==, 0);
}

/* What entries say: of each size of pages, at each level. */
static void test_entries(void)
{
    static const struct {
        uint8_t page_shift, va_bits;
        int shift;
        uint64_t entry;
        HaywireEntryKind kind;
        uint64_t address;
    } entries[] = {
        { 12, 48, 12, 0x0068000041234f43, HAYWIRE_ENTRY_PAGE, 0x41234000 },
        { 12, 48, 12, 0x0068000041234f41, HAYWIRE_ENTRY_NONE, NO_ADDRESS },
        { 12, 48, 21, 0x0060000041200f41, HAYWIRE_ENTRY_PAGE, 0x41200000 },
        { 12, 48, 30, 0x0060000040000f41, HAYWIRE_ENTRY_PAGE, 0x40000000 },
        { 12, 48, 39, 0x0060000040000f41, HAYWIRE_ENTRY_NONE, NO_ADDRESS },
        { 12, 48, 21, 0x1000000041234003, HAYWIRE_ENTRY_TABLE, 0x41234000 },
        /* Bits 8 and 9 are shareability there, and of the address here. */
        { 12, 52, 12, 0x0040000041234343, HAYWIRE_ENTRY_PAGE,
          0x000c000041234000 },
        { 14, 52, 14, 0x0042000041234343, HAYWIRE_ENTRY_PAGE,
          0x000e000041234000 },
        { 14, 48, 14, 0x0068000041237f43, HAYWIRE_ENTRY_PAGE, 0x41234000 },
        { 14, 48, 25, 0x0060000042000f41, HAYWIRE_ENTRY_PAGE, 0x42000000 },
        { 14, 48, 36, 0x0060000042000f41, HAYWIRE_ENTRY_NONE, NO_ADDRESS },
        { 16, 52, 16, 0x006000004123af43, HAYWIRE_ENTRY_PAGE,
          0x000a000041230000 },
        { 16, 48, 29, 0x0060000060000f41, HAYWIRE_ENTRY_PAGE, 0x60000000 },
        /* Not to be touched: Linux 6.1 and 6.12; large ones have no bit 1. */
        { 12, 48, 12, 0x0468000041234f82, HAYWIRE_ENTRY_PAGE, 0x41234000 },
        { 12, 48, 12, 0x0068000041234f82, HAYWIRE_ENTRY_PAGE, 0x41234000 },
        { 12, 48, 21, 0x0468000041200f80, HAYWIRE_ENTRY_PAGE, 0x41200000 },
        { 12, 48, 21, 0x0068000041200f80, HAYWIRE_ENTRY_PAGE, 0x41200000 },
        { 12, 48, 39, 0x0068000041200f80, HAYWIRE_ENTRY_NONE, NO_ADDRESS },
        /* In swap: the second offset of area 0, of 6.1 and of 6.12. */
        { 12, 48, 12, 0x0000000000000200, HAYWIRE_ENTRY_SWAPPED, NO_ADDRESS },
        { 12, 48, 12, 0x0000000000002000, HAYWIRE_ENTRY_SWAPPED, NO_ADDRESS },
        { 12, 48, 12, 0, HAYWIRE_ENTRY_NONE, NO_ADDRESS },
        /* A large page that is on its way, as 6.1 and 6.12 name its frame. */
        { 12, 48, 21, 0x00000000412000e8, HAYWIRE_ENTRY_NONE, NO_ADDRESS },
        { 12, 48, 21, 0x0000000412000740, HAYWIRE_ENTRY_NONE, NO_ADDRESS },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(entries); i++) {
        uint64_t mask = (UINT64_C(1) << entries[i].shift) - 1, address = 0;
        HaywireTable table;

        g_test_message("entry %" G_GSIZE_FORMAT, i);
        g_assert_true(haywire_table_shaped(&haywire_table_arm64,
                                           UINT64_C(1) << entries[i].page_shift,
                                           entries[i].va_bits, &table));
        table.user = true;
        g_assert_cmpint(table.format->decode(&table, entries[i].shift,
                                             entries[i].entry, &address),
                        ==, entries[i].kind);
        if (entries[i].kind == HAYWIRE_ENTRY_PAGE) {
            address &= ~mask;
        }
        if (entries[i].address != NO_ADDRESS) {
            g_assert_cmphex(address, ==, entries[i].address);
        }
    }
}

/* Two halves, each with a root of its own; shapes that there are not. */
static void test_addresses(void)
{
    HaywireTable table;
    HaywireGpa at;

    g_assert_false(
        haywire_table_shaped(&haywire_table_arm64, 4096, 47, &table));
    g_assert_false(
        haywire_table_shaped(&haywire_table_arm64, 4096, 5000, &table));
    g_assert_false(haywire_table_shaped(&haywire_table_x86, 4096, 39, &table));
    g_assert_true(
        haywire_table_shaped(&haywire_table_arm64, 16384, 48, &table));
    table.root.value = 0x1000;
    g_assert_cmpint(
        haywire_table_root_entry(
            &table, (HaywireGva){ UINT64_C(0xffff000000000000) }, &at),
        ==, HAYWIRE_OK);
    g_assert_cmphex(at.value, ==, 0x1000);
    /* This root has two entries. */
    g_assert_cmpint(
        haywire_table_root_entry(&table, (HaywireGva){ UINT64_MAX }, &at), ==,
        HAYWIRE_OK);
    g_assert_cmphex(at.value, ==, 0x1008);
    g_assert_cmpint(
        haywire_table_root_entry(
            &table, (HaywireGva){ UINT64_C(0xfffe000000000000) }, &at),
        ==, HAYWIRE_OUT_OF_RANGE);
    g_assert_cmpint(
        haywire_table_root_entry(&table, (HaywireGva){ 0x1000 }, &at), ==,
        HAYWIRE_OUT_OF_RANGE);
    table.user = true;
    g_assert_cmpint(
        haywire_table_root_entry(
            &table, (HaywireGva){ UINT64_C(0x0000ffffffffffff) }, &at),
        ==, HAYWIRE_OK);
    g_assert_cmphex(at.value, ==, 0x1008);
    g_assert_cmpint(
        haywire_table_root_entry(
            &table, (HaywireGva){ UINT64_C(0x0001000000000000) }, &at),
        ==, HAYWIRE_OUT_OF_RANGE);
}

static void add(const Case *wanted, const char *name,
                void (*test)(Fixture *fixture, gconstpointer data))
{
    g_autofree char *path =
        g_strdup_printf("/kernel-arm64/%s/%s", wanted->name, name);

    g_test_add(path, Fixture, &wanted->as, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        add(&cases[i], "note", test_note);
        add(&cases[i], "bare", test_bare);
        add(&cases[i], "runs", test_runs);
    }
    g_test_add_func("/kernel-arm64/entries", test_entries);
    g_test_add_func("/kernel-arm64/addresses", test_addresses);
    return g_test_run();
}
