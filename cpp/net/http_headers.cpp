#include "net/http_headers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "base/ascii.hpp"
#include "net/curl_api.hpp"

namespace authjwks {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The number that `text` begins with, as RFC 9111 §1.2.2 reads delta-seconds: one that is too large counts as very
/// long.
std::optional<std::chrono::seconds> delta_seconds(std::string_view text) {
    unsigned int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return std::chrono::hours(24 * 365);
    if (error != std::errc{}) return std::nullopt;
    return std::chrono::seconds(value);
}

/// Removes the first item from a comma-separated list (RFC 9110 §5.6.1), without the blanks around it.
std::string_view take_item(std::string_view& list) {
    const auto comma = std::min(list.find(','), list.size());
    const auto item = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    return item;
}

/// The value of a directive of Cache-Control (RFC 9111 §5.2) without its quotes, or nothing if it is another one.
std::optional<std::string_view> value_of(std::string_view directive, std::string_view name) {
    if (!same_ignoring_case(directive.substr(0, name.size()), name)) return std::nullopt;
    auto value = directive.substr(name.size());
    if (value.starts_with('"')) value.remove_prefix(1);
    return value;
}

/// Seconds since the epoch of a date (RFC 9110 §5.6.7), in any form that libcurl reads.
std::optional<std::chrono::seconds> date_of(const std::string& text) {
    const auto seconds = net::curl().getdate(text.c_str(), nullptr);
    if (seconds < 0) return std::nullopt;
    return std::chrono::seconds(seconds);
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// RFC 9112 §4, and the same line as libcurl writes it for HTTP/2 and later: a name, a version, a blank, three digits.
/// Other lines may begin like one, but no field does: a field's name has no slash.
bool is_status_line(std::string_view line) {
    if (!line.starts_with("HTTP/")) return false;
    const auto blank = line.find(' ');
    const auto version = line.substr(5, blank == std::string_view::npos ? blank : blank - 5);
    return blank != std::string_view::npos && !version.empty() && line.size() >= blank + 4 &&
           std::ranges::all_of(version, [](char letter) { return is_digit(letter) || letter == '.'; }) &&
           std::ranges::all_of(line.substr(blank + 1, 3), is_digit);
}

/// `value`, or nothing if it contains what cannot be sent in a request.
std::string_view printable(std::string_view value) {
    constexpr std::size_t longest = 1024;
    const bool is_clean = value.size() <= longest &&
                          std::ranges::all_of(value, [](char letter) { return letter >= ' ' && letter <= '~'; });
    return is_clean ? value : std::string_view{};
}

}  // namespace

bool HttpHeaders::take(std::string_view line) {
    bytes_ += line.size();
    if (bytes_ > kMaxBytes) return false;
    const auto colon = line.find(':');
    if (is_status_line(line))
        begin_again();
    else if (colon != std::string_view::npos)
        take_field(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    return true;
}

void HttpHeaders::begin_again() {
    const auto bytes = bytes_;
    *this = HttpHeaders{};
    bytes_ = bytes;
}

void HttpHeaders::take_field(std::string_view name, std::string_view value) {
    if (same_ignoring_case(name, "cache-control")) {
        take_cache_control(value);
    } else if (same_ignoring_case(name, "retry-after")) {
        retry_after_ = printable(value);
    } else if (same_ignoring_case(name, "date")) {
        date_ = printable(value);
    } else if (same_ignoring_case(name, "age")) {
        age_ = delta_seconds(value).value_or(std::chrono::seconds(0));
    } else if (same_ignoring_case(name, "etag")) {
        version_.etag = printable(value);
    } else if (same_ignoring_case(name, "last-modified")) {
        version_.last_modified = printable(value);
    } else if (same_ignoring_case(name, "content-encoding") || same_ignoring_case(name, "transfer-encoding")) {
        count_codings(value);
    }
}

void HttpHeaders::take_cache_control(std::string_view directives) {
    bool is_first = true;
    while (!directives.empty()) {
        const auto directive = take_item(directives);
        if (same_ignoring_case(directive, "no-store") || same_ignoring_case(directive, "no-cache"))
            forbids_caching_ = true;
        if (const auto value = value_of(directive, "max-age="); value && std::exchange(is_first, false))
            if (const auto seconds = delta_seconds(*value)) max_age_ = seconds;
    }
}

void HttpHeaders::count_codings(std::string_view codings) {
    constexpr std::array<std::string_view, 3> decoded{"gzip", "x-gzip", "deflate"};
    constexpr std::array<std::string_view, 3> plain{"", "identity", "chunked"};
    while (!codings.empty()) {
        const auto coding = take_item(codings);
        const auto is_this = [coding](std::string_view name) { return same_ignoring_case(name, coding); };
        if (std::ranges::any_of(plain, is_this)) continue;
        ++layers_;
        has_unknown_coding_ = has_unknown_coding_ || std::ranges::none_of(decoded, is_this);
    }
}

std::optional<std::chrono::seconds> HttpHeaders::lifetime() const {
    if (!max_age_ || forbids_caching_ || *max_age_ == std::chrono::seconds(0)) return std::nullopt;
    return std::max(std::chrono::seconds(0), *max_age_ - age_);
}

std::optional<std::chrono::seconds> HttpHeaders::retry_after() const {
    if (retry_after_.empty() || is_digit(retry_after_.front())) return delta_seconds(retry_after_);
    const auto until = date_of(retry_after_), sent = date_of(date_);
    if (!until || !sent) return std::nullopt;
    return std::max(std::chrono::seconds(0), *until - *sent);
}

}  // namespace authjwks
