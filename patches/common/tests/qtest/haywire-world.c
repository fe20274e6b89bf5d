/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with the Haywire plugin, and a guest that publishes
 *
 * The guest runs nothing: its pages come from the plugin's own builder, which
 * makes them from readable text.
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/timer.h"
#include "haywire-world.h"

/* Enough for both sessions; the builder's file is as long. */
#define WORLD_SIZE   (16 * 1024 * 1024)
#define OTHER_OFFSET (8 * 1024 * 1024)

#define MAGIC_LINE      64
#define KIND_OFFSET     64
#define CATEGORY_OFFSET 70
#define INDEX_OFFSET    72
#define SESSION_OFFSET  80
#define PFN_OFFSET      120

#define TIMEOUT_US (20 * G_USEC_PER_SEC)
#define POLL_US    (20 * 1000)

static const char world_text[] =
    "layout gpa=0x%" PRIx64 " position=0 length=16M\n"
    "place first=0x%" PRIx64 "\n"
    "session id=0xfeedface heartbeat=%u interval=10ms started=5s time=%ums\n"
    "geometry master=10 roundrobin=20 pid=20 camera1=20 camera2=20\n"
    "text release \"6.1.0-test\"\n"
    "process pid=1 name=\"init\" state=\"S\" uid=0 exe=\"/sbin/init\""
    " cmdline=\"/sbin/init\\0splash\"\n"
    "process pid=42 ppid=1 name=\"odd (name) \\n\" state=\"R\""
    " uid=4294967294 gid=100 threads=3 nice=-5 rss=8192 vsize=1M"
    " minor-faults=7 written-bytes=4096 session=1 priority=-2"
    " cgroup=\"/odd \\n\"\n"
    "process pid=16909060 ppid=1 name=\"target\"\n"
    "sections pid=42\n"
    "section start=0x400000 end=0x402000 perms=\"r-xp\" path=\"/bin/odd\"\n"
    "section start=0x7f0000000000 end=0x7f0000004000 perms=\"rw-p\"\n"
    "camera 1 pid=42 pass=3 nonce=0x5eed1234\n"
    "sections pid=42 camera=1\n"
    "section start=0x400000 end=0x402000 perms=\"r-xp\" path=\"/bin/odd\"\n"
    "run camera=1 gva=0x400000 pfn=0x%" PRIx64 " pages=2\n"
    "run camera=1 gva=0x7f0000000000 swap=9 pages=1\n"
    "camera 2 nonce=0x5eed1234\n"
    "%s";

static const char other_text[] =
    "place first=0x%" PRIx64 "\n"
    "session id=0xcafe heartbeat=%u interval=10ms started=50s time=%ums\n"
    "geometry master=10 roundrobin=20 pid=20 camera1=20 camera2=20\n"
    "process pid=5 name=\"late\"\n";

const char *haywire_plugin(void)
{
    return getenv("HAYWIRE_PLUGIN");
}

const char *haywire_builder(void)
{
    return getenv("HAYWIRE_MKBEACONS");
}

/* A QEMU without this accelerator must be driven with another one. */
static bool have_qtest_accel(void)
{
    return !getenv("HAYWIRE_ACCEL");
}

static bool is_arm(void)
{
    return g_str_equal(qtest_get_arch(), "aarch64");
}

uint64_t haywire_ram_base(void)
{
    return is_arm() ? 0x40000000 : 0;
}

QTestState *haywire_machine(const char *args, bool plugin)
{
    g_autofree char *load =
        plugin ? g_strdup_printf("-plugin %s,interval=20", haywire_plugin())
               : g_strdup("");
    g_autofree char *accel =
        have_qtest_accel()
            ? g_strdup("")
            : g_strdup_printf("-S -accel %s", getenv("HAYWIRE_ACCEL"));

    return qtest_initf("-nodefaults -machine %s %s %s %s",
                       is_arm() ? "virt -cpu cortex-a57" : "q35", accel, load,
                       args);
}

static char *world_describe(const HaywireWorld *world)
{
    g_autofree char *other = NULL;
    unsigned beat = world->beat;
    unsigned other_beat = world->other ? world->beat : 1;

    other = g_strdup_printf(other_text, world->base + OTHER_OFFSET, other_beat,
                            100000 + other_beat * 10);
    return g_strdup_printf(world_text, world->base, world->base, beat,
                           100000 + beat * 10, world->base / HAYWIRE_PAGE_SIZE,
                           world->other ? other : world->extra ?: "");
}

/* Run the builder: text in, a file of @path out. */
static void builder_run(const char *text, const char *path)
{
    g_autofree char *size = g_strdup_printf("%d", WORLD_SIZE);
    const char *argv[] = { haywire_builder(), path, size, NULL };
    g_autoptr(GError) error = NULL;
    int status, in;
    GPid pid;

    if (!g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
                                  G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                                  &in, NULL, NULL, &error)) {
        g_error("%s", error->message);
    }
    g_assert_cmpint(qemu_write_full(in, text, strlen(text)), ==, strlen(text));
    close(in);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

static bool is_page(const char *data)
{
    static const uint8_t magic[] = { 0xce, 0xfa, 0x42, 0x31 };

    for (int i = 0; i < MAGIC_LINE; i += sizeof(magic)) {
        if (memcmp(data + i, magic, sizeof(magic))) {
            return false;
        }
    }
    return true;
}

static HaywirePage *page_new(const char *data)
{
    HaywirePage *page = g_new(HaywirePage, 1);

    memcpy(page->data, data, HAYWIRE_PAGE_SIZE);
    page->gpa = ldq_le_p(page->data + PFN_OFFSET) * HAYWIRE_PAGE_SIZE;
    return page;
}

/* All pages of the world as it is now, as the builder makes them. */
static GPtrArray *world_build(const HaywireWorld *world)
{
    g_autofree char *text = world_describe(world);
    g_autofree char *path = NULL;
    g_autofree char *data = NULL;
    GPtrArray *pages = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    gsize size;
    int fd = g_file_open_tmp("qtest-haywire-XXXXXX", &path, &error);

    g_assert_no_error(error);
    close(fd);
    builder_run(text, path);
    g_file_get_contents(path, &data, &size, &error);
    g_assert_no_error(error);
    unlink(path);
    for (gsize i = 0; i + HAYWIRE_PAGE_SIZE <= size; i += HAYWIRE_PAGE_SIZE) {
        if (is_page(data + i)) {
            g_ptr_array_add(pages, page_new(data + i));
        }
    }
    g_assert_cmpint(pages->len, >, 0);
    return pages;
}

static HaywirePage *page_find(GPtrArray *pages, uint64_t session,
                              unsigned category, unsigned index)
{
    for (guint i = 0; i < pages->len; i++) {
        HaywirePage *page = g_ptr_array_index(pages, i);

        if (ldq_le_p(page->data + SESSION_OFFSET) == session &&
            lduw_le_p(page->data + CATEGORY_OFFSET) == category &&
            ldl_le_p(page->data + INDEX_OFFSET) == index) {
            return page;
        }
    }
    g_assert_not_reached();
}

static void page_write(HaywireWorld *world, const HaywirePage *page)
{
    qtest_memwrite(world->qts, page->gpa, page->data, HAYWIRE_PAGE_SIZE);
}

void haywire_world_write(HaywireWorld *world)
{
    g_autoptr(GPtrArray) pages = world_build(world);

    for (guint i = 0; i < pages->len; i++) {
        page_write(world, g_ptr_array_index(pages, i));
    }
}

void haywire_world_beat(HaywireWorld *world)
{
    g_autoptr(GPtrArray) pages = NULL;

    world->beat++;
    pages = world_build(world);
    page_write(world,
               page_find(pages, world->other ? 0xcafe : 0xfeedface, 0, 0));
}

HaywirePage *haywire_world_control_page(HaywireWorld *world, int camera)
{
    g_autoptr(GPtrArray) pages = world_build(world);
    HaywirePage *page = page_find(pages, 0xfeedface, 2 + camera, 0);

    return g_memdup2(page, sizeof(*page));
}

QObject *haywire_return(QDict *response)
{
    QObject *value = qdict_get(response, "return");

    if (!value) {
        QDict *error = qdict_get_qdict(response, "error");

        g_error("%s", qdict_get_str(error, "desc"));
    }
    return value;
}

static QDict *command_execute(QTestState *qts, const char *command, QDict *args)
{
    if (args) {
        return qtest_qmp(qts, "{ 'execute': %s, 'arguments': %p }", command,
                         args);
    }
    return qtest_qmp(qts, "{ 'execute': %s }", command);
}

QDict *haywire_command(QTestState *qts, const char *command, QDict *args)
{
    QDict *response = command_execute(qts, command, args);

    haywire_return(response);
    return response;
}

char *haywire_command_fails(QTestState *qts, const char *command, QDict *args)
{
    QDict *response = command_execute(qts, command, args);
    QDict *error = qdict_get_qdict(response, "error");
    char *description;

    g_assert_nonnull(error);
    g_assert_cmpstr(qdict_get_str(error, "class"), ==, "GenericError");
    description = g_strdup(qdict_get_str(error, "desc"));
    qobject_unref(response);
    return description;
}

static bool world_is(HaywireWorld *world, const char *state,
                     const char *session)
{
    QDict *response = haywire_command(world->qts, "query-haywire", NULL);
    QDict *info = qdict_get_qdict(response, "return");
    bool is = g_str_equal(qdict_get_str(info, "state"), state) &&
              g_strcmp0(qdict_get_try_str(info, "session"), session) == 0;

    qobject_unref(response);
    return is;
}

void haywire_world_await(HaywireWorld *world, const char *state,
                         const char *session, bool beat)
{
    int64_t until = g_get_monotonic_time() + TIMEOUT_US;

    while (!world_is(world, state, session)) {
        if (g_get_monotonic_time() > until) {
            g_error("not %s in time: %s", state,
                    qtest_hmp(world->qts, "info haywire"));
        }
        if (beat) {
            haywire_world_beat(world);
        }
        g_usleep(POLL_US);
    }
}

/* Pages of the session that the plugin has not found yet. */
static int64_t world_missing(HaywireWorld *world)
{
    QDict *response = haywire_command(world->qts, "query-haywire", NULL);
    QDict *info = qdict_get_qdict(response, "return");
    const QListEntry *entry;
    int64_t missing = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(info, "categories"), entry) {
        QDict *category = qobject_to(QDict, qlist_entry_obj(entry));

        missing += qdict_get_int(category, "pages") -
                   qdict_get_int(category, "mapped");
    }
    qobject_unref(response);
    return missing;
}

void haywire_world_attach(HaywireWorld *world)
{
    int64_t until = g_get_monotonic_time() + TIMEOUT_US;

    haywire_world_write(world);
    qobject_unref(haywire_command(world->qts, "haywire-rescan", NULL));
    haywire_world_await(world, "live", HAYWIRE_SESSION, true);
    while (world_missing(world) > 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        haywire_world_beat(world);
        g_usleep(POLL_US);
    }
}

void haywire_world_init(HaywireWorld *world, const char *args, uint64_t offset)
{
    *world = (HaywireWorld){
        .qts = haywire_machine(args, true),
        .base = haywire_ram_base() + offset,
        .beat = 1,
    };
}

void haywire_world_quit(HaywireWorld *world)
{
    qtest_quit(world->qts);
}

void haywire_world_sleep(HaywireWorld *world, unsigned seconds)
{
    if (have_qtest_accel()) {
        qtest_clock_step(world->qts, seconds * NANOSECONDS_PER_SECOND);
        return;
    }
    qobject_unref(haywire_command(world->qts, "cont", NULL));
    g_usleep(seconds * G_USEC_PER_SEC);
}
