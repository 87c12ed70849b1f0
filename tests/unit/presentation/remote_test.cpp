// SPDX-License-Identifier: Apache-2.0
// Documents of others: what is understood of them, in 3.0 and 2.1, and what is said of those that are wrong.
#include "presentation/remote.h"

#include <string>

#include "presentation/snapshot.h"
#include "protocol/presentation.h"
#include "suite.h"

namespace {

using namespace iiif::presentation;
using iiif::protocol::Version;

constexpr const char* kUri = "https://o.example/m";

// With ' for ".
std::string json_of(std::string text) {
    for (char& c : text) c = c == '\'' ? '"' : c;
    return text;
}

std::string shown(const iiif::protocol::LanguageMap& map) {
    std::string out;
    for (const auto& [language, texts] : map.all()) {
        for (const std::string& text : texts) out += (out.empty() ? "" : ";") + language + '=' + text;
    }
    return out;
}

std::string sentences(const RemoteDocument& read) {
    std::string out = read.wrong;
    for (const Remark& remark : read.remarks) out += (remark.loss ? "! " : "  ") + remark.sentence + '\n';
    return out;
}

RemoteDocument read(const std::string& text, const std::vector<std::string>& picks = {}) {
    return read_remote(json_of(text), kUri, picks);
}

// A Manifest of 3.0 with one canvas, at the canvas' end `more`.
std::string manifest(const std::string& more, const std::string& of_manifest = "") {
    return "{'@context':'http://iiif.io/api/presentation/3/context.json','id':'https://o.example/m','type':'Manifest',"
           "'label':{'en':['M']}," +
           of_manifest + "'items':[{'id':'https://o.example/c','type':'Canvas','label':{'none':['1']}" + more + "}]}";
}
std::string page(const std::string& annotation) {
    return ",'height':10,'width':20,'items':[{'id':'https://o.example/p','type':'AnnotationPage','items':[" +
           annotation + "]}]";
}
constexpr const char* kBody = "'body':{'id':'https://o.example/i.jpg','type':'Image'}";
std::string annotation(const std::string& members) {
    return "{'id':'https://o.example/a','type':'Annotation','motivation':'painting'," + members + "}";
}

START_TEST(labels) {
    struct Case {
        const char *label, *shown;
    };
    const Case cases[] = {
        {"{'en':['A','B'],'cy':['C']}", "en=A;en=B;cy=C"},
        {"{'en':'A'}", "en=A"},
        {"'A'", "none=A"},
        {"['A','B']", "none=A;none=B"},
        {"{'not a language!':['A']}", "none=A"},
        {"{'@none':['A']}", "none=A"},
        {"{'id':['Buku']}", "id=Buku"},
        {"{'en':[7,null,{}]}", "none=m (o.example)"},
        {"7", "none=m (o.example)"},
        {"{}", "none=m (o.example)"},
        {"{'en':['  two\\n lines ']}", "en=two  lines"},
    };
    for (const Case& c : cases) {
        const RemoteDocument got =
            read("{'id':'https://o.example/m','type':'Manifest','label':" + std::string(c.label) + ",'items':[]}");
        ck_assert_msg(got.kept != nullptr, "%s: %s", c.label, got.wrong.c_str());
        const Shown what = shown_of(got.kept.get(), kUri);
        ck_assert_text(shown(what.reference.label), c.shown);
    }
}
END_TEST

START_TEST(rights) {
    struct Case {
        const char *given, *rights, *statement;
    };
    const Case cases[] = {
        {"'rights':'https://creativecommons.org/licenses/by/4.0'", "http://creativecommons.org/licenses/by/4.0/", ""},
        {"'rights':['http://rightsstatements.org/vocab/InC/1.0/']", "http://rightsstatements.org/vocab/InC/1.0/", ""},
        {"'rights':'https://o.example/terms'", "", "none=https://o.example/terms"},
        {"'rights':'ours','requiredStatement':{'label':{'en':['L']},'value':{'en':['Show this']}}", "",
         "en=Show this;none=ours"},
        {"'requiredStatement':{'value':'Show this'}", "", "none=Show this"},
        {"'requiredStatement':'Show this'", "", ""},
    };
    for (const Case& c : cases) {
        const RemoteDocument got = read(manifest(",'height':1,'width':1", std::string(c.given) + ","));
        const Shown what = shown_of(got.kept.get(), kUri);
        ck_assert_text(what.reference.rights, c.rights);
        const auto& statement = what.reference.required_statement;
        ck_assert_text(statement ? shown(statement->value) : "", c.statement);
    }
}
END_TEST

START_TEST(canvases) {
    struct Case {
        std::string canvas;
        const char* remark;  // "": none; a part of what is said
        bool is_shown;
        std::size_t paintings;
    };
    const std::string target = ",'target':'https://o.example/c'";
    const Case cases[] = {
        {page(annotation(kBody + target)), "", true, 1},
        {page(annotation(std::string(kBody) + ",'target':{'type':'SpecificResource','source':'https://o.example/c',"
                                              "'selector':{'type':'FragmentSelector','value':'xywh=1,2,3,4'}}")),
         "", true, 1},
        {page(annotation(std::string(kBody) + ",'target':{'id':'https://o.example/c','type':'Canvas'}")), "", true, 1},
        {page(annotation(std::string(kBody) + ",'target':'https://o.example/other'")), "not the canvas it stands in",
         true, 1},
        {page(annotation("'body':{'type':'Choice','items':[{'id':'https://o.example/1','type':'Image'},"
                         "{'id':'https://o.example/2','type':'Image'}]}" +
                         target)),
         "", true, 1},
        {page(annotation("'body':{'id':'https://o.example/v.mp4','type':'Video'}" + target)), "", true, 0},
        {page(annotation("'body':{'type':'TextualBody','value':'x'}" + target)), "", true, 0},
        {page(annotation("'body':{'id':'data:image/png,x','type':'Image'}" + target)), "no body with an address", true,
         0},
        {page("{'type':'Annotation','motivation':'commenting'," + std::string(kBody) + target + "}"),
         "no painting annotation", true, 0},
        {page("{'type':'Annotation','motivation':['painting']," + std::string(kBody) + target + "}"), "has no id", true,
         1},
        {",'height':10,'width':20,'items':[{'id':'https://o.example/p','type':'AnnotationPage'}]",
         "no AnnotationPage with items", true, 0},
        {",'height':10,'width':20", "shows no image", true, 0},
        {",'height':'10','width':'20'", "shows no image", true, 0},
        {",'duration':12.5", "shows no image", true, 0},
        {",'height':10", "has no width and height", false, 0},
        {",'height':0,'width':20", "has no width and height", false, 0},
        {",'height':-1,'width':1e99", "has no width and height", false, 0},
    };
    for (const Case& c : cases) {
        const RemoteDocument got = read(manifest(c.canvas), {"https://o.example/c#xywh=0,0,1,1"});
        ck_assert_msg(got.kept != nullptr, "%s: %s", c.canvas.c_str(), got.wrong.c_str());
        const std::string said = sentences(got);
        ck_assert_msg(*c.remark == '\0' ? said.empty() : said.find(c.remark) != std::string::npos, "%s: %s",
                      c.canvas.c_str(), said.c_str());
        const Shown what = shown_of(got.kept.get(), kUri);
        ck_assert_msg(what.canvases.size() == (c.is_shown ? 1U : 0U), "%s", c.canvas.c_str());
        if (!c.is_shown) continue;
        ck_assert_msg(what.canvases.front().foreign->paintings.size() == c.paintings, "%s", c.canvas.c_str());
        // What comes out is what comes in.
        const Json again = owned(json_loads(what.canvases.front().foreign->items.c_str(), 0, nullptr));
        ck_assert(json_is_array(again.get()));
        ck_assert_text(iiif::protocol::id_of(what.canvases.front()), "https://o.example/c");
    }
}
END_TEST

// Of a canvas with nothing of its own, and of one with all.
START_TEST(canvases_carry_the_rights_of_their_manifest) {
    const std::string of_manifest =
        "'rights':'http://creativecommons.org/licenses/by/4.0/"
        "','requiredStatement':{'label':{'en':['L']},'value':{'en':"
        "['Manifest']}},'provider':[{'id':'https://o.example/','type':'Agent','label':{'en':['O']}}],";
    const std::string own =
        "'rights':'http://creativecommons.org/publicdomain/zero/1.0/','requiredStatement':{'label':{'en':['L']},"
        "'value':{'en':['Canvas']}},'provider':[{'id':'https://p.example/','type':'Agent','label':{'en':['P']}}],";
    for (const bool has_own : {false, true}) {
        const RemoteDocument got =
            read(manifest(std::string(has_own ? "," + own.substr(0, own.size() - 1) : "") + ",'height':1,'width':1",
                          of_manifest),
                 {"https://o.example/c"});
        const Shown what = shown_of(got.kept.get(), kUri);
        ck_assert_uint_eq(what.canvases.size(), 1);
        const auto& says = what.canvases.front().says;
        ck_assert_text(says.rights, has_own ? "http://creativecommons.org/publicdomain/zero/1.0/"
                                            : "http://creativecommons.org/licenses/by/4.0/");
        ck_assert_text(shown(says.required_statement->value), has_own ? "en=Canvas" : "en=Manifest");
        ck_assert_text(says.provider.at(0).id, has_own ? "https://p.example/" : "https://o.example/");
        ck_assert_text(what.canvases.front().foreign->part_of.id, kUri);
    }
}
END_TEST

constexpr const char* kOld =
    "{'@context':'http://iiif.io/api/presentation/2/context.json','@id':'https://o.example/m','@type':'sc:Manifest',"
    "'label':['A',{'@value':'B','@language':'en'}],'license':'http://rightsstatements.org/vocab/InC/1.0/',"
    "'attribution':[{'@value':'Museum','@language':'en'}],'logo':'https://o.example/l.png','description':'D',"
    "'sequences':{'canvases':[{'@id':'https://o.example/c','@type':'sc:Canvas','label':7,'height':'2000','width':1000,"
    "'viewingHint':'non-paged','metadata':[{'label':'Date','value':[1890,'about']}],"
    "'images':{'@type':'oa:Annotation','motivation':'sc:painting','on':'http://o.example/c#xywh=1,2,3,4',"
    "'resource':{'@type':'oa:SpecificResource','full':{'@id':'https://o.example/i/full/full/0/default.jpg',"
    "'@type':'dctypes:Image','service':[{'@context':'http://iiif.io/api/image/2/context.json','@id':'https://o.example/"
    "i',"
    "'profile':['http://iiif.io/api/image/2/level1.json',{'formats':['png']}]}]},"
    "'selector':{'@type':'iiif:ImageApiSelector','region':'0,0,10,10'}}}}]}}";

// Texts for arrays, objects for arrays, arrays for objects, numbers for texts, texts for numbers.
START_TEST(version_2_with_its_ways) {
    const RemoteDocument got = read(kOld, {"https://o.example/c"});
    ck_assert_msg(got.kept != nullptr, "%s", got.wrong.c_str());
    const Shown what = shown_of(got.kept.get(), kUri);
    ck_assert_text(shown(what.reference.label), "none=A;en=B");
    ck_assert_text(shown(what.reference.required_statement->value), "en=Museum");
    ck_assert_text(what.reference.rights, "http://rightsstatements.org/vocab/InC/1.0/");
    ck_assert_text(what.reference.provider.at(0).id, "https://o.example/");
    ck_assert_text(what.reference.provider.at(0).logo.at(0).id, "https://o.example/l.png");
    ck_assert_text(what.reference.thumbnail->id, "https://o.example/i/full/,200/0/default.jpg");
    ck_assert_uint_eq(what.reference.thumbnail->extent.width, 100);

    ck_assert_uint_eq(what.canvases.size(), 1);
    const auto& canvas = what.canvases.front();
    ck_assert_uint_eq(canvas.extent.height, 2000);
    ck_assert_text(shown(canvas.says.label), "none=7");
    ck_assert_text(shown(canvas.says.metadata.at(0).value), "none=1890;none=about");
    ck_assert_text(canvas.says.behavior.at(0), "non-paged");
    const auto& painting = canvas.foreign->paintings.at(0);
    ck_assert_text(painting.fragment, "xywh=1,2,3,4");
    ck_assert_text(painting.choices.at(0).services.v2, "https://o.example/i");
    ck_assert_int_eq(painting.choices.at(0).services.level2, 1);
    ck_assert(canvas.foreign->items.find("\"region\":\"0,0,10,10\"") != std::string::npos);
    ck_assert(canvas.foreign->items.find("\"target\":\"https://o.example/c#xywh=1,2,3,4\"") != std::string::npos);
    ck_assert(canvas.foreign->items.find('@') == canvas.foreign->items.find("@id"));
    ck_assert(sentences(got).find("not the id of their canvas") != std::string::npos);

    // And back again.
    iiif::protocol::Manifest mixed;
    mixed.base = "https://ours.example/f";
    mixed.canvases = what.canvases;
    const std::string old = iiif::protocol::manifest_json(Version::v2, mixed);
    ck_assert(old.find("\"on\":\"https://o.example/c#xywh=1,2,3,4\"") != std::string::npos);
    ck_assert(old.find("\"within\":\"https://o.example/m\"") != std::string::npos);
    ck_assert(old.find("\"license\":\"http://rightsstatements.org/vocab/InC/1.0/\"") != std::string::npos);
    for (const Version version : {Version::v2, Version::v3}) {
        const std::string text = iiif::protocol::manifest_json(version, mixed);
        ck_assert_ptr_nonnull(owned(json_loads(text.c_str(), JSON_REJECT_DUPLICATES, nullptr)).get());
    }
}
END_TEST

// Every beginning of a right document, and every one with a byte changed: no crash, and what comes out is sound.
START_TEST(damaged) {
    const std::string whole = json_of(kOld);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        ck_assert(!read_remote(std::string_view(whole).substr(0, at), kUri, {}).kept);
        for (const char byte : {'{', '"', '7', '\0', '\xFF'}) {
            std::string text = whole;
            text[at] = byte;
            const RemoteDocument got = read_remote(text, kUri, {"https://o.example/c"});
            ck_assert(got.kept ? got.wrong.empty() : !got.wrong.empty());
            if (got.kept) (void)shown_of(got.kept.get(), kUri);
        }
    }
}
END_TEST

START_TEST(bounds) {
    std::string deep = "{\"type\":\"Manifest\",\"provider\":";
    deep += std::string(1000, '[') + std::string(1000, ']') + '}';
    const RemoteDocument nested = read_remote(deep, kUri, {});
    ck_assert(sentences(nested).find("nested deeper") != std::string::npos);
    const std::string much(kMostRemoteBytes + 1, ' ');
    ck_assert_text(read_remote("{}" + much, kUri, {}).wrong, "it is larger than 16 MB");
    const std::string label =
        "{\"type\":\"Manifest\",\"label\":{\"en\":[\"" + std::string(kMostStubBytes, 'x') + "\"]}}";
    ck_assert(read_remote(label, kUri, {}).wrong.find("larger than 64 KB") != std::string::npos);
}
END_TEST

Remote entry(Remote::Kind kind, const std::string& id, const std::string& of = "") {
    Remote out;
    out.kind = kind;
    out.id = id;
    out.manifest = of;
    return out;
}

START_TEST(what_is_kept_comes_back) {
    Snapshot snapshot;
    Kept kept;
    kept.uri = kUri;
    kept.fetched = "2026-01-31T12:00:00Z";
    kept.etag = "W/\"x\"";
    kept.last_modified = "Sat, 31 Jan 2026 12:00:00 GMT";
    kept.failed = "no answer";
    kept.remarks = {{"one", true}, {"two", false}};
    kept.resource = read(manifest(page(annotation(std::string(kBody) + ",'target':'https://o.example/c'"))),
                         {"https://o.example/c"})
                        .kept;
    snapshot.documents = {kept};
    const std::string text = write_snapshot(snapshot);
    const Snapshot again = read_snapshot(text);
    ck_assert_text(write_snapshot(again), text);
    const Kept* const found = again.find(kUri);
    ck_assert_ptr_nonnull(found);
    ck_assert_text(found->etag, kept.etag);
    ck_assert(found->remarks == kept.remarks);

    Sidecar sidecar;
    sidecar.remotes = {entry(Remote::Kind::canvas, "https://o.example/c#t", kUri),
                       entry(Remote::Kind::canvas, "https://o.example/d", kUri),
                       entry(Remote::Kind::manifest, kUri),
                       entry(Remote::Kind::collection, "https://never.example/books/collection.json"),
                       entry(Remote::Kind::canvas, "https://o.example/c", kUri),
                       entry(Remote::Kind::manifest, kUri)};
    sidecar.remotes[0].label = iiif::protocol::LanguageMap("Ours");
    const Included included = included_by(sidecar, again);
    ck_assert_uint_eq(included.canvases.size(), 1);
    ck_assert_text(shown(included.canvases[0].says.label), "none=Ours");
    ck_assert_uint_eq(included.references.size(), 2);
    ck_assert_text(shown(included.references[0].label), "en=M");
    ck_assert_text(shown(included.references[1].label), "none=books (never.example)");
    ck_assert(included.references[1].collection);
    ck_assert_uint_eq(included.missing.size(), 1);
}
END_TEST

START_TEST(snapshots_of_anybody) {
    for (const char* text :
         {"", "{", "[]", "7", "{'documents':7}", "{'documents':[7,[],{}]}",
          "{'documents':[{'uri':'file:///etc/passwd'}]}", "{'documents':[{'uri':7,'resource':{}}]}"}) {
        ck_assert_uint_eq(read_snapshot(json_of(text)).documents.size(), 0);
    }
    const Snapshot twice = read_snapshot(
        json_of("{'documents':[{'uri':'https://o.example/m','etag':'x\\r\\nHost: evil'},{'uri':'https://o.example/m'},"
                "{'uri':'https://a.example/','resource':[]}]}"));
    ck_assert_uint_eq(twice.documents.size(), 2);
    ck_assert_text(twice.find(kUri)->etag, "x  Host: evil");
    ck_assert_ptr_null(twice.documents[0].resource.get());
    ck_assert_uint_eq(read_snapshot(std::string(kMostSnapshotBytes + 1, ' ')).documents.size(), 0);
}
END_TEST

START_TEST(labels_from_addresses) {
    ck_assert_text(label_from("https://o.example/books/12/manifest.json"), "12 (o.example)");
    ck_assert_text(label_from("https://o.example/collection.json"), "o.example");
    ck_assert_text(label_from("https://o.example"), "o.example");
    ck_assert_text(label_from("http://o.example:8080/a/?q=1#f"), "a (o.example:8080)");
}
END_TEST

TCase* remote_case() {
    TCase* tests = tcase_create("remote");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, labels);
    tcase_add_test(tests, rights);
    tcase_add_test(tests, canvases);
    tcase_add_test(tests, canvases_carry_the_rights_of_their_manifest);
    tcase_add_test(tests, version_2_with_its_ways);
    tcase_add_test(tests, damaged);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, what_is_kept_comes_back);
    tcase_add_test(tests, snapshots_of_anybody);
    tcase_add_test(tests, labels_from_addresses);
    return tests;
}
const iiif::test::Register registered(remote_case);

}  // namespace
