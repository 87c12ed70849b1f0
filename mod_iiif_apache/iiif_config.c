/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directives. The core owns the meaning of each but two things that only httpd knows: where it
 * may stand, and values that are expressions.
 */
#include "mod_iiif.h"

#include "http_log.h"

#include "apr_fnmatch.h"
#include "apr_strings.h"

APLOG_USE_MODULE(iiif);        /* ap_expr_parse_cmd() says who asks */

/* -- sections -- */

static apr_status_t free_options(void *options)
{
    iiif_options_free(options);
    return APR_SUCCESS;
}

iiif_options *mod_iiif_make_options(apr_pool_t *p)
{
    iiif_options *options;

    if (iiif_options_new(IIIF_SPELLED_HTTPD, &options) != IIIF_OK) {
        ap_abort_on_oom();
    }
    apr_pool_cleanup_register(p, options, free_options, apr_pool_cleanup_null);
    return options;
}

void *mod_iiif_create_dir_conf(apr_pool_t *p, char *dir)
{
    return apr_pcalloc(p, sizeof(mod_iiif_dir_conf));
}

/* Requests only need to know which section's switch holds: the last one that has any. */
void *mod_iiif_merge_dir_conf(apr_pool_t *p, void *base, void *add)
{
    const mod_iiif_dir_conf *conf = add;

    return conf->section && conf->section->has_switch ? add : base;
}

void *mod_iiif_create_server_conf(apr_pool_t *p, server_rec *s)
{
    mod_iiif_server_conf *conf = apr_pcalloc(p, sizeof(*conf));

    conf->sections = apr_array_make(p, 4, sizeof(mod_iiif_section *));
    return conf;
}

static mod_iiif_section *make_section(const cmd_parms *cmd)
{
    const ap_directive_t *at = cmd->path ? cmd->directive->parent : cmd->directive;
    mod_iiif_section *section = apr_pcalloc(cmd->pool, sizeof(*section));

    section->path = cmd->path ? apr_pstrdup(cmd->pool, cmd->path) : NULL;
    section->file = at->filename;
    section->line = at->line_num;
    section->is_virtual = cmd->server->is_virtual;
    section->options = mod_iiif_make_options(cmd->pool);
    return section;
}

static mod_iiif_section *section_of(const cmd_parms *cmd, mod_iiif_dir_conf *dir)
{
    mod_iiif_server_conf *conf = mod_iiif_conf_of(cmd->server);

    if (!cmd->path) {
        if (!conf->defaults) {
            conf->defaults = make_section(cmd);
        }
        return conf->defaults;
    }
    if (!dir->section) {
        dir->section = make_section(cmd);
        dir->section->index = conf->sections->nelts;
        APR_ARRAY_PUSH(conf->sections, mod_iiif_section *) = dir->section;
    }
    return dir->section;
}

/* -- directives -- */

/* NULL, or why a directive of an endpoint cannot stand here. */
static const char *check_place(cmd_parms *cmd)
{
    for (const ap_directive_t *d = cmd->directive->parent; d; d = d->parent) {
        const int is_regex = !ap_cstr_casecmp(d->directive, "<Location")
                             && d->args[0] == '~';

        if (is_regex || (ap_cstr_casecmp(d->directive, "<Location")
                         && ap_cstr_casecmp(d->directive, "<VirtualHost"))) {
            return apr_psprintf(cmd->pool, "%s cannot occur within %s%s>: it belongs in a plain "
                                "<Location \"/path\">, whose path begins the URIs of an endpoint",
                                cmd->cmd->name, d->directive, is_regex ? " ~" : "");
        }
    }
    if (cmd->path && (cmd->path[0] != '/' || apr_fnmatch_test(cmd->path))) {
        return apr_psprintf(cmd->pool, "%s cannot occur within <Location \"%s\">: the location of "
                            "an endpoint is a path such as \"/iiif\", without host or wildcards",
                            cmd->cmd->name, cmd->path);
    }
    return NULL;
}

/* The words of a directive's arguments, as an array of iiif_str. */
static apr_array_header_t *words_of(cmd_parms *cmd, const char *args)
{
    apr_array_header_t *words = apr_array_make(cmd->temp_pool, 4, sizeof(iiif_str));

    while (*args) {
        iiif_str *word = apr_array_push(words);

        word->data = ap_getword_conf(cmd->temp_pool, &args);
        word->len = strlen(word->data);
    }
    return words;
}

static const char *set_in(cmd_parms *cmd, iiif_options *options, const apr_array_header_t *words)
{
    iiif_error error = { .size = sizeof(error) };

    if (iiif_options_set(options, cmd->info, (const iiif_str *)words->elts, words->nelts,
                         &error) != IIIF_OK) {
        return apr_psprintf(cmd->pool, "%s: %s", cmd->cmd->name, error.message);
    }
    return NULL;
}

static const char *set_location_option(cmd_parms *cmd, void *dir, const char *args)
{
    const char *refusal = check_place(cmd);

    if (refusal) {
        return refusal;
    }
    return set_in(cmd, section_of(cmd, dir)->options, words_of(cmd, args));
}

static const char *set_pool_option(cmd_parms *cmd, void *dir, const char *args)
{
    mod_iiif_server_conf *conf = mod_iiif_conf_of(cmd->server);
    const char *refusal = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    if (refusal) {
        return refusal;
    }
    if (!conf->pool_options) {
        conf->pool_options = mod_iiif_make_options(cmd->pool);
    }
    return set_in(cmd, conf->pool_options, words_of(cmd, args));
}

static const char *set_switch(cmd_parms *cmd, void *dir, const char *args)
{
    const char *refusal = check_place(cmd);
    mod_iiif_section *section;

    if (!refusal && !cmd->path) {
        refusal = apr_psprintf(cmd->pool, "%s cannot occur outside a <Location \"/path\">, whose "
                               "path begins the URIs of an endpoint", cmd->cmd->name);
    }
    if (refusal) {
        return refusal;
    }
    section = section_of(cmd, dir);
    section->has_switch = 1;
    return set_in(cmd, section->options, words_of(cmd, args));
}

/* IIIFSource and IIIFBaseURI: a value with "%{" is an expression, evaluated for each request. */
static const char *set_value(cmd_parms *cmd, void *dir, const char *args)
{
    const char *error = check_place(cmd);
    const apr_array_header_t *words;
    mod_iiif_section *section;
    mod_iiif_value *value;
    int is_expr;

    if (error) {
        return error;
    }
    words = words_of(cmd, args);
    section = section_of(cmd, dir);
    value = !strcmp(cmd->info, "source") ? &section->source : &section->base_uri;
    is_expr = words->nelts == 1 && ap_strstr_c(APR_ARRAY_IDX(words, 0, iiif_str).data, "%{");

    /* The core cannot check the value of a base URI that is not known yet. */
    if (!is_expr || value == &section->source) {
        if ((error = set_in(cmd, section->options, words))) {
            return error;
        }
    }
    if (value->text) {
        return apr_psprintf(cmd->pool, "%s: is given twice in the same place", cmd->cmd->name);
    }
    value->text = apr_pstrdup(cmd->pool, APR_ARRAY_IDX(words, 0, iiif_str).data);
    if (is_expr) {
        value->expr = ap_expr_parse_cmd(cmd, value->text, AP_EXPR_FLAG_STRING_RESULT, &error, NULL);
        if (error) {
            return apr_psprintf(cmd->pool, "%s: cannot parse expression \"%s\": %s",
                                cmd->cmd->name, value->text, error);
        }
    }
    return NULL;
}

#define ENDPOINT(httpd_name, name, set, help) \
    AP_INIT_RAW_ARGS(httpd_name, set, (void *)(name), RSRC_CONF | ACCESS_CONF, help)
#define LOCATION(httpd_name, name, help) ENDPOINT(httpd_name, name, set_location_option, help)
#define GLOBAL(httpd_name, name, help) \
    AP_INIT_RAW_ARGS(httpd_name, set_pool_option, (void *)(name), RSRC_CONF, help)

const command_rec mod_iiif_directives[] = {
    ENDPOINT("IIIF", "iiif", set_switch, "On to make this <Location> an IIIF endpoint"),
    LOCATION("IIIFRoot", "root", "the folder of images"),
    LOCATION("IIIFMap", "map", "a regular expression for identifiers and the path of the image "
             "beneath the root; repeatable, the first whose file exists wins"),
    LOCATION("IIIFMapFile", "map_file", "a JSON file of identifiers and paths, and how large "
             "it may be"),
    ENDPOINT("IIIFSource", "source", set_value, "the path of the image beneath the root; "
             "with %{...} an expression, evaluated for each request"),
    LOCATION("IIIFExtensions", "extensions", "tried in order when there is no file of the "
             "identifier's name"),
    LOCATION("IIIFPageDelimiter", "page_delimiter", "what separates an identifier from the "
             "number of a page, or Off"),
    LOCATION("IIIFMaxIdentifier", "max_identifier", "longest identifier, in bytes"),
    LOCATION("IIIFSymlinks", "symlinks", "beneath: followed while they stay beneath the root; "
             "or Off"),
    LOCATION("IIIFVersions", "versions", "versions of the Image API to offer, the default first"),
    ENDPOINT("IIIFBaseURI", "base_uri", set_value, "public base of the ids; "
             "with %{...} an expression, evaluated for each request"),
    LOCATION("IIIFMaxWidth", "max_width", "widest image to deliver, in pixels"),
    LOCATION("IIIFMaxHeight", "max_height", "highest image to deliver, in pixels"),
    LOCATION("IIIFMaxArea", "max_area", "largest image to deliver, in pixels"),
    LOCATION("IIIFUpscaling", "upscaling", "On to allow sizes above the source's"),
    LOCATION("IIIFFormats", "formats", "formats to offer"),
    LOCATION("IIIFPreferredFormats", "preferred_formats", "formats that clients should prefer, "
             "the best one first"),
    LOCATION("IIIFQualities", "qualities", "qualities to offer"),
    LOCATION("IIIFRights", "rights", "URI of the licence or rights statement"),
    LOCATION("IIIFAttribution", "attribution", "text to show with the images (2.1)"),
    LOCATION("IIIFLogo", "logo", "URI of an image to show with the images (2.1)"),
    LOCATION("IIIFPartOf", "part_of", "URI, type and label of what the images are part of"),
    LOCATION("IIIFSeeAlso", "see_also", "URI, type, label, format and profile of a description"),
    LOCATION("IIIFService", "service", "URI, type and profile of a service"),
    LOCATION("IIIFPresentation", "presentation", "On for folders as Manifests and Collections; "
             "opt_in to list only those whose sidecars say so"),
    LOCATION("IIIFTileSize", "tile_size", "tiles offered for sources without tiles, in pixels"),
    LOCATION("IIIFAsStored", "as_stored", "Off to render what could be sent as it is stored"),
    LOCATION("IIIFPyramids", "pyramids", "a folder for pyramids of images that can only be decoded "
             "whole, and how many bytes it may hold; or Off"),
    LOCATION("IIIFJPEGQuality", "jpeg_quality", "1 to 100"),
    LOCATION("IIIFWebPQuality", "webp_quality", "1 to 100"),
    LOCATION("IIIFAVIFQuality", "avif_quality", "1 to 100"),
    LOCATION("IIIFJP2Quality", "jp2_quality", "1 to 100"),
    LOCATION("IIIFPNGCompression", "png_compression", "0 to 9"),
    LOCATION("IIIFBackground", "background", "colour behind transparent images, RRGGBB"),
    LOCATION("IIIFICC", "icc", "srgb: convert colours; embed: keep the source's profile"),
    LOCATION("IIIFMaxAge", "max_age", "how long clients may keep answers"),
    LOCATION("IIIFPages", "pages", "On for pages that people can browse"),
    LOCATION("IIIFPagesName", "pages_name", "the institution's name, on each page"),
    LOCATION("IIIFPagesLogo", "pages_logo", "URI or path of the institution's logo"),
    LOCATION("IIIFPagesColour", "pages_colour", "the institution's colour, RRGGBB"),
    LOCATION("IIIFPagesDirectory", "pages_directory", "the folder that the pages are sent from"),

    GLOBAL("IIIFRenderers", "renderers", "number of renderer processes, or auto"),
    GLOBAL("IIIFQueue", "queue", "requests that may wait for a renderer, and for how long"),
    GLOBAL("IIIFTimeout", "timeout", "how long rendering one image may take"),
    GLOBAL("IIIFMaxPixels", "max_pixels", "largest image to decode, in pixels"),
    GLOBAL("IIIFRendererMemory", "renderer_memory", "memory of one renderer"),
    GLOBAL("IIIFDecoderMemory", "decoder_memory", "memory of a decoder that holds an image whole"),
    GLOBAL("IIIFEncoderMemory", "encoder_memory", "memory of an encoder that holds an image whole"),
    GLOBAL("IIIFRendererJobs", "renderer_jobs", "images after which a renderer is replaced"),
    GLOBAL("IIIFSandbox", "sandbox", "whether renderers must, may or shall not be confined"),
    GLOBAL("IIIFStatus", "status", "a file that says how the renderers are, or Off"),
    GLOBAL("IIIFRendererProgram", "renderer_program", "the iiif-renderd to start"),
    GLOBAL("IIIFRuntimeDirectory", "runtime_directory", "where the renderers' sockets are made"),
    { NULL }
};
