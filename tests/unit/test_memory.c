/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of each kind: reading, looking and writing, good and bad files.
 */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

#define PAGE HAYWIRE_PAGE_SIZE

#define POSITION(value) ((HaywirePosition){ value })

typedef struct File {
    char *path;
    int fd;
} File;

/* A file of @size bytes with no block, where RAM files are. */
static File make_file(off_t size)
{
    File file = { g_strdup("/dev/shm/haywire-XXXXXX"), -1 };

    file.fd = g_mkstemp(file.path);
    g_assert_cmpint(file.fd, >=, 0);
    g_assert_cmpint(ftruncate(file.fd, size), ==, 0);
    return file;
}

static void remove_file(File *file)
{
    close(file->fd);
    g_unlink(file->path);
    g_free(file->path);
}

static void put(File *file, off_t offset, uint64_t value)
{
    g_assert_cmpint(pwrite(file->fd, &value, sizeof(value), offset), ==,
                    sizeof(value));
}

static uint64_t get(File *file, off_t offset)
{
    uint64_t value = 0;

    g_assert_cmpint(pread(file->fd, &value, sizeof(value), offset), ==,
                    sizeof(value));
    return value;
}

static HaywireMemory *open_file(File *file, const char *writable)
{
    HaywireMemory *memory = NULL;

    g_assert_cmpint(haywire_memory_file_open(file->fd, writable, &memory), ==,
                    HAYWIRE_OK);
    return memory;
}

static HaywireMemory *new_array(const HaywireRegion *region, size_t count,
                                bool zero_is_hole, const HaywireLayout *layout)
{
    HaywireMemory *memory = NULL;

    g_assert_cmpint(
        haywire_memory_array_new(region, count, zero_is_hole, layout, &memory),
        ==, HAYWIRE_OK);
    return memory;
}

/* Byte i of the array is its page's number, plus i in the page, modulo 256. */
static uint8_t *numbered_pages(size_t pages)
{
    uint8_t *ram = g_aligned_alloc(pages, PAGE, PAGE);

    for (size_t i = 0; i < pages * PAGE; i++) {
        ram[i] = (uint8_t)(1 + i / PAGE + i % PAGE);
    }
    return ram;
}

/* Reads that begin and end anywhere: how much they get, and why not more. */
static void test_read(void)
{
    uint8_t *ram = numbered_pages(4);
    const HaywireRegion regions[] = {
        { .start = { 0x1000 }, .length = PAGE, .host = ram },
        { .start = { 0x3000 }, .length = 2 * PAGE, .host = ram + PAGE },
        { .start = { 0x5000 }, .length = PAGE, .host = ram + 3 * PAGE },
    };
    static const struct {
        uint64_t where;
        size_t length, got, from; /* @from: byte of the array */
        HaywireStatus status;
    } cases[] = {
        { 0, 1, 0, 0, HAYWIRE_OUT_OF_RANGE },
        { 0xfff, 2, 0, 0, HAYWIRE_OUT_OF_RANGE },
        { 0x1000, PAGE, PAGE, 0, HAYWIRE_OK },
        { 0x1ffe, 4, 2, PAGE - 2, HAYWIRE_OUT_OF_RANGE },
        { 0x2000, 1, 0, 0, HAYWIRE_OUT_OF_RANGE },
        { 0x3001, 2 * PAGE, 2 * PAGE, PAGE + 1, HAYWIRE_OK }, /* two regions */
        { 0x3000, 3 * PAGE, 3 * PAGE, PAGE, HAYWIRE_OK },
        { 0x3000, 3 * PAGE + 1, 3 * PAGE, PAGE, HAYWIRE_OUT_OF_RANGE },
        { 0x6000, 0, 0, 0, HAYWIRE_OK },
        { 0x6000, 1, 0, 0, HAYWIRE_OUT_OF_RANGE },
        { UINT64_MAX, 2, 0, 0, HAYWIRE_OUT_OF_RANGE },
    };
    HaywireMemory *memory = new_array(regions, 3, false, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree uint8_t *to = g_malloc0(cases[i].length + 1);
        size_t got = 99;

        g_assert_cmpint(haywire_memory_read(memory, POSITION(cases[i].where),
                                            to, cases[i].length, &got),
                        ==, cases[i].status);
        g_assert_cmpuint(got, ==, cases[i].got);
        g_assert_cmpmem(to, got, ram + cases[i].from, got);
        g_assert_cmpuint(to[got], ==, 0);
    }
    g_assert_cmpuint(haywire_memory_size(memory), ==, 4 * PAGE);
    g_assert_cmpuint(haywire_memory_size_before(memory, POSITION(0x3800)), ==,
                     PAGE + 0x800);
    haywire_memory_destroy(memory);
    haywire_memory_destroy(NULL);
    g_aligned_free(ram);
}

/* More pieces than are dealt with at a time, some not there, in any order. */
static void test_pieces(void)
{
    enum {
        COUNT = 3 * HAYWIRE_SPOTS_MAX + 7
    };
    const HaywireRegion region = { .length = COUNT * PAGE,
                                   .host = numbered_pages(COUNT) };
    uint8_t *ram = (uint8_t *)region.host;
    HaywireMemory *memory = new_array(&region, 1, true, NULL);
    g_autofree HaywirePiece *piece = g_new0(HaywirePiece, COUNT);
    g_autofree uint8_t *to = g_malloc0(COUNT * 16);

    memset(ram + 5 * PAGE, 0, PAGE);
    for (size_t i = 0; i < COUNT; i++) {
        size_t page = i * 100 % COUNT;

        piece[i] = (HaywirePiece){ .where = { page * PAGE + PAGE - 8 },
                                   .to = to + i * 16,
                                   .length = 16 };
    }
    haywire_memory_read_pieces(memory, piece, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        size_t page = i * 100 % COUNT;
        bool hole = page == 4 || page == 5, last = page == COUNT - 1;
        size_t got = page == 5 ? 0 : hole || last ? 8 : 16;

        g_assert_cmpint(piece[i].status, ==,
                        hole   ? HAYWIRE_HOLE
                        : last ? HAYWIRE_OUT_OF_RANGE
                               : HAYWIRE_OK);
        g_assert_cmpuint(piece[i].got, ==, got);
        g_assert_cmpmem(to + i * 16, got, ram + page * PAGE + PAGE - 8, got);
    }
    haywire_memory_destroy(memory);
    g_aligned_free(ram);
}

static void test_windows(void)
{
    uint8_t *ram = g_aligned_alloc0(8, PAGE, PAGE);
    const HaywireRegion region = { .start = { 0x10000 },
                                   .length = 8 * PAGE,
                                   .host = ram };
    HaywireMemory *memory = new_array(&region, 1, true, NULL);
    HaywireWindow window;

    ram[2 * PAGE] = ram[3 * PAGE + 5] = ram[7 * PAGE] = 1;
    g_assert_cmpint(haywire_memory_next_window(memory, POSITION(0), &window),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(window.start.value, ==, 0x12000);
    g_assert_cmphex(window.length, ==, 2 * PAGE);
    g_assert_true(window.host == ram + 2 * PAGE);
    g_assert_cmpint(
        haywire_memory_next_window(memory, POSITION(0x14000), &window), ==,
        HAYWIRE_OK);
    g_assert_cmphex(window.start.value, ==, 0x17000);
    g_assert_cmpint(
        haywire_memory_next_window(memory, POSITION(0x18000), &window), ==,
        HAYWIRE_NOT_FOUND);
    haywire_memory_destroy(memory);
    g_aligned_free(ram);
}

static void check_peek(HaywireMemory *memory)
{
    HaywirePeek peek[] = {
        { .page = { 3 * PAGE } }, { .page = { PAGE } },
        { .page = { 2 * PAGE } }, { .page = { 3 * PAGE + 4 } },
        { .page = { 8 * PAGE } },
    };
    static const HaywireStatus expected[] = { HAYWIRE_OK, HAYWIRE_OK,
                                              HAYWIRE_HOLE,
                                              HAYWIRE_OUT_OF_RANGE,
                                              HAYWIRE_OUT_OF_RANGE };

    haywire_memory_peek(memory, 4092, peek, G_N_ELEMENTS(peek));
    for (size_t i = 0; i < G_N_ELEMENTS(peek); i++) {
        g_assert_cmpint(peek[i].status, ==, expected[i]);
    }
    g_assert_cmphex(peek[0].word, ==, 0x33);
    g_assert_cmphex(peek[1].word, ==, 0x13);
}

/* Of a file also the first time, when nothing of it is mapped yet. */
static void test_peek(void)
{
    uint8_t *ram = g_aligned_alloc0(8, PAGE, PAGE);
    const HaywireRegion region = { .length = 8 * PAGE, .host = ram };
    HaywireMemory *memory = new_array(&region, 1, true, NULL);
    File file = make_file(8 * PAGE);

    ram[PAGE + 4092] = 0x13;
    ram[3 * PAGE + 4092] = 0x33;
    check_peek(memory);
    haywire_memory_destroy(memory);
    g_assert_cmpint(pwrite(file.fd, ram + PAGE, PAGE, PAGE), ==, PAGE);
    g_assert_cmpint(pwrite(file.fd, ram + 3 * PAGE, PAGE, 3 * PAGE), ==, PAGE);
    memory = open_file(&file, NULL);
    check_peek(memory);
    check_peek(memory);
    haywire_memory_destroy(memory);
    remove_file(&file);
    g_aligned_free(ram);
}

static void test_read_gpa(void)
{
    uint8_t *ram = numbered_pages(4);
    const HaywireRegion region = { .length = 4 * PAGE, .host = ram };
    const HaywireLayout layout = {
        .count = 2,
        .range = { { { 0x100000 }, { 0 }, 2 * PAGE },
                   { { 0x102000 }, { 2 * PAGE }, 2 * PAGE } },
    };
    HaywireMemory *memory = new_array(&region, 1, false, NULL);
    uint8_t to[4 * PAGE];
    size_t got = 99;

    g_assert_null(haywire_memory_layout(memory));
    g_assert_cmpint(
        haywire_memory_read_gpa(memory, (HaywireGpa){ 0x100000 }, to, 1, &got),
        ==, HAYWIRE_NO_LAYOUT);
    g_assert_cmpuint(got, ==, 0);
    haywire_memory_set_layout(memory, &layout);
    g_assert_cmpint(haywire_memory_read_gpa(memory, (HaywireGpa){ 0x101fff },
                                            to, PAGE, &got),
                    ==, HAYWIRE_OK);
    g_assert_cmpmem(to, got, ram + 2 * PAGE - 1, PAGE);
    g_assert_cmpint(
        haywire_memory_read_gpa(memory, (HaywireGpa){ 0x103ff0 }, to, 17, &got),
        ==, HAYWIRE_NO_LAYOUT);
    g_assert_cmpuint(got, ==, 16);
    haywire_memory_set_layout(memory, NULL);
    g_assert_null(haywire_memory_layout(memory));
    haywire_memory_destroy(memory);
    g_aligned_free(ram);
}

/* Virtual 0x7000 to 0xb000: two pages, one without, one that is a hole. */
static HaywireStatus translate(const HaywireAddressSpace *space, HaywireGva gva,
                               HaywireStretch *ret_stretch)
{
    uint64_t page = gva.value / PAGE, left = PAGE - gva.value % PAGE;

    (void)space;
    ret_stretch->length = left;
    if (page == 7) {
        ret_stretch->gpa.value = gva.value - 0x7000;
        ret_stretch->length = left + PAGE;
    } else if (page == 8) {
        ret_stretch->gpa.value = gva.value - 0x7000;
    } else if (page == 10) {
        ret_stretch->gpa.value = gva.value - 0xa000 + 3 * PAGE;
    } else {
        ret_stretch->level = 2;
        ret_stretch->swapped = page == 9;
        return HAYWIRE_NOT_PRESENT;
    }
    return HAYWIRE_OK;
}

/* By another layout than the memory's own; it ends within what is asked for. */
static void test_read_physical(void)
{
    uint8_t *ram = numbered_pages(4);
    const HaywireRegion region = { .length = 4 * PAGE, .host = ram };
    const HaywireLayout own = { .count = 1,
                                .range = { { { 0 }, { 0 }, 4 * PAGE } } };
    const HaywireLayout high = {
        .count = 1, .range = { { { 0x100000 }, { PAGE }, 2 * PAGE } }
    };
    const HaywireAddressSpace space = haywire_physical_space(&high);
    HaywireMemory *memory = new_array(&region, 1, false, &own);
    g_autofree uint8_t *to = g_malloc(3 * PAGE);
    HaywireMissing missing[2];
    size_t count;

    g_assert_cmpint(haywire_memory_read_gva(memory, &space,
                                            (HaywireGva){ 0x100000 }, to,
                                            3 * PAGE, missing, 2, &count),
                    ==, HAYWIRE_OK);
    g_assert_cmpmem(to, 2 * PAGE, ram + PAGE, 2 * PAGE);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmphex(missing[0].start.value, ==, 0x100000 + 2 * PAGE);
    g_assert_cmphex(missing[0].length, ==, PAGE);
    g_assert_cmpint(missing[0].why, ==, HAYWIRE_NO_LAYOUT);
    haywire_memory_destroy(memory);
    g_aligned_free(ram);
}

static void test_read_gva(void)
{
    uint8_t *ram = numbered_pages(4);
    const HaywireRegion region = { .length = 4 * PAGE, .host = ram };
    const HaywireLayout layout = { .count = 1,
                                   .range = { { { 0 }, { 0 }, 4 * PAGE } } };
    const HaywireAddressSpace space = { translate, NULL };
    HaywireMemory *memory = new_array(&region, 1, true, &layout);
    g_autofree uint8_t *to = g_malloc(5 * PAGE);
    HaywireMissing missing[2];
    size_t count;

    memset(ram + 3 * PAGE, 0, PAGE);
    memset(to, 0x55, 5 * PAGE);
    g_assert_cmpint(haywire_memory_read_gva(memory, &space,
                                            (HaywireGva){ 0x7800 }, to,
                                            4 * PAGE, missing, 2, &count),
                    ==, HAYWIRE_LIMIT); /* 0xb000 is one too many */
    g_assert_cmpint(haywire_memory_read_gva(memory, &space,
                                            (HaywireGva){ 0x7800 }, to, 0x3800,
                                            missing, 2, &count),
                    ==, HAYWIRE_OK);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmphex(missing[0].start.value, ==, 0x9000);
    g_assert_cmphex(missing[0].length, ==, PAGE);
    g_assert_cmpint(missing[0].why, ==, HAYWIRE_NOT_PRESENT);
    g_assert_cmpuint(missing[0].level, ==, 2);
    g_assert_true(missing[0].swapped);
    g_assert_cmphex(missing[1].start.value, ==, 0xa000);
    g_assert_cmphex(missing[1].length, ==, PAGE);
    g_assert_cmpint(missing[1].why, ==, HAYWIRE_HOLE);
    g_assert_cmpuint(missing[1].level, ==, 0);
    g_assert_cmpmem(to, 0x1800, ram + 0x800, 0x1800);
    for (size_t i = 0x1800; i < 0x3800; i++) {
        g_assert_cmpuint(to[i], ==, 0);
    }
    g_assert_cmpint(haywire_memory_read_gva(memory, &space,
                                            (HaywireGva){ UINT64_MAX }, to, 2,
                                            missing, 2, &count),
                    ==, HAYWIRE_OUT_OF_RANGE);
    haywire_memory_destroy(memory);
    g_aligned_free(ram);
}

static void test_bad_files(void)
{
    HaywireMemory *memory = NULL;
    File file = make_file(0);
    int fds[2], folder;

    g_assert_cmpint(haywire_memory_file_open(file.fd, NULL, &memory), ==,
                    HAYWIRE_SOURCE_EMPTY);
    g_assert_cmpint(ftruncate(file.fd, PAGE + 1), ==, 0);
    g_assert_cmpint(haywire_memory_file_open(file.fd, NULL, &memory), ==,
                    HAYWIRE_SOURCE_UNALIGNED);
    errno = 0;
    g_assert_cmpint(haywire_memory_file_open(-1, NULL, &memory), ==,
                    HAYWIRE_IO_ERROR);
    g_assert_cmpint(errno, ==, EBADF);
    folder = open("/", O_RDONLY | O_DIRECTORY);
    g_assert_cmpint(haywire_memory_file_open(folder, NULL, &memory), ==,
                    HAYWIRE_IO_ERROR);
    g_assert_cmpint(errno, ==, EISDIR);
    g_assert_cmpint(pipe(fds), ==, 0);
    g_assert_cmpint(haywire_memory_file_open(fds[0], NULL, &memory), ==,
                    HAYWIRE_IO_ERROR);
    g_assert_cmpint(errno, ==, EINVAL);
    g_assert_cmpint(haywire_memory_files_open(NULL, 0, NULL, &memory), ==,
                    HAYWIRE_LIMIT);
    g_assert_null(memory);
    close(folder);
    close(fds[0]);
    close(fds[1]);
    remove_file(&file);
}

static void test_file(void)
{
    File file = make_file(64 * PAGE);
    HaywireMemory *memory;
    uint64_t word;
    size_t got;

    put(&file, 5 * PAGE, 0x1234);
    memory = open_file(&file, NULL);
    g_assert_null(haywire_memory_layout(memory));
    for (int i = 0; i < 2; i++) { /* not mapped, then mapped */
        word = 0;
        g_assert_cmpint(
            haywire_memory_read(memory, POSITION(5 * PAGE), &word, 8, &got), ==,
            HAYWIRE_OK);
        g_assert_cmphex(word, ==, 0x1234);
    }
    g_assert_cmpint(
        haywire_memory_read(memory, POSITION(9 * PAGE), &word, 8, &got), ==,
        HAYWIRE_HOLE);
    g_assert_cmpint(
        haywire_memory_read(memory, POSITION(64 * PAGE), &word, 8, &got), ==,
        HAYWIRE_OUT_OF_RANGE);
    g_assert_cmpint(haywire_memory_check(memory), ==, HAYWIRE_OK);
    haywire_memory_destroy(memory);
    remove_file(&file);
}

/* Two files are one memory, in the order given; the door knows which is which. */
static void test_two_files(void)
{
    File first = make_file(4 * PAGE), second = make_file(8 * PAGE);
    HaywireMemoryFile files[] = { { first.fd, NULL },
                                  { second.fd, second.path } };
    HaywireMemory *memory = NULL;
    HaywireWindow window;
    uint8_t bytes[PAGE];
    size_t got, failed = 99;

    put(&first, 4 * PAGE - 8, 0x1111);
    put(&second, 0, 0x2222);
    put(&second, 5 * PAGE, 0x3333);
    g_assert_cmpint(haywire_memory_files_open(files, 2, &failed, &memory), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(haywire_memory_size(memory), ==, 12 * PAGE);
    g_assert_cmpint(
        haywire_memory_read(memory, POSITION(4 * PAGE - 8), bytes, 16, &got),
        ==, HAYWIRE_OK);
    g_assert_cmphex(((uint64_t *)bytes)[0], ==, 0x1111);
    g_assert_cmphex(((uint64_t *)bytes)[1], ==, 0x2222);
    g_assert_cmpint(
        haywire_memory_next_window(memory, POSITION(5 * PAGE), &window), ==,
        HAYWIRE_OK);
    g_assert_cmphex(window.start.value, ==, 9 * PAGE);
    g_assert_cmphex(*(const uint64_t *)window.host, ==, 0x3333);
    g_assert_cmpint(
        haywire_memory_swap_word(memory, POSITION(4 * PAGE - 8), 0x1111, 1), ==,
        HAYWIRE_READ_ONLY);
    g_assert_cmpint(
        haywire_memory_swap_word(memory, POSITION(9 * PAGE), 0x3333, 4), ==,
        HAYWIRE_OK);
    g_assert_cmphex(get(&second, 5 * PAGE), ==, 4);
    haywire_memory_destroy(memory);

    g_assert_cmpint(ftruncate(second.fd, 0), ==, 0);
    g_assert_cmpint(haywire_memory_files_open(files, 2, &failed, &memory), ==,
                    HAYWIRE_SOURCE_EMPTY);
    g_assert_cmpuint(failed, ==, 1);
    remove_file(&first);
    remove_file(&second);
}

static void test_swap(void)
{
    File file = make_file(4 * PAGE);
    HaywireMemory *memory = open_file(&file, file.path);
    HaywirePosition where = { 2 * PAGE + 4080 };

    put(&file, 2 * PAGE + 4080, 7);
    g_assert_cmpint(haywire_memory_swap_word(memory, where, 8, 9), ==,
                    HAYWIRE_FOCUS_LOST_RACE);
    g_assert_cmpuint(get(&file, 2 * PAGE + 4080), ==, 7);
    g_assert_cmpint(haywire_memory_swap_word(memory, where, 7, 9), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(get(&file, 2 * PAGE + 4080), ==, 9);
    where.value++;
    g_assert_cmpint(haywire_memory_swap_word(memory, where, 9, 1), ==,
                    HAYWIRE_OUT_OF_RANGE);
    where.value = 4 * PAGE;
    g_assert_cmpint(haywire_memory_swap_word(memory, where, 9, 1), ==,
                    HAYWIRE_OUT_OF_RANGE);
    where.value = PAGE; /* a hole, and stays one */
    g_assert_cmpint(haywire_memory_swap_word(memory, where, 0, 1), ==,
                    HAYWIRE_HOLE);
    g_assert_cmpint(lseek(file.fd, PAGE, SEEK_DATA), ==, 2 * PAGE);
    haywire_memory_destroy(memory);
    remove_file(&file);
}

/* Another file has taken the name: it is not written. */
static void test_swap_other_file(void)
{
    File file = make_file(PAGE), other = make_file(PAGE);
    HaywireMemory *memory = open_file(&file, other.path);

    put(&file, 8, 1);
    g_assert_cmpint(haywire_memory_swap_word(memory, POSITION(0), 0, 1), ==,
                    HAYWIRE_IO_ERROR);
    g_assert_cmpint(errno, ==, ESTALE);
    g_assert_cmpuint(get(&other, 0), ==, 0);
    g_assert_cmpuint(get(&file, 0), ==, 0);
    haywire_memory_destroy(memory);
    remove_file(&file);
    remove_file(&other);
}

typedef struct Dirtied {
    const HaywireRegion *region;
    uint64_t offset, length;
    int calls;
} Dirtied;

static void on_dirty(void *opaque, const HaywireRegion *region, uint64_t offset,
                     uint64_t length)
{
    Dirtied *dirtied = opaque;

    *dirtied = (Dirtied){ region, offset, length, dirtied->calls + 1 };
}

/* The door of memory of our own: what is written is marked, and nothing else. */
static void test_mapped(void)
{
    uint8_t *host = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const HaywireRegion region[] = {
        { .start = { 0 }, .length = 4 * PAGE, .host = host },
        { .start = { 4 * PAGE },
          .length = 4 * PAGE,
          .host = host + 4 * PAGE,
          .read_only = true },
    };
    Dirtied dirtied = { 0 };
    HaywireMemory *memory;
    uint64_t word = 0;
    size_t got;

    g_assert_cmpint(haywire_memory_mapped_new(on_dirty, &dirtied, &memory), ==,
                    HAYWIRE_OK);
    haywire_memory_mapped_set(memory, region, 2, NULL);
    ((uint64_t *)(host + PAGE))[2] = ((uint64_t *)(host + 5 * PAGE))[2] = 5;
    g_assert_cmpint(
        haywire_memory_read(memory, POSITION(PAGE + 16), &word, 8, &got), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(word, ==, 5);
    g_assert_cmpint(haywire_memory_swap_word(memory, POSITION(PAGE + 16), 4, 6),
                    ==, HAYWIRE_FOCUS_LOST_RACE);
    g_assert_cmpint(haywire_memory_swap_word(memory, POSITION(2 * PAGE), 0, 6),
                    ==, HAYWIRE_HOLE);
    g_assert_cmpint(
        haywire_memory_swap_word(memory, POSITION(5 * PAGE + 16), 5, 6), ==,
        HAYWIRE_READ_ONLY);
    g_assert_cmpint(dirtied.calls, ==, 0);
    g_assert_cmpint(haywire_memory_swap_word(memory, POSITION(PAGE + 16), 5, 6),
                    ==, HAYWIRE_OK);
    g_assert_cmpint(dirtied.calls, ==, 1);
    g_assert_true(dirtied.region == &region[0]);
    g_assert_cmpuint(dirtied.offset, ==, PAGE + 16);
    g_assert_cmpuint(dirtied.length, ==, 8);
    g_assert_cmpuint(((uint64_t *)(host + PAGE))[2], ==, 6);
    g_assert_cmpuint(((uint64_t *)(host + 5 * PAGE))[2], ==, 5);
    haywire_memory_destroy(memory);
    munmap(host, 8 * PAGE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/read", test_read);
    g_test_add_func("/memory/pieces", test_pieces);
    g_test_add_func("/memory/windows", test_windows);
    g_test_add_func("/memory/peek", test_peek);
    g_test_add_func("/memory/read-gpa", test_read_gpa);
    g_test_add_func("/memory/read-gva", test_read_gva);
    g_test_add_func("/memory/read-physical", test_read_physical);
    g_test_add_func("/memory/bad-files", test_bad_files);
    g_test_add_func("/memory/file", test_file);
    g_test_add_func("/memory/two-files", test_two_files);
    g_test_add_func("/memory/swap", test_swap);
    g_test_add_func("/memory/swap-other-file", test_swap_other_file);
    g_test_add_func("/memory/mapped", test_mapped);
    return g_test_run();
}
