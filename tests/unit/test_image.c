/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF cores and LiME images: good ones read as memory, and one corrupt field
 * for each refusal.
 */

#include <elf.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

#define PAGE ((uint64_t)HAYWIRE_PAGE_SIZE)
#define MIB  (UINT64_C(1) << 20)

/* What lies at each address of an image: the address itself, as a word. */
static void put_memory(int fd, uint64_t offset, uint64_t gpa, uint64_t length)
{
    for (uint64_t at = 0; at + sizeof(gpa) <= length; at += sizeof(gpa)) {
        const uint64_t word = gpa + at;

        g_assert_cmpint(pwrite(fd, &word, sizeof(word), (off_t)(offset + at)),
                        ==, sizeof(word));
    }
}

typedef struct Load {
    uint64_t gpa;
    uint64_t offset;
    uint64_t length;
} Load;

static int new_file(void)
{
    const int fd = memfd_create("image", MFD_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static Elf64_Ehdr elf_header(size_t loads)
{
    Elf64_Ehdr header = {
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_phoff = sizeof(header),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (Elf64_Half)loads,
    };

    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    return header;
}

static void put(int fd, const void *bytes, size_t length, size_t offset)
{
    g_assert_cmpint(pwrite(fd, bytes, length, (off_t)offset), ==,
                    (ssize_t)length);
}

static void put_loads(int fd, const Load *load, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Elf64_Phdr header = {
            .p_type = PT_LOAD,
            .p_offset = load[i].offset,
            .p_paddr = load[i].gpa,
            .p_filesz = load[i].length,
            .p_memsz = load[i].length,
        };

        put(fd, &header, sizeof(header),
            sizeof(Elf64_Ehdr) + i * sizeof(header));
    }
}

static int new_elf(const Load *load, size_t count)
{
    const Elf64_Ehdr header = elf_header(count);
    const int fd = new_file();

    put(fd, &header, sizeof(header), 0);
    put_loads(fd, load, count);
    for (size_t i = 0; i < count; i++) {
        put_memory(fd, load[i].offset, load[i].gpa, load[i].length);
    }
    return fd;
}

static HaywireMemory *open_image(int fd, HaywireImageKind kind,
                                 uint64_t missing)
{
    HaywireMemory *memory = NULL;
    HaywireImage image;

    g_assert_cmpint(haywire_memory_image_open(fd, &image, NULL, &memory), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(image.kind, ==, kind);
    g_assert_cmpuint(image.missing, ==, missing);
    close(fd);
    return memory;
}

static void check_word(HaywireMemory *memory, uint64_t gpa,
                       HaywireStatus expected)
{
    HaywireStatus status;
    uint64_t word = 0;
    size_t got;

    status = haywire_memory_read_gpa(memory, (HaywireGpa){ gpa }, &word,
                                     sizeof(word), &got);
    g_assert_cmpint(status, ==, expected);
    if (status == HAYWIRE_OK) {
        g_assert_cmphex(word, ==, gpa);
    }
}

/* Windows and place name the same bytes as a read. */
static void check_windows(HaywireMemory *memory, uint64_t pages)
{
    HaywirePosition at = { 0 };
    HaywireWindow window;
    uint64_t seen = 0;

    while (haywire_memory_next_window(memory, at, &window) == HAYWIRE_OK) {
        for (uint64_t i = 0; i < window.length; i += PAGE) {
            uint64_t word;

            memcpy(&word, window.host + i, sizeof(word));
            g_assert_cmphex(word, ==, window.start.value + i);
            seen++;
        }
        at.value = window.start.value + window.length;
    }
    g_assert_cmpuint(seen, ==, pages);
}

/* As dump-guest-memory writes them: no piece on a page of the file. */
static void test_elf(void)
{
    const Load load[] = {
        { 0, 600, 640 * 1024 },
        { MIB, 600 + 640 * 1024, 3 * MIB },
        { 4096 * MIB, 600 + 640 * 1024 + 3 * MIB, MIB },
    };
    HaywireMemory *memory = open_image(new_elf(load, 3), HAYWIRE_IMAGE_ELF, 0);
    uint64_t offset;
    size_t file;

    check_word(memory, 0, HAYWIRE_OK);
    check_word(memory, 640 * 1024 - 8, HAYWIRE_OK);
    check_word(memory, 640 * 1024, HAYWIRE_NO_LAYOUT);
    check_word(memory, 2 * MIB, HAYWIRE_OK);
    check_word(memory, 4 * MIB, HAYWIRE_NO_LAYOUT);
    check_word(memory, 4096 * MIB + 8, HAYWIRE_OK);
    check_windows(memory, 160 + 768 + 256);
    g_assert_true(haywire_memory_place(
        memory, (HaywirePosition){ 4096 * MIB + 8 }, &file, &offset));
    g_assert_cmpuint(file, ==, 0);
    g_assert_cmpuint(offset, ==, load[2].offset + 8);
    g_assert_false(haywire_memory_place(memory, (HaywirePosition){ 4 * MIB },
                                        &file, &offset));
    g_assert_cmpint(
        haywire_memory_swap_word(memory, (HaywirePosition){ MIB }, MIB, 1), ==,
        HAYWIRE_READ_ONLY);
    haywire_memory_destroy(memory);
}

/* With paging the same memory is named again and again, in any order. */
static void test_overlaps(void)
{
    const Load load[] = {
        { 2 * MIB, 4096 + 2 * MIB, MIB },
        { MIB, 4096 + MIB, MIB + 8192 },
        { MIB + 4096, 4096 + MIB + 4096, 4096 },
        { MIB, 4096 + MIB, 2 * MIB },
        { UINT64_MAX, 4096, MIB }, /* no physical address: kcore */
    };
    HaywireMemory *memory = NULL;
    HaywireImage image;
    const int fd = new_file();
    const Elf64_Ehdr header = elf_header(5);

    put(fd, &header, sizeof(header), 0);
    put_loads(fd, load, 5);
    put_memory(fd, 4096, 0, 4 * MIB);
    g_assert_cmpint(haywire_memory_image_open(fd, &image, NULL, &memory), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(memory->region_count, ==, 1);
    check_windows(memory, 512);
    haywire_memory_destroy(memory);
    close(fd);
}

/* Pieces that begin or end within a page: whole pages are what is read. */
static void test_part_pages(void)
{
    const Load load[] = {
        { 100, 4096, 3 * PAGE },
        { MIB + 8, 4096 + 3 * PAGE, PAGE },
    };
    HaywireMemory *memory = open_image(new_elf(load, 2), HAYWIRE_IMAGE_ELF, 0);

    check_word(memory, PAGE - 8, HAYWIRE_NO_LAYOUT);
    check_word(memory, 3 * PAGE, HAYWIRE_NO_LAYOUT);
    check_word(memory, MIB + 8, HAYWIRE_NO_LAYOUT);
    g_assert_cmpuint(memory->region_count, ==, 1);
    g_assert_cmphex(memory->region[0].start.value, ==, PAGE);
    g_assert_cmpuint(memory->region[0].length, ==, 2 * PAGE);
    haywire_memory_destroy(memory);
}

static void test_cut(void)
{
    const Load load[] = {
        { 0, 4096, MIB },
        { MIB, 4096 + MIB, MIB },
    };
    const int fd = new_elf(load, 2);
    HaywireMemory *memory;

    g_assert_cmpint(ftruncate(fd, (off_t)(MIB + 512 * 1024 + 4096 + 5)), ==, 0);
    memory = open_image(fd, HAYWIRE_IMAGE_ELF, 512 * 1024 - 5);
    check_word(memory, MIB + 512 * 1024 - 8, HAYWIRE_OK);
    check_word(memory, MIB + 512 * 1024, HAYWIRE_NO_LAYOUT);
    haywire_memory_destroy(memory);
}

/* More headers than fit into the ELF header's field. */
static void test_many_headers(void)
{
    const Load load = { MIB, 8 * MIB, 2 * PAGE };
    Elf64_Ehdr header = elf_header(PN_XNUM);
    const Elf64_Shdr section = { .sh_info = 2 };
    const int fd = new_file();
    HaywireMemory *memory;

    header.e_shoff = 4 * MIB;
    put(fd, &header, sizeof(header), 0);
    put_loads(fd, &load, 1);
    put(fd, &section, sizeof(section), 4 * MIB);
    put_memory(fd, load.offset, load.gpa, load.length);
    memory = open_image(fd, HAYWIRE_IMAGE_ELF, 0);
    check_windows(memory, 2);
    haywire_memory_destroy(memory);
}

typedef struct LimeHeader {
    uint32_t magic;
    uint32_t version;
    uint64_t start;
    uint64_t last;
    uint64_t reserved;
} LimeHeader;

static size_t put_lime(int fd, size_t offset, uint64_t gpa, uint64_t length)
{
    const LimeHeader header = { 0x4c694d45, 1, gpa, gpa + length - 1, 0 };

    put(fd, &header, sizeof(header), offset);
    put_memory(fd, offset + sizeof(header), gpa, length);
    return offset + sizeof(header) + length;
}

static void test_lime(void)
{
    const int fd = new_file();
    HaywireMemory *memory;
    size_t at = put_lime(fd, 0, PAGE, 157 * PAGE);

    at = put_lime(fd, at, MIB, MIB);
    put_lime(fd, at, 4096 * MIB, 3 * PAGE);
    memory = open_image(fd, HAYWIRE_IMAGE_LIME, 0);
    check_word(memory, 0, HAYWIRE_NO_LAYOUT);
    check_word(memory, PAGE, HAYWIRE_OK);
    check_word(memory, 4096 * MIB + 2 * PAGE, HAYWIRE_OK);
    check_windows(memory, 157 + 256 + 3);
    haywire_memory_destroy(memory);
}

static void test_lime_cut(void)
{
    const int fd = new_file();
    HaywireMemory *memory;
    const size_t end = put_lime(fd, 0, MIB, 4 * PAGE);

    g_assert_cmpint(ftruncate(fd, (off_t)(end - PAGE)), ==, 0);
    memory = open_image(fd, HAYWIRE_IMAGE_LIME, PAGE);
    check_windows(memory, 3);
    haywire_memory_destroy(memory);
}

static void check_refused(int fd, HaywireStatus status, const char *field,
                          size_t offset)
{
    HaywireDiagnosis diagnosis = { 0 };
    HaywireMemory *memory = NULL;
    HaywireImage image = { .missing = 7 };

    g_assert_cmpint(haywire_memory_image_open(fd, &image, &diagnosis, &memory),
                    ==, status);
    g_assert_null(memory);
    g_assert_cmpuint(image.missing, ==, 7);
    g_assert_cmpstr(diagnosis.field, ==, field);
    g_assert_cmpuint(diagnosis.offset, ==, offset);
    close(fd);
}

/* A good core, but for @length bytes at @offset. */
static int damaged_elf(size_t offset, uint64_t value, size_t length)
{
    const Load load[] = { { MIB, MIB, PAGE }, { 2 * MIB, 2 * MIB, PAGE } };
    const int fd = new_elf(load, 2);

    put(fd, &value, length, offset);
    return fd;
}

#define HEADER(member) \
    offsetof(Elf64_Ehdr, member), sizeof(((Elf64_Ehdr *)0)->member)

static int damage(uint64_t value, size_t offset, size_t length)
{
    return damaged_elf(offset, value, length);
}

static void test_bad_elf(void)
{
    const Load none[] = { { MIB, MIB, 0 }, { 2 * MIB, MIB, 100 } };
    const Load process[] = { { 0, MIB, PAGE }, { 0, 2 * MIB, PAGE } };

    check_refused(damage(ELFCLASS32, EI_CLASS, 1), HAYWIRE_BAD_VALUE,
                  "ELF class", EI_CLASS);
    check_refused(damage(ELFDATA2MSB, EI_DATA, 1), HAYWIRE_BAD_VALUE,
                  "ELF byte order", EI_DATA);
    check_refused(damage(ET_EXEC, HEADER(e_type)), HAYWIRE_BAD_KIND, "ELF type",
                  offsetof(Elf64_Ehdr, e_type));
    check_refused(damage(55, HEADER(e_phentsize)), HAYWIRE_BAD_LENGTH,
                  "ELF program header size", offsetof(Elf64_Ehdr, e_phentsize));
    check_refused(damage(3 * MIB, HEADER(e_phoff)), HAYWIRE_SHORT_PAYLOAD,
                  "ELF program header", SIZE_MAX);
    check_refused(damage(2 * MIB + PAGE - 60, HEADER(e_phoff)),
                  HAYWIRE_SHORT_PAYLOAD, "ELF program header",
                  2 * MIB + PAGE - 4);
    check_refused(damage(UINT64_MAX, HEADER(e_phoff)), HAYWIRE_SHORT_PAYLOAD,
                  "ELF program header", SIZE_MAX);
    check_refused(damage(PN_XNUM, HEADER(e_phnum)), HAYWIRE_SOURCE_EMPTY,
                  "memory", 0);
    check_refused(new_elf(none, 2), HAYWIRE_SOURCE_EMPTY, "memory", 0);
    check_refused(new_elf(process, 2), HAYWIRE_BAD_KIND, "physical address",
                  offsetof(Elf64_Phdr, p_paddr));
}

static void test_too_many(void)
{
    Elf64_Ehdr header = elf_header(PN_XNUM);
    const Elf64_Shdr section = { .sh_info = UINT32_MAX };
    const int fd = new_file();

    header.e_shoff = PAGE;
    put(fd, &header, sizeof(header), 0);
    put(fd, &section, sizeof(section), PAGE);
    check_refused(fd, HAYWIRE_LIMIT, "ELF program headers",
                  offsetof(Elf64_Ehdr, e_phnum));
}

static int damaged_lime(size_t offset, uint64_t value, size_t length)
{
    const int fd = new_file();

    put_lime(fd, put_lime(fd, 0, MIB, PAGE), 2 * MIB, PAGE);
    put(fd, &value, length, offset);
    return fd;
}

static void test_bad_lime(void)
{
    const size_t second = sizeof(LimeHeader) + PAGE;
    int fd = damaged_lime(0, 0x4c694d45, 4);

    check_refused(damaged_lime(second, 5, 4), HAYWIRE_BAD_MAGIC, "LiME header",
                  second);
    check_refused(damaged_lime(4, 2, 4), HAYWIRE_BAD_VERSION, "LiME version",
                  0);
    check_refused(damaged_lime(16, MIB - 1, 8), HAYWIRE_BAD_RANGE, "LiME range",
                  0);
    check_refused(damaged_lime(16, UINT64_MAX, 8), HAYWIRE_BAD_RANGE,
                  "LiME range", 0);
    g_assert_cmpint(ftruncate(fd, (off_t)second + 31), ==, 0);
    check_refused(fd, HAYWIRE_SHORT_PAYLOAD, "LiME header", second);
}

static void test_neither(void)
{
    const int fd = new_file();

    put(fd, "\x7f", 1, 0);
    check_refused(fd, HAYWIRE_NOT_FOUND, NULL, 0);
    check_refused(damaged_lime(0, 0, 4), HAYWIRE_NOT_FOUND, NULL, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/elf", test_elf);
    g_test_add_func("/image/overlaps", test_overlaps);
    g_test_add_func("/image/part-pages", test_part_pages);
    g_test_add_func("/image/cut", test_cut);
    g_test_add_func("/image/many-headers", test_many_headers);
    g_test_add_func("/image/lime", test_lime);
    g_test_add_func("/image/lime-cut", test_lime_cut);
    g_test_add_func("/image/bad-elf", test_bad_elf);
    g_test_add_func("/image/too-many", test_too_many);
    g_test_add_func("/image/bad-lime", test_bad_lime);
    g_test_add_func("/image/neither", test_neither);
    return g_test_run();
}
