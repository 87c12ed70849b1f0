/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections of the configuration that may keep something from somebody: Collections, which are
 * made once for all, must not tell of it.
 *
 * What goes by the URI alone is known beforehand. A condition is not, so where one decides about
 * access and looks at the URI, Collections list only what sidecars publish. <Directory> does not
 * apply to requests that are no files of the server's; whoever wrote one is told.
 */
#include "mod_iiif.h"

#include "http_log.h"
#include "util_cfgtree.h"

#include "apr_strings.h"

APLOG_USE_MODULE(iiif);

typedef struct {
    apr_pool_t *ptemp;
    const mod_iiif_section *section;
    iiif_service *service;
    server_rec *s;
} guards;

static iiif_str string_of(const char *text)
{
    const iiif_str string = { text, text ? strlen(text) : 0 };

    return string;
}

static apr_size_t length_without_slash(const char *path)
{
    apr_size_t len = strlen(path);

    while (len && path[len - 1] == '/') {
        len--;
    }
    return len;
}

int mod_iiif_covers(const char *outer, const char *inner)
{
    const apr_size_t len = length_without_slash(outer);

    return !strncmp(outer, inner, len) && (inner[len] == '/' || inner[len] == '\0');
}

/* -- by the URI -- */

/*
 * A <Location> inside the endpoint is there to be treated differently, by whichever module; so is
 * one with wildcards and a <LocationMatch>, wherever they match.
 */
static void set_location_apart(const guards *g, const core_dir_config *dir)
{
    iiif_str path = string_of(dir->d);
    iiif_error error = { .size = sizeof(error) };
    iiif_status status = IIIF_OK;

    if (dir->r || dir->d_is_fnmatch) {
        status = iiif_service_set_apart_matching(g->service, path,
                                                 dir->r ? IIIF_REGEX : IIIF_WILDCARDS, &error);
    }
    else if (path.len && mod_iiif_covers(g->section->path, dir->d)) {
        path.len = length_without_slash(dir->d);
        status = iiif_service_set_apart(g->service, path);
    }

    if (status == IIIF_INVALID) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, g->s,
                     "what lies in <LocationMatch \"%s\"> may be listed by collections around it: %s",
                     dir->d, error.message);
    }
    else if (status != IIIF_OK) {
        ap_abort_on_oom();
    }
}

/* -- by what shows at a request only -- */

static int is(const ap_directive_t *node, const char *name)
{
    return !ap_cstr_casecmp(node->directive, name);
}

/* Whether one of these directives, or of those inside them, decides who may have what. */
static int decides_access(const ap_directive_t *node)
{
    for (; node; node = node->next) {
        if ((is(node, "Require") && ap_cstr_casecmp(node->args, "all granted"))
            || is(node, "<RequireNone") || is(node, "Deny") || is(node, "Order")
            || is(node, "AuthType") || decides_access(node->first_child)) {
            return 1;
        }
    }
    return 0;
}

/* Whether an expression (ap_expr.h) looks at the URI, or at something that was made of it. */
static int reads_uri(const char *expression)
{
    static const char *const words[] = {
        "REQUEST_URI", "THE_REQUEST", "_FILENAME", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING",
        "DOCUMENT_", "IIIF_", "ENV", "NOTE", NULL
    };
    int i;

    for (i = 0; words[i]; i++) {
        if (ap_strcasestr(expression, words[i])) {
            return 1;
        }
    }
    return 0;
}

/* What <Location "/iiif"> is about. */
static const char *subject_of(const guards *g, const ap_directive_t *node)
{
    const char *end = strrchr(node->args, '>');
    const char *args = end ? apr_pstrmemdup(g->ptemp, node->args, end - node->args) : node->args;

    return ap_getword_conf(g->ptemp, &args);
}

static void set_published_only(const guards *g, const ap_directive_t *node)
{
    if (iiif_service_set_published_only(g->service)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, g->s,
                     "collections of IIIF endpoint <Location \"%s\"> list only what sidecars "
                     "publish (\"publish: true\"), and nothing else is a chapter: \"%s %s\" at "
                     "%s:%d decides who may have what by a condition on the URI, and what it "
                     "keeps back cannot be known beforehand; a <Location> or <LocationMatch> in "
                     "its place can",
                     g->section->path, node->directive, node->args, node->filename,
                     node->line_num);
    }
}

static void warn_of_directory(const guards *g, const ap_directive_t *node)
{
    const char *directory = subject_of(g, node);

    /* One with a pattern is seldom about images. */
    if (*directory != '/' || ap_is_matchexp(directory) || !decides_access(node->first_child)) {
        return;
    }
    switch (iiif_service_set_apart_directory(g->service, string_of(directory))) {
    case 0:
        break;
    case 1:
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, g->s,
                     "<Directory \"%s\"> at %s:%d does not guard what IIIF endpoint <Location "
                     "\"%s\"> delivers of it, for IIIF requests go by their URIs: write a "
                     "<Location> for it as well; collections do not list it", directory,
                     node->filename, node->line_num, g->section->path);
        break;
    default:
        ap_abort_on_oom();
    }
}

static int is_of_server(const ap_directive_t *node, const server_rec *s)
{
    return s->is_virtual && s->defn_name && !strcmp(node->filename, s->defn_name)
           && node->line_num == (int)s->defn_line_number;
}

/* A plain path elsewhere, or inside the endpoint, which is apart already. */
static int is_location_elsewhere(const guards *g, const ap_directive_t *node)
{
    const char *path;

    if (!is(node, "<Location")) {
        return 0;
    }
    path = subject_of(g, node);
    return *path == '/' && !ap_is_matchexp(path) && !mod_iiif_covers(path, g->section->path);
}

/* Sections that are looked at for files of the server's and for proxied requests. */
static int is_for_others(const ap_directive_t *node)
{
    return is(node, "<DirectoryMatch") || is(node, "<Files") || is(node, "<FilesMatch")
           || is(node, "<Proxy") || is(node, "<ProxyMatch");
}

static void look_through(const guards *g, const ap_directive_t *node)
{
    int by_uri = 0; /* the condition of an <If>, which its <ElseIf> and <Else> share */

    for (; node; node = node->next) {
        if (is(node, "<If") || is(node, "<ElseIf")) {
            by_uri = (by_uri && is(node, "<ElseIf")) || reads_uri(node->args);
        }
        if (is(node, "<If") || is(node, "<ElseIf") || is(node, "<Else")) {
            if (by_uri && decides_access(node->first_child)) {
                set_published_only(g, node);
            }
            look_through(g, node->first_child);
        }
        else if (is(node, "Require")) {
            if (ap_strcasestr(node->args, "expr") && reads_uri(node->args)) {
                set_published_only(g, node);
            }
        }
        else if (is(node, "<Directory")) {
            warn_of_directory(g, node);
        }
        else if (is(node, "<VirtualHost") ? is_of_server(node, g->s)
                 : !is_for_others(node) && !is_location_elsewhere(g, node)) {
            look_through(g, node->first_child);
        }
    }
}

void mod_iiif_heed_guards(apr_pool_t *ptemp, const mod_iiif_section *section,
                          iiif_service *service, server_rec *s)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);
    const guards g = { ptemp, section, service, s };
    int i;

    for (i = 0; i < core->sec_url->nelts; i++) {
        ap_conf_vector_t *inner = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);

        set_location_apart(&g, ap_get_core_module_config(inner));
    }
    look_through(&g, ap_conftree);
}
