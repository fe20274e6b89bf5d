/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's answers: see from_kernel.h.
 */
#include "from_kernel.h"

#include <string.h>

#include "ram_file.h"
#include "view.h"

#define NOTHING_FOUND 1 /* the tool's exit status */

static View view_of(Vm *vm)
{
    return (View){ "haywire --ram --from kernel", VIEW_TOOL_RAM, vm,
                   vm_ram_path(vm), "kernel" };
}

void from_kernel_check_processes(Vm *vm, guint32 keeper)
{
    CompareTruth truth = { .before = truth_processes(vm), .keeper = keeper };
    View view = view_of(vm);
    g_autoptr(JsonNode) answer = view_ask_ok(&view, VIEW_PROCESSES, 0, 0);

    truth.after = truth_processes(vm);
    compare_processes(view.name, json_node_get_array(answer), &truth);
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

void from_kernel_check_sections(Vm *vm, GPtrArray *animals)
{
    static const char *const names[] = { "file-odd-path", "file-deleted",
                                         "arguments", "huge-pool",
                                         "many-sections" };
    View view = view_of(vm);

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        guint32 pid = truth_animal(animals, names[i])->pid;
        g_autoptr(GPtrArray) truth = NULL;
        g_autoptr(JsonNode) answer = NULL;

        if (pid != 0) {
            truth = truth_sections(vm, pid);
            leave_out_gate(truth);
            answer = view_ask_ok(&view, VIEW_SECTIONS, pid, 0);
            confuse_newlines(json_node_get_object(answer));
            compare_sections(view.name, json_node_get_object(answer), truth);
        }
    }
}

static void check_place(Vm *vm, const View *view, guint32 pid, guint64 address)
{
    g_autofree char *content = truth_content(address);
    g_autoptr(JsonNode) answer =
        view_ask_ok(view, VIEW_TRANSLATE, pid, address);
    guint64 offset =
        (guint64)compare_int(json_node_get_object(answer), "offset");

    if (!ram_file_holds(vm_ram_path(vm), offset, content, TRUTH_CONTENT_SIZE)) {
        g_error("process %u: %" G_GINT64_MODIFIER
                "x is not at %" G_GINT64_MODIFIER "x of the file",
                pid, address, offset);
    }
}

void from_kernel_check_places(Vm *vm, GPtrArray *animals)
{
    /* Small pages, huge ones, one that nobody may touch. */
    static const char *const names[] = { "plain", "huge-thp", "huge-pool",
                                         "forbidden" };
    const TruthAnimal *plain = truth_animal(animals, "plain");
    View view = view_of(vm);
    g_autoptr(GError) error = NULL;
    guint64 address;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const TruthAnimal *animal = truth_animal(animals, names[i]);

        for (unsigned int nth = 0;
             animal->pid != 0 &&
             truth_animal_address(animal, "at", nth, &address);
             nth++) {
            check_place(vm, &view, animal->pid, address);
        }
    }
    g_assert_true(truth_animal_address(plain, "absent", 0, &address));
    g_assert_null(view_ask(&view, VIEW_TRANSLATE, plain->pid, address, &error));
    g_assert_error(error, VIEW_ERROR, NOTHING_FOUND);
}
