/*
 * A conversion: what is asked, the media, and what becomes of them.  Must not
 * know how either travels, nor the libraries that decode.
 */

#ifndef AIME_MEDIAD_JOB_H_INCLUDED
#define AIME_MEDIAD_JOB_H_INCLUDED


#include <stddef.h>
#include <stdint.h>

#include "aime_media.h"
#include "aime_media_rules.h"


/* zeroed bytes behind the media, for readers that look ahead */
#define AIME_MEDIAD_PADDING   64


/*
 * What the functions below, and all that convert, give: AIME_MEDIAD_OK, or
 * AIME_MEDIAD_DONE once the answer is a refusal or a failure, which is handed
 * up as it is.
 */

#define AIME_MEDIAD_OK        0
#define AIME_MEDIAD_DONE     -1


typedef struct aime_mediad_block_s  aime_mediad_block_t;


/*
 * data: the media, decoded in place of their base64.  out: the converted
 * media.  text: the refusal's lines, or the failure.
 */

typedef struct {
    unsigned char        *data;
    size_t                len;
    aime_media_format_e   format;

    aime_media_rules_t    rules;
    uint64_t              max_pixels;
    uint64_t              max_size;
    double                max_duration;
    double                max_cpu;          /* seconds of CPU */
    double                started;          /* CPU used by then */

    uint32_t              status;           /* of the answer */
    unsigned char        *out;              /* av_malloc()ed */
    size_t                out_len;
    aime_media_format_e   out_format;

    char                  text[AIME_MEDIA_MAX_TEXT + 1];
    size_t                text_len;

    aime_pool_t           pool;
    aime_mediad_block_t  *blocks;
} aime_mediad_job_t;


/* An empty job with a pool; started is now. */
void aime_mediad_job_init(aime_mediad_job_t *job);

/* Gives the pool back; data and out belong to others. */
void aime_mediad_job_free(aime_mediad_job_t *job);

/*
 * Adds a line to the refusal and goes on; aime_mediad_refuse() is the same
 * where nothing can follow.  A text beyond the limit is left out.
 */
void aime_mediad_violation(aime_mediad_job_t *job, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int aime_mediad_refuse(aime_mediad_job_t *job, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The daemon's own trouble; replaces all violations.  AIME_MEDIAD_DONE. */
int aime_mediad_fail(aime_mediad_job_t *job, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Refuses if the conversion has used up its CPU time; cheap. */
int aime_mediad_overtime(aime_mediad_job_t *job);

/* The text of that refusal, for those who cannot call; gives its length. */
size_t aime_mediad_overtime_text(double max_cpu, char *buf, size_t size);

/* Seconds of CPU that this process has used. */
double aime_mediad_cpu(void);


#endif /* AIME_MEDIAD_JOB_H_INCLUDED */
