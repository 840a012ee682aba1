
/* Ids of jobs and sessions, see ngx_aime_id.h. */


#include "ngx_aime_id.h"

#include <sys/random.h>


/* where the dashes stand, in bytes of the id */

#define ngx_aime_id_dash(i)    ((i) == 4 || (i) == 6 || (i) == 8 || (i) == 10)


static void ngx_aime_id_random(u_char *buf, size_t len);


/*
 * Randomness is fetched for many ids at once.  A forked process must not go on
 * with its parent's.
 */

static u_char     ngx_aime_id_pool[64 * NGX_AIME_ID_LEN];
static size_t     ngx_aime_id_left;
static ngx_pid_t  ngx_aime_id_pid;


void
ngx_aime_id_make(u_char *id)
{
    if (ngx_aime_id_left == 0 || ngx_aime_id_pid != ngx_pid) {
        ngx_aime_id_random(ngx_aime_id_pool, sizeof(ngx_aime_id_pool));
        ngx_aime_id_left = sizeof(ngx_aime_id_pool);
        ngx_aime_id_pid = ngx_pid;
    }

    ngx_aime_id_left -= NGX_AIME_ID_LEN;
    ngx_memcpy(id, ngx_aime_id_pool + ngx_aime_id_left, NGX_AIME_ID_LEN);

    id[6] = (id[6] & 0x0f) | 0x40;
    id[8] = (id[8] & 0x3f) | 0x80;
}


/*
 * getrandom() waits only while the system boots, and for this length is never
 * cut short but by a signal.
 */

static void
ngx_aime_id_random(u_char *buf, size_t len)
{
    ssize_t  n;

    while (len) {
        n = getrandom(buf, len, 0);

        if (n == -1) {
            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                          "getrandom() failed");
            ngx_abort();
        }

        buf += n;
        len -= n;
    }
}


u_char *
ngx_aime_id_print(u_char *dst, const u_char *id)
{
    ngx_uint_t  i;

    static const u_char  hex[] =
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
        "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
        "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
        "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
        "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
        "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

    for (i = 0; i < NGX_AIME_ID_LEN; i++) {
        if (ngx_aime_id_dash(i)) {
            *dst++ = '-';
        }

        dst = ngx_cpymem(dst, hex + 2 * id[i], 2);
    }

    return dst;
}


ngx_int_t
ngx_aime_id_parse(const u_char *text, size_t len, u_char *id)
{
    u_char      high, low;
    ngx_uint_t  i, wrong;

    /* the value of a digit and one more, 0 for all else */

    static const u_char  digits[256] = {
        ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
        ['A'] = 11, 12, 13, 14, 15, 16,
        ['a'] = 11, 12, 13, 14, 15, 16
    };

    /* where each byte's digits stand, between the dashes */

    static const u_char  at[NGX_AIME_ID_LEN] = {
        0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34
    };

    if (len != NGX_AIME_UUID_LEN
        || text[8] != '-' || text[13] != '-'
        || text[18] != '-' || text[23] != '-')
    {
        return NGX_ERROR;
    }

    wrong = 0;

    for (i = 0; i < NGX_AIME_ID_LEN; i++) {
        high = digits[text[at[i]]];
        low = digits[text[at[i] + 1]];

        wrong |= (high == 0) | (low == 0);
        id[i] = (u_char) (high * 16 + low - 17);
    }

    if (wrong) {
        return NGX_ERROR;
    }

    return NGX_OK;
}
