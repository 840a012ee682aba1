/*
 * Ids of jobs and sessions: random UUIDs of version 4, which nobody guesses.
 * Floor 2.
 */

#ifndef NGX_AIME_ID_H_INCLUDED
#define NGX_AIME_ID_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/* A new id, NGX_AIME_ID_LEN bytes. */
void ngx_aime_id_make(u_char *id);

/* NGX_AIME_UUID_LEN characters; gives the end of what it wrote. */
u_char *ngx_aime_id_print(u_char *dst, const u_char *id);

/* NGX_OK, or NGX_ERROR if the text is no UUID. */
ngx_int_t ngx_aime_id_parse(const u_char *text, size_t len, u_char *id);


#endif /* NGX_AIME_ID_H_INCLUDED */
