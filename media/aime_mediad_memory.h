/*
 * Media in memory as libavformat reads and writes them: the only way in or out
 * that it has here.  Must not know formats.
 */

#ifndef AIME_MEDIAD_MEMORY_H_INCLUDED
#define AIME_MEDIAD_MEMORY_H_INCLUDED


#include <libavformat/avio.h>

#include "aime_mediad_job.h"


/* data, capacity: av_malloc()ed when written to; limit: what it may grow to */

typedef struct {
    AVIOContext          *io;
    unsigned char        *data;
    size_t                len;
    size_t                at;
    size_t                capacity;
    uint64_t              limit;

    unsigned              full:1;       /* the limit was met */
} aime_mediad_memory_t;


/* 0, or -1 without memory; data remain the caller's. */
int aime_mediad_memory_read(aime_mediad_memory_t *memory,
    unsigned char *data, size_t len);

/* The same to write; what is written belongs to the caller in the end. */
int aime_mediad_memory_write(aime_mediad_memory_t *memory, uint64_t limit);

/* Gives the context back, not the data. */
void aime_mediad_memory_close(aime_mediad_memory_t *memory);


#endif /* AIME_MEDIAD_MEMORY_H_INCLUDED */
