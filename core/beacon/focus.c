/*
 * Focus: the only writer. docs/protocol.md, section 5.6.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "haywire/bytes.h"
#include "haywire/focus.h"
#include "haywire/page_read.h"

#define WORD_OFFSET offsetof(HaywirePage, control_word)

/* A control page as found at the target's place. */
typedef struct ControlPage {
    HaywireControl control;
    uint64_t word;
} ControlPage;

HaywireStatus haywire_focus_target(const HaywireModel *model, uint32_t camera,
                                   HaywireFocusTarget *ret_target)
{
    if (camera != 1 && camera != 2) {
        return HAYWIRE_BAD_VALUE;
    }
    if (!model->overview.has_session ||
        !haywire_state_is_current(model->overview.state)) {
        return HAYWIRE_NO_SESSION;
    }
    if (!model->camera[camera - 1].mapped ||
        model->camera[camera - 1].position.value ==
            HAYWIRE_POSITION_NONE.value) {
        return HAYWIRE_NOT_FOUND;
    }
    ret_target->session = model->overview.session;
    ret_target->camera = camera;
    ret_target->position = model->camera[camera - 1].position;
    return HAYWIRE_OK;
}

static HaywireStatus foreign(HaywireDiagnosis *diagnosis, size_t offset,
                             const char *field, uint64_t value)
{
    if (diagnosis) {
        *diagnosis = (HaywireDiagnosis){ offset, field, value };
    }
    return HAYWIRE_FOCUS_FOREIGN_PAGE;
}

static HaywireStatus check_owner(const HaywireFocusTarget *target,
                                 const HaywirePageInfo *info,
                                 HaywireDiagnosis *diagnosis)
{
    HaywireCategory category = target->camera == 1 ? HAYWIRE_CATEGORY_CAMERA1
                                                   : HAYWIRE_CATEGORY_CAMERA2;

    if (info->session != target->session) {
        return foreign(diagnosis, offsetof(HaywirePageHeader, session),
                       "session", info->session);
    }
    if (info->category != category) {
        return foreign(diagnosis, offsetof(HaywirePageHeader, category),
                       "category", info->category);
    }
    if (info->index != 0) {
        return foreign(diagnosis, offsetof(HaywirePageHeader, index), "index",
                       info->index);
    }
    return HAYWIRE_OK;
}

/* A page is there, and is another one; or none was ever there. */
static bool is_foreign(HaywireStatus status)
{
    return status == HAYWIRE_HOLE ||
           (status >= HAYWIRE_BAD_MAGIC && status <= HAYWIRE_BAD_CHECKSUM);
}

/* Copy the page and verify everything about it but the nonce. */
static HaywireStatus read_control(HaywireMemory *memory,
                                  const HaywireFocusTarget *target,
                                  ControlPage *ret_page,
                                  HaywireDiagnosis *diagnosis)
{
    HaywirePageInfo info;
    HaywirePage copy;
    HaywireStatus status =
        haywire_page_read(memory, target->position, &copy, &info, diagnosis);

    if (status == HAYWIRE_HOLE) {
        foreign(diagnosis, 0, "magic", 0);
    }
    if (status != HAYWIRE_OK) {
        return is_foreign(status) ? HAYWIRE_FOCUS_FOREIGN_PAGE : status;
    }
    status = check_owner(target, &info, diagnosis);
    if (status != HAYWIRE_OK) {
        return status;
    }
    if (haywire_decode_control(&copy, &info, &ret_page->control, diagnosis) !=
        HAYWIRE_OK) {
        return HAYWIRE_FOCUS_FOREIGN_PAGE;
    }
    ret_page->word = haywire_le64_get(copy.control_word);
    return HAYWIRE_OK;
}

static HaywireStatus check_nonce(const ControlPage *page,
                                 HaywireDiagnosis *diagnosis)
{
    if (page->word >> 32 == page->control.nonce) {
        return HAYWIRE_OK;
    }
    foreign(diagnosis, WORD_OFFSET, "control word", page->word);
    return HAYWIRE_FOCUS_BAD_NONCE;
}

/* After the write: the page must still be what it was, with the new word. */
static HaywireStatus confirm(HaywireMemory *memory,
                             const HaywireFocusTarget *target, uint64_t word,
                             HaywireControl *ret_control,
                             HaywireDiagnosis *diagnosis)
{
    ControlPage page;

    if (read_control(memory, target, &page, diagnosis) != HAYWIRE_OK) {
        return HAYWIRE_FOCUS_UNCONFIRMED;
    }
    if (page.word != word) {
        foreign(diagnosis, WORD_OFFSET, "control word", page.word);
        return HAYWIRE_FOCUS_UNCONFIRMED;
    }
    *ret_control = page.control;
    return HAYWIRE_OK;
}

HaywireStatus haywire_focus(HaywireMemory *memory,
                            const HaywireFocusTarget *target, uint32_t pid,
                            HaywireControl *ret_control,
                            HaywireDiagnosis *diagnosis)
{
    HaywirePosition where = target->position;
    ControlPage page;
    uint64_t desired;
    HaywireStatus status = HAYWIRE_OUT_OF_RANGE;

    if (where.value % HAYWIRE_PAGE_SIZE == 0) {
        status = read_control(memory, target, &page, diagnosis);
    }
    if (status == HAYWIRE_OK) {
        status = check_nonce(&page, diagnosis);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    where.value += WORD_OFFSET;
    desired = HAYWIRE_CONTROL_WORD(page.control.nonce, pid);
    status = haywire_memory_swap_word(memory, where, page.word, desired);
    if (status != HAYWIRE_OK) {
        return status;
    }
    return confirm(memory, target, desired, ret_control, diagnosis);
}
