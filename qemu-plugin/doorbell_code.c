/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doorbell_code.h"

#include <string.h>

/* nopl 0x3142face(%rax); in 32-bit code nopl 0x3142face(%eax), alike. */
static const HaywireDoorbellCode x86_code = {
    .count = 1,
    .size = 7,
    .bytes = { { 0x0f, 0x1f, 0x80, 0xce, 0xfa, 0x42, 0x31 } },
};

/* movz xzr, #0xface; movk xzr, #0x3142, lsl #16 */
static const HaywireDoorbellCode arm64_code = {
    .count = 2,
    .size = 4,
    .bytes = { { 0xdf, 0x59, 0x9f, 0xd2 }, { 0x5f, 0x28, 0xa6, 0xf2 } },
};

static const struct {
    const char *target;
    const HaywireDoorbellCode *code;
} codes[] = {
    { "x86_64", &x86_code },
    { "i386", &x86_code },
    { "aarch64", &arm64_code },
};

const HaywireDoorbellCode *haywire_doorbell_code(const char *target)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i].target, target) == 0) {
            return codes[i].code;
        }
    }
    return NULL;
}

bool haywire_doorbell_code_is(const HaywireDoorbellCode *code, size_t ordinal,
                              const uint8_t *bytes, size_t size)
{
    return ordinal < code->count && size == code->size &&
           memcmp(bytes, code->bytes[ordinal], size) == 0;
}
