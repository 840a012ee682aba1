
/* Ids of jobs and sessions, see ngx_aime_id.h. */


#include <sys/random.h>

#include "ngx_aime_id.h"


/* where the dashes stand, in bytes of the id */

#define ngx_aime_id_dash(i)    ((i) == 4 || (i) == 6 || (i) == 8 || (i) == 10)


static void ngx_aime_id_random(u_char *buf, size_t len);
static ngx_int_t ngx_aime_id_digit(u_char c);


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

    static const u_char  hex[] = "0123456789abcdef";

    for (i = 0; i < NGX_AIME_ID_LEN; i++) {
        if (ngx_aime_id_dash(i)) {
            *dst++ = '-';
        }

        *dst++ = hex[id[i] >> 4];
        *dst++ = hex[id[i] & 0x0f];
    }

    return dst;
}


ngx_int_t
ngx_aime_id_parse(const u_char *text, size_t len, u_char *id)
{
    ngx_int_t   high, low;
    ngx_uint_t  i;

    if (len != NGX_AIME_UUID_LEN) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_AIME_ID_LEN; i++) {
        if (ngx_aime_id_dash(i) && *text++ != '-') {
            return NGX_ERROR;
        }

        high = ngx_aime_id_digit(*text++);
        low = ngx_aime_id_digit(*text++);

        if (high == NGX_ERROR || low == NGX_ERROR) {
            return NGX_ERROR;
        }

        id[i] = (u_char) (high << 4 | low);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_aime_id_digit(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : NGX_ERROR;
}

