/*
 * Lengths: the chunks of a WAV, the boxes of an MP4, the pages of an Ogg, the
 * segment of a WebM.
 */

#include <string.h>

#include "aime_mediad_length.h"


#define AIME_MEDIAD_WAV_HEAD      12
#define AIME_MEDIAD_WAV_CHUNK     8

/*
 * A WAV that was written to a pipe cannot tell its length: programs put 0, or
 * something at the brim of 31 or 32 bits (0x7ffff000, 0x7fffffff, 0xffffffff)
 * in its place.  From this length on no WAV means what it says.
 */
#define AIME_MEDIAD_WAV_OPEN      0x7fff0000ull

#define AIME_MEDIAD_OGG_HEAD      27

#define AIME_MEDIAD_EBML_SEGMENT  0x18538067ull


static aime_mediad_length_e aime_mediad_length_wav(
    const aime_mediad_job_t *job);
static aime_mediad_length_e aime_mediad_length_mp4(
    const aime_mediad_job_t *job);
static aime_mediad_length_e aime_mediad_length_ogg(
    const aime_mediad_job_t *job);
static aime_mediad_length_e aime_mediad_length_webm(
    const aime_mediad_job_t *job);
static int aime_mediad_ebml(const aime_mediad_job_t *job, size_t *at,
    int marker, uint64_t *value);
static uint64_t aime_mediad_little(const unsigned char *p, unsigned int n);
static uint64_t aime_mediad_big(const unsigned char *p, unsigned int n);


aime_mediad_length_e
aime_mediad_length(const aime_mediad_job_t *job)
{
    switch (job->format) {

    case AIME_MEDIA_WAV:
        return aime_mediad_length_wav(job);

    case AIME_MEDIA_MP4:
        return aime_mediad_length_mp4(job);

    case AIME_MEDIA_OGG:
        return aime_mediad_length_ogg(job);

    case AIME_MEDIA_WEBM:
        return aime_mediad_length_webm(job);

    default:
        return AIME_MEDIAD_WHOLE;
    }
}


/* Chunks: a name, a length of four bytes, an even number of bytes. */

static aime_mediad_length_e
aime_mediad_length_wav(const aime_mediad_job_t *job)
{
    size_t                at;
    uint64_t              len;
    const unsigned char  *p;

    for (at = AIME_MEDIAD_WAV_HEAD; at + AIME_MEDIAD_WAV_CHUNK <= job->len;
         at += AIME_MEDIAD_WAV_CHUNK + len + (len & 1))
    {
        p = job->data + at;
        len = aime_mediad_little(p + 4, 4);

        if (memcmp(p, "data", 4) != 0) {
            continue;
        }

        if (len == 0 || len >= AIME_MEDIAD_WAV_OPEN) {
            return AIME_MEDIAD_OPEN_END;
        }

        return len > job->len - at - AIME_MEDIAD_WAV_CHUNK ? AIME_MEDIAD_CUT
                                                           : AIME_MEDIAD_WHOLE;
    }

    return AIME_MEDIAD_WHOLE;
}


/*
 * Boxes: a length that counts itself, a name; 1: the length follows in eight
 * bytes; 0: to the end.  Samples that are missing are found when they are read.
 */

static aime_mediad_length_e
aime_mediad_length_mp4(const aime_mediad_job_t *job)
{
    size_t                at;
    uint64_t              len;
    const unsigned char  *p;

    for (at = 0; job->len - at >= 8; at += len) {
        p = job->data + at;
        len = aime_mediad_big(p, 4);

        if (len == 1 && job->len - at >= 16) {
            len = aime_mediad_big(p + 8, 8);
        }

        if (len < 8) {
            break;
        }

        if (len > job->len - at) {
            return memcmp(p + 4, "moov", 4) == 0 ? AIME_MEDIAD_CUT
                                                 : AIME_MEDIAD_WHOLE;
        }
    }

    return AIME_MEDIAD_WHOLE;
}


/* Pages: a head that ends with a list of lengths of a byte each. */

static aime_mediad_length_e
aime_mediad_length_ogg(const aime_mediad_job_t *job)
{
    size_t                at, len;
    unsigned int          i;
    const unsigned char  *p;

    for (at = 0; job->len - at >= 4; at += len) {
        p = job->data + at;

        if (memcmp(p, "OggS", 4) != 0) {
            return AIME_MEDIAD_WHOLE;
        }

        if (job->len - at < AIME_MEDIAD_OGG_HEAD
            || job->len - at - AIME_MEDIAD_OGG_HEAD < p[26])
        {
            return AIME_MEDIAD_CUT;
        }

        len = AIME_MEDIAD_OGG_HEAD + p[26];

        for (i = 0; i < p[26]; i++) {
            len += p[AIME_MEDIAD_OGG_HEAD + i];
        }

        if (len > job->len - at) {
            return AIME_MEDIAD_CUT;
        }
    }

    return AIME_MEDIAD_WHOLE;
}


/* A head, then the segment, whose length browsers that record leave open. */

static aime_mediad_length_e
aime_mediad_length_webm(const aime_mediad_job_t *job)
{
    size_t    at;
    uint64_t  id, len;

    for (at = 0;
         aime_mediad_ebml(job, &at, 1, &id) == AIME_OK
         && aime_mediad_ebml(job, &at, 0, &len) == AIME_OK;
         at += len)
    {
        if (id == AIME_MEDIAD_EBML_SEGMENT) {
            return len == UINT64_MAX ? AIME_MEDIAD_OPEN_END
                   : len > job->len - at ? AIME_MEDIAD_CUT
                   : AIME_MEDIAD_WHOLE;
        }

        if (len > job->len - at) {
            break;
        }
    }

    return AIME_MEDIAD_WHOLE;
}


/*
 * A number whose first byte has as many zero bits in front as bytes follow;
 * marker: the bit behind them belongs to the value.  UINT64_MAX: all bits of
 * the value are set, which means unknown.
 */

static int
aime_mediad_ebml(const aime_mediad_job_t *job, size_t *at, int marker,
    uint64_t *value)
{
    unsigned int          n;
    uint64_t              max;
    const unsigned char  *p;

    if (*at >= job->len) {
        return AIME_ERROR;
    }

    p = job->data + *at;

    for (n = 1; n <= 8 && !(p[0] & 0x100 >> n); n++) { /* void */ }

    if (n > 8 || n > job->len - *at) {
        return AIME_ERROR;
    }

    *at += n;
    *value = aime_mediad_big(p, n);

    if (!marker) {
        max = ((uint64_t) 1 << 7 * n) - 1;
        *value &= max;

        if (*value == max) {
            *value = UINT64_MAX;
        }
    }

    return AIME_OK;
}


static uint64_t
aime_mediad_little(const unsigned char *p, unsigned int n)
{
    uint64_t  value;

    for (value = 0; n; n--) {
        value = value << 8 | p[n - 1];
    }

    return value;
}


static uint64_t
aime_mediad_big(const unsigned char *p, unsigned int n)
{
    uint64_t  value;

    for (value = 0; n; n--) {
        value = value << 8 | *p++;
    }

    return value;
}
