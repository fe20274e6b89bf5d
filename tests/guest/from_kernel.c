/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's answers: see from_kernel.h.
 */
#include "from_kernel.h"

#include <string.h>

#include "ram_file.h"
#include "view.h"

#define NO_PAGE "The address has no page in the guest's memory"

#define VIEWS 2

/* The host tool on the RAM file, and the plugin. */
static void views_of(Vm *vm, View ret_view[VIEWS])
{
    ret_view[0] = (View){ "haywire --ram --from kernel", VIEW_TOOL_RAM, vm,
                          vm_ram_path(vm), "kernel" };
    ret_view[1] = (View){ "QMP from the kernel", VIEW_QMP, vm, NULL, "kernel" };
}

void from_kernel_check_processes(Vm *vm, guint32 keeper)
{
    CompareTruth truth = { .before = truth_processes(vm), .keeper = keeper };
    JsonNode *answer[VIEWS];
    View view[VIEWS];

    views_of(vm, view);
    for (int i = 0; i < VIEWS; i++) {
        answer[i] = view_ask_ok(&view[i], VIEW_PROCESSES, 0, 0);
    }
    truth.after = truth_processes(vm);
    for (int i = 0; i < VIEWS; i++) {
        compare_processes(view[i].name, json_node_get_array(answer[i]), &truth);
        json_node_unref(answer[i]);
    }
    g_hash_table_unref(truth.before);
    g_hash_table_unref(truth.after);
}

static void leave_out_gate(GPtrArray *sections)
{
    const TruthSection *last;
    gsize size;
    const char *path;

    g_assert_cmpuint(sections->len, >, 0);
    last = g_ptr_array_index(sections, sections->len - 1);
    path = g_bytes_get_data(last->path, &size);
    if (size == 10 && memcmp(path, "[vsyscall]", 10) == 0) {
        g_ptr_array_remove_index(sections, sections->len - 1);
    }
}

/*
 * In /proc/PID/maps a newline is written as a backslash and 012, and a backslash
 * as it is: what these are there cannot be told. So no file has both for us.
 */
static void confuse_newlines(JsonObject *sections)
{
    JsonArray *list = json_object_get_array_member(sections, "sections");

    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *section = json_array_get_object_element(list, i);
        GString *path = g_string_new(compare_string(section, "path"));

        g_string_replace(path, "\\x5c012", "\\x0a", 0);
        json_object_set_string_member(section, "path", path->str);
        g_string_free(path, TRUE);
    }
}

static void check_sections(const View *view, guint32 pid, GPtrArray *truth)
{
    g_autoptr(JsonNode) answer = view_ask_ok(view, VIEW_SECTIONS, pid, 0);

    confuse_newlines(json_node_get_object(answer));
    compare_sections(view->name, json_node_get_object(answer), truth);
}

void from_kernel_check_sections(Vm *vm, GPtrArray *animals)
{
    static const char *const names[] = { "file-odd-path", "file-deleted",
                                         "arguments", "huge-pool",
                                         "many-sections" };
    View view[VIEWS];

    views_of(vm, view);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        guint32 pid = truth_animal(animals, names[i])->pid;
        g_autoptr(GPtrArray) truth = NULL;

        if (pid == 0) {
            continue;
        }
        truth = truth_sections(vm, pid);
        leave_out_gate(truth);
        for (int v = 0; v < VIEWS; v++) {
            check_sections(&view[v], pid, truth);
        }
    }
}

static void check_place(guint32 pid, guint64 address, gpointer opaque)
{
    const View *view = opaque;
    g_autofree char *content = truth_content(address);
    g_autoptr(JsonNode) answer =
        view_ask_ok(view, VIEW_TRANSLATE, pid, address);
    guint64 offset =
        (guint64)compare_int(json_node_get_object(answer), "offset");

    if (!ram_file_holds(vm_ram_path(view->vm), offset, content,
                        TRUTH_CONTENT_SIZE)) {
        g_error("process %u: %" G_GINT64_MODIFIER
                "x is not at %" G_GINT64_MODIFIER "x of the file",
                pid, address, offset);
    }
}

static void check_places(const View *view, GPtrArray *animals)
{
    const TruthAnimal *plain = truth_animal(animals, "plain");
    g_autoptr(GError) error = NULL;
    guint64 address;

    truth_each_content(animals, check_place, (gpointer)view);
    g_assert_true(truth_animal_address(plain, "absent", 0, &address));
    g_assert_null(view_ask(view, VIEW_TRANSLATE, plain->pid, address, &error));
    g_assert_nonnull(strstr(error->message, NO_PAGE));
}

void from_kernel_check_places(Vm *vm, GPtrArray *animals)
{
    View view[VIEWS];

    views_of(vm, view);
    for (int i = 0; i < VIEWS; i++) {
        check_places(&view[i], animals);
    }
}
