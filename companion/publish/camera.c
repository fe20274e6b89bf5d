/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A camera: its control word and its control page. */

#include <stdlib.h>
#include <string.h>

#include "publish/camera.h"
#include "haywire/bytes.h"
#include "os/os.h"

static HaywirePage *control_page(HaywireCameraWriter *camera)
{
    return haywire_publisher_page(camera->publisher, camera->category, 0);
}

static uint32_t narrow(uint64_t count)
{
    return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static void put_control(HaywireCameraWriter *camera)
{
    const HaywireControl *said = &camera->said;
    HaywireWireControl wire = {
        .nonce = haywire_le32(said->nonce),
        .status = haywire_le32(said->status),
        .target_pid = haywire_le32(said->target_pid),
        .current_pid = haywire_le32(said->current_pid),
        .current_start_time_ns = haywire_le64(said->current_start_time_ns),
        .pass = haywire_le64(said->pass),
        .first_page = haywire_le32(said->first_page),
        .pages = haywire_le32(said->pages),
        .sections_total = haywire_le32(said->sections_total),
        .sections_stored = haywire_le32(said->sections_stored),
        .runs_total = haywire_le32(said->runs_total),
        .runs_stored = haywire_le32(said->runs_stored),
        .pass_started_ns = haywire_le64(said->pass_started_ns),
        .pass_finished_ns = haywire_le64(said->pass_finished_ns),
        .target_taken_ns = haywire_le64(said->target_taken_ns),
        .rss = haywire_le64(said->rss),
        .pss = haywire_le64(said->pss),
        .swap = haywire_le64(said->swap),
        .flags = haywire_le32(said->flags),
    };

    haywire_publisher_put(camera->publisher, camera->category, 0,
                          HAYWIRE_KIND_CONTROL, said->pass, &wire,
                          sizeof(wire));
}

void haywire_camera_init(HaywireCameraWriter *camera,
                         HaywirePublisher *publisher,
                         HaywireCollector *collector, HaywireCategory category)
{
    camera->publisher = publisher;
    camera->collector = collector;
    camera->category = category;
    camera->bank_pages = (haywire_publisher_pages(publisher, category) - 1) / 2;
    camera->said.nonce = (uint32_t)haywire_os_random();
    camera->said.nonce = camera->said.nonce ? camera->said.nonce : 1;
    haywire_page_set_control_word(control_page(camera),
                                  HAYWIRE_CONTROL_WORD(camera->said.nonce, 0));
    put_control(camera);
}

void haywire_camera_destroy(HaywireCameraWriter *camera)
{
    if (camera->collector) {
        haywire_pass_drop(camera);
    }
    free(camera->staged);
    haywire_vector_clear(&camera->ranges);
    memset(camera, 0, sizeof(*camera));
}

bool haywire_camera_poll(HaywireCameraWriter *camera)
{
    uint64_t word = haywire_page_get_control_word(control_page(camera));

    /* Whoever does not know the nonce did not mean this camera. */
    if (word >> 32 != camera->said.nonce || (uint32_t)word == camera->wanted) {
        return false;
    }
    camera->wanted = (uint32_t)word;
    return true;
}

static void say_status(HaywireCameraWriter *camera, HaywireCameraStatus status)
{
    if (camera->said.status != status) {
        camera->said.status = status;
        put_control(camera);
    }
}

static void take_target(HaywireCameraWriter *camera)
{
    haywire_pass_drop(camera);
    camera->said.target_pid = camera->wanted;
    camera->said.target_taken_ns = haywire_os_monotonic_ns();
    camera->said.status = HAYWIRE_CAMERA_IDLE;
    put_control(camera);
}

static HaywireStep give_up(HaywireCameraWriter *camera, HaywireCollect result)
{
    haywire_pass_drop(camera);
    haywire_publisher_count(camera->publisher, result);
    say_status(camera, result == HAYWIRE_COLLECT_DENIED
                           ? HAYWIRE_CAMERA_DENIED
                           : HAYWIRE_CAMERA_NO_PROCESS);
    return HAYWIRE_STEP_IDLE;
}

static void say_pass(HaywireCameraWriter *camera)
{
    const HaywirePass *pass = &camera->pass;

    camera->said = (HaywireControl){
        .nonce = camera->said.nonce,
        .status = HAYWIRE_CAMERA_ACTIVE,
        .target_pid = camera->said.target_pid,
        .current_pid = pass->process->pid,
        .current_start_time_ns = pass->process->start_time_ns,
        .pass = camera->passes,
        .first_page = 1 + (pass->number % 2 ? 0 : camera->bank_pages),
        .pages = pass->used,
        .sections_total = pass->sections_total,
        .sections_stored = pass->sections_stored,
        .runs_total = narrow(pass->runs_total),
        .runs_stored = narrow(pass->runs_stored),
        .pass_started_ns = pass->started_ns,
        .pass_finished_ns = haywire_os_monotonic_ns(),
        .target_taken_ns = camera->said.target_taken_ns,
        .rss = pass->figures.rss,
        .pss = pass->figures.pss,
        .swap = pass->figures.swap,
        .flags = pass->flags,
    };
}

/* The counter is of both cameras, so only the difference goes in. */
static void count_dropped(HaywireCameraWriter *camera)
{
    uint64_t *counter =
        &camera->publisher->counter[HAYWIRE_COUNTER_PAGE_RUNS_DROPPED];
    uint64_t dropped = camera->pass.runs_total - camera->pass.runs_stored;

    *counter += dropped - camera->runs_dropped;
    camera->runs_dropped = dropped;
}

static HaywireStep finish(HaywireCameraWriter *camera)
{
    camera->passes = camera->pass.number;
    haywire_pass_publish(camera);
    say_pass(camera);
    put_control(camera);
    count_dropped(camera);
    haywire_pass_drop(camera);
    return HAYWIRE_STEP_DONE;
}

HaywireStep haywire_camera_step(void *opaque)
{
    HaywireCameraWriter *camera = opaque;
    HaywireCollect result = HAYWIRE_COLLECT_OK;

    if (camera->said.target_pid != camera->wanted) {
        take_target(camera);
    }
    if (camera->said.target_pid == 0) {
        return HAYWIRE_STEP_IDLE;
    }
    if (!camera->pass.process) {
        result = haywire_pass_begin(camera, camera->said.target_pid);
        return result == HAYWIRE_COLLECT_OK ? HAYWIRE_STEP_MORE
                                            : give_up(camera, result);
    }
    if (haywire_pass_read(camera, &result)) {
        return HAYWIRE_STEP_MORE;
    }
    return result == HAYWIRE_COLLECT_OK ? finish(camera)
                                        : give_up(camera, result);
}
