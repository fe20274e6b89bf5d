/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Companions in a guest: see companions.h.
 */
#include "companions.h"

#include "compare.h"

#include <string.h>

#define GUEST_PAGE     4096u
#define LIVE_TIMEOUT_S 300

static JsonObject *status_of(Vm *vm, JsonNode **ret_node)
{
    *ret_node = vm_qmp(vm, "query-haywire", NULL);
    return json_node_get_object(*ret_node);
}

guint32 companion_pid(Vm *vm)
{
    g_autoptr(JsonNode) node = NULL;

    return (guint32)compare_int(status_of(vm, &node), "companion-pid");
}

char *companion_session(Vm *vm)
{
    g_autoptr(JsonNode) node = NULL;

    return g_strdup(compare_string(status_of(vm, &node), "session"));
}

/* The sum of a member over all categories. */
static gint64 category_sum(JsonObject *status, const char *member)
{
    JsonArray *list = json_object_get_array_member(status, "categories");
    gint64 sum = 0;

    for (guint i = 0; i < json_array_get_length(list); i++) {
        sum += compare_int(json_array_get_object_element(list, i), member);
    }
    return sum;
}

static gboolean is_live(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *status = status_of(vm, &node);

    return g_str_equal(compare_string(status, "state"), "live") &&
           json_object_get_int_member_with_default(status, "companion-pid",
                                                   0) == *(guint32 *)opaque &&
           category_sum(status, "mapped") == category_sum(status, "pages");
}

void companion_wait_live(Vm *vm, guint32 pid)
{
    vm_wait_until(vm, "the companion's session, whole", LIVE_TIMEOUT_S, is_live,
                  &pid);
}

guint32 guest_start(Vm *vm, const char *program)
{
    g_autofree char *command =
        g_strdup_printf("echo $( %s </dev/null & echo $!)", program);
    g_autofree char *text = vm_guest_run(vm, command, NULL);

    return (guint32)g_ascii_strtoull(text, NULL, 10);
}

guint32 companion_start(Vm *vm)
{
    return guest_start(vm, "setsid /bin/haywire-companion run --max-cpu 100 "
                           ">/run/out 2>&1");
}

guint32 companion_replace(Vm *vm)
{
    guint32 old = companion_pid(vm);
    guint32 pid = companion_start(vm);
    g_autofree char *command = g_strdup_printf("kill -9 %u", old);

    g_free(vm_guest_run(vm, command, NULL));
    companion_wait_live(vm, pid);
    return pid;
}

/* The mapping that has as many pages as the session. */
static guint64 beacons_start(Vm *vm, guint32 pid, guint64 pages)
{
    g_autoptr(GPtrArray) sections = truth_sections(vm, pid);

    for (guint i = 0; i < sections->len; i++) {
        const TruthSection *section = g_ptr_array_index(sections, i);

        if (section->end - section->start == pages * GUEST_PAGE &&
            section->inode == 0) {
            return section->start;
        }
    }
    g_error("the companion has no mapping of %" G_GUINT64_FORMAT " pages",
            pages);
}

GArray *companion_frames(Vm *vm, guint32 pid)
{
    g_autoptr(JsonNode) node = NULL;
    guint64 pages = (guint64)category_sum(status_of(vm, &node), "pages");
    g_autofree char *command =
        g_strdup_printf("dd if=/proc/%u/pagemap bs=8 skip=%" G_GUINT64_FORMAT
                        " count=%" G_GUINT64_FORMAT,
                        pid, beacons_start(vm, pid, pages) / GUEST_PAGE, pages);
    g_autoptr(GBytes) bytes = vm_guest_capture(vm, command);
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(guint64));
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    g_assert_cmpuint(size, ==, pages * sizeof(guint64));
    for (gsize at = 0; at < size; at += sizeof(guint64)) {
        guint64 entry;

        memcpy(&entry, data + at, sizeof(entry));
        entry = GUINT64_FROM_LE(entry);
        g_assert_true(entry & TRUTH_PAGEMAP_PRESENT);
        entry &= TRUTH_PAGEMAP_PFN;
        g_array_append_val(frames, entry);
    }
    return frames;
}

gint64 companion_counter(Vm *vm, const char *side, const char *name)
{
    g_autoptr(JsonNode) node = vm_qmp(vm, "query-haywire-stats", NULL);
    JsonObject *stats = json_node_get_object(node);

    return compare_int(json_object_get_object_member(stats, side), name);
}
