/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest for the Haywire plugin
 *
 * The plugin is not part of QEMU.  Without it these tests check that QEMU
 * behaves as if its commands were absent.  With
 *
 *   HAYWIRE_PLUGIN      the plugin, haywire.so
 *   HAYWIRE_MKBEACONS   its builder of guest pages, mkbeacons
 *
 * in the environment they check what the plugin makes of pages in guest RAM.
 * QTEST_QEMU_BINARY may then be a QEMU without the declarations, too.  If that
 * has no qtest accelerator, HAYWIRE_ACCEL=tcg names another one.
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qemu/bswap.h"
#include "haywire-schema.h"
#include "haywire-world.h"

#define WORLD_OFFSET (64 * 1024 * 1024)

static QDict *args_pid(int64_t pid)
{
    QDict *args = qdict_new();

    qdict_put_int(args, "pid", pid);
    return args;
}

/* All that chooses processes: the list is cut. */
static QDict *args_some(void)
{
    QDict *args = qdict_new();
    QList *members = qlist_new();
    QList *pids = qlist_new();

    qlist_append_str(members, "name");
    qlist_append_str(members, "time");
    qlist_append_int(pids, 1);
    qlist_append_int(pids, 42);
    qdict_put(args, "members", members);
    qdict_put(args, "pids", pids);
    qdict_put_int(args, "after", 0);
    qdict_put_int(args, "limit", 1);
    return args;
}

static QDict *args_window(int64_t pid)
{
    QDict *args = args_pid(pid);

    qdict_put_int(args, "address", 0x400000);
    qdict_put_int(args, "length", 0x1000);
    qdict_put_int(args, "limit", 1);
    return args;
}

static QDict *args_focus(int64_t pid, int camera)
{
    QDict *args = args_pid(pid);

    qdict_put_int(args, "camera", camera);
    return args;
}

static void world_start(HaywireWorld *world)
{
    haywire_world_init(world, "-m 256M", WORLD_OFFSET);
    haywire_world_attach(world);
}

/* Declared or not: without the plugin there is nothing to answer. */
static void test_absent(void)
{
    static const char *const commands[] = {
        "query-haywire",
        "query-haywire-cameras",
        "haywire-rescan",
    };
    QTestState *qts = haywire_machine("-m 256M", false);
    HaywireSchema *schema = haywire_schema_new(qts);

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        QDict *response = qtest_qmp(qts, "{ 'execute': %s }", commands[i]);
        QDict *error = qdict_get_qdict(response, "error");

        g_assert_nonnull(error);
        g_assert_cmpstr(qdict_get_str(error, "class"), ==, "CommandNotFound");
        qobject_unref(response);
    }
    if (haywire_schema_declares(schema, "query-haywire")) {
        g_autofree char *info = qtest_hmp(qts, "info haywire");
        g_autofree char *focus = qtest_hmp(qts, "haywire_focus 1");
        g_autofree char *help = qtest_hmp(qts, "help haywire_focus");

        g_assert_nonnull(strstr(info, "not available"));
        g_assert_nonnull(strstr(focus, "not available"));
        g_assert_nonnull(strstr(help, "pid [camera]"));
    }
    haywire_schema_free(schema);
    qtest_quit(qts);
}

static void check_reply(HaywireWorld *world, HaywireSchema *schema,
                        const char *command, QDict *args)
{
    QDict *response = haywire_command(world->qts, command, args);

    haywire_schema_check_return(schema, command, haywire_return(response));
    qobject_unref(response);
}

static void check_queries(HaywireWorld *world, HaywireSchema *schema)
{
    static const char *const commands[] = {
        "query-haywire",
        "query-haywire-cameras",
        "query-haywire-stats",
    };

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        check_reply(world, schema, commands[i], NULL);
    }
}

/* Every reply has the type that the schema gives it. */
static void test_types(void)
{
    HaywireWorld world;
    HaywireSchema *schema;
    QDict *address = args_pid(42);

    haywire_world_init(&world, "-m 256M", WORLD_OFFSET);
    schema = haywire_schema_new(world.qts);
    if (!haywire_schema_declares(schema, "query-haywire")) {
        g_test_skip("this QEMU does not declare the commands");
        qobject_unref(address);
    } else {
        check_queries(&world, schema);
        haywire_world_attach(&world);
        check_queries(&world, schema);
        check_reply(&world, schema, "query-haywire-processes", NULL);
        check_reply(&world, schema, "query-haywire-processes", args_pid(42));
        check_reply(&world, schema, "query-haywire-processes", args_some());
        check_reply(&world, schema, "query-haywire-sections", args_pid(42));
        check_reply(&world, schema, "query-haywire-sections", args_window(42));
        check_reply(&world, schema, "query-haywire-ptes", args_pid(42));
        check_reply(&world, schema, "query-haywire-ptes", args_window(42));
        qdict_put_int(address, "address", 0x401010);
        check_reply(&world, schema, "haywire-translate", address);
        check_reply(&world, schema, "haywire-focus", args_pid(1));
        check_reply(&world, schema, "haywire-unfocus", NULL);
        check_reply(&world, schema, "haywire-rescan", NULL);
        check_queries(&world, schema);
    }
    haywire_schema_free(schema);
    haywire_world_quit(&world);
}

static void assert_odd_process(QDict *process)
{
    g_assert_cmpint(qdict_get_int(process, "pid"), ==, 42);
    g_assert_cmpint(qdict_get_int(process, "ppid"), ==, 1);
    g_assert_cmpint(qdict_get_int(process, "uid"), ==, 4294967294);
    g_assert_cmpint(qdict_get_int(process, "gid"), ==, 100);
    g_assert_cmpint(qdict_get_int(process, "nice"), ==, -5);
    g_assert_cmpint(qdict_get_int(process, "rss"), ==, 8192);
    g_assert_cmpstr(qdict_get_str(process, "state"), ==, "R");
    g_assert_cmpstr(qdict_get_str(process, "name"), ==, "odd (name) \\x0a");
    g_assert_cmpstr(qdict_get_str(process, "source"), ==, "companion");
    g_assert_cmpint(qdict_get_int(process, "minor-faults"), ==, 7);
    g_assert_cmpint(qdict_get_int(process, "written-bytes"), ==, 4096);
    g_assert_cmpint(qdict_get_int(process, "session-id"), ==, 1);
    g_assert_cmpint(qdict_get_int(process, "priority"), ==, -2);
    g_assert_cmpstr(qdict_get_str(process, "cgroup"), ==, "/odd \\x0a");
    g_assert_false(qdict_haskey(process, "major-faults"));
}

static void test_processes(void)
{
    HaywireWorld world;
    QDict *response;
    QList *list;

    world_start(&world);
    response = haywire_command(world.qts, "query-haywire-processes", NULL);
    g_assert_cmpint(qlist_size(qdict_get_qlist(response, "return")), ==, 3);
    qobject_unref(response);

    response =
        haywire_command(world.qts, "query-haywire-processes", args_pid(42));
    list = qdict_get_qlist(response, "return");
    g_assert_cmpint(qlist_size(list), ==, 1);
    assert_odd_process(qobject_to(QDict, qlist_peek(list)));
    qobject_unref(response);
    haywire_world_quit(&world);
}

/* The bytes at a translated address are those in guest RAM. */
static void test_translate(void)
{
    HaywireWorld world;
    QDict *args = args_pid(42), *response, *place;

    world_start(&world);
    qdict_put_int(args, "address", 0x401234);
    response = haywire_command(world.qts, "haywire-translate", args);
    place = qdict_get_qdict(response, "return");
    g_assert_cmpint(qdict_get_int(place, "gpa"), ==, world.base + 0x1234);
    g_assert_true(qdict_haskey(place, "ram-block"));
    qobject_unref(response);
    haywire_world_quit(&world);
}

static void assert_hmp(HaywireWorld *world, const char *command,
                       const char *expected)
{
    g_autofree char *text = qtest_hmp(world->qts, "%s", command);

    if (!strstr(text, expected)) {
        g_error("%s does not say \"%s\": %s", command, expected, text);
    }
}

static void test_monitor(void)
{
    HaywireWorld world;
    HaywireSchema *schema;

    world_start(&world);
    assert_hmp(&world, "help info", "haywire");
    assert_hmp(&world, "info haywire", "live");
    assert_hmp(&world, "info haywire", "odd (name) \\x0a");
    assert_hmp(&world, "info haywire sections 42", "/bin/odd");
    assert_hmp(&world, "info haywire ptes 42", "400000");
    assert_hmp(&world, "info haywire nonsense", "usage");
    schema = haywire_schema_new(world.qts);
    if (haywire_schema_declares(schema, "query-haywire")) {
        assert_hmp(&world, "haywire_focus 7", "no such process");
        assert_hmp(&world, "haywire_focus 1 2", "1");
        assert_hmp(&world, "haywire_unfocus 2", "2");
        assert_hmp(&world, "haywire_rescan", "scan");
    }
    haywire_schema_free(schema);
    haywire_world_quit(&world);
}

static void assert_fails(HaywireWorld *world, const char *command, QDict *args,
                         const char *expected)
{
    g_autofree char *text = haywire_command_fails(world->qts, command, args);

    if (!strstr(text, expected)) {
        g_error("%s does not say \"%s\": %s", command, expected, text);
    }
}

static void test_bad_arguments(void)
{
    HaywireWorld world;
    QDict *args;

    world_start(&world);
    assert_fails(&world, "query-haywire-sections", NULL,
                 "Parameter 'pid' is missing");
    args = args_pid(1);
    qdict_put_int(args, "colour", 1);
    assert_fails(&world, "query-haywire-sections", args,
                 "Parameter 'colour' is unexpected");
    args = qdict_new();
    qdict_put_str(args, "pid", "1");
    assert_fails(&world, "query-haywire-sections", args, "'pid'");
    assert_fails(&world, "query-haywire-sections", args_pid(7), "(pid 7)");
    assert_fails(&world, "query-haywire-ptes", args_pid(1), "(pid 1)");
    assert_fails(&world, "haywire-focus", args_pid(7), "(pid 7)");
    assert_fails(&world, "haywire-focus", args_focus(1, 3), "camera 3");
    haywire_world_quit(&world);
}

/* A page of the session, with one page before and one behind. */
#define AROUND_SIZE (3 * HAYWIRE_PAGE_SIZE)

static void read_around(HaywireWorld *world, const HaywirePage *page,
                        uint8_t *bytes)
{
    qtest_memread(world->qts, page->gpa - HAYWIRE_PAGE_SIZE, bytes,
                  AROUND_SIZE);
}

/* Focus changes the low half of the control word, and nothing around it. */
static void test_focus(void)
{
    size_t word = HAYWIRE_PAGE_SIZE + HAYWIRE_CONTROL_WORD;
    g_autofree uint8_t *before = g_malloc(AROUND_SIZE);
    g_autofree uint8_t *after = g_malloc(AROUND_SIZE);
    g_autofree HaywirePage *page = NULL;
    size_t differ = 0;
    HaywireWorld world;

    world_start(&world);
    page = haywire_world_control_page(&world, 2);
    read_around(&world, page, before);
    qobject_unref(haywire_command(world.qts, "haywire-focus",
                                  args_focus(HAYWIRE_PID, 2)));
    read_around(&world, page, after);
    for (size_t i = 0; i < AROUND_SIZE; i++) {
        differ += before[i] != after[i];
    }
    g_assert_cmpint(differ, ==, 4);
    g_assert_cmphex(ldl_le_p(after + word), ==, HAYWIRE_PID);
    g_assert_cmphex(ldl_le_p(after + word + 4), ==, HAYWIRE_NONCE);
    haywire_world_quit(&world);
}

static void assert_focus_changes_nothing(HaywireWorld *world,
                                         const HaywirePage *page)
{
    g_autofree uint8_t *before = g_malloc(AROUND_SIZE);
    g_autofree uint8_t *after = g_malloc(AROUND_SIZE);
    g_autofree char *error = NULL;

    read_around(world, page, before);
    error =
        haywire_command_fails(world->qts, "haywire-focus", args_focus(1, 1));
    read_around(world, page, after);
    g_assert_cmpmem(before, AROUND_SIZE, after, AROUND_SIZE);
}

/* The page is another one's now: by its nonce, then altogether. */
static void test_focus_foreign(void)
{
    static const uint8_t nonce[] = { 1, 2, 3, 4 };
    g_autofree uint8_t *junk = g_malloc0(HAYWIRE_PAGE_SIZE);
    g_autofree HaywirePage *page = NULL;
    HaywireWorld world;

    world_start(&world);
    page = haywire_world_control_page(&world, 1);
    qtest_memwrite(world.qts, page->gpa + HAYWIRE_CONTROL_WORD + 4, nonce,
                   sizeof(nonce));
    assert_focus_changes_nothing(&world, page);
    memset(junk, 0x90, HAYWIRE_PAGE_SIZE);
    qtest_memwrite(world.qts, page->gpa, junk, HAYWIRE_PAGE_SIZE);
    assert_focus_changes_nothing(&world, page);
    haywire_world_quit(&world);
}

/* A session that appears later is found by a full scan, and takes over. */
static void test_rescan(void)
{
    HaywireWorld world;

    world_start(&world);
    world.other = true;
    world.beat = 1;
    haywire_world_write(&world);
    qobject_unref(haywire_command(world.qts, "haywire-rescan", NULL));
    haywire_world_await(&world, "live", HAYWIRE_OTHER_SESSION, true);
    haywire_world_quit(&world);
}

static void test_stale(void)
{
    HaywireWorld world;

    world_start(&world);
    haywire_world_sleep(&world, 3);
    haywire_world_await(&world, "stale", HAYWIRE_SESSION, false);
    haywire_world_await(&world, "live", HAYWIRE_SESSION, true);
    haywire_world_quit(&world);
}

/* A guest that was started, and is stopped now */
static void stop_guest(HaywireWorld *world)
{
    qobject_unref(haywire_command(world->qts, "cont", NULL));
    qobject_unref(haywire_command(world->qts, "stop", NULL));
}

static void test_paused(void)
{
    HaywireWorld world;

    world_start(&world);
    haywire_world_beat(&world);
    stop_guest(&world);
    haywire_world_await(&world, "paused", HAYWIRE_SESSION, false);
    assert_hmp(&world, "info haywire", "paused");
    qobject_unref(haywire_command(world.qts, "haywire-focus", args_pid(1)));
    qobject_unref(haywire_command(world.qts, "cont", NULL));
    haywire_world_await(&world, "live", HAYWIRE_SESSION, true);
    haywire_world_quit(&world);
}

/* Guest physical memory is not contiguous where devices lie in between. */
static void test_above_4g(void)
{
    HaywireWorld world;

    haywire_world_init(&world, "-m 4G",
                       0x100000000 + WORLD_OFFSET - haywire_ram_base());
    haywire_world_attach(&world);
    haywire_world_quit(&world);
}

static uint64_t dimm_address(QTestState *qts)
{
    QDict *response = haywire_command(qts, "query-memory-devices", NULL);
    QList *list = qdict_get_qlist(response, "return");
    QDict *device = qobject_to(QDict, qlist_peek(list));
    uint64_t address = qdict_get_int(qdict_get_qdict(device, "data"), "addr");

    qobject_unref(response);
    return address;
}

static void test_hotplug(void)
{
    HaywireWorld world;

    haywire_world_init(&world, "-m 256M,slots=2,maxmem=1G", WORLD_OFFSET);
    haywire_return(qtest_qmp(world.qts, "{ 'execute': 'object-add',"
                                        " 'arguments': { 'qom-type':"
                                        " 'memory-backend-ram', 'id': 'mem1',"
                                        " 'size': 134217728 } }"));
    haywire_return(qtest_qmp(world.qts,
                             "{ 'execute': 'device_add',"
                             " 'arguments': { 'driver': 'pc-dimm',"
                             " 'id': 'dimm1', 'memdev': 'mem1' } }"));
    world.base = dimm_address(world.qts);
    haywire_world_attach(&world);
    haywire_world_quit(&world);
}

/* The data of the next event of this name, checked.  Free the response. */
static QDict *next_event(HaywireWorld *world, HaywireSchema *schema,
                         const char *name, QDict **response)
{
    QDict *data;

    *response = qtest_qmp_eventwait_ref(world->qts, name);
    data = qdict_get_qdict(*response, "data");
    haywire_schema_check_event(schema, name, data);
    return data;
}

static void await_session_event(HaywireWorld *world, HaywireSchema *schema,
                                const char *state)
{
    bool is;

    do {
        QDict *response;
        QDict *data =
            next_event(world, schema, "HAYWIRE_SESSION_CHANGED", &response);

        is = g_str_equal(qdict_get_str(data, "state"), state);
        qobject_unref(response);
    } while (!is);
}

/* @pids: as many as the event must list, in this order, 0 at the end */
static void assert_process_event(HaywireWorld *world, HaywireSchema *schema,
                                 const char *name, const int64_t *pids)
{
    QDict *response;
    QDict *data = next_event(world, schema, name, &response);
    const QListEntry *entry;

    g_assert_cmpstr(qdict_get_str(data, "session"), ==, HAYWIRE_SESSION);
    g_assert_cmpint(qdict_get_int(data, "omitted"), ==, 0);
    QLIST_FOREACH_ENTRY(qdict_get_qlist(data, "processes"), entry) {
        QDict *process = qobject_to(QDict, qlist_entry_obj(entry));

        g_assert_cmpint(qdict_get_int(process, "pid"), ==, *pids);
        pids++;
    }
    g_assert_cmpint(*pids, ==, 0);
    qobject_unref(response);
}

/* A process ID that is used again is one that exits and one that starts. */
static void check_process_events(HaywireWorld *world, HaywireSchema *schema)
{
    static const int64_t exited[] = { 42, HAYWIRE_PID, 0 };
    static const int64_t started[] = { 77, 42, 0 };

    world->extra = "snapshot generation=2\n"
                   "process pid=1 name=\"init\" in=snapshot\n"
                   "process pid=42 start=999s name=\"again\" in=snapshot\n"
                   "process pid=77 name=\"new\" in=snapshot\n";
    haywire_world_write(world);
    assert_process_event(world, schema, "HAYWIRE_PROCESS_EXITED", exited);
    assert_process_event(world, schema, "HAYWIRE_PROCESS_STARTED", started);
}

/* The camera's target is what the companion has taken for it. */
static void check_focus_event(HaywireWorld *world, HaywireSchema *schema)
{
    QDict *response, *data;

    qobject_unref(
        haywire_command(world->qts, "haywire-focus", args_focus(1, 2)));
    world->extra = "camera 2 target=1 status=1\n"
                   "set camera2 0 sequence=9 top=9 bottom=9\n";
    haywire_world_write(world);
    data = next_event(world, schema, "HAYWIRE_FOCUS_CHANGED", &response);
    g_assert_cmpint(qdict_get_int(data, "camera"), ==, 2);
    g_assert_cmpint(qdict_get_int(data, "target-pid"), ==, 1);
    g_assert_cmpstr(qdict_get_str(data, "status"), ==, "active");
    qobject_unref(response);
}

static void test_events(void)
{
    HaywireWorld world;
    HaywireSchema *schema;

    world_start(&world);
    schema = haywire_schema_new(world.qts);
    if (!haywire_schema_declares(schema, "HAYWIRE_SESSION_CHANGED")) {
        g_test_skip("this QEMU does not declare the events");
    } else {
        await_session_event(&world, schema, "live");
        check_process_events(&world, schema);
        check_focus_event(&world, schema);
        stop_guest(&world);
        await_session_event(&world, schema, "paused");
        qobject_unref(haywire_command(world.qts, "cont", NULL));
        await_session_event(&world, schema, "live");
        haywire_world_sleep(&world, 3);
        await_session_event(&world, schema, "stale");
    }
    haywire_schema_free(schema);
    haywire_world_quit(&world);
}

static void add_tests(void)
{
    qtest_add_func("haywire/types", test_types);
    qtest_add_func("haywire/processes", test_processes);
    qtest_add_func("haywire/translate", test_translate);
    qtest_add_func("haywire/monitor", test_monitor);
    qtest_add_func("haywire/bad-arguments", test_bad_arguments);
    qtest_add_func("haywire/focus", test_focus);
    qtest_add_func("haywire/focus-foreign", test_focus_foreign);
    qtest_add_func("haywire/rescan", test_rescan);
    qtest_add_func("haywire/stale", test_stale);
    qtest_add_func("haywire/paused", test_paused);
    qtest_add_func("haywire/events", test_events);
    qtest_add_func("haywire/above-4g", test_above_4g);
    if (g_str_equal(qtest_get_arch(), "x86_64")) {
        qtest_add_func("haywire/hotplug", test_hotplug);
    }
}

static void test_no_plugin(void)
{
    g_test_skip("HAYWIRE_PLUGIN and HAYWIRE_MKBEACONS are not set");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("haywire/absent", test_absent);
    if (haywire_plugin() && haywire_builder()) {
        add_tests();
    } else {
        qtest_add_func("haywire/plugin", test_no_plugin);
    }
    return g_test_run();
}
