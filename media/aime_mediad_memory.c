/*
 * Reading, writing and seeking in a piece of memory.
 */

#include <string.h>

#include <libavutil/error.h>
#include <libavutil/mem.h>

#include "aime_mediad_memory.h"


#define AIME_MEDIAD_IO_BUFFER   32768
#define AIME_MEDIAD_FIRST_SIZE  65536


/* From FFmpeg 7.0 on, what is to be written is constant. */

#if (LIBAVFORMAT_VERSION_MAJOR >= 61)
typedef const uint8_t  aime_mediad_put_t;
#else
typedef uint8_t        aime_mediad_put_t;
#endif


static int aime_mediad_memory_open(aime_mediad_memory_t *memory, int write);
static int aime_mediad_memory_get(void *ctx, uint8_t *buf, int size);
static int aime_mediad_memory_put(void *ctx, aime_mediad_put_t *buf, int size);
static int64_t aime_mediad_memory_seek(void *ctx, int64_t offset, int whence);
static int aime_mediad_memory_grow(aime_mediad_memory_t *memory, size_t size);


int
aime_mediad_memory_read(aime_mediad_memory_t *memory, unsigned char *data,
    size_t len)
{
    memset(memory, 0, sizeof(aime_mediad_memory_t));

    memory->data = data;
    memory->len = len;

    return aime_mediad_memory_open(memory, 0);
}


int
aime_mediad_memory_write(aime_mediad_memory_t *memory, uint64_t limit)
{
    memset(memory, 0, sizeof(aime_mediad_memory_t));

    memory->limit = limit;

    return aime_mediad_memory_open(memory, 1);
}


static int
aime_mediad_memory_open(aime_mediad_memory_t *memory, int write)
{
    unsigned char  *buf;

    buf = av_malloc(AIME_MEDIAD_IO_BUFFER);
    if (buf == NULL) {
        return -1;
    }

    memory->io = avio_alloc_context(buf, AIME_MEDIAD_IO_BUFFER, write, memory,
                                    write ? NULL : aime_mediad_memory_get,
                                    write ? aime_mediad_memory_put : NULL,
                                    aime_mediad_memory_seek);

    if (memory->io == NULL) {
        av_free(buf);
        return -1;
    }

    return 0;
}


void
aime_mediad_memory_close(aime_mediad_memory_t *memory)
{
    if (memory->io) {
        av_freep(&memory->io->buffer);
        avio_context_free(&memory->io);
    }
}


static int
aime_mediad_memory_get(void *ctx, uint8_t *buf, int size)
{
    size_t                 n;
    aime_mediad_memory_t  *memory;

    memory = ctx;

    n = memory->len - memory->at;

    if (n == 0) {
        return AVERROR_EOF;
    }

    if (n > (size_t) size) {
        n = size;
    }

    memcpy(buf, memory->data + memory->at, n);
    memory->at += n;

    return n;
}


static int
aime_mediad_memory_put(void *ctx, aime_mediad_put_t *buf, int size)
{
    aime_mediad_memory_t  *memory;

    memory = ctx;

    if (memory->at + size > memory->limit) {
        memory->full = 1;
        return AVERROR(ENOSPC);
    }

    if (aime_mediad_memory_grow(memory, memory->at + size) != 0) {
        return AVERROR(ENOMEM);
    }

    /* a gap that a seek has left */

    if (memory->at > memory->len) {
        memset(memory->data + memory->len, 0, memory->at - memory->len);
    }

    memcpy(memory->data + memory->at, buf, size);
    memory->at += size;

    if (memory->at > memory->len) {
        memory->len = memory->at;
    }

    return size;
}


static int
aime_mediad_memory_grow(aime_mediad_memory_t *memory, size_t size)
{
    size_t          capacity;
    unsigned char  *data;

    if (size <= memory->capacity) {
        return 0;
    }

    capacity = memory->capacity ? memory->capacity : AIME_MEDIAD_FIRST_SIZE;

    while (capacity < size) {
        capacity += capacity / 2;
    }

    data = av_realloc(memory->data, capacity);
    if (data == NULL) {
        return -1;
    }

    memory->data = data;
    memory->capacity = capacity;

    return 0;
}


static int64_t
aime_mediad_memory_seek(void *ctx, int64_t offset, int whence)
{
    aime_mediad_memory_t  *memory;

    memory = ctx;

    switch (whence & ~AVSEEK_FORCE) {

    case AVSEEK_SIZE:
        return memory->len;

    case SEEK_SET:
        break;

    case SEEK_CUR:
        offset += memory->at;
        break;

    case SEEK_END:
        offset += memory->len;
        break;

    default:
        return AVERROR(EINVAL);
    }

    /* who writes may go beyond the end, who reads may not */

    if (offset < 0
        || (uint64_t) offset > (memory->limit ? memory->limit : memory->len))
    {
        return AVERROR(EINVAL);
    }

    memory->at = offset;

    return offset;
}
