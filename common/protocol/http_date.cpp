// SPDX-License-Identifier: Apache-2.0
#include "protocol/http_date.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace iiif::protocol {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_two_digits(std::string& out, unsigned number) {
    out += static_cast<char>('0' + number / 10 % 10);
    out += static_cast<char>('0' + number % 10);
}

// Takes pieces from the front of a date; after a mismatch everything else fails too.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool complete() const { return good_ && rest_.empty(); }

    void literal(std::string_view expected) {
        good_ = good_ && rest_.starts_with(expected);
        if (good_) rest_.remove_prefix(expected.size());
    }

    template <std::size_t N>
    unsigned one_of(const std::array<std::string_view, N>& names) {
        for (unsigned i = 0; good_ && i < N; ++i) {
            if (!rest_.starts_with(names[i])) continue;
            rest_.remove_prefix(names[i].size());
            return i;
        }
        good_ = false;
        return 0;
    }

    unsigned digits(std::size_t count) {
        good_ = good_ && rest_.size() >= count;
        unsigned value = 0;
        for (std::size_t i = 0; good_ && i < count; ++i) {
            good_ = rest_[i] >= '0' && rest_[i] <= '9';
            value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
        }
        if (good_) rest_.remove_prefix(count);
        return good_ ? value : 0;
    }

    [[nodiscard]] bool next_is(char c) const { return good_ && rest_.starts_with(c); }

private:
    std::string_view rest_;
    bool good_ = true;
};

struct Moment {
    int year = 0;
    unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;  // month 0 .. 11

    void read_time(Reader& reader) {
        hour = reader.digits(2);
        reader.literal(":");
        minute = reader.digits(2);
        reader.literal(":");
        second = reader.digits(2);
    }
};

// "06 Nov 1994 08:49:37 GMT", after "Sun, "
Moment read_imf(Reader& reader) {
    Moment moment;
    reader.one_of(kDays);
    reader.literal(", ");
    moment.day = reader.digits(2);
    reader.literal(" ");
    moment.month = reader.one_of(kMonths);
    reader.literal(" ");
    moment.year = static_cast<int>(reader.digits(4));
    reader.literal(" ");
    moment.read_time(reader);
    reader.literal(" GMT");
    return moment;
}

// RFC 9110 5.6.7: a year of two digits that seems more than 50 years ahead lies in the past.
int full_year(unsigned two_digits) {
    using std::chrono::floor, std::chrono::days;
    const std::chrono::year_month_day today{floor<days>(std::chrono::system_clock::now())};
    const int now = static_cast<int>(today.year());
    const int year = now - now % 100 + static_cast<int>(two_digits);
    return year > now + 50 ? year - 100 : year;
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
Moment read_rfc850(Reader& reader) {
    Moment moment;
    reader.one_of(kLongDays);
    reader.literal(", ");
    moment.day = reader.digits(2);
    reader.literal("-");
    moment.month = reader.one_of(kMonths);
    reader.literal("-");
    moment.year = full_year(reader.digits(2));
    reader.literal(" ");
    moment.read_time(reader);
    reader.literal(" GMT");
    return moment;
}

// "Sun Nov  6 08:49:37 1994"
Moment read_asctime(Reader& reader) {
    Moment moment;
    reader.one_of(kDays);
    reader.literal(" ");
    moment.month = reader.one_of(kMonths);
    reader.literal(" ");
    if (reader.next_is(' ')) {
        reader.literal(" ");
        moment.day = reader.digits(1);
    } else {
        moment.day = reader.digits(2);
    }
    reader.literal(" ");
    moment.read_time(reader);
    reader.literal(" ");
    moment.year = static_cast<int>(reader.digits(4));
    return moment;
}

std::optional<std::int64_t> to_seconds(const Moment& moment) {
    namespace chrono = std::chrono;
    const chrono::year_month_day date{chrono::year{moment.year}, chrono::month{moment.month + 1},
                                      chrono::day{moment.day}};
    // 60: a leap second, which is the first second of the next minute in Unix time.
    if (!date.ok() || moment.hour > 23 || moment.minute > 59 || moment.second > 60) return std::nullopt;
    const std::int64_t days = chrono::sys_days{date}.time_since_epoch().count();
    return ((days * 24 + moment.hour) * 60 + moment.minute) * 60 + moment.second;
}

// Takes one entity-tag without its W/ from a comma-separated list; nullopt at the end and where it is malformed.
std::optional<std::string_view> take_entity_tag(std::string_view& list) {
    list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
    if (list.starts_with("W/")) list.remove_prefix(2);
    if (!list.starts_with('"')) return std::nullopt;
    const std::size_t end = list.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view tag = list.substr(0, end + 1);
    list.remove_prefix(end + 1);
    return tag;
}

bool names_etag(std::string_view list, std::string_view etag) {
    if (list == "*") return true;
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    while (const auto tag = take_entity_tag(list)) {
        if (*tag == etag) return true;
    }
    return false;
}

}  // namespace

std::string http_date(std::int64_t unix_seconds) {
    namespace chrono = std::chrono;
    // Four digits of year is all the format has; a file's time may be anything.
    constexpr std::int64_t kLast = 253'402'300'799;   // 9999-12-31 23:59:59
    constexpr std::int64_t kFirst = -62'167'219'200;  // 0000-01-01 00:00:00
    const chrono::sys_seconds time{chrono::seconds{std::clamp(unix_seconds, kFirst, kLast)}};
    const auto midnight = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date{midnight};
    const chrono::hh_mm_ss clock{time - midnight};
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));

    std::string out;
    out.reserve(29);
    out += kDays[chrono::weekday{midnight}.c_encoding()];
    out += ", ";
    append_two_digits(out, static_cast<unsigned>(date.day()));
    out += ' ';
    out += kMonths[static_cast<unsigned>(date.month()) - 1];
    out += ' ';
    append_two_digits(out, year / 100);
    append_two_digits(out, year % 100);
    out += ' ';
    append_two_digits(out, static_cast<unsigned>(clock.hours().count()));
    out += ':';
    append_two_digits(out, static_cast<unsigned>(clock.minutes().count()));
    out += ':';
    append_two_digits(out, static_cast<unsigned>(clock.seconds().count()));
    out += " GMT";
    return out;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    for (const auto read : {read_imf, read_rfc850, read_asctime}) {
        Reader reader(text);
        const Moment moment = read(reader);
        if (reader.complete()) return to_seconds(moment);
    }
    return std::nullopt;
}

bool not_modified(std::string_view if_none_match, std::string_view if_modified_since, std::string_view etag,
                  std::int64_t last_modified) {
    if (!if_none_match.empty()) return names_etag(if_none_match, etag);
    if (if_modified_since.empty()) return false;
    const auto since = parse_http_date(if_modified_since);
    return since && last_modified <= *since;
}

}  // namespace iiif::protocol
