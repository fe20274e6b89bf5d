/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu_selftest.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* QEMU has some 100 commands in a table. */
#define COMMANDS_MAX 1024
#define NAME_SIZE    64

#define PAGE 4096

/* A copy of what lies at @address, or FALSE: nothing lies there. */
static gboolean probe_read(const void *address, void *copy, size_t length)
{
    struct iovec from = { (void *)(uintptr_t)address, length };
    struct iovec to = { copy, length };

    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)length;
}

/* Some containers forbid the call. */
static gboolean probe_works(void)
{
    int here = 1, copy = 0;

    return probe_read(&here, &copy, sizeof(copy)) && copy == here;
}

/* A command's name: printable and short.  What lies behind it may be absent. */
static gboolean probe_name(const char *address, char name[NAME_SIZE])
{
    size_t head = MIN(PAGE - (uintptr_t)address % PAGE, NAME_SIZE);
    struct iovec from[] = {
        { (void *)(uintptr_t)address, head },
        { (void *)((uintptr_t)address + head), NAME_SIZE - head },
    };
    struct iovec to = { name, NAME_SIZE };
    ssize_t got = process_vm_readv(getpid(), &to, 1, from, 2, 0);

    for (ssize_t i = 0; i < got; i++) {
        if (name[i] == '\0') {
            return i > 0;
        }
        if (!g_ascii_isgraph(name[i])) {
            return FALSE;
        }
    }
    return FALSE;
}

/*
 * Walk the table to its end, every entry a command with a name and a help.
 * FALSE if it is no such table, or has no command @wanted.
 */
static gboolean table_probe(const HMPCommand *table, const char *wanted,
                            HMPCommand *ret_command)
{
    gboolean found = FALSE;

    for (size_t i = 0; i < COMMANDS_MAX; i++) {
        HMPCommand command;
        char name[NAME_SIZE], first;

        if (!probe_read(&table[i], &command, sizeof(command))) {
            return FALSE;
        }
        if (!command.name) {
            return found;
        }
        if (!probe_name(command.name, name) ||
            !probe_read(command.help, &first, 1)) {
            return FALSE;
        }
        if (strcmp(name, wanted) == 0) {
            *ret_command = command;
            found = TRUE;
        }
    }
    return FALSE;
}

gboolean haywire_qemu_selftest_hmp(const HMPCommand *table,
                                   const HaywireQemuVersion *version)
{
    HMPCommand info, show_version, device_add;

    /* A walk with strides of a wrong size does not get to the end. */
    if (!table_probe(table, "info", &info) ||
        !table_probe(*haywire_hmp_sub_table(&info, version->hmp), "version",
                     &show_version) ||
        !table_probe(table, "device_add", &device_add)) {
        return FALSE;
    }
    return (!hmp_info_version || show_version.cmd == hmp_info_version) &&
           (!device_add_completion ||
            *haywire_hmp_completion(&device_add, version->hmp) ==
                device_add_completion);
}

static gboolean hmp_check(void)
{
    if (!probe_works()) {
        return !haywire_qemu_is_newer(); /* the version is taken on trust */
    }
    return haywire_qemu_selftest_hmp(haywire_hmp_commands(),
                                     haywire_qemu_version());
}

static gboolean qobject_check(void)
{
    QDict *dict = qdict_new();
    const QObject *object = haywire_qobject(dict);
    gboolean right =
        object->type == HAYWIRE_QEMU_QTYPE_QDICT && object->refcnt == 1;

    if (right) {
        haywire_qobject_unref(haywire_qobject(dict));
    }
    return right;
}

static gboolean run_state_check(void)
{
    return !&RunState_lookup ||
           (qapi_enum_parse(&RunState_lookup, "inmigrate", -1, NULL) ==
                HAYWIRE_QEMU_RUN_STATE_INMIGRATE &&
            qapi_enum_parse(&RunState_lookup, "prelaunch", -1, NULL) ==
                HAYWIRE_QEMU_RUN_STATE_PRELAUNCH);
}

typedef struct RegionSearch {
    const void *wanted;
    gboolean found;
} RegionSearch;

static int region_compare(Object *child, void *opaque)
{
    RegionSearch *search = opaque;

    search->found =
        child == search->wanted && object_dynamic_cast(child, "memory-region");
    return search->found;
}

/* Is it one, as far as QEMU's tree of objects knows? */
static gboolean region_exists(const MemoryRegion *mr)
{
    RegionSearch search = { .wanted = mr };

    object_child_foreach_recursive(object_get_root(), region_compare, &search);
    return search.found;
}

/* One page at @at, where we know what the answer is. */
static gboolean section_check_at(hwaddr at, const MemoryRegionSection *whole)
{
    MemoryRegionSectionRoom room =
        memory_region_find(get_system_memory(), at, PAGE);
    const MemoryRegionSection *page = &room.section;
    hwaddr inside = at - whole->offset_within_address_space;

    if (page->mr != whole->mr) {
        return FALSE;
    }
    memory_region_unref(page->mr);
    return page->size == PAGE && page->offset_within_address_space == at &&
           page->offset_within_region == whole->offset_within_region + inside &&
           page->fv == whole->fv;
}

typedef struct FirstRange {
    const MemoryRegionSection *wanted;
    gboolean right;
} FirstRange;

static bool range_compare(__int128 start, __int128 length,
                          const MemoryRegion *mr, hwaddr offset_in_region,
                          void *opaque)
{
    FirstRange *first = opaque;
    const MemoryRegionSection *wanted = first->wanted;

    first->right = mr == wanted->mr && length == wanted->size &&
                   start == wanted->offset_within_address_space &&
                   offset_in_region == wanted->offset_within_region;
    return true;
}

/* The view that the section names begins with it. */
static gboolean view_check(const MemoryRegionSection *whole)
{
    FirstRange first = { .wanted = whole };

    if (!whole->fv || (uintptr_t)whole->fv % sizeof(void *) != 0) {
        return FALSE;
    }
    flatview_for_each_range(whole->fv, range_compare, &first);
    return first.right;
}

gboolean haywire_qemu_selftest_sections(void)
{
    MemoryRegionSectionRoom room =
        memory_region_find(get_system_memory(), 0, UINT64_MAX);
    const MemoryRegionSection *whole = &room.section;
    gboolean right;

    if (!whole->mr) {
        return whole->size == 0; /* a machine without memory */
    }
    if (!region_exists(whole->mr)) {
        return FALSE;
    }
    /* A page that is not the first, where there is one. */
    right =
        (whole->size < 2 * PAGE ||
         section_check_at(whole->offset_within_address_space + PAGE, whole)) &&
        view_check(whole);
    memory_region_unref(whole->mr);
    return right;
}

gboolean haywire_qemu_selftest(GError **error)
{
    static const struct {
        const char *structure;
        gboolean (*check)(void);
    } checks[] = {
        { "the monitor's commands", hmp_check },
        { "QMP's objects", qobject_check },
        { "the run states", run_state_check },
        { "sections of memory", haywire_qemu_selftest_sections },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
        if (!checks[i].check()) {
            g_set_error(error, HAYWIRE_QEMU_ERROR, HAYWIRE_QEMU_ERROR_LAYOUT,
                        "this QEMU differs from what the plugin knows of its "
                        "version: %s do not lie in memory as expected",
                        checks[i].structure);
            return FALSE;
        }
    }
    return TRUE;
}
