/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unkind life in a real guest: process ids that are used again, and thousands
 * of processes at once.
 */
#include "../qemu/qemus.h"
#include "scene.h"

#define TIMEOUT_S 60
#define TRIES_MAX 5
#define PROCESSES 3000
#define CROWD_S   180

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

static gint64 listed(Vm *vm)
{
    g_autoptr(JsonNode) node = vm_qmp(vm, "query-haywire-processes", NULL);

    return json_array_get_length(json_node_get_array(node));
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

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("survival/pid-reuse", test_pid_reuse);
    qemus_add_test("survival/crowd", test_crowd);
    result = g_test_run();
    scene_drop();
    return result;
}
