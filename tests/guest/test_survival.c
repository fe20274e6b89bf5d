/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unkind life in a real guest: processes that are stuck, process ids that are
 * used again, and thousands of processes at once.
 */
#include <stdio.h>

#include "../qemu/qemus.h"
#include "scene.h"

#define TIMEOUT_S 300
#define TRIES_MAX 5
#define PROCESSES 3000
#define CROWD_S   600

#define STUCK_S        20
#define BEAT_NS        (G_GINT64_CONSTANT(100) * 1000 * 1000)
#define HALF_SECOND_NS (5 * BEAT_NS)
#define SILENT         "haywire-menagerie as 1000 /bin/haywire-menagerie silent "

static Scene *get_scene(const char *qemu)
{
    return scene_get(&(VmOptions){ .qemu = qemu, .memory = "1G" });
}

static JsonObject *status_of(Vm *vm, JsonNode **ret_node)
{
    *ret_node = vm_qmp(vm, "query-haywire", NULL);
    return json_node_get_object(*ret_node);
}

typedef struct {
    guint32 pid;
    gint64 other_than;        /* start time; -1: any */
    gint64 start_time;        /* as found */
    const char *command_line; /* what it comes to be */
    const char *never;        /* a command line that it never has; or NULL */
} Occupant;

static gboolean has_occupant(Vm *vm, gpointer opaque)
{
    Occupant *occupant = opaque;
    g_autoptr(JsonNode) node = vm_qmp(vm, "query-haywire-processes", NULL);
    JsonObject *process =
        compare_find(json_node_get_array(node), occupant->pid);
    const char *line;

    if (!process ||
        compare_int(process, "start-time") == occupant->other_than) {
        return FALSE;
    }
    occupant->start_time = compare_int(process, "start-time");
    /* None yet, or its parent's, before it has become another program. */
    line = json_object_get_string_member_with_default(process, "cmdline", "");
    g_assert_cmpstr(line, !=, occupant->never);
    return g_str_equal(line, occupant->command_line);
}

/*
 * A process, and once it is shown another one with its pid. FALSE when that one
 * got another pid.
 */
static gboolean use_pid_twice(Vm *vm, Occupant *first, guint32 *ret_second)
{
    g_autofree char *text = vm_guest_run(vm, "sleep 1001 & echo $!", NULL);
    g_autofree char *again = NULL;
    g_autofree char *command = NULL;

    first->pid = (guint32)g_ascii_strtoull(text, NULL, 10);
    vm_wait_until(vm, "the first process", TIMEOUT_S, has_occupant, first);
    command = g_strdup_printf("kill -9 %u; wait %u 2>/dev/null; "
                              "echo %u >/proc/sys/kernel/ns_last_pid; "
                              "sleep 2002 & echo $!",
                              first->pid, first->pid, first->pid - 1);
    again = vm_guest_run(vm, command, NULL);
    *ret_second = (guint32)g_ascii_strtoull(again, NULL, 10);
    return *ret_second == first->pid;
}

/* Two processes with one pid are never taken for one. */
static void test_pid_reuse(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    Occupant first = { .other_than = -1, .command_line = "sleep 1001" };
    Occupant second = { .command_line = "sleep 2002", .never = "sleep 1001" };
    int tries = 0;

    if (!scene) {
        return;
    }
    /* A thread of the guest's kernel may get the pid before ours does. */
    while (!use_pid_twice(scene->vm, &first, &second.pid)) {
        g_assert_cmpint(++tries, <, TRIES_MAX);
    }
    second.other_than = first.start_time;
    vm_wait_until(scene->vm, "the second process", TIMEOUT_S, has_occupant,
                  &second);
    /* With the new start time no detail was the old one's. */
    g_assert_cmpint(second.start_time, >, first.start_time);
}

/* Of all parts of the list; no reply has them all. */
static gint64 listed(Vm *vm)
{
    gint64 count = 0;
    gint64 after = 0;
    gboolean more = TRUE;

    while (more) {
        JsonObject *arguments = json_object_new();
        g_autoptr(JsonNode) node = NULL;
        JsonObject *last;
        guint length;

        json_object_set_int_member(arguments, "after", after);
        node = vm_qmp(vm, "query-haywire-processes", arguments);
        length = json_array_get_length(json_node_get_array(node));
        g_assert_cmpuint(length, >, 0);
        last = json_array_get_object_element(json_node_get_array(node),
                                             length - 1);
        more = json_object_get_boolean_member_with_default(last, "more", FALSE);
        after = compare_int(last, "pid");
        count += length;
    }
    return count;
}

static gboolean has_crowd(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) node = NULL;

    (void)opaque;
    return compare_int(status_of(vm, &node), "processes") >= PROCESSES;
}

/* All are listed, or it is said how many are not. */
static void test_crowd(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    g_autofree char *command = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *status;
    gint64 before, after;

    if (!scene) {
        return;
    }
    command = g_strdup_printf("(i=0; while [ $i -lt %d ]; do sleep 3003 & "
                              "i=$((i + 1)); done) & true",
                              PROCESSES);
    g_free(vm_guest_run(scene->vm, command, NULL));
    vm_wait_until(scene->vm, "the crowd", CROWD_S, has_crowd, NULL);
    /* The guest stands still, so that all answers are of one moment. */
    json_node_unref(vm_qmp(scene->vm, "stop", NULL));
    do {
        before = listed(scene->vm);
        g_usleep(G_USEC_PER_SEC);
        after = listed(scene->vm);
    } while (before != after);
    status = status_of(scene->vm, &node);
    g_assert_cmpstr(compare_string(status, "state"), ==, "paused");
    g_assert_cmpint(compare_int(status, "processes"), ==,
                    after + compare_int(status, "processes-missing"));
    g_assert_cmpint(after, >=, PROCESSES);
    json_node_unref(vm_qmp(scene->vm, "cont", NULL));
}

/* How often a companion has beaten, and when it last did, by the guest's clock. */
typedef struct {
    gint64 count;
    gint64 time;
} Beats;

static Beats beats_of(Vm *vm)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *status = status_of(vm, &node);

    g_assert_cmpstr(compare_string(status, "state"), ==, "live");
    return (Beats){ compare_int(status, "heartbeat"),
                    compare_int(status, "heartbeat-time") };
}

/* No beat comes early: what is more than one interval each was one pause. */
static void check_beats(const Beats *before, const Beats *after)
{
    gint64 beats = after->count - before->count;

    if (beats > 0) {
        g_assert_cmpint(after->time - before->time - (beats - 1) * BEAT_NS, <,
                        HALF_SECOND_NS);
    }
}

/* What the menagerie makes of @command: "stuck PID". */
static guint32 stuck_new(Vm *vm, const char *command)
{
    g_autofree char *line = g_strdup_printf(
        "rm -f /tmp/stuck; %s >/tmp/stuck 2>&1 & "
        "while ! grep -q . /tmp/stuck; do sleep 1; done; cat /tmp/stuck",
        command);
    g_autofree char *text = vm_guest_run(vm, line, NULL);
    guint32 pid = 0;

    if (sscanf(text, "stuck %u", &pid) != 1) {
        g_error("%s: %s", command, text);
    }
    return pid;
}

static gboolean is_blocked(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) node = vm_qmp(vm, "query-haywire-processes", NULL);
    JsonObject *process =
        compare_find(json_node_get_array(node), *(guint32 *)opaque);

    return process && json_object_has_member(process, "blocked") &&
           json_object_get_boolean_member(process, "blocked");
}

static gboolean is_free(Vm *vm, gpointer opaque)
{
    return !is_blocked(vm, opaque);
}

/* A process that was started while others are stuck. */
static void check_newcomer(Vm *vm)
{
    g_autofree char *text = vm_guest_run(vm, "sleep 4004 & echo $!", NULL);
    Occupant newcomer = {
        .pid = (guint32)g_ascii_strtoull(text, NULL, 10),
        .other_than = -1,
        .command_line = "sleep 4004",
    };

    vm_wait_until(vm, "a newcomer", TIMEOUT_S, has_occupant, &newcomer);
}

static void watch_beats(Vm *vm)
{
    gint64 end = g_get_monotonic_time() + STUCK_S * G_USEC_PER_SEC;
    Beats before = beats_of(vm);

    while (g_get_monotonic_time() < end) {
        Beats after = beats_of(vm);

        check_beats(&before, &after);
        before = after;
        g_usleep(200000);
    }
}

/*
 * On a frozen file system, and on one of a user's that never answers: the heart
 * beats on, others are fresh, and these are shown, and named as what they are.
 */
static void test_stuck(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    guint32 pid[2];
    Vm *vm;

    if (!scene) {
        return;
    }
    vm = scene->vm;
    g_free(vm_guest_run(vm,
                        "dd if=/dev/zero of=/tmp/image bs=1M count=8 && "
                        "mke2fs -F /tmp/image && mkdir -p /tmp/frozen && "
                        "mount -t ext4 -o loop /tmp/image /tmp/frozen",
                        NULL));
    pid[0] = stuck_new(vm, "haywire-menagerie frozen /tmp/frozen");
    pid[1] = stuck_new(vm, SILENT "map");
    for (size_t i = 0; i < G_N_ELEMENTS(pid); i++) {
        vm_wait_until(vm, "a process that blocks", TIMEOUT_S, is_blocked,
                      &pid[i]);
    }
    watch_beats(vm);
    check_newcomer(vm);
    /* Who looks for a server by name would wait for those that are stuck. */
    g_free(vm_guest_run(vm,
                        "fsfreeze --unfreeze /tmp/frozen; "
                        "cd /sys/fs/fuse/connections && "
                        "mount -t fusectl none . && cd . && "
                        "for i in */abort; do echo 1 >$i; done; cd /",
                        NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(pid); i++) {
        vm_wait_until(vm, "the thaw", TIMEOUT_S, is_free, &pid[i]);
    }
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("survival/stuck", test_stuck);
    qemus_add_test("survival/pid-reuse", test_pid_reuse);
    qemus_add_test("survival/crowd", test_crowd);
    result = g_test_run();
    scene_drop();
    return result;
}
