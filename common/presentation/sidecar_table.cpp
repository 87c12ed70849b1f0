// SPDX-License-Identifier: Apache-2.0
#include "presentation/sidecar_table.h"

#include <csv.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <memory>

#include "presentation/sidecar_values.h"
#include "presentation/texts.h"

namespace iiif::presentation {
namespace {

constexpr std::size_t kMostProblems = 1000;
constexpr std::size_t kMostColumns = 1000;

struct Row {
    std::uint32_t line = 0;
    std::vector<std::string> cells;
};

// The one that stands most often in the first line, outside of quotes.
unsigned char delimiter_of(std::string_view text) {
    std::array<std::size_t, 3> counts{};
    constexpr std::string_view kDelimiters = ",;\t";
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == '\n' || c == '\r')) break;
        if (const auto at = kDelimiters.find(c); !quoted && at != std::string_view::npos) ++counts[at];
    }
    const auto most = std::ranges::max_element(counts) - counts.begin();
    return static_cast<unsigned char>(kDelimiters[static_cast<std::size_t>(most)]);
}

// Rows as libcsv finds them. It does not count lines: a row ends in the line its last cell ends in.
class Rows {
public:
    static std::vector<Row> of(std::string_view text, unsigned char delimiter) {
        Rows rows;
        csv_parser parser;
        if (csv_init(&parser, CSV_APPEND_NULL) != 0) return {};
        csv_set_delim(&parser, delimiter);
        // By itself it grows by 128 bytes at a time: for a cell of megabytes, that is what all of it is moved for.
        csv_set_blk_size(&parser, std::size_t{64} << 10U);
        rows.next_.line = 1;
        std::size_t at = 0;
        // Line by line, so that it is known in which one a row ends.
        while (at < text.size()) {
            const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
            rows.line_ = rows.line_ + 1;
            if (csv_parse(&parser, text.data() + at, end - at, on_cell, on_row, &rows) != end - at) break;
            at = end;
        }
        (void)csv_fini(&parser, on_cell, on_row, &rows);
        csv_free(&parser);
        return std::move(rows.all_);
    }

private:
    static void on_cell(void* data, std::size_t length, void* context) {
        auto* const rows = static_cast<Rows*>(context);
        if (rows->next_.cells.empty()) rows->next_.line = rows->line_;
        rows->next_.cells.emplace_back(static_cast<const char*>(data), length);
    }
    static void on_row(int, void* context) {
        auto* const rows = static_cast<Rows*>(context);
        rows->all_.push_back(std::move(rows->next_));
        rows->next_ = {};
    }

    std::vector<Row> all_;
    Row next_;
    std::uint32_t line_ = 0;
};

enum class Means : std::uint8_t {
    file,
    label,
    summary,
    rights,
    attribution,
    nav_date,
    ark,
    doi,
    identifier,
    withdrawn,
    publish,
    scale,
    see_also,
    rendering,
    homepage,
    order,
    metadata,
    nothing
};

Means meaning_of(const std::string& head) {
    struct Known {
        std::string_view head;
        Means means;
    };
    static constexpr auto kKnown = std::to_array<Known>({{"label", Means::label},
                                                         {"title", Means::label},
                                                         {"titel", Means::label},
                                                         {"titre", Means::label},
                                                         {"teitl", Means::label},
                                                         {"summary", Means::summary},
                                                         {"description", Means::summary},
                                                         {"beschreibung", Means::summary},
                                                         {"disgrifiad", Means::summary},
                                                         {"rights", Means::rights},
                                                         {"license", Means::rights},
                                                         {"licence", Means::rights},
                                                         {"attribution", Means::attribution},
                                                         {"requiredstatement", Means::attribution},
                                                         {"navdate", Means::nav_date},
                                                         {"ark", Means::ark},
                                                         {"doi", Means::doi},
                                                         {"identifier", Means::identifier},
                                                         {"identifiers", Means::identifier},
                                                         {"withdrawn", Means::withdrawn},
                                                         {"publish", Means::publish},
                                                         {"scale", Means::scale},
                                                         {"seealso", Means::see_also},
                                                         {"rendering", Means::rendering},
                                                         {"homepage", Means::homepage},
                                                         {"order", Means::order}});
    for (const Known& known : kKnown) {
        if (known.head == head) return known.means;
    }
    return head.empty() ? Means::nothing : Means::metadata;
}

struct Column {
    Means means = Means::nothing;
    values::Head head;
};

class TableReader {
public:
    TableReader(const std::string& file, Sidecar& to) : file_(file), to_(to) {}

    void read(const std::vector<Row>& rows) {
        if (rows.empty() || !read_heads(rows.front())) return;
        for (std::size_t i = 1; i < rows.size(); ++i) read_row(rows[i]);
        std::ranges::stable_sort(order_, {}, &std::pair<std::int64_t, std::string>::first);
        for (auto& [number, name] : order_) to_.order.push_back(std::move(name));
    }

private:
    void problem(std::uint32_t line, std::string sentence) {
        if (to_.problems.size() < kMostProblems) to_.problems.push_back({file_, line, std::move(sentence)});
    }

    bool read_heads(const Row& row) {
        if (row.cells.size() > kMostColumns) {
            problem(row.line, "has more than " + std::to_string(kMostColumns) + " columns, and was not read");
            return false;
        }
        for (const std::string& cell : row.cells) {
            Column column;
            column.head = values::split_language(cell);
            column.means = meaning_of(values::folded(column.head.name));
            columns_.push_back(std::move(column));
        }
        for (const std::string_view name : {"file", "filename", "image", "name", "folder", "id", "datei", "dateiname",
                                            "fichier", "ffeil", "archivo"}) {
            for (Column& column : columns_) {
                if (values::folded(column.head.name) != name) continue;
                column.means = Means::file;
                return true;
            }
        }
        problem(row.line, "has no column that names the image or folder a row is about; call one \"file\"");
        return false;
    }

    void read_row(const Row& row) {
        if (std::ranges::all_of(row.cells, [](const std::string& cell) { return values::clean(cell).empty(); })) return;
        std::string name;
        for (std::size_t i = 0; i < std::min(columns_.size(), row.cells.size()); ++i) {
            if (columns_[i].means == Means::file) name = values::clean(row.cells[i]);
        }
        if (row.cells.size() > columns_.size()) {
            problem(row.line,
                    "has more cells than the first line has heads; put cells with the delimiter in them in quotes");
        }
        if (name.empty() || name == ".") {
            read_cells(row, to_.says, to_, "");
            return;
        }
        auto file = values::item_name(name);
        if (!file.value) {
            problem(row.line, "the file " + file.problem);
            return;
        }
        if (to_.item(*file.value) != nullptr) {
            problem(row.line, '"' + *file.value + "\" has a row above already; this one is left out");
            return;
        }
        Item& item = to_.make_item(*file.value);
        item.line = row.line;
        read_cells(row, item.says, item, *file.value);
    }

    template <class Thing>
    void read_cells(const Row& row, protocol::Descriptive& says, Thing& thing, const std::string& name) {
        std::string reason;
        for (std::size_t i = 0; i < std::min(columns_.size(), row.cells.size()); ++i) {
            const Column& column = columns_[i];
            std::string_view rest = row.cells[i];
            // Several values in one cell.
            while (!rest.empty()) {
                const auto end = std::min(rest.find('|'), rest.size());
                const std::string text = values::clean(rest.substr(0, end));
                rest.remove_prefix(std::min(end + 1, rest.size()));
                if (!text.empty()) take(column, row.line, text, says, thing, name, reason);
            }
        }
        if (thing.withdrawn && says.summary.empty()) says.summary.add("none", reason);
    }

    template <class T>
    std::optional<T> meant(const Column& column, std::uint32_t line, values::Meaning<T> meaning) {
        if (!meaning.value) problem(line, '"' + column.head.name + "\" " + meaning.problem);
        return std::move(meaning.value);
    }

    void link(const Column& column, std::uint32_t line, const std::string& text, const char* type,
              std::vector<protocol::ExternalLink>& to) {
        auto uri = meant(column, line, values::uri(text));
        if (!uri) return;
        protocol::ExternalLink out;
        out.label.add("none", *uri);
        out.id = std::move(*uri);
        out.type = type;
        to.push_back(std::move(out));
    }

    template <class Thing>
    void take(const Column& column, std::uint32_t line, const std::string& text, protocol::Descriptive& says,
              Thing& thing, const std::string& name, std::string& reason) {
        const std::string& language = column.head.language;
        switch (column.means) {
            case Means::file:
            case Means::nothing: break;
            case Means::label: says.label.add(language, text); break;
            case Means::summary: says.summary.add(language, text); break;
            case Means::rights:
                if (auto uri = meant(column, line, values::rights(text))) says.rights = std::move(*uri);
                break;
            case Means::attribution:
                if (!says.required_statement)
                    says.required_statement = values::attribution(text, language);
                else
                    says.required_statement->value.add(language, text);
                break;
            case Means::nav_date:
                if (auto date = meant(column, line, values::nav_date(text))) says.nav_date = std::move(*date);
                break;
            case Means::ark:
                if (auto ark = meant(column, line, values::ark(text))) thing.identifiers.push_back(std::move(*ark));
                break;
            case Means::doi:
                if (auto doi = meant(column, line, values::doi(text))) thing.identifiers.push_back(std::move(*doi));
                break;
            case Means::identifier: thing.identifiers.push_back(text); break;
            case Means::withdrawn: {
                const auto meaning = values::yes_or_no(text);
                thing.withdrawn = meaning.value.value_or(true);
                if (!meaning.value) reason = text;
                break;
            }
            case Means::publish:
                if (auto publish = meant(column, line, values::yes_or_no(text))) thing.publish = *publish;
                break;
            case Means::scale:
                if (auto scale = meant(column, line, values::scale(text))) thing.scale = std::move(*scale);
                break;
            case Means::see_also: link(column, line, text, "Dataset", says.see_also); break;
            case Means::rendering: link(column, line, text, "Text", says.rendering); break;
            case Means::homepage: link(column, line, text, "Text", says.homepage); break;
            case Means::order: put_in_order(column, line, text, name); break;
            case Means::metadata: add_metadata(column.head, text, says); break;
        }
    }

    void put_in_order(const Column& column, std::uint32_t line, const std::string& text, const std::string& name) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size()) {
            problem(line, '"' + column.head.name + "\" is \"" + text + "\"; write a whole number");
        } else if (!name.empty()) {
            order_.emplace_back(number, name);
        }
    }

    // Columns of one head in several languages are one entry.
    static void add_metadata(const values::Head& head, const std::string& text, protocol::Descriptive& says) {
        for (protocol::LabelledValue& pair : says.metadata) {
            if (pair.label.all().front().second.front() != head.name) continue;
            pair.value.add(head.language, text);
            return;
        }
        protocol::LabelledValue pair;
        pair.label.add("none", head.name);
        pair.value.add(head.language, text);
        says.metadata.push_back(std::move(pair));
    }

    const std::string& file_;
    Sidecar& to_;
    std::vector<Column> columns_;
    std::vector<std::pair<std::int64_t, std::string>> order_;
};

}  // namespace

void read_table(const SidecarText& file, Sidecar& to) {
    std::string_view text = file.text;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::string converted;
    if (!is_utf8(text)) {
        to.problems.push_back({file.name, 0,
                               "is not UTF-8, and was read as Windows-1252; save it as \"CSV UTF-8\", so that all "
                               "letters are right"});
        converted = from_windows_1252(text);
        text = converted;
    }
    TableReader(file.name, to).read(Rows::of(text, delimiter_of(text)));
}

}  // namespace iiif::presentation
