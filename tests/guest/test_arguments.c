/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any arguments for every command, over QMP and in the monitor of a real QEMU:
 * each is answered or refused, QEMU stays up and does not grow. Its RAM has
 * beacons but no guest.
 *
 *   HAYWIRE_STORM_SECONDS   how long for each QEMU (default 8)
 *   --seed                  of g_test: repeats a storm
 */
#include "../qemu/qemus.h"
#include "beacon_builder.h"
#include "compare.h"
#include "process_memory.h"
#include "vm.h"

#include <stdlib.h>

#define DEFAULT_S  8
#define TIMEOUT_S  300
#define MEMORY     "64M"
#define WARM_UP    300 /* requests before memory is measured */
#define GROWTH_MAX (8ull << 20)

static const char text[] =
    "session id=7\n"
    "geometry roundrobin=8 pid=4 camera1=4 camera2=4\n"
    "process pid=1 name=\"init\" exe=\"/sbin/init\" cmdline=\"init\"\n"
    "process pid=4294967295 name=\"last\"\n"
    "sections pid=1\n"
    "section start=0x1000 end=0x3000 perms=\"r-xp\" path=\"/sbin/init\"\n"
    "camera 1 pid=1 status=1\n"
    "run camera=1 gva=0x1000 pfn=5 pages=2\n"
    "run camera=1 gva=0xfffffffffffff000 pfn=9\n";

static const char *const commands[] = {
    "query-haywire",      "query-haywire-processes", "query-haywire-sections",
    "query-haywire-ptes", "query-haywire-cameras",   "query-haywire-stats",
    "haywire-focus",      "haywire-unfocus",         "haywire-rescan",
    "haywire-translate",
};

static const char *const names[] = {
    "pid",   "address", "length", "camera", "pids", "after", "members",
    "limit", "from",    "pid ",   "",       "PID",  "x",
};

static const char *const values[] = {
    "0",
    "1",
    "2",
    "3",
    "-1",
    "4096",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1.5",
    "1e300",
    "\"1\"",
    "\"kernel\"",
    "\"companion\"",
    "\"\"",
    "\"\\u202e\"",
    "null",
    "true",
    "[]",
    "[1]",
    "[1, 4294967295]",
    "[\"pid\", \"time\"]",
    "{}",
    "{\"pid\": 1}",
    "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
};

static const char *const words[] = {
    "processes", "sections", "ptes",       "cameras",    "stats",
    "focus",     "unfocus",  "rescan",     "translate",  "init",
    "last",      "1000",     "0",          "1",          "2",
    "-1",        "0x1",      "4294967295", "4294967296", "99999999999999999999",
    "%s",        "\"",       "'",          "pid=1",      ";",
    "/x",
};

static const char *any_of(const char *const *list, gsize count)
{
    return list[g_test_rand_int_range(0, (gint32)count)];
}

#define ANY_OF(list) any_of(list, G_N_ELEMENTS(list))

static char *make_arguments(void)
{
    g_autoptr(GString) json = g_string_new("{");
    int count = g_test_rand_int_range(0, 5);

    for (int i = 0; i < count; i++) {
        g_string_append_printf(json, "%s\"%s\": %s", i ? ", " : "",
                               ANY_OF(names), ANY_OF(values));
    }
    g_string_append_c(json, '}');
    return g_string_free(g_steal_pointer(&json), FALSE);
}

static char *make_line(void)
{
    GString *line = g_string_new("info haywire");
    int count = g_test_rand_int_range(0, 5);

    for (int i = 0; i < count; i++) {
        g_string_append_printf(line, " %s", ANY_OF(words));
    }
    return g_string_free(line, FALSE);
}

/* Either there is a reply or an error with a text; the client fails else. */
static void send_one(Vm *vm)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;
    g_autofree char *made = NULL;

    if (g_test_rand_int_range(0, 8) == 0) {
        made = make_line();
        g_free(vm_hmp(vm, made));
        return;
    }
    made = make_arguments();
    reply = vm_qmp_try(vm, ANY_OF(commands), made, &error);
    if (!reply) {
        g_assert_nonnull(error);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        g_assert_cmpstr(error->message, !=, "");
    }
}

/*
 * By way of QEMU, over the qtest socket: what another process writes to the
 * RAM file is not in QEMU's page tables, and so not seen.
 */
static void place_beacons(Vm *vm)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(text);

    for (gsize i = 0; i < haywire_beacons_count(beacons); i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);
        g_autofree char *data =
            g_base64_encode((const guchar *)beacon->page, HAYWIRE_PAGE_SIZE);
        g_autofree char *line =
            g_strdup_printf("b64write 0x%" G_GINT64_MODIFIER "x 0x%x %s",
                            beacon->position.value, HAYWIRE_PAGE_SIZE, data);
        g_autofree char *answer = vm_qtest(vm, line);

        g_assert_true(g_str_has_prefix(answer, "OK"));
    }
    json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
}

static gboolean has_processes(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) error = NULL;

    (void)opaque;
    reply = vm_qmp_try(vm, "query-haywire-processes", NULL, &error);
    return reply && json_array_get_length(json_node_get_array(reply)) == 2;
}

static void test_storm(const char *qemu)
{
    const char *seconds = g_getenv("HAYWIRE_STORM_SECONDS");
    g_autoptr(Vm) vm = NULL;
    gint64 end;
    guint64 requests, before = 0, after;

    if (!qemu) {
        return;
    }
    vm = vm_start(&(VmOptions){ .qemu = qemu,
                                .memory = MEMORY,
                                .without_kernel = TRUE,
                                .with_qtest = TRUE });
    place_beacons(vm);
    vm_wait_until(vm, "the beacons", TIMEOUT_S, has_processes, NULL);
    end = g_get_monotonic_time() +
          (seconds ? atoi(seconds) : DEFAULT_S) * G_USEC_PER_SEC;
    for (requests = 0; g_get_monotonic_time() < end; requests++) {
        if (requests == WARM_UP) {
            before = process_memory_private(vm_pid(vm));
        }
        send_one(vm);
    }
    after = process_memory_private(vm_pid(vm));
    g_test_message("%" G_GUINT64_FORMAT " requests, %" G_GINT64_FORMAT
                   " KiB more",
                   requests, (gint64)(after - before) / 1024);
    g_assert_cmpuint(requests, >, WARM_UP);
    g_assert_cmpuint(after, <=, before + GROWTH_MAX);
    g_assert_true(has_processes(vm, NULL));
    vm_quit(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("arguments/storm", test_storm);
    return g_test_run();
}
