/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share.
 *
 * Each target is one file that defines LLVMFuzzerTestOneInput(). Linked with
 * libFuzzer it is a fuzzer, with replay.c a program that runs it on files.
 */

#ifndef HAYWIRE_FUZZ_H
#define HAYWIRE_FUZZ_H

#include <glib.h>
#include <stdint.h>

#include "haywire/model.h"

/* libFuzzer's names. The input is the caller's; 0 is returned always. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned int seed);

/* A property that must hold, whatever the input; not compiled out ever. */
#define FUZZ_CHECK(condition)                                     \
    do {                                                          \
        if (!(condition)) {                                       \
            g_error("%s:%d: %s", __FILE__, __LINE__, #condition); \
        }                                                         \
    } while (0)

/*
 * @text is valid UTF-8 without control or format characters (categories Cc, Cf,
 * Zl, Zp); with @lines it may have line ends.
 */
void fuzz_check_text(const char *text, bool lines);

/*
 * All that a model promises: order, limits, harmless strings; every lookup for
 * the processes it has, every reply, and the texts for people.
 */
void fuzz_check_model(const HaywireModel *model);

#endif
