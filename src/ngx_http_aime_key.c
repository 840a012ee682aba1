
/*
 * Ids of secrets, see ngx_http_aime_key.h.
 *
 * The id is a digest, which takes longer than all else that a request for a
 * job's progress needs.  The same few secrets come again and again, so those
 * that came last are kept with theirs; this process has the true ones in its
 * configuration anyway.
 */


#include "ngx_http_aime_key.h"

#include <ngx_sha1.h>


#define NGX_HTTP_AIME_KEYS_KEPT    64
#define NGX_HTTP_AIME_KEY_LEN      64      /* longer ones are not kept */


typedef struct {
    size_t                       len;
    u_char                       secret[NGX_HTTP_AIME_KEY_LEN];
    u_char                       id[NGX_AIME_ID_LEN];
} ngx_http_aime_key_kept_t;


static ngx_uint_t ngx_http_aime_key_same(const u_char *a, const u_char *b,
    size_t len);


static ngx_http_aime_key_kept_t
    ngx_http_aime_keys_kept[NGX_HTTP_AIME_KEYS_KEPT];


void
ngx_http_aime_key_id(const u_char *secret, size_t len, u_char *id)
{
    u_char                     digest[20];
    ngx_sha1_t                 sha1;
    ngx_http_aime_key_kept_t  *kept;

    kept = NULL;

    if (len && len <= NGX_HTTP_AIME_KEY_LEN) {
        kept = &ngx_http_aime_keys_kept[ngx_murmur_hash2((u_char *) secret,
                                                         len)
                                        % NGX_HTTP_AIME_KEYS_KEPT];

        if (kept->len == len
            && ngx_http_aime_key_same(kept->secret, secret, len))
        {
            ngx_memcpy(id, kept->id, NGX_AIME_ID_LEN);
            return;
        }
    }

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, secret, len);
    ngx_sha1_final(digest, &sha1);

    ngx_memcpy(id, digest, NGX_AIME_ID_LEN);

    if (kept) {
        kept->len = len;
        ngx_memcpy(kept->secret, secret, len);
        ngx_memcpy(kept->id, id, NGX_AIME_ID_LEN);
    }
}


ngx_uint_t
ngx_http_aime_same_id(const u_char *a, const u_char *b)
{
    return ngx_http_aime_key_same(a, b, NGX_AIME_ID_LEN);
}


/* In constant time, whatever the compiler makes of it. */

static ngx_uint_t
ngx_http_aime_key_same(const u_char *a, const u_char *b, size_t len)
{
    size_t             i;
    uint64_t           x, y;
    volatile uint64_t  diff;

    diff = 0;

    for (i = 0; i + sizeof(x) <= len; i += sizeof(x)) {
        ngx_memcpy(&x, a + i, sizeof(x));
        ngx_memcpy(&y, b + i, sizeof(y));
        diff |= x ^ y;
    }

    for ( /* void */ ; i < len; i++) {
        diff |= a[i] ^ b[i];
    }

    return diff == 0;
}
