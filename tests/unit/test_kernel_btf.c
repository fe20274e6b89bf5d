/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading type information: each way in which it can be wrong, by name.
 */

#include <glib.h>
#include <string.h>

#include "btf.h"
#include "kernel_image.h"

/* Offsets in the header. */
enum {
    MAGIC = 0,
    VERSION = 2,
    HEADER = 4,
    TYPES = 12,
    TEXTS_AT = 16,
    TEXTS = 20
};

typedef struct Fixture {
    KernelImage *image;
    uint8_t *data;
    HaywireBtf btf;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->image = kernel_image_new();
    fixture->data = fixture->image->bytes + KERNEL_IMAGE_TYPES;
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    haywire_btf_clear(&fixture->btf);
    kernel_image_free(fixture->image);
}

static HaywireStatus init(Fixture *fixture, size_t size)
{
    haywire_btf_clear(&fixture->btf);
    return haywire_btf_init(&fixture->btf, fixture->data, size);
}

static void set(Fixture *fixture, size_t at, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(fixture->data + at, &value, sizeof(value));
}

static uint32_t get(const Fixture *fixture, size_t at)
{
    uint32_t value;

    memcpy(&value, fixture->data + at, sizeof(value));
    return GUINT32_FROM_LE(value);
}

static void assert_wrong(Fixture *fixture, size_t at, uint32_t value,
                         HaywireStatus status)
{
    uint32_t before = get(fixture, at);

    set(fixture, at, value);
    g_assert_cmpint(init(fixture, fixture->image->types), ==, status);
    set(fixture, at, before);
}

static void test_header(Fixture *fixture, gconstpointer data)
{
    uint32_t size = fixture->image->types, types = get(fixture, TYPES);

    (void)data;
    g_assert_cmpint(init(fixture, size), ==, HAYWIRE_OK);
    g_assert_cmpint(init(fixture, size - 1), ==, HAYWIRE_SHORT_PAYLOAD);
    g_assert_cmpint(init(fixture, 23), ==, HAYWIRE_SHORT_PAYLOAD);
    assert_wrong(fixture, MAGIC, 0x0001eb9e, HAYWIRE_BAD_MAGIC);
    assert_wrong(fixture, MAGIC, 0x0002eb9f, HAYWIRE_BAD_VERSION);
    assert_wrong(fixture, HEADER, 32, HAYWIRE_BAD_LENGTH);
    assert_wrong(fixture, TYPES, 0, HAYWIRE_BAD_LENGTH);
    assert_wrong(fixture, TYPES, types - 4, HAYWIRE_BAD_LENGTH);
    assert_wrong(fixture, TEXTS_AT, types + 4, HAYWIRE_BAD_LENGTH);
    assert_wrong(fixture, TEXTS, 0, HAYWIRE_BAD_LENGTH);
    assert_wrong(fixture, TEXTS, HAYWIRE_BTF_MAX, HAYWIRE_BAD_LENGTH);
    assert_wrong(fixture, TEXTS, UINT32_MAX, HAYWIRE_BAD_LENGTH);
    assert_wrong(fixture, TEXTS, size, HAYWIRE_SHORT_PAYLOAD);
}

static void test_texts(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->data[fixture->image->types - 1] = 'x';
    g_assert_cmpint(init(fixture, fixture->image->types), ==,
                    HAYWIRE_BAD_STRING);
}

static void test_types(Fixture *fixture, gconstpointer data)
{
    size_t info = HAYWIRE_BTF_HEADER_SIZE + 4;

    (void)data;
    assert_wrong(fixture, info, 0, HAYWIRE_BAD_RECORD);
    assert_wrong(fixture, info, 20u << 24, HAYWIRE_BAD_RECORD);
    assert_wrong(fixture, info, 4u << 24 | 0xffff, HAYWIRE_BAD_RECORD);
}

static uint32_t find_struct(const HaywireBtf *btf, const char *name)
{
    uint32_t type;

    haywire_btf_structs(btf, &name, 1, &type);
    return type;
}

static void test_members(Fixture *fixture, gconstpointer data)
{
    const HaywireBtf *btf = &fixture->btf;
    HaywireMember outer, inner;
    uint32_t type;

    (void)data;
    g_assert_cmpint(init(fixture, fixture->image->types), ==, HAYWIRE_OK);
    g_assert_cmpuint(find_struct(btf, "no_such"), ==, 0);
    type = find_struct(btf, "dentry");
    g_assert_cmpuint(type, !=, 0);
    g_assert_cmpint(haywire_btf_member(btf, type, "d_name", &outer), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(haywire_btf_member(btf, type, "d_name.len", &inner), ==,
                    HAYWIRE_OK);
    g_assert_true(inner.known);
    g_assert_cmpuint(inner.offset, ==, outer.offset + 16);
    g_assert_cmpuint(inner.size, ==, 8);
    g_assert_cmpint(haywire_btf_member(btf, type, "d_nam", &inner), ==,
                    HAYWIRE_NOT_FOUND);
    g_assert_cmpint(haywire_btf_member(btf, type, "d_name.", &inner), ==,
                    HAYWIRE_NOT_FOUND);
    g_assert_cmpint(haywire_btf_member(btf, type, "d_parent.len", &inner), ==,
                    HAYWIRE_NOT_FOUND);
    g_assert_cmpint(haywire_btf_member(btf, 0, "d_name", &inner), ==,
                    HAYWIRE_NOT_FOUND);
    g_assert_cmpint(haywire_btf_member(btf, UINT32_MAX, "d_name", &inner), ==,
                    HAYWIRE_NOT_FOUND);
}

/*
 * A structure that holds itself without a name, twice: a tree of 2^16 within
 * the depth that is looked into.
 */
static void test_bomb(Fixture *fixture, gconstpointer data)
{
    struct {
        uint32_t header[6], type[3], member[2][3];
        char texts[4];
    } bomb = {
        { 0x0001eb9f, 24, 0, 36, 36, 4 },
        { 1, 4u << 24 | 2, 16 },
        { { 0, 1, 0 }, { 0, 1, 0 } },
        { '\0', 'a', '\0', '\0' },
    };
    HaywireMember member;
    HaywireStatus status;

    (void)fixture;
    (void)data;
    haywire_btf_clear(&fixture->btf);
    g_assert_cmpint(
        haywire_btf_init(&fixture->btf, (const uint8_t *)&bomb, sizeof(bomb)),
        ==, HAYWIRE_OK);
    status = haywire_btf_member(&fixture->btf, 1, "b", &member);
    g_assert_cmpint(status, ==, HAYWIRE_LIMIT);
}

static void add(const char *path,
                void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/kernel-btf/header", test_header);
    add("/kernel-btf/texts", test_texts);
    add("/kernel-btf/types", test_types);
    add("/kernel-btf/members", test_members);
    add("/kernel-btf/bomb", test_bomb);
    return g_test_run();
}
