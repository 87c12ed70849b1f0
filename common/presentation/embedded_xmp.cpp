// SPDX-License-Identifier: Apache-2.0
// XMP: ISO 16684-1, RDF in XML. Not by Exiv2's XmpParser: it makes objects of all properties, and programs write
// hundreds, at 5 microseconds each; and it keeps the namespaces of strangers for the life of the process.
#include <expat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "presentation/embedded_packets.h"
#include "presentation/texts.h"

namespace iiif::presentation {
namespace {

using namespace std::string_view_literals;

enum Property : std::size_t {
    kTitle,
    kDescription,
    kCreator,
    kRights,
    kDate,
    kHeadline,
    kCredit,
    kDateCreated,
    kWebStatement,
    kLicence,
    kProperties
};
// As the parser gives names: namespace, a blank, local name.
constexpr std::array<std::string_view, kProperties> kNames = {"http://purl.org/dc/elements/1.1/ title"sv,
                                                              "http://purl.org/dc/elements/1.1/ description"sv,
                                                              "http://purl.org/dc/elements/1.1/ creator"sv,
                                                              "http://purl.org/dc/elements/1.1/ rights"sv,
                                                              "http://purl.org/dc/elements/1.1/ date"sv,
                                                              "http://ns.adobe.com/photoshop/1.0/ Headline"sv,
                                                              "http://ns.adobe.com/photoshop/1.0/ Credit"sv,
                                                              "http://ns.adobe.com/photoshop/1.0/ DateCreated"sv,
                                                              "http://ns.adobe.com/xap/1.0/rights/ WebStatement"sv,
                                                              "http://creativecommons.org/ns# license"sv};
#define IIIF_RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
constexpr std::string_view kRdf = IIIF_RDF "RDF", kItem = IIIF_RDF "li", kResource = IIIF_RDF "resource";
#undef IIIF_RDF
constexpr std::string_view kLanguage = "http://www.w3.org/XML/1998/namespace lang";
constexpr std::size_t kMostValues = 64;                          // of a property
constexpr std::size_t kMostRawText = 32768;                      // bytes, before it is cleaned
constexpr int kOfDescription = 1, kOfProperty = 2, kOfItem = 4;  // levels below rdf:RDF

struct Value {
    std::string language, text;
};

class Reader {
public:
    std::array<std::vector<Value>, kProperties> values;

    void read(std::string_view packet) {
        const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreateNS(nullptr, ' '),
                                                                             XML_ParserFree);
        if (!parser) return;
        parser_ = parser.get();
        XML_SetUserData(parser_, this);
        XML_SetElementHandler(parser_, begin, end);
        XML_SetCharacterDataHandler(parser_, text);
        // XMP has no document type, and entities would be a stranger's.
        XML_SetStartDoctypeDeclHandler(parser_, [](void* self, const char*, const char*, const char*, int) {
            (void)XML_StopParser(static_cast<Reader*>(self)->parser_, XML_FALSE);
        });
        // What was read before an error holds: packets end in padding of all kinds.
        (void)XML_Parse(parser_, packet.data(), static_cast<int>(packet.size()), XML_TRUE);
    }

private:
    static std::size_t property(std::string_view name) {
        return static_cast<std::size_t>(std::ranges::find(kNames, name) - kNames.begin());
    }

    void add(std::size_t which, std::string language, std::string said) {
        if (which < kProperties && values.at(which).size() < kMostValues && !said.empty()) {
            values.at(which).push_back({std::move(language), std::move(said)});
        }
    }

    static void begin(void* user, const char* name, const char** attributes) {
        Reader& self = *static_cast<Reader*>(user);
        if (self.level_ == 0) {
            if (name == kRdf) self.level_ = 1;
            return;
        }
        const int level = self.level_++;
        if (level == kOfDescription) {
            for (; *attributes != nullptr; attributes += 2) {
                const std::size_t which = property(attributes[0]);
                if (which < kProperties) self.add(which, "", clean_text(attributes[1]));
            }
        } else if (level == kOfProperty) {
            self.property_ = property(name);
            self.text_.clear();
            for (; *attributes != nullptr && self.property_ < kProperties; attributes += 2) {
                if (attributes[0] == kResource) self.add(self.property_, "", clean_text(attributes[1]));
            }
        } else if (level == kOfItem && self.property_ < kProperties) {
            self.item_ = name == kItem;
            self.language_.clear();
            self.text_.clear();
            for (; *attributes != nullptr; attributes += 2) {
                if (attributes[0] == kLanguage) self.language_ = std::string_view(attributes[1]).substr(0, 64);
            }
        }
    }

    static void end(void* user, const char*) {
        Reader& self = *static_cast<Reader*>(user);
        if (self.level_ == 0) return;
        const int level = --self.level_;
        if (self.property_ == kProperties || (level != kOfProperty && !(level == kOfItem && self.item_))) return;
        self.add(self.property_, std::move(self.language_), clean_text(self.text_));
        self.language_.clear();
        self.text_.clear();
        self.item_ = false;
        if (level == kOfProperty) self.property_ = kProperties;
    }

    static void text(void* user, const char* data, int length) {
        Reader& self = *static_cast<Reader*>(user);
        if (self.property_ == kProperties || self.text_.size() > kMostRawText) return;
        if (self.level_ == kOfProperty + 1 || self.level_ == kOfItem + 1) {
            self.text_.append(data, static_cast<std::size_t>(length));
        }
    }

    XML_Parser parser_ = nullptr;
    int level_ = 0;                       // of the next element, below rdf:RDF; 0: before it
    std::size_t property_ = kProperties;  // the one that is open
    bool item_ = false;                   // so is one of its items
    std::string language_, text_;
};

// BCP 47, roughly: what else stands in xml:lang is no language.
std::string language_of(const std::string& tag) {
    const bool right =
        !tag.empty() && tag.size() <= 35 && !tag.starts_with("x-") && std::ranges::all_of(tag, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        });
    return right ? tag : "none";
}

// Writers repeat one of the languages as x-default: that one is said once.
protocol::LanguageMap alternatives(const std::vector<Value>& values, bool title) {
    protocol::LanguageMap map;
    for (const Value& value : values) {
        const std::string language = language_of(value.language);
        const bool repeated = language == "none" && std::ranges::any_of(values, [&value](const Value& other) {
                                  return other.text == value.text && language_of(other.language) != "none";
                              });
        if (!repeated && !(title && says_nothing(value.text))) map.add(language, value.text);
    }
    return map;
}

std::string joined(const std::vector<Value>& values) {
    std::string all;
    for (const Value& value : values) {
        if (all.size() + value.text.size() + 2 <= kMostEmbeddedText) all += (all.empty() ? "" : "; ") + value.text;
    }
    return all;
}

// Of the languages the one for all, else the first.
std::string one_of(const std::vector<Value>& values) {
    const auto default_one = std::ranges::find(values, "x-default", &Value::language);
    return default_one != values.end() ? default_one->text : values.empty() ? "" : values.front().text;
}

}  // namespace

Embedded said_in_xmp(std::string_view packet) {
    Embedded said;
    if (packet.empty() || packet.size() > kMostPacket) return said;
    Reader reader;
    reader.read(packet);
    const auto& values = reader.values;
    said.title = alternatives(values[kTitle], true);
    if (said.title.empty()) said.title = alternatives(values[kHeadline], true);
    said.description = alternatives(values[kDescription], true);
    said.creator = joined(values[kCreator]);
    said.copyright = one_of(values[kRights]);
    said.credit = one_of(values[kCredit]);
    for (const Property property : {kDateCreated, kDate}) {
        if (said.date.empty()) said.date = date_of(one_of(values.at(property)));
    }
    for (const Property property : {kLicence, kWebStatement, kRights}) {
        for (const Value& value : values.at(property)) {
            if (said.rights.empty()) said.rights = rights_uri_in(value.text);
        }
    }
    return said;
}

}  // namespace iiif::presentation
