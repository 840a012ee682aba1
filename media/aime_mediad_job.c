/*
 * A conversion's memory, its answer's text, and its CPU time.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aime_mediad_job.h"


struct aime_mediad_block_s {
    aime_mediad_block_t  *next;
    uint64_t              pad;
};


static void *aime_mediad_alloc(void *ctx, size_t size);
static void aime_mediad_line(aime_mediad_job_t *job, const char *fmt,
    va_list args);


void
aime_mediad_job_init(aime_mediad_job_t *job)
{
    memset(job, 0, sizeof(aime_mediad_job_t));

    job->pool.alloc = aime_mediad_alloc;
    job->pool.ctx = job;
    job->status = AIME_MEDIA_UNCHANGED;
    job->started = aime_mediad_cpu();
}


void
aime_mediad_job_free(aime_mediad_job_t *job)
{
    aime_mediad_block_t  *block;

    while (job->blocks) {
        block = job->blocks;
        job->blocks = block->next;
        free(block);
    }
}


static void *
aime_mediad_alloc(void *ctx, size_t size)
{
    aime_mediad_job_t    *job;
    aime_mediad_block_t  *block;

    job = ctx;

    block = malloc(sizeof(aime_mediad_block_t) + size);
    if (block == NULL) {
        return NULL;
    }

    block->next = job->blocks;
    job->blocks = block;

    return block + 1;
}


void
aime_mediad_violation(aime_mediad_job_t *job, const char *fmt, ...)
{
    va_list  args;

    if (job->status == AIME_MEDIA_FAILED) {
        return;
    }

    job->status = AIME_MEDIA_REFUSED;

    va_start(args, fmt);
    aime_mediad_line(job, fmt, args);
    va_end(args);
}


int
aime_mediad_refuse(aime_mediad_job_t *job, const char *fmt, ...)
{
    va_list  args;

    if (job->status == AIME_MEDIA_FAILED) {
        return AIME_MEDIAD_DONE;
    }

    job->status = AIME_MEDIA_REFUSED;

    va_start(args, fmt);
    aime_mediad_line(job, fmt, args);
    va_end(args);

    return AIME_MEDIAD_DONE;
}


int
aime_mediad_fail(aime_mediad_job_t *job, const char *fmt, ...)
{
    va_list  args;

    job->status = AIME_MEDIA_FAILED;
    job->text_len = 0;

    va_start(args, fmt);
    aime_mediad_line(job, fmt, args);
    va_end(args);

    return AIME_MEDIAD_DONE;
}


static void
aime_mediad_line(aime_mediad_job_t *job, const char *fmt, va_list args)
{
    int     n;
    char   *p;
    size_t  room;

    p = job->text + job->text_len;
    room = sizeof(job->text) - job->text_len;

    if (room < 2) {
        return;
    }

    if (job->text_len) {
        *p++ = '\n';
        room--;
    }

    n = vsnprintf(p, room, fmt, args);

    if (n > 0 && (size_t) n < room) {
        job->text_len = p + n - job->text;
    }
}


double
aime_mediad_cpu(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);

    return now.tv_sec + now.tv_nsec * 1e-9;
}


int
aime_mediad_overtime(aime_mediad_job_t *job)
{
    char  text[128];

    if (job->max_cpu == 0 || aime_mediad_cpu() - job->started < job->max_cpu) {
        return AIME_MEDIAD_OK;
    }

    (void) aime_mediad_overtime_text(job->max_cpu, text, sizeof(text));

    return aime_mediad_refuse(job, "%s", text);
}


size_t
aime_mediad_overtime_text(double max_cpu, char *buf, size_t size)
{
    int  n;

    n = snprintf(buf, size, "takes more than %g seconds to convert", max_cpu);

    return (n < 0 || (size_t) n >= size) ? 0 : (size_t) n;
}
