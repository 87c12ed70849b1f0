/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iiif.h - the C ABI between the IIIF core and a web server's module.
 *
 * The only header that mod_iiif_apache and ngx_iiif_module include beside their server's own.
 * docs/abi.md explains the rules; in short:
 *
 *  - Nothing here throws, and nothing here aborts on bad input.
 *  - `iiif_str` is a borrowed, not NUL-terminated piece of memory. What a function receives is copied
 *    if it is kept; what it returns lives as long as the object it came from.
 *  - `iiif_*_new`, `_begin` and `_start` create; `_free`, `_end` and `_release` destroy and accept NULL.
 *  - Lengths are bytes, times milliseconds, sizes pixels, unless said otherwise.
 */
#ifndef IIIF_IIIF_H
#define IIIF_IIIF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IIIF_ABI_VERSION 1

/* The ABI that the linked core implements; glue compares it with IIIF_ABI_VERSION once, at start. */
uint32_t iiif_abi_version(void);

typedef struct {
    const char *data;
    size_t      len;
} iiif_str;

typedef enum {
    IIIF_OK = 0,
    IIIF_AGAIN,        /* more input is needed */
    IIIF_INVALID,      /* what was given is wrong; the error says what would be right */
    IIIF_FAILED        /* the system refused: memory, descriptors, processes */
} iiif_status;

/* Belongs to the caller, who sets `size` to sizeof(iiif_error). `message` is always NUL-terminated. */
typedef struct {
    size_t size;
    char   message[1024];
} iiif_error;


/* ---- Configuration ------------------------------------------------------------------------------
 *
 * The core keeps the table of directives: names, how many values each takes, where it may stand, and
 * what its values mean. The glue registers each under its server's spelling (`max_width` is
 * `iiif_max_width` in nginx and `IIIFMaxWidth` in httpd) and hands the words over unread.
 */

typedef enum {
    IIIF_SCOPE_LOCATION = 1,   /* belongs to one endpoint; inherited from the enclosing context */
    IIIF_SCOPE_SERVER   = 2    /* belongs to the renderer pool; once for the whole server */
} iiif_scope;

typedef struct {
    const char *name;          /* without prefix, snake case: "max_width" */
    const char *httpd_name;    /* "IIIFMaxWidth" */
    iiif_scope  scope;
    unsigned    min_values;    /* words after the directive's name */
    unsigned    max_values;    /* UINT_MAX: as many as wanted */
    const char *synopsis;      /* "PIXELS": one line for configuration errors and docs */
} iiif_directive;

size_t                iiif_directive_count(void);
const iiif_directive *iiif_directive_at(size_t index);      /* NULL beyond the last */

typedef struct iiif_options iiif_options;

/* How messages about these options, and about what is made of them, spell a directive's name. */
typedef enum {
    IIIF_SPELLED_NGINX,    /* iiif_max_width */
    IIIF_SPELLED_HTTPD     /* IIIFMaxWidth */
} iiif_spelling;

iiif_status iiif_options_new(iiif_spelling spelling, iiif_options **out);
void        iiif_options_free(iiif_options *options);

/*
 * Checks and stores one directive. `name` is a name of the table above. The message of an IIIF_INVALID
 * names the value and what is allowed; the glue puts the directive and the place in the file before it.
 * A directive that may stand once and is given twice in the same options is IIIF_INVALID.
 */
iiif_status iiif_options_set(iiif_options *options, const char *name,
                             const iiif_str *values, size_t count, iiif_error *error);

/* Everything that `options` does not say itself is taken from `parent`. */
iiif_status iiif_options_inherit(iiif_options *options, const iiif_options *parent);

/* 1 when `iiif on` holds here, else 0. */
int iiif_options_enabled(const iiif_options *options);

/*
 * One endpoint: an immutable set of checked options, shared by all threads and processes.
 * Checks what only the whole can show (a root that is no folder, upscaling without a limit).
 * `prefix` is the location as configured, decoded ("/iiif" or "/iiif/"); a trailing slash is ignored.
 */
typedef struct iiif_service iiif_service;

iiif_status iiif_service_new(const iiif_options *options, iiif_str prefix,
                             iiif_service **out, iiif_error *error);
void        iiif_service_free(iiif_service *service);

/*
 * A location inside the endpoint that the server treats differently, as its path is configured, decoded: whatever
 * lies there is not listed by what is asked for outside of it, for it may not be meant for all who may ask outside.
 * Before iiif_pool_start. A path elsewhere changes nothing.
 */
iiif_status iiif_service_set_apart(iiif_service *service, iiif_str location);

/*
 * The same for a location whose path is a pattern, inside the endpoint or beside it. IIIF_INVALID: it is no regular
 * expression. IIIF_CASELESS_REGEX when case means nothing there, or when that is not known.
 */
typedef enum {
    IIIF_REGEX = 0,        /* PCRE2, matched anywhere in the decoded path of a URI */
    IIIF_CASELESS_REGEX,
    IIIF_WILDCARDS         /* fnmatch(3) with FNM_PATHNAME, of the whole path */
} iiif_pattern;

iiif_status iiif_service_set_apart_matching(iiif_service *service, iiif_str pattern, iiif_pattern kind,
                                            iiif_error *error);

/*
 * The same for a directory of the file system, absolute, that the server treats differently. Returns 1 when it lies
 * beneath the root, 0 when not, and nothing changes, and -1 when memory is short.
 */
int         iiif_service_set_apart_directory(iiif_service *service, iiif_str directory);

/*
 * For rules whose reach shows at each request only: Collections of this service list what sidecars publish (`publish:
 * true`) and nothing else, and nothing else is a chapter of a Manifest. Returns 1 when that is new, 0 when it was told
 * before or has no Collections. Before iiif_pool_start.
 */
int         iiif_service_set_published_only(iiif_service *service);


/* ---- Renderers: the pool, once per server generation, in the privileged parent --------------------
 *
 * The pool binds its sockets, starts the supervisor and waits until the renderers are ready, so that
 * what is missing shows when the server starts. The parent holds the write end of a pipe, the lifeline,
 * close-on-exec; workers inherit it by fork. The supervisor ends with its renderers when the last
 * holder is gone. Each service is told its pool here: start the pool before forking workers.
 */
typedef struct iiif_pool iiif_pool;

typedef struct {
    size_t              size;          /* sizeof(iiif_pool_settings) */
    const iiif_options *options;       /* server-scope directives; NULL: all defaults */
    const char         *runtime_dir;   /* where sockets go unless `runtime_directory` says otherwise */
    uid_t               uid;           /* the workers' user and group: who may connect, */
    gid_t               gid;           /* and whom the renderers become when started by root */
    int                 log_fd;        /* the renderers' stderr, -1: /dev/null; stays the caller's */
} iiif_pool_settings;

iiif_status iiif_pool_start(iiif_service *const *services, size_t count,
                            const iiif_pool_settings *settings, iiif_pool **out, iiif_error *error);

/* The parent lets go: its end of the lifeline is closed. Workers forked before keep the renderers alive. */
void        iiif_pool_release(iiif_pool *pool);

/* Does what iiif_pool_start would check without starting anything: for `nginx -t`, `apachectl -t`. */
iiif_status iiif_pool_check(const iiif_pool_settings *settings, iiif_error *error);


/* ---- Worker: once per worker process, after fork ---------------------------------------------------
 *
 * Holds the bounded store of image descriptions; safe for all threads of the process.
 * `pool` may be NULL (it could not be started): whatever needs a renderer is then answered 503.
 */
typedef struct iiif_worker iiif_worker;

iiif_status iiif_worker_start(const iiif_pool *pool, iiif_worker **out, iiif_error *error);
void        iiif_worker_free(iiif_worker *worker);

/*
 * For glue with a timer: from now on up to `most` image files stay open from one request to the next. Before the first
 * request. Whenever some may be open, call iiif_worker_close_unused after IIIF_CLOSE_UNUSED_EVERY milliseconds: it
 * closes those that nobody asked for in the meantime, so that volumes can be unmounted, and returns 1 while others are
 * left, else 0. Any thread.
 */
#define IIIF_CLOSE_UNUSED_EVERY  2000
void        iiif_worker_keep_files(iiif_worker *worker, size_t most);
int         iiif_worker_close_unused(iiif_worker *worker);


/* ---- One request ------------------------------------------------------------------------------------
 *
 *   begin     parses; touches no file, so it may run before access control
 *   field     what the request says: identifier, region, ... for logs, limits and access rules
 *   run       finds the file and answers, or says that a renderer is needed
 *   render    the socket and the bytes to send there
 *   reply_head  the renderer's reply, up to its body; then status and headers are known
 *   reply_body  its body
 *   fail      the renderer could not be reached, died or was too slow: becomes an answer
 *   end
 *
 * An exchange belongs to one thread at a time.
 */
typedef struct iiif_exchange iiif_exchange;

/* Returns the value of a request header, {NULL, 0} when absent. Only called within iiif_exchange_begin. */
typedef iiif_str (*iiif_header_lookup)(void *context, const char *name);

typedef struct {
    size_t             size;       /* sizeof(iiif_http_request) */
    iiif_str           method;
    iiif_str           raw_uri;    /* path and query as the client sent them, never decoded */
    iiif_str           base;       /* "https://host[:port]" as the client sees this server; when the base_uri
                                      directive was computed by the server, its value */
    int                base_is_configured;  /* `base` came from the directive: it may carry a path */
    iiif_header_lookup header;
    void              *header_context;
} iiif_http_request;

/* NULL when memory is exhausted, or when request->size is that of an older, smaller structure. */
iiif_exchange *iiif_exchange_begin(iiif_worker *worker, const iiif_service *service,
                                   const iiif_http_request *request);
void           iiif_exchange_end(iiif_exchange *exchange);

typedef enum {
    IIIF_FIELD_IDENTIFIER, IIIF_FIELD_REGION, IIIF_FIELD_SIZE, IIIF_FIELD_ROTATION,
    IIIF_FIELD_QUALITY, IIIF_FIELD_FORMAT,   /* as requested, decoded once */
    IIIF_FIELD_VERSION,                      /* "3", "2" */
    IIIF_FIELD_KIND,                         /* info base full thumbnail tile region manifest collection
                                                options page asset invalid */
    IIIF_FIELD_SERVED,                       /* after run: memory file render; "" before */
    IIIF_FIELD_TIMING,                       /* after the reply: the renderer's own times, "open=1 render=4" ms */
    IIIF_FIELD_COUNT
} iiif_field;

iiif_str iiif_exchange_field(const iiif_exchange *exchange, iiif_field field);   /* {"",0} when unknown */
const char *iiif_field_name(iiif_field field);                                    /* "identifier" */

/*
 * 1 when the answer holds nothing that access control could guard: a CORS preflight, which browsers send without
 * credentials (Image API 3.0, section 7.1). The glue then runs the exchange before it asks for any. Else 0.
 */
int iiif_exchange_is_preflight(const iiif_exchange *exchange);

typedef enum {
    IIIF_DECLINED,      /* not a request of this endpoint: the server goes on as if we were not there */
    IIIF_ANSWERED,
    IIIF_NEEDS_RENDER
} iiif_outcome;

/* `source`: the path the server computed for the `source` directive, or {NULL, 0}. Called once. */
iiif_outcome iiif_exchange_run(iiif_exchange *exchange, iiif_str source);

/* -- the answer: after IIIF_ANSWERED, or after iiif_exchange_reply_head returned IIIF_OK -- */

typedef struct {
    iiif_str name;
    iiif_str value;
} iiif_header;

typedef struct {
    iiif_str memory;    /* memory.data != NULL: a piece of memory, else a piece of a file: */
    int      fd;        /* stays the exchange's */
    int64_t  offset;
    int64_t  len;
} iiif_segment;

int                iiif_exchange_status(const iiif_exchange *exchange);
size_t             iiif_exchange_headers(const iiif_exchange *exchange, const iiif_header **out);
int64_t            iiif_exchange_content_length(const iiif_exchange *exchange);   /* -1: not known, or not yet */
/* The body; none after HEAD, and none after a renderer's reply, whose body the glue reads itself. */
size_t             iiif_exchange_segments(const iiif_exchange *exchange, const iiif_segment **out);

/* -- the renderer: after IIIF_NEEDS_RENDER -- */

typedef struct {
    iiif_str socket_path;   /* NUL-terminated beyond `len` too */
    iiif_str request;       /* SCGI */
    iiif_str cache_key;     /* says everything the reply depends on, the state of the file included;
                               {NULL, 0}: do not cache */
    uint32_t timeout;       /* how long the reply's head may take, renderer's deadline included */
} iiif_render_request;

void iiif_exchange_render(const iiif_exchange *exchange, iiif_render_request *out);

/*
 * Give it the reply from its first byte, as much as there is, growing from call to call.
 * IIIF_OK: `*head_len` bytes were the head, what follows is the body. IIIF_AGAIN: more is needed.
 * IIIF_INVALID: not what a renderer says; use iiif_exchange_fail.
 */
iiif_status iiif_exchange_reply_head(iiif_exchange *exchange, const char *data, size_t len, size_t *head_len);

/*
 * After iiif_exchange_reply_head returned IIIF_OK, for a body that comes off the renderer's socket: which of its bytes
 * are the answer's. `data` is what has come since the last step, `len` may be 0. Of these bytes `skip` are to be left
 * out, the `take` bytes behind them are the body's. As long as both are less than `len` together, what is behind them
 * is for the next step. `left`: at least so many bytes are still to come; 0: the body is whole. A reply that ends
 * before is broken off, and must not look like an answer. IIIF_INVALID: not what a renderer says.
 */
typedef struct {
    size_t  skip;
    size_t  take;
    int64_t left;
} iiif_reply_step;

iiif_status iiif_exchange_reply_body(iiif_exchange *exchange, const char *data, size_t len, iiif_reply_step *out);

/*
 * After iiif_exchange_reply_head returned IIIF_OK: 0 when this reply must not be cached under its cache_key, because
 * the next one will be another (docs/directives.md, iiif_pyramids). Else 1; for how long is the server's business.
 */
int iiif_exchange_may_be_cached(const iiif_exchange *exchange);

typedef enum {
    IIIF_FAILURE_BUSY,      /* queue full or nobody listens: 503 with Retry-After */
    IIIF_FAILURE_DIED,      /* the renderer went away before its head was complete: 502 */
    IIIF_FAILURE_TIMEOUT    /* 504 */
} iiif_failure;

/* After this the exchange is IIIF_ANSWERED. */
void iiif_exchange_fail(iiif_exchange *exchange, iiif_failure failure);

/* Headers that belong on every answer of an endpoint, those the server makes itself (401, 403, 500) included: CORS. */
size_t iiif_common_headers(const iiif_header **out);

#ifdef __cplusplus
}
#endif

#endif
