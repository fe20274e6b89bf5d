/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel provider is made of: page tables, budgets, the kernel's note.
 */

#include <glib.h>
#include <string.h>

#include "kernel_image.h"
#include "table.h"
#include "vmcoreinfo.h"

#define PAGE     UINT64_C(4096)
#define ROOT     UINT64_C(0x10000)
#define PRESENT  UINT64_C(1)
#define LARGE    (UINT64_C(1) << 7)
#define NO_TOUCH (UINT64_C(1) << 8)
#define ADDRESS  UINT64_C(0x000ffffffffff000)

typedef struct Fixture {
    uint64_t *words; /* of memory */
    HaywireMemory *memory;
    HaywireGuest *guest;
    HaywireTable table;
    HaywireMapping mapping;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    HaywireRegion region = { { 0 }, KERNEL_IMAGE_SIZE, NULL };

    (void)data;
    fixture->words = g_malloc0(KERNEL_IMAGE_SIZE);
    region.host = (const uint8_t *)fixture->words;
    g_assert_cmpint(
        haywire_memory_array_new(&region, 1, false, NULL, &fixture->memory), ==,
        HAYWIRE_OK);
    fixture->guest = g_new0(HaywireGuest, 1);
    fixture->guest->memory = fixture->memory;
    fixture->guest->layout =
        (HaywireLayout){ 1, { { { 0 }, { 0 }, KERNEL_IMAGE_SIZE } } };
    haywire_guest_begin(fixture->guest);
    haywire_guest_allow(fixture->guest, 1000, 1000);
    fixture->table =
        (HaywireTable){ { ROOT }, &haywire_table_x86, 12, 48, true };
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    haywire_memory_destroy(fixture->memory);
    g_free(fixture->guest);
    g_free(fixture->words);
}

/* Tables at ROOT, ROOT + PAGE and so on, for addresses from 0 on. */
static void link_tables(Fixture *fixture, int levels)
{
    for (int i = 0; i < levels; i++) {
        uint64_t at = ROOT + (uint64_t)i * PAGE;

        fixture->words[at / 8] = GUINT64_TO_LE((at + PAGE) | PRESENT);
    }
}

static void set_entry(Fixture *fixture, int level, uint64_t value)
{
    fixture->words[(ROOT + (uint64_t)level * PAGE) / 8] = GUINT64_TO_LE(value);
    haywire_guest_begin(fixture->guest);
    haywire_guest_allow(fixture->guest, 1000, 1000);
}

static HaywireStatus walk(Fixture *fixture, uint64_t gva)
{
    return haywire_table_walk(fixture->guest, &fixture->table,
                              (HaywireGva){ gva }, &fixture->mapping);
}

static void assert_there(Fixture *fixture, uint64_t gva, uint64_t gpa,
                         int shift)
{
    g_assert_cmpint(walk(fixture, gva), ==, HAYWIRE_OK);
    g_assert_true(fixture->mapping.present);
    g_assert_false(fixture->mapping.swapped);
    g_assert_cmphex(fixture->mapping.gpa.value, ==, gpa);
    g_assert_cmpint(fixture->mapping.shift, ==, shift);
}

static void test_sizes(Fixture *fixture, gconstpointer data)
{
    (void)data;
    link_tables(fixture, 3);
    set_entry(fixture, 3, 0x300000 | PRESENT);
    assert_there(fixture, 0x123, 0x300123, 12);
    set_entry(fixture, 2, 0x40000000 | LARGE | PRESENT);
    assert_there(fixture, 0x12345, 0x40012345, 21);
    set_entry(fixture, 1, 0x80000000 | LARGE | PRESENT);
    assert_there(fixture, 0x1234567, 0x81234567, 30);
}

static void test_five_levels(Fixture *fixture, gconstpointer data)
{
    (void)data;
    link_tables(fixture, 4);
    fixture->table.va_bits = 57;
    set_entry(fixture, 4, 0x300000 | PRESENT);
    assert_there(fixture, 0x123, 0x300123, 12);
    g_assert_cmpint(walk(fixture, UINT64_C(1) << 50), ==, HAYWIRE_OK);
    g_assert_false(fixture->mapping.present);
    g_assert_cmpint(walk(fixture, UINT64_C(1) << 56), ==, HAYWIRE_OUT_OF_RANGE);
    fixture->table.va_bits = 48;
    g_assert_cmpint(walk(fixture, UINT64_C(1) << 50), ==, HAYWIRE_OUT_OF_RANGE);
}

/* Linux stores the frame of a page that nobody may touch inverted. */
static void test_no_touch(Fixture *fixture, gconstpointer data)
{
    (void)data;
    link_tables(fixture, 3);
    set_entry(fixture, 3, (~UINT64_C(0x300000) & ADDRESS) | NO_TOUCH);
    assert_there(fixture, 0x123, 0x300123, 12);
    fixture->table.user = false;
    g_assert_cmpint(walk(fixture, 0x123), ==, HAYWIRE_OK);
    g_assert_false(fixture->mapping.present);
}

static void test_swapped(Fixture *fixture, gconstpointer data)
{
    (void)data;
    link_tables(fixture, 3);
    set_entry(fixture, 3, UINT64_C(0x7f00000000000200));
    g_assert_cmpint(walk(fixture, 0), ==, HAYWIRE_OK);
    g_assert_true(fixture->mapping.swapped);
    set_entry(fixture, 3, 0);
    g_assert_cmpint(walk(fixture, 0), ==, HAYWIRE_OK);
    g_assert_false(fixture->mapping.swapped);
}

/* Tables outside of memory, and one that is its own next. */
static void test_bad_tables(Fixture *fixture, gconstpointer data)
{
    uint8_t byte;

    (void)data;
    set_entry(fixture, 0, 0x40000000 | PRESENT);
    g_assert_cmpint(walk(fixture, 0), ==, HAYWIRE_NO_LAYOUT);
    set_entry(fixture, 0, ROOT | PRESENT);
    assert_there(fixture, 0x123, ROOT + 0x123, 12);
    fixture->table.root.value = UINT64_MAX - 7;
    g_assert_cmpint(walk(fixture, 0), ==, HAYWIRE_NO_LAYOUT);
    g_assert_cmpint(haywire_table_read(fixture->guest, &fixture->table,
                                       (HaywireGva){ 0 }, &byte, 1),
                    ==, HAYWIRE_NO_LAYOUT);
}

static void test_budget(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[2 * 4096];

    (void)data;
    haywire_guest_begin(fixture->guest);
    g_assert_cmpint(
        haywire_guest_read(fixture->guest, (HaywireGpa){ 0 }, bytes, 1), ==,
        HAYWIRE_LIMIT);
    haywire_guest_allow(fixture->guest, 3, 1);
    g_assert_cmpint(
        haywire_guest_read(fixture->guest, (HaywireGpa){ 0 }, bytes, 1), ==,
        HAYWIRE_OK);
    /* A second page may not be fetched. */
    g_assert_cmpint(haywire_guest_read(fixture->guest, (HaywireGpa){ 0 }, bytes,
                                       sizeof(bytes)),
                    ==, HAYWIRE_LIMIT);
}

static HaywireStatus parse(const char *text, HaywireNote *ret_note)
{
    uint8_t page[4096] = { 0 };

    memcpy(page, text, MIN(strlen(text), sizeof(page)));
    return haywire_note_parse(page, ret_note);
}

#define GOOD                                                  \
    "OSRELEASE=6.1.0\nSYMBOL(init_uts_ns)=ffffffff82000000\n" \
    "SYMBOL(swapper_pg_dir)=ffffffff83000000\n"               \
    "NUMBER(pgtable_l5_enabled)=1\n"

static void test_note(Fixture *fixture, gconstpointer data)
{
    g_autofree char *filled = g_strnfill(4096, 'A');
    HaywireNote note;

    (void)fixture;
    (void)data;
    g_assert_cmpint(parse(GOOD "SYMBOL(_stext)=ffffffff81000000\n"
                               "NUMBER(phys_base)=-16777216\n",
                          &note),
                    ==, HAYWIRE_OK);
    g_assert_cmpstr(note.release, ==, "6.1.0");
    g_assert_cmphex(note.stext, ==, UINT64_C(0xffffffff81000000));
    g_assert_cmphex(note.offset, ==,
                    (uint64_t)-16777216 - UINT64_C(0xffffffff80000000));
    g_assert_true(note.table.format == &haywire_table_x86);
    g_assert_cmpuint(note.table.va_bits, ==, 57);
    g_assert_cmpint(parse("OSRELEASF=", &note), ==, HAYWIRE_BAD_MAGIC);
    g_assert_cmpint(parse(GOOD, &note), ==, HAYWIRE_BAD_VALUE);
    g_assert_cmpint(parse(GOOD "SYMBOL(_stext)=\n", &note), ==,
                    HAYWIRE_BAD_VALUE);
    g_assert_cmpint(parse(GOOD "SYMBOL(_stext)=xyz\n", &note), ==,
                    HAYWIRE_BAD_VALUE);
    memcpy(filled, "OSRELEASE=", 10);
    g_assert_cmpint(parse(filled, &note), ==, HAYWIRE_BAD_VALUE);
}

static void add(const char *path,
                void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/kernel-parts/sizes", test_sizes);
    add("/kernel-parts/five-levels", test_five_levels);
    add("/kernel-parts/no-touch", test_no_touch);
    add("/kernel-parts/swapped", test_swapped);
    add("/kernel-parts/bad-tables", test_bad_tables);
    add("/kernel-parts/budget", test_budget);
    add("/kernel-parts/note", test_note);
    return g_test_run();
}
