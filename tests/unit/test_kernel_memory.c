/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a guest's memory by the addresses of a process, of the kernel and of
 * the machine, and what dumps need beside it: on a small made-up kernel, whole
 * and damaged. Real kernels are for tests/guest.
 */

#include <elf.h>
#include <glib.h>
#include <string.h>

#include "haywire/kernel_memory.h"
#include "haywire/watch_read.h"
#include "kernel_world.h"

#define PAGE  UINT64_C(4096)
#define STACK UINT64_C(0x300000) /* gpa of a kernel stack, and how large */
#define ROOM  UINT64_C(16384)

/* The number of a process, and its pid. */
#define PROCESS 1
#define PID     2

typedef struct Fixture {
    KernelWorld world;
    HaywireReadResult result;
    uint8_t bytes[HAYWIRE_READ_MAX];
} Fixture;

static const HaywireNow now = { .now_ns = 1000, .host_ns = 1000 };

static void look(Fixture *fixture)
{
    kernel_world_look(&fixture->world, now.now_ns, false);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    kernel_world_open(&fixture->world, kernel_image_new());
    look(fixture);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    kernel_world_close(&fixture->world);
}

static HaywireStatus read_at(Fixture *fixture, HaywireWhose whose, uint32_t pid,
                             uint64_t address, size_t length)
{
    const HaywireReadWish wish = { whose, pid, address, length };

    memset(fixture->bytes, 0x55, sizeof(fixture->bytes));
    return haywire_watch_read(fixture->world.watch, now, fixture->world.model,
                              &wish, fixture->bytes, &fixture->result);
}

static void assert_missing(const Fixture *fixture, size_t number,
                           uint64_t start, uint64_t length, HaywireStatus why,
                           uint8_t level)
{
    const HaywireMissing *part = &fixture->result.missing[number];

    g_assert_cmpuint(number, <, fixture->result.count);
    g_assert_cmphex(part->start.value, ==, start);
    g_assert_cmphex(part->length, ==, length);
    g_assert_cmpint(part->why, ==, why);
    g_assert_cmpuint(part->level, ==, level);
}

/* Its one page, and what is around it: no table there, and no page. */
static void test_process(Fixture *fixture, gconstpointer data)
{
    const uint64_t start = KERNEL_IMAGE_USER - 0x800;
    const uint8_t *page =
        fixture->world.image->bytes + kernel_image_page(PROCESS);

    (void)data;
    g_assert_cmpint(read_at(fixture, HAYWIRE_WHOSE_PROCESS, PID, start,
                            0x800 + PAGE + 0x10),
                    ==, HAYWIRE_OK);
    g_assert_cmpint(fixture->result.source, ==, HAYWIRE_PROVIDER_KERNEL);
    g_assert_cmpuint(fixture->result.present, ==, PAGE);
    g_assert_cmpmem(fixture->bytes + 0x800, PAGE, page, PAGE);
    g_assert_cmpuint(fixture->result.count, ==, 2);
    assert_missing(fixture, 0, start, 0x800, HAYWIRE_NOT_PRESENT, 2);
    assert_missing(fixture, 1, KERNEL_IMAGE_USER + PAGE, 0x10,
                   HAYWIRE_NOT_PRESENT, 1);
    g_assert_cmpuint(fixture->bytes[0], ==, 0);
    g_assert_false(fixture->result.missing[1].swapped);
}

static void put_entry(Fixture *fixture, unsigned number, uint64_t entry)
{
    memcpy(fixture->world.image->bytes + kernel_image_page(PROCESS) - PAGE +
               number * sizeof(entry),
           &entry, sizeof(entry));
}

/* A page that the guest has swapped out, and one outside of its memory. */
static void test_elsewhere(Fixture *fixture, gconstpointer data)
{
    (void)data;
    put_entry(fixture, 1, UINT64_C(0x123400));
    put_entry(fixture, 2, (UINT64_C(1) << 40) | 1);
    g_assert_cmpint(read_at(fixture, HAYWIRE_WHOSE_PROCESS, PID,
                            KERNEL_IMAGE_USER + PAGE, 2 * PAGE),
                    ==, HAYWIRE_OK);
    g_assert_cmpuint(fixture->result.present, ==, 0);
    g_assert_cmpuint(fixture->result.count, ==, 2);
    g_assert_true(fixture->result.missing[0].swapped);
    assert_missing(fixture, 1, KERNEL_IMAGE_USER + 2 * PAGE, PAGE,
                   HAYWIRE_NO_LAYOUT, 0);
}

/* Pages that are there and not, in turn, over all that may be asked for. */
static void test_most_parts(Fixture *fixture, gconstpointer data)
{
    uint64_t entry = kernel_image_page(PROCESS) | 1;

    (void)data;
    for (unsigned i = 0; i <= HAYWIRE_READ_MAX / PAGE; i++) {
        put_entry(fixture, i, i % 2 ? entry : 0);
    }
    g_assert_cmpint(read_at(fixture, HAYWIRE_WHOSE_PROCESS, PID,
                            KERNEL_IMAGE_USER + 1, HAYWIRE_READ_MAX),
                    ==, HAYWIRE_OK);
    g_assert_cmpuint(fixture->result.count, ==, 129);
    g_assert_cmpuint(fixture->result.present, ==, HAYWIRE_READ_MAX / 2);
}

static void test_kernel(Fixture *fixture, gconstpointer data)
{
    const uint64_t release =
        KERNEL_IMAGE_UTS +
        fixture->world.image->members.member[M_UTS_RELEASE].offset;

    (void)data;
    g_assert_cmpint(read_at(fixture, HAYWIRE_WHOSE_KERNEL, 0,
                            kernel_image_address(release),
                            sizeof(KERNEL_IMAGE_RELEASE)),
                    ==, HAYWIRE_OK);
    g_assert_cmpstr((char *)fixture->bytes, ==, KERNEL_IMAGE_RELEASE);
    /* No address at all. */
    g_assert_cmpint(read_at(fixture, HAYWIRE_WHOSE_KERNEL, 0,
                            UINT64_C(0x0123456789abc000), PAGE),
                    ==, HAYWIRE_OK);
    assert_missing(fixture, 0, UINT64_C(0x0123456789abc000), PAGE,
                   HAYWIRE_OUT_OF_RANGE, 0);
}

static void test_physical(Fixture *fixture, gconstpointer data)
{
    const uint64_t start = KERNEL_IMAGE_SIZE - 16;

    (void)data;
    fixture->world.image->bytes[start] = 0x77;
    g_assert_cmpint(read_at(fixture, HAYWIRE_WHOSE_PHYSICAL, 0, start, 32), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(fixture->bytes[0], ==, 0x77);
    g_assert_cmpuint(fixture->result.present, ==, 16);
    assert_missing(fixture, 0, KERNEL_IMAGE_SIZE, 16, HAYWIRE_NO_LAYOUT, 0);
}

/* Each way in which nothing is read. */
static void test_refused(Fixture *fixture, gconstpointer data)
{
    static const struct {
        HaywireWhose whose;
        uint32_t pid;
        uint64_t address;
        size_t length;
        HaywireStatus status;
    } wishes[] = {
        { HAYWIRE_WHOSE_PROCESS, 99, 0x400000, 1, HAYWIRE_NO_PROCESS },
        { HAYWIRE_WHOSE_PROCESS, 0, 0x400000, 1, HAYWIRE_NO_PROCESS },
        { HAYWIRE_WHOSE_PROCESS, PID, 0x400000, 0, HAYWIRE_LIMIT },
        { HAYWIRE_WHOSE_PHYSICAL, 0, 0, HAYWIRE_READ_MAX + 1, HAYWIRE_LIMIT },
        { HAYWIRE_WHOSE_KERNEL, 0, UINT64_MAX, 2, HAYWIRE_OUT_OF_RANGE },
        { HAYWIRE_WHOSE_PHYSICAL, 0, UINT64_MAX, 2, HAYWIRE_OUT_OF_RANGE },
    };

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(wishes); i++) {
        g_assert_cmpint(read_at(fixture, wishes[i].whose, wishes[i].pid,
                                wishes[i].address, wishes[i].length),
                        ==, wishes[i].status);
        g_assert_cmpuint(fixture->result.present, ==, 0);
    }
}

/* It has ended since the look, and its task is another's; or has no memory. */
static void test_gone(Fixture *fixture, gconstpointer data)
{
    KernelImage *image = fixture->world.image;

    (void)data;
    kernel_image_set(image, kernel_image_task(PROCESS), M_TASK_PID, 77);
    g_assert_cmpint(
        read_at(fixture, HAYWIRE_WHOSE_PROCESS, PID, KERNEL_IMAGE_USER, 1), ==,
        HAYWIRE_NO_PROCESS);
    kernel_image_set(image, kernel_image_task(PROCESS), M_TASK_PID, PID);
    kernel_image_set(image, kernel_image_task(PROCESS), M_TASK_MM, 0);
    g_assert_cmpint(
        read_at(fixture, HAYWIRE_WHOSE_PROCESS, PID, KERNEL_IMAGE_USER, 1), ==,
        HAYWIRE_NO_SECTIONS);
}

/* With nobody to ask, each says what is lacking. */
static void test_no_kernel(Fixture *fixture, gconstpointer data)
{
    (void)data;
    memset(fixture->world.image->bytes, 0, KERNEL_IMAGE_SIZE);
    haywire_watch_reset(fixture->world.watch);
    look(fixture);
    g_assert_cmpint(read_at(fixture, HAYWIRE_WHOSE_KERNEL, 0, 0, 1), ==,
                    HAYWIRE_NOT_FOUND);
    g_assert_cmpint(read_at(fixture, HAYWIRE_WHOSE_PHYSICAL, 0, 0, 1), ==,
                    HAYWIRE_NO_LAYOUT);
    g_assert_cmpint(read_at(fixture, HAYWIRE_WHOSE_PROCESS, PID, 0, 1), ==,
                    HAYWIRE_NO_CAMERA);
}

static HaywireKernel *kernel_of(Fixture *fixture)
{
    HaywireKernel *kernel = haywire_watch_kernel(fixture->world.watch, now);

    g_assert_nonnull(kernel);
    return kernel;
}

/* Registers numbered from 1 on, but for those that must look right. */
static void put_registers(Fixture *fixture, uint64_t end, uint64_t code)
{
    uint64_t registers[21];

    memset(fixture->world.image->bytes + STACK, 0, ROOM);
    for (gsize i = 0; i < G_N_ELEMENTS(registers); i++) {
        registers[i] = i + 1;
    }
    registers[17] = code;
    registers[18] = 0x246;
    registers[20] = 0x2b;
    memcpy(fixture->world.image->bytes + STACK + end - sizeof(registers),
           registers, sizeof(registers));
}

static void check_thread(Fixture *fixture, gboolean found)
{
    HaywireKernelThread *thread;
    size_t count;

    g_assert_cmpint(
        haywire_kernel_threads(kernel_of(fixture), PID, &thread, &count), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpuint(thread->tid, ==, PID);
    g_assert_cmpint(thread->has_registers, ==, found);
    g_assert_cmphex(thread->reg[0], ==, found ? 1 : 0);
    g_assert_cmphex(thread->reg[16], ==, found ? 17 : 0);
    g_assert_cmphex(thread->reg[21], ==, found ? 0x7000 : 0);
    free(thread);
}

static void test_registers(Fixture *fixture, gconstpointer data)
{
    const uint64_t task = kernel_image_task(PROCESS);

    (void)data;
    kernel_image_set(fixture->world.image, task, M_TASK_FS_BASE, 0x7000);
    check_thread(fixture, FALSE); /* it has no stack */
    kernel_image_set(fixture->world.image, task, M_TASK_STACK,
                     kernel_image_address(STACK));
    check_thread(fixture, FALSE); /* with nothing in it */
    put_registers(fixture, ROOM, 0x33);
    check_thread(fixture, TRUE);
    put_registers(fixture, ROOM - 16, 0x33);
    check_thread(fixture, TRUE);
    put_registers(fixture, ROOM, 0x10); /* the kernel's own */
    check_thread(fixture, FALSE);
}

static void test_threads_refused(Fixture *fixture, gconstpointer data)
{
    KernelImage *image = fixture->world.image;
    const uint64_t task = kernel_image_task(PROCESS);
    const uint64_t node = kernel_image_address(task) +
                          image->members.member[M_TASK_THREAD_NODE].offset;
    HaywireKernelThread *thread;
    size_t count;

    (void)data;
    g_assert_cmpint(
        haywire_kernel_threads(kernel_of(fixture), 99, &thread, &count), ==,
        HAYWIRE_NO_PROCESS);
    kernel_image_set(image, task, M_TASK_TGID, 5);
    g_assert_cmpint(
        haywire_kernel_threads(kernel_of(fixture), PID, &thread, &count), ==,
        HAYWIRE_PAGE_BUSY);
    kernel_image_set(image, task, M_TASK_TGID, PID);
    /* A list that leads back to its first thread, and never to its head. */
    kernel_image_set(image, task, M_TASK_THREAD_NODE, node);
    g_assert_cmpint(
        haywire_kernel_threads(kernel_of(fixture), PID, &thread, &count), ==,
        HAYWIRE_LIMIT);
}

static void test_auxv(Fixture *fixture, gconstpointer data)
{
    const Elf64_auxv_t vector[] = { { AT_PAGESZ, { 4096 } },
                                    { AT_NULL, { 0 } } };
    uint8_t auxv[HAYWIRE_KERNEL_AUXV_MAX];
    uint8_t *at = fixture->world.image->bytes + kernel_image_mm(PROCESS) +
                  fixture->world.image->members.member[M_MM_AUXV].offset;
    size_t length;

    (void)data;
    memcpy(at, vector, sizeof(vector));
    g_assert_cmpint(haywire_kernel_auxv(kernel_of(fixture), PID, auxv, &length),
                    ==, HAYWIRE_OK);
    g_assert_cmpmem(auxv, length, vector, sizeof(vector));
    memset(at, 1, 64);
    g_assert_cmpint(haywire_kernel_auxv(kernel_of(fixture), PID, auxv, &length),
                    ==, HAYWIRE_NOT_FOUND);
}

static void test_note(Fixture *fixture, gconstpointer data)
{
    uint8_t text[HAYWIRE_KERNEL_NOTE_MAX];
    HaywirePosition where;
    size_t length;

    (void)data;
    g_assert_cmpint(
        haywire_kernel_note(kernel_of(fixture), text, &length, &where), ==,
        HAYWIRE_OK);
    g_assert_cmphex(where.value, ==, KERNEL_IMAGE_NOTE);
    g_assert_cmpmem(
        text, length, fixture->world.image->bytes + KERNEL_IMAGE_NOTE,
        strlen((char *)fixture->world.image->bytes + KERNEL_IMAGE_NOTE));
    fixture->world.image->bytes[KERNEL_IMAGE_NOTE] = 'x';
    g_assert_cmpint(
        haywire_kernel_note(kernel_of(fixture), text, &length, &where), ==,
        HAYWIRE_NOT_FOUND);
}

static void test_maps(Fixture *fixture, gconstpointer data)
{
    HaywireKernelImage image;
    HaywireGva base;

    (void)data;
    g_assert_cmpint(haywire_kernel_direct_map(kernel_of(fixture), &base), ==,
                    HAYWIRE_OK);
    g_assert_cmphex(base.value, ==,
                    kernel_image_address(KERNEL_IMAGE_TASKS) -
                        KERNEL_IMAGE_TASKS);
    g_assert_cmpint(haywire_kernel_image(kernel_of(fixture), &image), ==,
                    HAYWIRE_OK);
    g_assert_cmphex(image.start.value, ==, kernel_image_address(0));
    g_assert_cmphex(image.gpa.value, ==, 0);
    g_assert_cmphex(image.length, ==, KERNEL_IMAGE_SIZE);
}

static void add(const char *path,
                void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/kernel-memory/process", test_process);
    add("/kernel-memory/elsewhere", test_elsewhere);
    add("/kernel-memory/most-parts", test_most_parts);
    add("/kernel-memory/kernel", test_kernel);
    add("/kernel-memory/physical", test_physical);
    add("/kernel-memory/refused", test_refused);
    add("/kernel-memory/gone", test_gone);
    add("/kernel-memory/no-kernel", test_no_kernel);
    add("/kernel-memory/registers", test_registers);
    add("/kernel-memory/threads-refused", test_threads_refused);
    add("/kernel-memory/auxv", test_auxv);
    add("/kernel-memory/note", test_note);
    add("/kernel-memory/maps", test_maps);
    return g_test_run();
}
