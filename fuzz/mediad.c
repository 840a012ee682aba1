/*
 * The media daemon's messages: how a worker of it serves one connection.  If
 * the input begins with an m, what follows is a letter for the kind, the rules
 * as JSON, a line that is --, and a medium, of which a proper request is made;
 * else it is sent as it is.  The answer must be one that the module can read.
 */

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libavutil/log.h>

#include "aime_media.h"
#include "aime_media_data.h"
#include "aime_media_name.h"
#include "aime_mediad_serve.h"
#include "fuzz.h"


#define MAX_ANSWER  (64 << 20)


typedef struct {
    int             fd;
    size_t          len;
    unsigned char  *bytes;
} fuzz_peer_t;


static aime_str_t fuzz_request(const uint8_t *data, size_t size);
static void *fuzz_read(void *data);
static void fuzz_answer(aime_str_t text);
static void fuzz_converted(aime_str_t text);


static const aime_mediad_options_t  options = { .max_cpu = 1 };


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int          fds[2];
    ssize_t      n;
    pthread_t    reader;
    aime_str_t   request, answer;
    fuzz_peer_t  peer;

    av_log_set_level(AV_LOG_QUIET);
    (void) signal(SIGPROF, SIG_IGN);

    request = fuzz_request(data, size);

    fuzz_must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    fuzz_must(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);

    n = send(fds[1], request.data, request.len, MSG_NOSIGNAL|MSG_DONTWAIT);
    fuzz_must(n == (ssize_t) request.len);
    fuzz_must(shutdown(fds[1], SHUT_WR) == 0);

    peer.fd = fds[1];
    fuzz_must(pthread_create(&reader, NULL, fuzz_read, &peer) == 0);

    aime_mediad_serve(&options, fds[0]);

    (void) close(fds[0]);
    (void) pthread_join(reader, NULL);
    (void) close(fds[1]);

    answer.data = peer.bytes;
    answer.len = peer.len;
    fuzz_answer(answer);

    free(peer.bytes);
    fuzz_free(request);

    return 0;
}


static aime_str_t
fuzz_request(const uint8_t *data, size_t size)
{
    int                    ask_len;
    char                  *p;
    aime_str_t             rules, medium, request;
    aime_media_kind_e      kind;
    aime_media_request_t   head;

    if (size < 2 || data[0] != 'm') {
        return fuzz_copy(data, size < 65536 ? size : 65536);
    }

    kind = data[1] % AIME_MEDIA_NKINDS;
    fuzz_split(data + 2, size - 2, &rules, &medium);

    p = malloc(sizeof(head) + rules.len + 200
               + aime_media_base64_encoded_len(medium.len));
    fuzz_must(p != NULL);

    ask_len = sprintf(p + sizeof(head),
                      "{\"kind\":\"%s\",\"max_pixels\":65536,"
                      "\"max_duration\":2,\"max_size\":1000000,\"rules\":%.*s}",
                      aime_media_kind_name(kind), (int) rules.len,
                      rules.data);

    memset(&head, 0, sizeof(head));
    head.magic = AIME_MEDIA_MAGIC;
    head.ask_len = ask_len;
    head.body_len = aime_media_base64_encoded_len(medium.len);
    memcpy(p, &head, sizeof(head));

    request.data = (unsigned char *) p;
    request.len = sizeof(head) + ask_len + head.body_len;

    (void) aime_media_base64_encode((unsigned char *) p + sizeof(head)
                                    + ask_len, medium);

    fuzz_free(rules);
    fuzz_free(medium);

    return request;
}


static void *
fuzz_read(void *data)
{
    ssize_t        n;
    size_t         size;
    fuzz_peer_t   *peer = data;

    peer->len = 0;
    peer->bytes = NULL;

    for (size = 4096; size <= MAX_ANSWER; size *= 2) {
        peer->bytes = realloc(peer->bytes, size);
        fuzz_must(peer->bytes != NULL);

        while (peer->len < size) {
            n = recv(peer->fd, peer->bytes + peer->len, size - peer->len, 0);

            if (n <= 0) {
                return NULL;
            }

            peer->len += n;
        }
    }

    fuzz_must(!"an answer is longer than what was asked for");

    return NULL;
}


/* The greeting, and a whole answer or none. */

static void
fuzz_answer(aime_str_t text)
{
    aime_media_answer_t  answer;

    fuzz_must(text.len >= AIME_MEDIA_GREETING_LEN
              && memcmp(text.data, AIME_MEDIA_GREETING,
                        AIME_MEDIA_GREETING_LEN) == 0);

    text.data += AIME_MEDIA_GREETING_LEN;
    text.len -= AIME_MEDIA_GREETING_LEN;

    if (text.len == 0) {
        return;
    }

    fuzz_must(text.len >= sizeof(answer));
    memcpy(&answer, text.data, sizeof(answer));

    text.data += sizeof(answer);
    text.len -= sizeof(answer);

    fuzz_must(answer.magic == AIME_MEDIA_MAGIC);
    fuzz_must(answer.len == text.len);

    switch (answer.status) {

    case AIME_MEDIA_UNCHANGED:
        fuzz_must(text.len == 0);
        break;

    case AIME_MEDIA_CONVERTED:
        fuzz_converted(text);
        break;

    default:
        fuzz_must(answer.status == AIME_MEDIA_REFUSED
                  || answer.status == AIME_MEDIA_FAILED);
        fuzz_must(text.len > 0 && text.len <= AIME_MEDIA_MAX_TEXT);
        fuzz_must(answer.status == AIME_MEDIA_FAILED || aime_json_utf8(text));
    }
}


static void
fuzz_converted(aime_str_t text)
{
    size_t            offset;
    aime_media_url_t  url;

    fuzz_must(fuzz_is_json(text));

    text.data++;
    text.len -= 2;

    fuzz_must(aime_media_url(text, &url) == AIME_OK);
    fuzz_must(url.body.len > 0);
    fuzz_must(aime_media_base64_check(url.body, &offset) == AIME_OK);
}
