/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layouts, and their deduction for the machines there are.
 */

#include <glib.h>
#include <stdbool.h>

#include "haywire/layout.h"

#define MIB           (G_GUINT64_CONSTANT(1) << 20)
#define GIB           (G_GUINT64_CONSTANT(1) << 30)
#define SIGHTINGS_MAX 4096

typedef struct Case {
    uint64_t size;
    size_t sightings;
    HaywireSighting sighting[SIGHTINGS_MAX];
    size_t ram_count;
    HaywireRamRange ram[16];
    HaywireLayout layout;
} Case;

static void add_ram(Case *c, uint64_t start, uint64_t end)
{
    c->ram[c->ram_count++] = (HaywireRamRange){ { start }, { end } };
}

static void see(Case *c, uint64_t position, uint64_t gpa)
{
    c->sighting[c->sightings++] = (HaywireSighting){ { position }, gpa >> 12 };
}

/* @count beacons, a little apart from each other. */
static void see_many(Case *c, uint64_t position, uint64_t gpa, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        see(c, position + i * 12288, gpa + i * 12288);
    }
}

static HaywireStatus deduce(Case *c)
{
    return haywire_layout_deduce(c->size, c->sighting, c->sightings, c->ram,
                                 c->ram_count, &c->layout);
}

static void assert_range(const Case *c, size_t i, uint64_t gpa,
                         uint64_t position, uint64_t length)
{
    g_assert_cmpuint(i, <, c->layout.count);
    g_assert_cmphex(c->layout.range[i].gpa.value, ==, gpa);
    g_assert_cmphex(c->layout.range[i].position.value, ==, position);
    g_assert_cmphex(c->layout.range[i].length, ==, length);
}

/* As SeaBIOS leaves it on x86: the last 128 KiB below the hole are kept. */
static void add_x86_ram(Case *c, uint64_t low)
{
    add_ram(c, 0x1000, 0x9fc00);
    add_ram(c, MIB, low - 128 * 1024);
    if (c->size > low) {
        add_ram(c, 4 * GIB, 4 * GIB + c->size - low);
    }
}

static void check_split(uint64_t size, uint64_t low, bool beacons_above)
{
    g_autofree Case *c = g_new0(Case, 1);

    c->size = size;
    add_x86_ram(c, low);
    see_many(c, 16 * MIB, 16 * MIB, 500);
    if (beacons_above) {
        see_many(c, low + 32 * MIB, 4 * GIB + 32 * MIB, 500);
    }
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    g_assert_cmpuint(c->layout.count, ==, 2);
    assert_range(c, 0, 0, 0, low);
    assert_range(c, 1, 4 * GIB, low, size - low);
}

static void test_q35(void)
{
    check_split(4 * GIB, 2 * GIB, false);
    check_split(4 * GIB, 2 * GIB, true);
    check_split(64 * GIB, 2 * GIB, true);
}

static void test_pc(void)
{
    check_split(4 * GIB, 3 * GIB, false);
    check_split(4 * GIB, 3 * GIB, true);
    check_split(3584 * MIB + 512 * MIB, 3584 * MIB, true);
}

/* -machine max-ram-below-4g=...: an odd end is believed to beacons only. */
static void test_odd_low(void)
{
    g_autofree Case *c = g_new0(Case, 1);

    check_split(4 * GIB, GIB + 37 * MIB, true);
    c->size = 4 * GIB;
    add_x86_ram(c, GIB + 37 * MIB);
    see_many(c, 16 * MIB, 16 * MIB, 500);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);
}

static void test_only_above(void)
{
    g_autofree Case *c = g_new0(Case, 1);

    c->size = 6 * GIB;
    add_x86_ram(c, 2 * GIB);
    see_many(c, 3 * GIB, 5 * GIB, 1010);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    assert_range(c, 0, 0, 0, 2 * GIB);
    assert_range(c, 1, 4 * GIB, 2 * GIB, 4 * GIB);
}

static void test_small(void)
{
    g_autofree Case *c = g_new0(Case, 1);

    c->size = 512 * MIB;
    add_x86_ram(c, 512 * MIB);
    see_many(c, 16 * MIB, 16 * MIB, 500);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    g_assert_cmpuint(c->layout.count, ==, 1);
    assert_range(c, 0, 0, 0, 512 * MIB);
}

static void test_arm64(void)
{
    g_autofree Case *c = g_new0(Case, 1);

    c->size = 8 * GIB;
    add_ram(c, GIB, 8 * GIB);
    add_ram(c, 8 * GIB + 64 * MIB, 9 * GIB - 4 * MIB);
    see_many(c, 5 * GIB, 6 * GIB, 500);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    g_assert_cmpuint(c->layout.count, ==, 1);
    assert_range(c, 0, GIB, 0, 8 * GIB);
}

/* Big guests on AMD hosts: the high part starts at 1 TiB. */
static void test_high_hole(void)
{
    g_autofree Case *c = g_new0(Case, 1);

    c->size = 1020 * GIB;
    add_ram(c, MIB, 2 * GIB - 128 * 1024);
    add_ram(c, 1024 * GIB, 1024 * GIB + 1018 * GIB);
    see_many(c, 16 * MIB, 16 * MIB, 300);
    see_many(c, 500 * GIB, 500 * GIB + 1022 * GIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    assert_range(c, 1, 1024 * GIB, 2 * GIB, 1018 * GIB);
}

/* mem=1G: what the guest does not use is left out. */
static void test_trimmed(void)
{
    g_autofree Case *c = g_new0(Case, 1);

    c->size = 4 * GIB;
    add_ram(c, MIB, GIB);
    see_many(c, 16 * MIB, 16 * MIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    g_assert_cmpuint(c->layout.count, ==, 1);
    assert_range(c, 0, 0, 0, GIB);
}

static void test_strays(void)
{
    g_autofree Case *c = g_new0(Case, 1);
    size_t i;

    c->size = 4 * GIB;
    add_x86_ram(c, 2 * GIB);
    see_many(c, 16 * MIB, 16 * MIB, 100);
    see_many(c, 3 * GIB, 5 * GIB, 100);
    for (i = 0; i < 20; i++) {
        see(c, (100 + i) * MIB, (900 + 3 * i) * MIB);
        see(c, 3 * GIB + (500 + i) * MIB, 6 * GIB - (9 + 5 * i) * MIB);
    }
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    assert_range(c, 1, 4 * GIB, 2 * GIB, 2 * GIB);
}

static void test_contradictions(void)
{
    g_autofree Case *c = g_new0(Case, 1);
    size_t i;

    /* Beacons all over the place. */
    c->size = 512 * MIB;
    add_x86_ram(c, 512 * MIB);
    for (i = 0; i < 400; i++) {
        see(c, (1 + i) * MIB, (1 + (i * 7) % 400) * MIB + i * 4096);
    }
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);

    /* More RAM than the file has, and none of it where the beacons are. */
    c->sightings = c->ram_count = 0;
    add_ram(c, MIB, 2 * GIB);
    see_many(c, 16 * MIB, 3 * GIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);

    /* Beacons above the hole that disagree with the manifest. */
    c->sightings = c->ram_count = 0;
    c->size = 4 * GIB;
    add_x86_ram(c, 2 * GIB);
    see_many(c, 3 * GIB, 5 * GIB + 64 * MIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);

    /* A range that ends before it starts. */
    c->sightings = c->ram_count = 0;
    add_ram(c, 2 * GIB, GIB);
    see_many(c, 16 * MIB, 16 * MIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);
}

/* A copy of the RAM that was cut off: what is there has its place. */
static void test_short(void)
{
    g_autofree Case *c = g_new0(Case, 1);

    /* Of one piece. */
    c->size = 512 * MIB;
    add_x86_ram(c, 512 * MIB);
    c->size = 150 * MIB;
    see_many(c, 16 * MIB, 16 * MIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    g_assert_cmpuint(c->layout.count, ==, 1);
    assert_range(c, 0, 0, 0, 150 * MIB);
    g_assert_cmpuint(haywire_layout_missing(&c->layout, c->ram, c->ram_count),
                     ==, 362 * MIB - 128 * 1024);

    /* Within the high part, whose beacons tell where it begins. */
    c->ram_count = 0;
    c->size = 6 * GIB;
    add_x86_ram(c, 3 * GIB);
    c->size = 5 * GIB;
    see_many(c, 4 * GIB, 5 * GIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    g_assert_cmpuint(c->layout.count, ==, 2);
    assert_range(c, 0, 0, 0, 3 * GIB);
    assert_range(c, 1, 4 * GIB, 3 * GIB, 2 * GIB);
    g_assert_cmpuint(haywire_layout_missing(&c->layout, c->ram, c->ram_count),
                     ==, GIB);

    /* Behind the low part, with no beacon in the high one: that is not placed. */
    c->sightings = 0;
    see_many(c, 16 * MIB, 16 * MIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    g_assert_cmpuint(c->layout.count, ==, 1);
    assert_range(c, 0, 0, 0, 3 * GIB - 128 * 1024);

    /* The file of a second NUMA node alone. */
    c->sightings = 0;
    c->size = 2 * GIB;
    see_many(c, 16 * MIB, GIB + 16 * MIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    assert_range(c, 0, GIB, 0, 2 * GIB - 128 * 1024);
}

static void test_no_evidence(void)
{
    g_autofree Case *c = g_new0(Case, 1);
    size_t i;

    c->size = 512 * MIB;
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);
    add_x86_ram(c, 512 * MIB);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);

    /* Hidden frame numbers. */
    for (i = 0; i < 300; i++) {
        see(c, (1 + i) * MIB, 0);
    }
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);

    /* Without a manifest nobody knows what lies above the last beacon. */
    c->sightings = c->ram_count = 0;
    see_many(c, 16 * MIB, 16 * MIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);
}

/* Without a manifest, but with beacons on both sides of the hole. */
static void test_no_manifest(void)
{
    g_autofree Case *c = g_new0(Case, 1);

    c->size = 4 * GIB;
    see_many(c, 3 * GIB, 5 * GIB, 300);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);
    see_many(c, 16 * MIB, 16 * MIB, 10);
    g_assert_cmpint(deduce(c), ==, HAYWIRE_OK);
    assert_range(c, 0, 0, 0, 2 * GIB);
    assert_range(c, 1, 4 * GIB, 2 * GIB, 2 * GIB);
}

/* Numbers at the limits of 64 bits do not wrap into an answer. */
static void test_extremes(void)
{
    g_autofree Case *c = g_new0(Case, 1);

    c->size = 512 * MIB;
    add_ram(c, UINT64_MAX - 8191, UINT64_MAX);
    c->sighting[c->sightings++] = (HaywireSighting){ { 4096 }, UINT64_MAX };
    c->sighting[c->sightings++] = (HaywireSighting){ { UINT64_MAX }, 1 };
    c->sighting[c->sightings++] =
        (HaywireSighting){ { 4096 }, UINT64_MAX >> 12 };
    g_assert_cmpint(deduce(c), ==, HAYWIRE_NO_LAYOUT);
}

static void test_lookup(void)
{
    const HaywireLayout layout = {
        .count = 2,
        .range = { { { 0 }, { 0 }, 2 * GIB },
                   { { 4 * GIB }, { 2 * GIB }, GIB } },
    };
    HaywirePosition position = { 1 };
    HaywireGpa gpa = { 1 };

    g_assert_cmpint(
        haywire_layout_position(&layout, (HaywireGpa){ 4 * GIB }, &position),
        ==, HAYWIRE_OK);
    g_assert_cmphex(position.value, ==, 2 * GIB);
    g_assert_cmpint(haywire_layout_position(
                        &layout, (HaywireGpa){ 5 * GIB - 1 }, &position),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(position.value, ==, 3 * GIB - 1);
    g_assert_cmpint(
        haywire_layout_position(&layout, (HaywireGpa){ 5 * GIB }, &position),
        ==, HAYWIRE_NO_LAYOUT);
    g_assert_cmpint(
        haywire_layout_position(&layout, (HaywireGpa){ 2 * GIB }, &position),
        ==, HAYWIRE_NO_LAYOUT);
    g_assert_cmphex(position.value, ==, 3 * GIB - 1);
    g_assert_cmpint(
        haywire_layout_gpa(&layout, (HaywirePosition){ 2 * GIB }, &gpa), ==,
        HAYWIRE_OK);
    g_assert_cmphex(gpa.value, ==, 4 * GIB);
    g_assert_cmpint(
        haywire_layout_gpa(&layout, (HaywirePosition){ 3 * GIB }, &gpa), ==,
        HAYWIRE_NO_LAYOUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/layout/lookup", test_lookup);
    g_test_add_func("/layout/q35", test_q35);
    g_test_add_func("/layout/pc", test_pc);
    g_test_add_func("/layout/odd-low", test_odd_low);
    g_test_add_func("/layout/only-above", test_only_above);
    g_test_add_func("/layout/small", test_small);
    g_test_add_func("/layout/arm64", test_arm64);
    g_test_add_func("/layout/high-hole", test_high_hole);
    g_test_add_func("/layout/trimmed", test_trimmed);
    g_test_add_func("/layout/strays", test_strays);
    g_test_add_func("/layout/contradictions", test_contradictions);
    g_test_add_func("/layout/short", test_short);
    g_test_add_func("/layout/no-evidence", test_no_evidence);
    g_test_add_func("/layout/no-manifest", test_no_manifest);
    g_test_add_func("/layout/extremes", test_extremes);
    return g_test_run();
}
