/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a small kernel: see kernel_image.h.
 */
#include "kernel_image.h"

#include <endian.h>
#include <glib.h>
#include <string.h>

#define IMAGE_BASE  UINT64_C(0xffffffff80000000)
#define DIRECT_BASE UINT64_C(0xffff888000000000)

/* In an entry of a page table: present, writable; a page of 2 MiB. */
#define TABLE  UINT64_C(3)
#define LARGE  UINT64_C(0x83)
#define PAGE   4096
#define MEMBER 16 /* bytes from one member to the next, or more */
#define MARKS  200

/* Offsets in the page of a process. */
enum {
    SIGNAL = 0x800,
    CRED = 0xc00,
    MM = 0xe00,
    PAGES = 0x10000, /* of page tables, behind all pages of processes */
    AREAS = 0x40000, /* a page for each process */
    NODE = 0x800,    /* in that */
};

/* Members that are no single number of 8 bytes. */
static const struct {
    HaywireMemberId id;
    uint32_t size;
} sizes[] = {
    { M_TASK_TASKS, 16 },       { M_TASK_COMM, 16 },
    { M_TASK_THREAD_NODE, 16 }, { M_SIGNAL_THREAD_HEAD, 16 },
    { M_SIGNAL_PIDS, 32 },      { M_PID_NUMBERS, 16 },
    { M_MM_RSS, 32 },           { M_WORKER_DESC, 32 },
    { M_WORKQUEUE_NAME, 32 },   { M_UTS_RELEASE, 65 },
    { M_RANGE_SLOT, 128 },      { M_RANGE_PIVOT, 120 },
    { M_ARANGE_SLOT, 80 },      { M_ARANGE_PIVOT, 72 },
    { M_UTS_HOST_NAME, 65 },    { M_TASK_PID_LINKS, 64 },
    { M_TASK_CHILDREN, 16 },    { M_TASK_SIBLING, 16 },
    { M_PID_TASKS, 32 },        { M_SPACE_TREE, 32 },
    { M_TREE_SLOTS, 512 },      { M_MM_AUXV, 64 },
};

static const struct {
    const char *type, *path;
} members[HAYWIRE_MEMBERS] = {
#define NEEDED(id, type, path)       { type, path },
#define ASKED(id, type, path, other) { type, path },
    HAYWIRE_KERNEL_MEMBERS(NEEDED, ASKED)
};

typedef struct Types {
    GByteArray *types;
    GByteArray *texts;
    uint32_t count;
} Types;

static void add_word(GByteArray *to, uint32_t word)
{
    word = htole32(word);
    g_byte_array_append(to, (const guint8 *)&word, sizeof(word));
}

static uint32_t add_text(Types *types, const char *text, gsize length)
{
    uint32_t at = types->texts->len;

    g_byte_array_append(types->texts, (const guint8 *)text, (guint)length);
    g_byte_array_append(types->texts, (const guint8 *)"", 1);
    return at;
}

/* Returns its number. */
static uint32_t add_type(Types *types, uint32_t name, uint32_t kind,
                         uint32_t parts, uint32_t size)
{
    add_word(types->types, name);
    add_word(types->types, kind << 24 | parts);
    add_word(types->types, size);
    return ++types->count;
}

/* Types 1 and 2: a byte, a long; then arrays of bytes of each size. */
static void add_plain_types(Types *types, uint32_t *array)
{
    add_type(types, add_text(types, "char", 4), 1, 0, 1);
    add_word(types->types, 8);
    add_type(types, add_text(types, "long", 4), 1, 0, 8);
    add_word(types->types, 64);
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        array[i] = add_type(types, 0, 3, 0, 0);
        add_word(types->types, 1);
        add_word(types->types, 1);
        add_word(types->types, sizes[i].size);
    }
}

static uint32_t type_of(const uint32_t *array, gsize id, uint32_t *ret_size)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (sizes[i].id == id) {
            *ret_size = (sizes[i].size + MEMBER - 1) / MEMBER * MEMBER;
            return array[i];
        }
    }
    *ret_size = MEMBER;
    return 2;
}

/* Members from @first on that have the first @length bytes in common. */
static gsize count_like(gsize first, gsize length)
{
    gsize end = first + 1;

    while (end < HAYWIRE_MEMBERS &&
           strcmp(members[end].type, members[first].type) == 0 &&
           (length == 0 ||
            strncmp(members[end].path, members[first].path, length) == 0)) {
        end++;
    }
    return end - first;
}

/* A structure of @count members, whose names begin behind @skip bytes. */
static uint32_t add_struct(Types *types, const uint32_t *array,
                           const char *name, gsize first, gsize count,
                           gsize skip, const uint32_t *inner)
{
    uint32_t at = 0, size, parts = 0, type;
    GByteArray *body = g_byte_array_new();

    for (gsize i = first; i < first + count; parts++) {
        const char *path = members[i].path + skip;
        gsize length = strcspn(path, ".");
        gsize same = path[length] ? count_like(i, skip + length + 1) : 1;

        type = type_of(array, i, &size);
        if (path[length]) {
            type = inner[i];
            size = (uint32_t)same * 80;
        }
        add_word(body, add_text(types, path, length));
        add_word(body, type);
        add_word(body, at * 8);
        at += size;
        i += same;
    }
    type = add_type(types, add_text(types, name, strlen(name)), 4, parts, at);
    g_byte_array_append(types->types, body->data, body->len);
    g_byte_array_unref(body);
    return type;
}

static void add_structs(Types *types, const uint32_t *array)
{
    uint32_t inner[HAYWIRE_MEMBERS] = { 0 };
    gsize i = 0;

    while (i < HAYWIRE_MEMBERS) {
        const char *dot = strchr(members[i].path, '.');
        gsize length = dot ? (gsize)(dot - members[i].path) + 1 : 0;
        gsize count = dot ? count_like(i, length) : 1;

        if (dot) {
            inner[i] = add_struct(types, array, "", i, count, length, NULL);
        }
        i += count;
    }
    for (i = 0; i < HAYWIRE_MEMBERS; i += count_like(i, 0)) {
        add_struct(types, array, members[i].type, i, count_like(i, 0), 0,
                   inner);
    }
}

static void add_btf(KernelImage *image)
{
    Types types = { g_byte_array_new(), g_byte_array_new(), 0 };
    uint32_t array[G_N_ELEMENTS(sizes)];
    g_autoptr(GByteArray) out = g_byte_array_new();
    const char *missing;
    HaywireBtf btf;

    add_text(&types, "", 0);
    add_plain_types(&types, array);
    add_structs(&types, array);
    add_word(out, 0x0001eb9f);
    add_word(out, 24);
    add_word(out, 0);
    add_word(out, types.types->len);
    add_word(out, types.types->len);
    add_word(out, types.texts->len);
    g_byte_array_append(out, types.types->data, types.types->len);
    g_byte_array_append(out, types.texts->data, types.texts->len);
    image->types = out->len;
    memcpy(image->bytes + KERNEL_IMAGE_TYPES, out->data, out->len);
    g_byte_array_unref(types.types);
    g_byte_array_unref(types.texts);
    g_assert_cmpint(haywire_btf_init(&btf, out->data, out->len), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(haywire_members_find(&btf, &image->members, &missing), ==,
                    HAYWIRE_OK);
    haywire_btf_clear(&btf);
}

static void put(KernelImage *image, uint64_t gpa, uint64_t value)
{
    value = htole64(value);
    memcpy(image->bytes + gpa, &value, sizeof(value));
}

/* The image from address 0 on, and all RAM once more. */
static void add_page_tables(KernelImage *image)
{
    const uint64_t root = KERNEL_IMAGE_ROOT;

    put(image, root + 511 * 8, (root + PAGE) | TABLE);
    put(image, root + 273 * 8, (root + 3 * PAGE) | TABLE);
    put(image, root + PAGE + 510 * 8, (root + 2 * PAGE) | TABLE);
    put(image, root + 3 * PAGE, (root + 2 * PAGE) | TABLE);
    put(image, root + 2 * PAGE, LARGE);
    put(image, root + 2 * PAGE + 8, (UINT64_C(2) << 20) | LARGE);
}

static void add_note(KernelImage *image)
{
    g_autofree char *text = g_strdup_printf(
        "OSRELEASE=%s\nPAGESIZE=4096\n"
        "SYMBOL(init_uts_ns)=%" G_GINT64_MODIFIER "x\n"
        "SYMBOL(swapper_pg_dir)=%" G_GINT64_MODIFIER "x\n"
        "SYMBOL(_stext)=%" G_GINT64_MODIFIER "x\nNUMBER(phys_base)=0\n"
        "NUMBER(pgtable_l5_enabled)=0\n",
        KERNEL_IMAGE_RELEASE, IMAGE_BASE + KERNEL_IMAGE_UTS,
        IMAGE_BASE + KERNEL_IMAGE_ROOT, IMAGE_BASE + KERNEL_IMAGE_TEXT);

    memcpy(image->bytes + KERNEL_IMAGE_NOTE, text, strlen(text));
    memcpy(image->bytes + KERNEL_IMAGE_UTS +
               image->members.member[M_UTS_RELEASE].offset,
           KERNEL_IMAGE_RELEASE, sizeof(KERNEL_IMAGE_RELEASE));
    memcpy(image->bytes + KERNEL_IMAGE_UTS +
               image->members.member[M_UTS_HOST_NAME].offset,
           "made-up-host", 13);
}

uint64_t kernel_image_address(uint64_t gpa)
{
    return gpa < KERNEL_IMAGE_TASKS ? IMAGE_BASE + gpa : DIRECT_BASE + gpa;
}

static uint64_t gpa_of(uint64_t address)
{
    return address >= IMAGE_BASE ? address - IMAGE_BASE : address - DIRECT_BASE;
}

uint64_t kernel_image_task(unsigned process)
{
    return KERNEL_IMAGE_TASKS + process * (uint64_t)PAGE;
}

uint64_t kernel_image_signal(unsigned process)
{
    return kernel_image_task(process) + SIGNAL;
}

uint64_t kernel_image_pid(int process)
{
    return KERNEL_IMAGE_PIDS + (uint64_t)(process + 1) * 256;
}

uint64_t kernel_image_place(const KernelImage *image, unsigned process)
{
    return KERNEL_IMAGE_NODE + image->members.member[M_TREE_SLOTS].offset +
           (process + 1) * 8;
}

uint64_t kernel_image_mm(unsigned process)
{
    return kernel_image_task(process) + MM;
}

uint64_t kernel_image_area(unsigned process)
{
    return kernel_image_task(process) + AREAS;
}

uint64_t kernel_image_node(unsigned process)
{
    return kernel_image_area(process) + NODE;
}

/* Five pages of each: four tables, and this. */
static uint64_t table_of(unsigned process)
{
    return KERNEL_IMAGE_TASKS + PAGES + process * 5 * (uint64_t)PAGE;
}

uint64_t kernel_image_page(unsigned process)
{
    return table_of(process) + 4 * PAGE;
}

void kernel_image_set(KernelImage *image, uint64_t gpa, HaywireMemberId id,
                      uint64_t value)
{
    put(image, gpa + image->members.member[id].offset, value);
}

static void set_name(KernelImage *image, uint64_t task, const char *name)
{
    memcpy(image->bytes + task + image->members.member[M_TASK_COMM].offset,
           name, strlen(name) + 1);
}

/* A list of one at each end. */
static void link_one(KernelImage *image, uint64_t head_at, HaywireMemberId head,
                     uint64_t node_at, HaywireMemberId node)
{
    head_at += image->members.member[head].offset;
    node_at += image->members.member[node].offset;
    put(image, head_at, kernel_image_address(node_at));
    put(image, head_at + 8, kernel_image_address(node_at));
    put(image, node_at, kernel_image_address(head_at));
    put(image, node_at + 8, kernel_image_address(head_at));
}

/* One task, with nothing of a process but threads, and no list. */
static void add_task(KernelImage *image, uint64_t task, uint64_t pid,
                     uint64_t parent, uint64_t signal, uint64_t cred)
{
    uint64_t children = task + image->members.member[M_TASK_CHILDREN].offset;

    put(image, children, kernel_image_address(children));
    put(image, children + 8, kernel_image_address(children));
    kernel_image_set(image, task, M_TASK_PID, pid);
    kernel_image_set(image, task, M_TASK_TGID, pid);
    kernel_image_set(image, task, M_TASK_REAL_PARENT,
                     kernel_image_address(parent));
    kernel_image_set(image, task, M_TASK_GROUP_LEADER,
                     kernel_image_address(task));
    kernel_image_set(image, task, M_TASK_SIGNAL, kernel_image_address(signal));
    kernel_image_set(image, task, M_TASK_CRED, kernel_image_address(cred));
    kernel_image_set(image, task, M_TASK_STATE, 1);
    kernel_image_set(image, task, M_TASK_STATIC_PRIO, 120);
    kernel_image_set(image, task, M_TASK_START, 10000000 * (pid + 1) + 12345);
    kernel_image_set(image, signal, M_SIGNAL_THREADS, 1);
    link_one(image, signal, M_SIGNAL_THREAD_HEAD, task, M_TASK_THREAD_NODE);
}

static void add_pid(KernelImage *image, int process, uint64_t task)
{
    uint64_t pid = kernel_image_pid(process);
    uint64_t numbers = pid + image->members.member[M_PID_NUMBERS].offset;

    kernel_image_set(image, task, M_TASK_THREAD_PID, kernel_image_address(pid));
    kernel_image_set(image, numbers, M_UPID_NR, (uint64_t)(process + 1));
    kernel_image_set(image, numbers, M_UPID_SPACE,
                     kernel_image_address(KERNEL_IMAGE_SPACE));
    if (process >= 0) {
        put(image, pid + image->members.member[M_PID_TASKS].offset + 8,
            kernel_image_address(task) +
                image->members.member[M_TASK_PID_LINKS].offset + 16);
        put(image, kernel_image_place(image, (unsigned)process),
            kernel_image_address(pid));
    }
}

/* A table of pids in one node, and one processor, which runs process 1. */
static void add_table(KernelImage *image)
{
    uint64_t tree = KERNEL_IMAGE_SPACE;
    uint64_t queue = KERNEL_IMAGE_QUEUE;

    tree += image->members.member[M_SPACE_TREE].offset;
    kernel_image_set(image, tree, M_TREE_HEAD,
                     kernel_image_address(KERNEL_IMAGE_NODE) + 2);
    kernel_image_set(image, queue, M_PROCESSOR_IDLE,
                     kernel_image_address(KERNEL_IMAGE_INIT));
    kernel_image_set(image, queue, M_PROCESSOR_RUNS,
                     kernel_image_address(kernel_image_task(0)));
    kernel_image_set(image, queue + 2048, M_QUEUE_PROCESSOR,
                     kernel_image_address(queue));
}

/* Its one page of memory, which has its arguments, and two page tables. */
static void add_memory(KernelImage *image, unsigned process)
{
    static const char arguments[] = "an\0argument";
    uint64_t mm = kernel_image_mm(process);
    uint64_t area = kernel_image_area(process);
    uint64_t table = table_of(process);

    kernel_image_set(image, kernel_image_task(process), M_TASK_MM,
                     kernel_image_address(mm));
    kernel_image_set(image, mm, M_MM_PGD, kernel_image_address(table));
    kernel_image_set(image, mm, M_MM_TOTAL_VM, 3);
    kernel_image_set(image, mm, M_MM_RSS, 2);
    kernel_image_set(image, mm, M_MM_ARG_START, KERNEL_IMAGE_USER + MARKS);
    kernel_image_set(image, mm, M_MM_ARG_END,
                     KERNEL_IMAGE_USER + MARKS + sizeof(arguments));
    kernel_image_set(image, mm, M_MM_COUNT, 1);
    kernel_image_set(image, mm, M_MM_TREE, kernel_image_address(area));
    kernel_image_set(image, area, M_AREA_START, KERNEL_IMAGE_USER);
    kernel_image_set(image, area, M_AREA_END, KERNEL_IMAGE_USER + PAGE);
    kernel_image_set(image, area, M_AREA_MM, kernel_image_address(mm));
    kernel_image_set(image, area, M_AREA_FLAGS, 5);
    put(image, table, (table + PAGE) | TABLE);
    put(image, table + PAGE, (table + 2 * PAGE) | TABLE);
    put(image, table + 2 * PAGE + 2 * 8, (table + 3 * PAGE) | TABLE);
    put(image, table + 3 * PAGE, (table + 4 * PAGE) | TABLE);
    memcpy(image->bytes + kernel_image_page(process) + MARKS, arguments,
           sizeof(arguments));
}

/* A list of those at @element, in a circle. */
static void link_circle(KernelImage *image, const uint64_t *element,
                        gsize count)
{
    for (gsize i = 0; i < count; i++) {
        gsize next = (i + 1) % count;

        put(image, element[i], kernel_image_address(element[next]));
        put(image, element[next] + 8, kernel_image_address(element[i]));
    }
}

static void link_tasks(KernelImage *image)
{
    uint64_t tasks = image->members.member[M_TASK_TASKS].offset;
    uint64_t children = image->members.member[M_TASK_CHILDREN].offset;
    uint64_t sibling = image->members.member[M_TASK_SIBLING].offset;
    uint64_t list[KERNEL_IMAGE_PROCESSES + 1] = { KERNEL_IMAGE_INIT + tasks };
    uint64_t family[KERNEL_IMAGE_PROCESSES] = { kernel_image_task(0) +
                                                children };

    for (unsigned i = 0; i < KERNEL_IMAGE_PROCESSES; i++) {
        list[i + 1] = kernel_image_task(i) + tasks;
        if (i > 0) {
            family[i] = kernel_image_task(i) + sibling;
        }
    }
    link_circle(image, list, G_N_ELEMENTS(list));
    link_circle(image, family, G_N_ELEMENTS(family));
    link_one(image, KERNEL_IMAGE_INIT, M_TASK_CHILDREN, kernel_image_task(0),
             M_TASK_SIBLING);
}

void kernel_image_unlink(KernelImage *image, unsigned process,
                         HaywireMemberId list)
{
    uint64_t node =
        kernel_image_task(process) + image->members.member[list].offset;
    uint64_t next, before;

    memcpy(&next, image->bytes + node, sizeof(next));
    memcpy(&before, image->bytes + node + 8, sizeof(before));
    put(image, gpa_of(le64toh(next)) + 8, le64toh(before));
    put(image, gpa_of(le64toh(before)), le64toh(next));
}

static void add_processes(KernelImage *image)
{
    const uint64_t init = KERNEL_IMAGE_INIT;

    add_task(image, init, 0, init, init + SIGNAL, init + CRED);
    add_pid(image, -1, init);
    add_table(image);
    kernel_image_set(image, init, M_TASK_NSPROXY,
                     kernel_image_address(init + PAGE));
    kernel_image_set(image, init + PAGE, M_NSPROXY_UTS,
                     kernel_image_address(KERNEL_IMAGE_UTS));
    set_name(image, init, "swapper/0");
    for (unsigned i = 0; i < KERNEL_IMAGE_PROCESSES; i++) {
        g_autofree char *name = g_strdup_printf("process-%u", i + 1);
        uint64_t task = kernel_image_task(i);

        add_task(image, task, i + 1, i ? kernel_image_task(0) : init,
                 task + SIGNAL, task + CRED);
        kernel_image_set(image, task + CRED, M_CRED_EUID, 1000 + i);
        set_name(image, task, name);
        add_pid(image, (int)i, task);
        kernel_image_set(image, task, M_TASK_QUEUE,
                         kernel_image_address(KERNEL_IMAGE_QUEUE + 2048));
        add_memory(image, i);
    }
    link_tasks(image);
}

KernelImage *kernel_image_new(void)
{
    KernelImage *image = g_new0(KernelImage, 1);

    image->bytes = g_malloc0(KERNEL_IMAGE_SIZE);
    add_btf(image);
    add_page_tables(image);
    add_note(image);
    add_processes(image);
    return image;
}

void kernel_image_free(KernelImage *image)
{
    g_free(image->bytes);
    g_free(image);
}

HaywireMemory *kernel_image_memory(const KernelImage *image)
{
    const HaywireRegion region = { { 0 }, KERNEL_IMAGE_SIZE, image->bytes };
    HaywireMemory *memory;

    g_assert_cmpint(haywire_memory_array_new(&region, 1, false, NULL, &memory),
                    ==, HAYWIRE_OK);
    return memory;
}

void kernel_image_run(KernelImage *image)
{
    for (unsigned i = 0; i < KERNEL_IMAGE_PROCESSES; i++) {
        uint8_t *count = image->bytes + kernel_image_task(i) +
                         image->members.member[M_TASK_NVCSW].offset;

        (*count)++;
    }
}
