
/* A set of names, see aime_names.h. */


#include "aime_names.h"


#define AIME_NAMES_MIN  32


/*
 * A node of the tree: the byte and the bit of it in which the names below
 * differ first.  A child that is not negative is a node, a negative one the
 * name ~child.
 */

struct aime_names_node_s {
    size_t                byte;
    unsigned char         bit;
    int                   child[2];
};


static int aime_names_room(aime_names_t *names);
static void aime_names_link(aime_names_t *names, size_t i);
static int aime_names_leaf(const aime_names_t *names, aime_str_t name);
static unsigned int aime_names_key(const aime_str_t *name, size_t byte);
static size_t aime_names_differ(const aime_str_t *a, const aime_str_t *b);


size_t
aime_names_find(const aime_names_t *names, aime_str_t name)
{
    size_t  i;

    if (names->nelts == 0) {
        return 0;
    }

    i = aime_names_leaf(names, name);

    return aime_str_same(&name, &names->elts[i]) ? i : names->nelts;
}


int
aime_names_add(aime_names_t *names, aime_str_t name)
{
    if (names->nelts == names->nalloc && aime_names_room(names) != AIME_OK) {
        return AIME_NOMEM;
    }

    names->elts[names->nelts] = name;
    aime_names_link(names, names->nelts);
    names->nelts++;

    return AIME_OK;
}


static int
aime_names_room(aime_names_t *names)
{
    size_t              nalloc;
    aime_str_t         *elts;
    aime_names_node_t  *nodes;

    nalloc = names->nalloc ? names->nalloc * 2 : AIME_NAMES_MIN;

    elts = aime_pool_grow(names->pool, names->elts, names->nelts, nalloc,
                          sizeof(aime_str_t));
    nodes = aime_pool_grow(names->pool, names->nodes, names->nelts, nalloc,
                           sizeof(aime_names_node_t));

    if (elts == NULL || nodes == NULL) {
        return AIME_NOMEM;
    }

    names->elts = elts;
    names->nodes = nodes;
    names->nalloc = nalloc;

    return AIME_OK;
}


/* Hangs name i, which is new, into the tree. */

static void
aime_names_link(aime_names_t *names, size_t i)
{
    int                *link;
    size_t              byte;
    unsigned int        diff;
    const aime_str_t   *name, *other;
    aime_names_node_t  *node;

    if (i == 0) {
        names->root = ~0;
        return;
    }

    name = &names->elts[i];
    other = &names->elts[aime_names_leaf(names, *name)];

    byte = aime_names_differ(name, other);
    diff = aime_names_key(name, byte) ^ aime_names_key(other, byte);

    while (diff & (diff - 1)) {
        diff &= diff - 1;
    }

    /* on the way to the leaf, nodes stand in the order of their bits */

    for (link = &names->root; *link >= 0; /* void */ ) {
        node = &names->nodes[*link];

        if (node->byte > byte || (node->byte == byte && node->bit < diff)) {
            break;
        }

        link = &node->child[!!(aime_names_key(name, node->byte) & node->bit)];
    }

    node = &names->nodes[i];
    node->byte = byte;
    node->bit = (unsigned char) diff;

    diff = !!(aime_names_key(name, byte) & diff);
    node->child[diff] = ~(int) i;
    node->child[!diff] = *link;

    *link = (int) i;
}


/* The name that is the same, if any is: to be compared with it. */

static int
aime_names_leaf(const aime_names_t *names, aime_str_t name)
{
    int                       i;
    const aime_names_node_t  *node;

    for (i = names->root; i >= 0; /* void */ ) {
        node = &names->nodes[i];
        i = node->child[!!(aime_names_key(&name, node->byte) & node->bit)];
    }

    return ~i;
}


/* Byte of the key of a name: its length comes first, then its bytes. */

static unsigned int
aime_names_key(const aime_str_t *name, size_t byte)
{
    if (byte < sizeof(size_t)) {
        return (name->len >> (8 * byte)) & 0xff;
    }

    byte -= sizeof(size_t);

    return (byte < name->len) ? name->data[byte] : 0;
}


/* The first byte in which the keys of two names differ, which they do. */

static size_t
aime_names_differ(const aime_str_t *a, const aime_str_t *b)
{
    size_t  i;

    i = 0;

    if (a->len != b->len) {
        while (aime_names_key(a, i) == aime_names_key(b, i)) {
            i++;
        }

        return i;
    }

    while (a->data[i] == b->data[i]) {
        i++;
    }

    return i + sizeof(size_t);
}
