/*
 * Parameter descriptions: the [INPUTS] table of an endpoint file, compiled
 * while configuring (PROTOCOL section 5).  Floor 0: knows neither files nor
 * jobs nor nginx.
 */

#ifndef AIME_DESC_H_INCLUDED
#define AIME_DESC_H_INCLUDED


#include <cjson/cJSON.h>

#include "aime_json.h"
#include "aime_media_rules.h"
#include "aime_pattern.h"


#define AIME_DESC_ERROR_LEN    256
#define AIME_DESC_FAULT_LEN    512

/* the value counts as not given */
#define AIME_DESC_ABSENT       1


typedef enum {
    AIME_DESC_STRING = 0,
    AIME_DESC_INTEGER,
    AIME_DESC_FLOAT,
    AIME_DESC_BOOL,
    AIME_DESC_SELECTION,
    AIME_DESC_JSON,
    AIME_DESC_CHAT_CONTEXT,
    AIME_DESC_TEXT_CONTEXT,
    AIME_DESC_IMAGE,
    AIME_DESC_AUDIO,
    AIME_DESC_VIDEO
} aime_desc_type_e;


typedef enum {
    AIME_DESC_DECLARED = 0,
    AIME_DESC_WITHHELD,                 /* accepted, not for the worker */
    AIME_DESC_KEY,                      /* the implicit parameters */
    AIME_DESC_SESSION_KEY,
    AIME_DESC_WAIT_FOR_RESULT
} aime_desc_role_e;


/*
 * A bound of an integer parameter is exact to 64 bits, of a float parameter a
 * double; only the member of the parameter's own type is meaningful.
 */

typedef struct {
    long long             i;
    double                f;
} aime_desc_number_t;


/* What media must be; text: the same as JSON, for who decodes them. */

typedef struct {
    aime_media_rules_t    rules;
    aime_str_t            text;
} aime_desc_media_t;


typedef struct {
    aime_str_t            name;
    aime_desc_type_e      type;
    aime_desc_role_e      role;

    aime_desc_number_t    minimum;
    aime_desc_number_t    maximum;
    aime_desc_number_t    align;
    size_t                max_length;       /* in characters */

    /* JSON text in the form that the worker gets; len 0: none */
    aime_str_t            default_value;

    aime_json_value_t    *supported;        /* raw JSON texts */
    size_t                nsupported;

    aime_pattern_t       *pattern;          /* NULL: none */
    aime_str_t            pattern_text;

    /* the kinds that it takes, the others are NULL */
    aime_desc_media_t    *media[AIME_MEDIA_NKINDS];

    unsigned              required:1;
    unsigned              auto_convert:1;
    unsigned              tools:1;          /* chats may have calls of them */
    unsigned              has_minimum:1;
    unsigned              has_maximum:1;
    unsigned              has_align:1;
    unsigned              has_max_length:1;

    const cJSON          *tree;             /* the TOML table, as written */
} aime_desc_param_t;


/*
 * params: in the order of the file, then the implicit ones; allowed: those of
 * the server file's [INPUTS], see aime_desc_allowed(), which the caller puts
 * here.
 */

typedef struct {
    aime_desc_param_t    *params;
    size_t                nparams;
    unsigned              allowed[AIME_MEDIA_NKINDS];
    uint32_t             *buckets;          /* by name; private */
    size_t                nbuckets;
} aime_desc_t;


/* What a value violates. */

typedef enum {
    AIME_DESC_WRONG_TYPE = 0,
    AIME_DESC_FRACTION,                 /* where an integer is wanted */
    AIME_DESC_TOO_LARGE,                /* to be represented at all */
    AIME_DESC_BELOW,
    AIME_DESC_ABOVE,
    AIME_DESC_UNALIGNED,
    AIME_DESC_NO_MULTIPLE,              /* of align within the bounds */
    AIME_DESC_TOO_LONG,
    AIME_DESC_NOT_SUPPORTED,
    AIME_DESC_NO_MATCH,                 /* of the pattern */
    AIME_DESC_PATTERN_LIMIT,            /* it takes too long to tell */
    AIME_DESC_NO_JSON
} aime_desc_rule_e;


typedef struct {
    aime_desc_rule_e      rule;
    aime_json_error_t     json;             /* of AIME_DESC_NO_JSON */
} aime_desc_fault_t;


/* line: of the offending key in the TOML text, 0 where it is unknown */

typedef struct {
    unsigned int          line;
    char                  text[AIME_DESC_ERROR_LEN];
} aime_desc_error_t;


/*
 * Called for every attribute that is not known, so that the caller can log a
 * notice; may be NULL.
 */
typedef void (*aime_desc_notice_pt)(void *ctx, const char *param,
    const char *attribute, unsigned int line);


/*
 * Compiles the [INPUTS] tree as aime_toml_parse() gives it (NULL: no inputs)
 * and adds the implicit parameters key, client_session_auth_key and
 * wait_for_result (PROTOCOL section 2), which win over declared ones of these
 * names.  The tree must outlive the description, whose memory comes from the
 * pool.  Unknown type, wrong type of an attribute, minimum above maximum,
 * align of 0, an empty supported list, a default of a wrong type: AIME_ERROR
 * with a text that names parameter and attribute.
 */
int aime_desc_compile(aime_pool_t *pool, const cJSON *inputs,
    aime_desc_t *desc, aime_desc_notice_pt notice, void *notice_ctx,
    aime_desc_error_t *error);

/*
 * The formats that a server file's [INPUTS] allows, by kind: masks with the
 * bits 1 << aime_media_format_e; 0: there is no list, any will do.  Names that
 * are not known are told as notices, as long as there is another.  AIME_OK,
 * AIME_ERROR.
 */
int aime_desc_allowed(const cJSON *inputs, unsigned *allowed,
    aime_desc_notice_pt notice, void *notice_ctx, aime_desc_error_t *error);

/*
 * Makes the parameters of a description known by their names, which compiling
 * does.  AIME_OK, AIME_NOMEM.
 */
int aime_desc_index(aime_pool_t *pool, aime_desc_t *desc);

/* The parameter of that name or NULL; constant time on average. */
aime_desc_param_t *aime_desc_find(const aime_desc_t *desc, aime_str_t name);

/*
 * Converts a value to what the worker gets and checks it on the way (PROTOCOL
 * section 5).  The text is a slice of the value where nothing is to be done,
 * of the description or from the pool else.  A default is taken as it is where
 * the parameter does not convert, and never checked against supported or the
 * pattern.  The contents of chat contexts and media are not looked at.
 * AIME_OK, AIME_DESC_ABSENT (null, and the empty string where it is no value),
 * AIME_ERROR with the fault, AIME_NOMEM.
 */
int aime_desc_convert(aime_pool_t *pool, const aime_desc_param_t *param,
    const aime_json_value_t *value, int is_default, aime_str_t *text,
    aime_desc_fault_t *fault);

/*
 * The same for the text of a number, which may be no number at all, and an
 * integer or float parameter.  AIME_DESC_UNCHECKED: bounds and align do not
 * count.  AIME_DESC_EXACT: a fraction is not dropped even with auto_convert.
 * AIME_OK, AIME_ERROR, AIME_NOMEM.
 */
#define AIME_DESC_UNCHECKED   1
#define AIME_DESC_EXACT       2

int aime_desc_fit(aime_pool_t *pool, const aime_desc_param_t *param,
    aime_str_t digits, unsigned flags, aime_str_t *text,
    aime_desc_fault_t *fault);

/*
 * Writes the fault as the end of a sentence whose subject is the value ("is
 * above the maximum of 100"), terminated, into AIME_DESC_FAULT_LEN bytes.
 */
void aime_desc_fault_text(const aime_desc_param_t *param,
    const aime_desc_fault_t *fault, char *buf);

/*
 * The one of the supported values that equals the value, or NULL.  Strings are
 * compared decoded, numbers exactly; an integer equals a float, but no float
 * an integer.  AIME_OK or AIME_NOMEM.
 */
int aime_desc_supported(aime_pool_t *pool, const aime_desc_param_t *param,
    const aime_json_value_t *value, const aime_json_value_t **found);

/*
 * Bytes in front of the closing quote of a validated JSON string that hold at
 * most that many characters; escapes and surrogate pairs stay whole.
 */
size_t aime_desc_prefix(aime_str_t string, size_t chars);

/* The type of any of its names.  AIME_OK, AIME_ERROR: there is none. */
int aime_desc_type_named(const char *name, aime_desc_type_e *type);

/* The type's name on the wire, as a constant: "integer", "chat_context", ... */
const char *aime_desc_type_name(aime_desc_type_e type);


#endif /* AIME_DESC_H_INCLUDED */
