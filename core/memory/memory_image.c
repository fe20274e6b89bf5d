/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory in a file that says which addresses it holds: see image.h. A position
 * is a guest physical address. Nobody has such a file in use, and its pieces
 * lie at any byte of it: it is read by the descriptor.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "image.h"

typedef struct ImageMemory {
    HaywireMemory memory;
    int fd;
    uint8_t *window;       /* a copy of it; NULL: none yet */
    HaywireExtent *extent; /* one for each region */
    HaywireRegion region[];
} ImageMemory;

static uint64_t offset_of(const ImageMemory *image, const HaywireRegion *region)
{
    return image->extent[region - image->region].offset;
}

static HaywireStatus image_next_window(HaywireMemory *base,
                                       const HaywireRegion *region,
                                       uint64_t from, HaywireWindow *ret_window)
{
    ImageMemory *image = (ImageMemory *)base;

    return haywire_descriptor_window(image->fd, region,
                                     offset_of(image, region), from,
                                     &image->window, ret_window);
}

static void image_ask(HaywireMemory *base, HaywireSpot *spot, size_t count)
{
    (void)base;
    for (; count > 0; spot++, count--) {
        spot->status = HAYWIRE_NOT_RESIDENT; /* read it */
    }
}

static void image_read(HaywireMemory *base, HaywireSpot *spot, size_t count)
{
    ImageMemory *image = (ImageMemory *)base;

    for (; count > 0; spot++, count--) {
        haywire_descriptor_read(
            image->fd, offset_of(image, spot->region) + spot->offset, spot);
    }
}

static HaywireStatus image_swap_word(HaywireMemory *base,
                                     const HaywireRegion *region,
                                     uint64_t offset, uint64_t expected,
                                     uint64_t desired)
{
    (void)base;
    (void)region;
    (void)offset;
    (void)expected;
    (void)desired;
    return HAYWIRE_READ_ONLY;
}

static void image_place(const HaywireMemory *base, const HaywireRegion *region,
                        size_t *ret_file, uint64_t *ret_start)
{
    *ret_file = 0;
    *ret_start = offset_of((const ImageMemory *)base, region);
}

static void image_destroy(HaywireMemory *base)
{
    ImageMemory *image = (ImageMemory *)base;

    close(image->fd);
    free(image->window);
    free(image->extent);
    free(image);
}

static const HaywireMemoryOps image_ops = {
    .next_window = image_next_window,
    .ask = image_ask,
    .read = image_read,
    .swap_word = image_swap_word,
    .place = image_place,
    .destroy = image_destroy,
};

/* Takes over @extent; and @fd, when it succeeds. */
static HaywireStatus make(int fd, HaywireExtent *extent, size_t count,
                          HaywireMemory **ret_memory)
{
    ImageMemory *image =
        calloc(1, sizeof(*image) + count * sizeof(image->region[0]));
    HaywireLayout layout = { 0 };
    size_t i;

    if (!image) {
        free(extent);
        return HAYWIRE_NO_MEMORY;
    }
    for (i = 0; i < count; i++) {
        image->region[i] = (HaywireRegion){
            .start = { extent[i].gpa },
            .length = extent[i].length,
            .read_only = true,
        };
        haywire_layout_append(&layout, image->region[i].start,
                              extent[i].length);
    }
    image->fd = fd;
    image->extent = extent;
    image->memory.ops = &image_ops;
    image->memory.region = image->region;
    image->memory.region_count = count;
    haywire_memory_set_layout(&image->memory, &layout);
    *ret_memory = &image->memory;
    return HAYWIRE_OK;
}

HaywireStatus haywire_memory_image_open(int fd, HaywireImage *ret_image,
                                        HaywireDiagnosis *diagnosis,
                                        HaywireMemory **ret_memory)
{
    HaywireExtent *extent;
    HaywireStatus status;
    struct stat found;
    size_t count;
    int own;

    if (fstat(fd, &found) != 0) {
        return HAYWIRE_IO_ERROR;
    }
    status = haywire_image_read(fd, (uint64_t)found.st_size, ret_image,
                                diagnosis, &extent, &count);
    if (status != HAYWIRE_OK) {
        return status;
    }
    own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        free(extent);
        return HAYWIRE_IO_ERROR;
    }
    status = make(own, extent, count, ret_memory);
    if (status != HAYWIRE_OK) {
        close(own);
    }
    return status;
}
