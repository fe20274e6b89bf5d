/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of QEMU's versions, and the self-test of the monitor's tables, on
 * tables of our own.  The impostor says which version it is.
 */
#include <string.h>
#include <sys/mman.h>

#include "impostor.h"
#include "qemu_selftest.h"

static const struct {
    ImpostorVersion version;
    int interface;
    HaywireHmpLayout hmp;
} known[] = {
    { { 7, 2 }, 1, HAYWIRE_HMP_7_2 },  { { 8, 0 }, 1, HAYWIRE_HMP_7_2 },
    { { 8, 1 }, 1, HAYWIRE_HMP_7_2 },  { { 8, 2 }, 1, HAYWIRE_HMP_7_2 },
    { { 9, 0 }, 2, HAYWIRE_HMP_7_2 },  { { 9, 1 }, 2, HAYWIRE_HMP_7_2 },
    { { 9, 2 }, 2, HAYWIRE_HMP_7_2 },  { { 10, 0 }, 2, HAYWIRE_HMP_7_2 },
    { { 10, 1 }, 2, HAYWIRE_HMP_7_2 }, { { 10, 2 }, 2, HAYWIRE_HMP_7_2 },
    { { 11, 0 }, 2, HAYWIRE_HMP_7_2 }, { { 11, 1 }, 7, HAYWIRE_HMP_11_1 },
};

static void test_known(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autoptr(GError) error = NULL;

        impostor_version = known[i].version;
        g_assert_true(haywire_qemu_check(FALSE, &error));
        g_assert_no_error(error);
        g_assert_false(haywire_qemu_is_newer());
        g_assert_cmpint(haywire_qemu_interface(), ==, known[i].interface);
        g_assert_cmpint(haywire_qemu_version()->major, ==,
                        known[i].version.major);
        g_assert_cmpint(haywire_qemu_version()->minor, ==,
                        known[i].version.minor);
        g_assert_cmpint(haywire_qemu_version()->hmp, ==, known[i].hmp);
    }
}

static void assert_refused(gboolean admit_newer, gboolean names_option)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *start = g_strdup_printf(
        "QEMU %d.%d is not a version this plugin knows; it knows 7.2 8.0 8.1 "
        "8.2 9.0 9.1 9.2 10.0 10.1 10.2 11.0 11.1%s",
        impostor_version.major, impostor_version.minor,
        names_option ? "; unknown-qemu=on tries a newer one" : "");

    g_assert_false(haywire_qemu_check(admit_newer, &error));
    g_assert_error(error, HAYWIRE_QEMU_ERROR, HAYWIRE_QEMU_ERROR_VERSION);
    g_assert_cmpstr(error->message, ==, start);
}

/* Older than all, or never released: no option helps. */
static void test_unknown(void)
{
    static const struct {
        ImpostorVersion version;
        int interface;
    } unknown[] = {
        { { 0, 0 }, 1 }, { { 6, 2 }, 1 },  { { 7, 1 }, 1 },
        { { 8, 3 }, 1 }, { { 10, 3 }, 2 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
        impostor_version = unknown[i].version;
        assert_refused(FALSE, FALSE);
        assert_refused(TRUE, FALSE);
        g_assert_cmpint(haywire_qemu_interface(), ==, unknown[i].interface);
    }
}

static void test_newer(void)
{
    static const ImpostorVersion newer[] = { { 11, 2 }, { 12, 0 }, { 72, 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(newer); i++) {
        impostor_version = newer[i];
        assert_refused(FALSE, TRUE);
        g_assert_true(haywire_qemu_check(TRUE, NULL));
        g_assert_true(haywire_qemu_is_newer());
        g_assert_cmpint(haywire_qemu_version()->major, ==, 11);
        g_assert_cmpint(haywire_qemu_version()->minor, ==, 1);
        g_assert_cmpint(haywire_qemu_interface(), ==, 7);
    }
}

/* The two functions that the self-test looks for in the tables. */
void hmp_info_version(Monitor *mon, const QDict *dict)
{
    (void)mon;
    (void)dict;
}

void device_add_completion(ReadLineState *rs, int nb_args, const char *str)
{
    (void)rs;
    (void)nb_args;
    (void)str;
}

typedef struct Tables {
    HMPCommand top[4];
    HMPCommand info[3];
    HaywireQemuVersion version;
} Tables;

static HMPCommand command(const char *name)
{
    return (HMPCommand){ .name = name, .help = "does it" };
}

static void tables_init(Tables *tables, HaywireHmpLayout layout)
{
    *tables = (Tables){
        .top = { command("cont|c"), command("device_add"), command("info") },
        .info = { command("usb"), command("version") },
        .version = { .hmp = layout },
    };
    tables->info[1].cmd = hmp_info_version;
    *haywire_hmp_completion(&tables->top[1], layout) = device_add_completion;
    *haywire_hmp_sub_table(&tables->top[2], layout) = tables->info;
}

static gboolean tables_pass(const Tables *tables)
{
    return haywire_qemu_selftest_hmp(tables->top, &tables->version);
}

/* Each passes as what it is, and not as the other. */
static void test_layouts(void)
{
    Tables tables;

    tables_init(&tables, HAYWIRE_HMP_7_2);
    g_assert_true(tables_pass(&tables));
    tables.version.hmp = HAYWIRE_HMP_11_1;
    g_assert_false(tables_pass(&tables));
    tables_init(&tables, HAYWIRE_HMP_11_1);
    g_assert_true(tables_pass(&tables));
    tables.version.hmp = HAYWIRE_HMP_7_2;
    g_assert_false(tables_pass(&tables));
}

static void test_damaged(void)
{
    char wide[] = "name that no command has";
    Tables tables;

    tables_init(&tables, HAYWIRE_HMP_7_2);
    tables.info[1].cmd = NULL;
    g_assert_false(tables_pass(&tables));
    tables_init(&tables, HAYWIRE_HMP_7_2);
    tables.top[1].since_7_2.command_completion = NULL;
    g_assert_false(tables_pass(&tables));
    tables_init(&tables, HAYWIRE_HMP_7_2);
    tables.top[0].name = (const char *)(uintptr_t)0x70;
    g_assert_false(tables_pass(&tables));
    tables_init(&tables, HAYWIRE_HMP_7_2);
    tables.info[0].help = NULL;
    g_assert_false(tables_pass(&tables));
    tables_init(&tables, HAYWIRE_HMP_7_2);
    tables.top[0].name = wide;
    g_assert_false(tables_pass(&tables));
}

/* A table, and a name, that end where memory ends. */
static void test_edge(void)
{
    const size_t page = 4096;
    char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    HMPCommand *last = (HMPCommand *)(void *)(memory + page) - 1;
    char *name = memory + page - sizeof("cont");
    Tables tables;

    g_assert_true(memory != MAP_FAILED);
    g_assert_cmpint(mprotect(memory + page, page, PROT_NONE), ==, 0);
    tables_init(&tables, HAYWIRE_HMP_7_2);
    *last = command("usb");
    tables.top[2].since_7_2.sub_table = last;
    g_assert_false(tables_pass(&tables));

    tables_init(&tables, HAYWIRE_HMP_7_2);
    memcpy(name, "cont", sizeof("cont"));
    tables.top[0].name = name;
    g_assert_true(tables_pass(&tables));
    name[4] = 's';
    g_assert_false(tables_pass(&tables));
    munmap(memory, 2 * page);
}

/*
 * A machine with one piece of memory, that answers by the structure we declare
 * with @shift bytes more in front.
 */
static struct {
    size_t shift;
    gboolean unknown_region;
    hwaddr first_range; /* of the view */
    int referenced;
} machine = { .first_range = 0x100000 };

#define RAM       ((MemoryRegion *)(uintptr_t)0x1230)
#define VIEW      ((FlatView *)(uintptr_t)0x4560)
#define RAM_START 0x100000
#define RAM_SIZE  0x200000

MemoryRegion *get_system_memory(void)
{
    return NULL;
}

MemoryRegionSectionRoom memory_region_find(MemoryRegion *mr, hwaddr addr,
                                           uint64_t size)
{
    hwaddr start = MAX(addr, RAM_START);
    hwaddr end = MIN(size > RAM_SIZE ? RAM_START + RAM_SIZE : addr + size,
                     RAM_START + RAM_SIZE);
    const MemoryRegionSection section = {
        .size = end - start,
        .mr = RAM,
        .fv = VIEW,
        .offset_within_region = start - RAM_START + 0x5000,
        .offset_within_address_space = start,
    };
    MemoryRegionSectionRoom room = { 0 };

    g_assert_null(mr);
    memcpy(room.spare + machine.shift, &section, sizeof(section));
    machine.referenced++;
    return room;
}

void flatview_for_each_range(FlatView *fv,
                             bool (*cb)(__int128 start, __int128 length,
                                        const MemoryRegion *mr,
                                        hwaddr offset_in_region, void *opaque),
                             void *opaque)
{
    g_assert_true(fv == VIEW);
    g_assert_true(cb(machine.first_range, RAM_SIZE, RAM, 0x5000, opaque));
}

void memory_region_unref(MemoryRegion *mr)
{
    g_assert_true(mr == RAM);
    machine.referenced--;
}

Object *object_get_root(void)
{
    return NULL;
}

int object_child_foreach_recursive(Object *obj,
                                   int (*fn)(Object *child, void *opaque),
                                   void *opaque)
{
    g_assert_null(obj);
    return machine.unknown_region ? 0 : fn((Object *)RAM, opaque);
}

Object *object_dynamic_cast(Object *obj, const char *type)
{
    g_assert_cmpstr(type, ==, "memory-region");
    return obj;
}

static void test_sections(void)
{
    g_assert_true(haywire_qemu_selftest_sections());
    g_assert_cmpint(machine.referenced, ==, 0);
    machine.unknown_region = TRUE;
    g_assert_false(haywire_qemu_selftest_sections());
    machine.unknown_region = FALSE;
    machine.first_range += 0x1000;
    g_assert_false(haywire_qemu_selftest_sections());
    machine.first_range -= 0x1000;
    for (size_t shift = 8; shift <= 16; shift += 8) {
        machine.shift = shift;
        g_assert_false(haywire_qemu_selftest_sections());
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/versions/known", test_known);
    g_test_add_func("/versions/unknown", test_unknown);
    g_test_add_func("/versions/newer", test_newer);
    g_test_add_func("/selftest/layouts", test_layouts);
    g_test_add_func("/selftest/damaged", test_damaged);
    g_test_add_func("/selftest/edge", test_edge);
    g_test_add_func("/selftest/sections", test_sections);
    return g_test_run();
}
