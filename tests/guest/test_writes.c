/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only write: all of guest RAM is recorded before and after each kind of
 * focus, with the guest stopped, and compared byte for byte. What differs must
 * be the low half of one control word, and be the pid; or nothing.
 */
#include "../qemu/qemus.h"
#include "ram_file.h"
#include "scene.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK        (1u << 20)
#define ABSENT_PID   3999999u
#define OFF_WORD     4080u /* of the control word in its page */
#define OFF_CHECKSUM 128u
#define CAMERAS      2
#define DIFFERENCES  64
#define NOT_A_CAMERA 7

typedef struct {
    guint64 count;
    guint64 offset[DIFFERENCES]; /* the first ones */
} Difference;

static Scene *get_scene(const char *qemu)
{
    return scene_get(
        &(VmOptions){ .qemu = qemu, .memory = "512M", .with_qtest = TRUE });
}

static int open_file(const char *path, guint64 *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat found;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fstat(fd, &found), ==, 0);
    *ret_size = (guint64)found.st_size;
    return fd;
}

static void compare_chunk(const guint8 *a, const guint8 *b, guint64 offset,
                          Difference *difference)
{
    if (memcmp(a, b, CHUNK) == 0) {
        return;
    }
    for (guint64 i = 0; i < CHUNK; i++) {
        if (a[i] == b[i]) {
            continue;
        }
        if (difference->count < DIFFERENCES) {
            difference->offset[difference->count] = offset + i;
        }
        difference->count++;
    }
}

/* Every byte of two files of whole MiB. Reading holes leaves them holes. */
static Difference compare_files(const char *before, const char *after)
{
    g_autofree guint8 *a = g_malloc(CHUNK);
    g_autofree guint8 *b = g_malloc(CHUNK);
    Difference difference = { 0 };
    guint64 size, size_after;
    int left = open_file(before, &size), right = open_file(after, &size_after);

    g_assert_cmpuint(size, ==, size_after);
    g_assert_cmpuint(size % CHUNK, ==, 0);
    for (guint64 at = 0; at < size; at += CHUNK) {
        g_assert_cmpint(pread(left, a, CHUNK, (off_t)at), ==, CHUNK);
        g_assert_cmpint(pread(right, b, CHUNK, (off_t)at), ==, CHUNK);
        compare_chunk(a, b, at, &difference);
    }
    close(left);
    close(right);
    return difference;
}

typedef struct {
    ViewQuestion question;
    guint32 pid;
    guint camera;
} Request;

/* The word that the request should write lies here. */
static guint64 word_offset(Scene *scene, guint camera)
{
    guint64 page;

    g_assert_true(ram_file_find_control(vm_ram_path(scene->vm), camera, &page));
    return page + OFF_WORD;
}

/* Ask, and say what of all RAM is another than before. */
static Difference ask_recorded(Scene *scene, const View *view,
                               const Request *request, gboolean done)
{
    g_autofree char *before = vm_private_path(scene->vm, "before");
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) reply = NULL;
    Difference difference;

    vm_copy_file(vm_ram_path(scene->vm), before);
    reply = view_ask(view, request->question, request->pid, request->camera,
                     &error);
    if (!done) {
        g_assert_nonnull(error);
    } else if (view->kind == VIEW_QMP) {
        /* The host tool may wait for an answer that a stopped guest owes. */
        g_assert_no_error(error);
    }
    difference = compare_files(before, vm_ram_path(scene->vm));
    unlink(before);
    return difference;
}

static void check_refused(Scene *scene, const View *view,
                          const Request *request)
{
    Difference difference = ask_recorded(scene, view, request, FALSE);

    g_assert_cmpuint(difference.count, ==, 0);
}

/* What differs is in the low half of the word, and that is the pid now. */
static void check_done(Scene *scene, const View *view, const Request *request)
{
    const char *path = vm_ram_path(scene->vm);
    guint64 word = word_offset(scene, request->camera);
    guint64 old = ram_file_word64(path, word);
    guint32 pid = request->question == VIEW_FOCUS ? request->pid : 0;
    Difference difference = ask_recorded(scene, view, request, TRUE);

    g_test_message("%s, camera %u: %" G_GUINT64_FORMAT " bytes differ",
                   view->name, request->camera, difference.count);
    g_assert_cmpuint(difference.count, <=, sizeof(guint32));
    g_assert_cmpint(difference.count == 0, ==, (guint32)old == pid);
    for (guint64 i = 0; i < difference.count; i++) {
        g_assert_cmpuint(difference.offset[i], >=, word);
        g_assert_cmpuint(difference.offset[i], <, word + sizeof(guint32));
    }
    g_assert_cmphex(ram_file_word64(path, word), ==,
                    (old & ~(guint64)G_MAXUINT32) | pid);
}

static void stop(Scene *scene)
{
    vm_wait_state(scene->vm, "live");
    scene_stop(scene);
}

static void cont(Scene *scene)
{
    json_node_unref(vm_qmp(scene->vm, "cont", NULL));
}

static void test_done(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    stop(scene);
    for (guint camera = 1; camera <= CAMERAS; camera++) {
        guint32 plain = scene_pid(scene, "plain");
        guint32 nice = scene_pid(scene, "nice");

        check_done(scene, &scene->live[0],
                   &(Request){ VIEW_FOCUS, plain, camera });
        /* The same again, another one, and by way of the host tool. */
        check_done(scene, &scene->live[0],
                   &(Request){ VIEW_FOCUS, plain, camera });
        check_done(scene, &scene->live[0],
                   &(Request){ VIEW_FOCUS, nice, camera });
        check_done(scene, &scene->live[1],
                   &(Request){ VIEW_FOCUS, plain, camera });
        check_done(scene, &scene->live[1],
                   &(Request){ VIEW_UNFOCUS, 0, camera });
        check_done(scene, &scene->live[0],
                   &(Request){ VIEW_UNFOCUS, 0, camera });
    }
    cont(scene);
}

static void test_refused(const char *qemu)
{
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    stop(scene);
    for (int view = 0; view < SCENE_LIVE_VIEWS; view++) {
        check_refused(scene, &scene->live[view],
                      &(Request){ VIEW_FOCUS, ABSENT_PID, 1 });
        check_refused(
            scene, &scene->live[view],
            &(Request){ VIEW_FOCUS, scene_pid(scene, "plain"), NOT_A_CAMERA });
    }
    /* A stopped guest's heart does not beat: not believed to be alive. */
    check_refused(scene, &scene->live[2],
                  &(Request){ VIEW_FOCUS, scene_pid(scene, "plain"), 1 });
    cont(scene);
}

/* Overwrite a word of guest memory; with 512 MiB offset and address agree. */
static void poke(Scene *scene, guint64 gpa, guint32 word)
{
    g_autofree char *line =
        g_strdup_printf("write 0x%" G_GINT64_MODIFIER "x 0x4 0x%08x", gpa,
                        GUINT32_SWAP_LE_BE(word));
    g_autofree char *answer = vm_qtest(scene->vm, line);

    g_assert_true(g_str_has_prefix(answer, "OK"));
}

/* A control page that is no longer what it was: nonce, then checksum. */
static void test_overwritten(const char *qemu)
{
    static const guint64 places[] = { OFF_WORD + 4, OFF_CHECKSUM };
    Scene *scene = get_scene(qemu);

    if (!scene) {
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        Request request = { VIEW_FOCUS, scene_pid(scene, "plain"), 2 };
        guint64 at;
        guint32 word;

        stop(scene);
        at = word_offset(scene, 2) - OFF_WORD + places[i];
        word = ram_file_word32(vm_ram_path(scene->vm), at);
        poke(scene, at, ~word);
        check_refused(scene, &scene->live[0], &request);
        check_refused(scene, &scene->live[1], &request);
        poke(scene, at, word);
        cont(scene);
    }
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("writes/done", test_done);
    qemus_add_test("writes/refused", test_refused);
    qemus_add_test("writes/overwritten", test_overwritten);
    status = g_test_run();
    scene_drop();
    return status;
}
