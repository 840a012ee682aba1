/* Parameters by name, and their types, see aime_desc.h. */


#include "aime_desc.h"


typedef struct {
    const char           *name;
    aime_desc_type_e      type;
} aime_desc_type_t;


static uint32_t aime_desc_hash(aime_str_t name);


static const aime_desc_type_t  aime_desc_types[] = {

    /* the first name of each type is the one on the wire */

    { "string",       AIME_DESC_STRING },
    { "str",          AIME_DESC_STRING },
    { "integer",      AIME_DESC_INTEGER },
    { "int",          AIME_DESC_INTEGER },
    { "float",        AIME_DESC_FLOAT },
    { "bool",         AIME_DESC_BOOL },
    { "boolean",      AIME_DESC_BOOL },
    { "selection",    AIME_DESC_SELECTION },
    { "json",         AIME_DESC_JSON },
    { "chat_context", AIME_DESC_CHAT_CONTEXT },
    { "text_context", AIME_DESC_TEXT_CONTEXT },
    { "image",        AIME_DESC_IMAGE },
    { "audio",        AIME_DESC_AUDIO },
    { "video",        AIME_DESC_VIDEO },
    { NULL,           AIME_DESC_STRING }
};


int
aime_desc_type_named(const char *name, aime_desc_type_e *type)
{
    const aime_desc_type_t  *entry;

    for (entry = aime_desc_types; entry->name; entry++) {
        if (strcmp(name, entry->name) == 0) {
            *type = entry->type;
            return AIME_OK;
        }
    }

    return AIME_ERROR;
}


const char *
aime_desc_type_name(aime_desc_type_e type)
{
    const aime_desc_type_t  *entry;

    for (entry = aime_desc_types; entry->type != type; entry++) { /* void */ }

    return entry->name;
}


/*
 * Open addressing, never more than half full; a bucket holds the index of a
 * parameter plus one.
 */

int
aime_desc_index(aime_pool_t *pool, aime_desc_t *desc)
{
    size_t    i;
    uint32_t  n;

    desc->nbuckets = 8;

    while (desc->nbuckets < 2 * desc->nparams) {
        desc->nbuckets *= 2;
    }

    desc->buckets = pool->alloc(pool->ctx, desc->nbuckets * sizeof(uint32_t));
    if (desc->buckets == NULL) {
        return AIME_NOMEM;
    }

    memset(desc->buckets, 0, desc->nbuckets * sizeof(uint32_t));

    for (i = 0; i < desc->nparams; i++) {
        n = aime_desc_hash(desc->params[i].name) & (desc->nbuckets - 1);

        while (desc->buckets[n]) {
            n = (n + 1) & (desc->nbuckets - 1);
        }

        desc->buckets[n] = i + 1;
    }

    return AIME_OK;
}


aime_desc_param_t *
aime_desc_find(const aime_desc_t *desc, aime_str_t name)
{
    uint32_t            n;
    aime_desc_param_t  *param;

    if (desc->nbuckets == 0) {
        return NULL;
    }

    n = aime_desc_hash(name) & (desc->nbuckets - 1);

    while (desc->buckets[n]) {
        param = &desc->params[desc->buckets[n] - 1];

        if (aime_str_same(&param->name, &name)) {
            return param;
        }

        n = (n + 1) & (desc->nbuckets - 1);
    }

    return NULL;
}


/* FNV-1a; the names in the table are the operator's, not the client's. */

static uint32_t
aime_desc_hash(aime_str_t name)
{
    size_t    i;
    uint32_t  hash;

    hash = 2166136261u;

    for (i = 0; i < name.len; i++) {
        hash = (hash ^ name.data[i]) * 16777619u;
    }

    return hash;
}
