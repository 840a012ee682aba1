/*
 * What the command line says.  Must not know how it is carried out.
 */

#ifndef AIME_MEDIAD_OPTIONS_H_INCLUDED
#define AIME_MEDIAD_OPTIONS_H_INCLUDED


#include <stdint.h>
#include <sys/types.h>


/*
 * uid 0: the workers keep the identity that the daemon was started with; user:
 * one was named
 */

typedef struct {
    const char           *socket;
    const char           *pidfile;
    unsigned int          workers;
    uid_t                 uid;
    gid_t                 gid;
    mode_t                mode;
    uint64_t              memory;       /* bytes a worker */
    double                max_cpu;      /* seconds a conversion */

    unsigned              user:1;
} aime_mediad_options_t;


#endif /* AIME_MEDIAD_OPTIONS_H_INCLUDED */
