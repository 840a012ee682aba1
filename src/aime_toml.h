/*
 * TOML text to a cJSON tree.  Floor 0: knows neither nginx nor what the keys
 * mean.  The parser behind it is C++ (toml++); its face is C and never throws.
 */

#ifndef AIME_TOML_H_INCLUDED
#define AIME_TOML_H_INCLUDED


#include <stddef.h>
#include <cjson/cJSON.h>

#include "aime_str.h"


#ifdef __cplusplus
extern "C" {
#endif


#define AIME_TOML_ERROR_LEN   256

typedef struct {
    unsigned int          line;
    unsigned int          column;
    char                  text[AIME_TOML_ERROR_LEN];
} aime_toml_error_t;


/*
 * Parses a TOML 1.0 document.  The tree belongs to the caller, who gives it
 * back with cJSON_Delete(); NULL on an error, which then has line, column and
 * a text without a newline.
 *
 * Keys stand in the order of the file.  Numbers are cJSON_Raw items that hold
 * them as JSON text, so that 2.0 stays 2.0 and 9007199254740993 itself (cJSON
 * prints raw items as they are); nan, inf, a NUL in a string and nesting beyond
 * 64 are errors, dates and times are strings in TOML's form (with a T between).
 * The valueint member of every item is the line that it stands in, for messages
 * about it (see aime_toml_line()).  Without memory: NULL with line 0.
 */
cJSON *aime_toml_parse(const char *text, size_t len, aime_toml_error_t *error);

/* The line of an item, 0 where it is unknown. */
unsigned int aime_toml_line(const cJSON *item);

/*
 * Is the item a number, an integral one; its value.  For items that are none
 * the second and third give AIME_TOML_ERROR and leave *value alone; an integer
 * is accepted for a double, not the other way round.
 */
#define AIME_TOML_OK       0
#define AIME_TOML_ERROR   -1

int aime_toml_is_number(const cJSON *item);
int aime_toml_integer(const cJSON *item, long long *value);
int aime_toml_double(const cJSON *item, double *value);

/* An item as JSON text, in memory of the pool.  AIME_OK, AIME_NOMEM. */
int aime_toml_print(aime_pool_t *pool, const cJSON *item, aime_str_t *text);


#ifdef __cplusplus
}
#endif

#endif /* AIME_TOML_H_INCLUDED */
