/*
 * The compilation of an [INPUTS] table: what its units have in common, and no
 * one else needs.  Floor 0: knows neither files nor jobs nor nginx.
 */

#ifndef AIME_DESC_COMPILE_H_INCLUDED
#define AIME_DESC_COMPILE_H_INCLUDED


#include "aime_desc.h"


/* param: the one that is compiled at the moment, table: its TOML table */

typedef struct {
    aime_pool_t          *pool;
    aime_desc_param_t    *param;
    const cJSON          *table;

    aime_desc_notice_pt   notice;
    void                 *notice_ctx;
    aime_desc_error_t    *error;
} aime_desc_compile_t;


/*
 * Compiles what a medium, or the media of a chat context, must be.  AIME_OK,
 * AIME_ERROR, AIME_NOMEM.
 */
int aime_desc_media(aime_desc_compile_t *c);

/* The error, with the line of the item; always AIME_ERROR. */
int aime_desc_fail(aime_desc_compile_t *c, const cJSON *item,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Tells of something in the table that is not known; ctx: the compilation. */
void aime_desc_notice(void *ctx, const char *name, const cJSON *item);

/* A value of the file as JSON, in memory of the pool.  AIME_OK, AIME_NOMEM. */
int aime_desc_print(aime_desc_compile_t *c, const cJSON *item,
    aime_str_t *text);

/* Zeroed memory for n of that size, or NULL. */
void *aime_desc_alloc(aime_pool_t *pool, size_t n, size_t size);


#endif /* AIME_DESC_COMPILE_H_INCLUDED */
