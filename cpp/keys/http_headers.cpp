#include "keys/http_headers.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/ascii.hpp"

namespace authjwks {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The number that `text` begins with, as RFC 9111 §1.2.2 reads delta-seconds: too large a one is very long.
std::optional<std::chrono::seconds> delta_seconds(std::string_view text) {
    unsigned int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return std::chrono::hours(24 * 365);
    if (error != std::errc{}) return std::nullopt;
    return std::chrono::seconds(value);
}

std::optional<std::chrono::seconds> max_age_of(std::string_view directives) {
    constexpr std::string_view name = "max-age=";
    while (!directives.empty()) {
        const auto comma = std::min(directives.find(','), directives.size());
        const auto directive = trimmed(directives.substr(0, comma));
        if (same_ignoring_case(directive.substr(0, name.size()), name)) {
            auto value = directive.substr(name.size());
            if (value.starts_with('"')) value.remove_prefix(1);
            return delta_seconds(value);
        }
        directives.remove_prefix(std::min(comma + 1, directives.size()));
    }
    return std::nullopt;
}

}  // namespace

bool HttpHeaders::take(std::string_view line) {
    bytes_ += line.size();
    if (bytes_ > kMaxBytes) return false;
    const auto colon = line.find(':');
    if (line.starts_with("HTTP/"))
        *this = HttpHeaders{};
    else if (colon != std::string_view::npos)
        take_field(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    return true;
}

void HttpHeaders::take_field(std::string_view name, std::string_view value) {
    if (same_ignoring_case(name, "cache-control")) {
        if (const auto max_age = max_age_of(value)) max_age_ = max_age;
    } else if (same_ignoring_case(name, "age")) {
        age_ = delta_seconds(value).value_or(std::chrono::seconds(0));
    } else if (same_ignoring_case(name, "etag")) {
        version_.etag = value;
    } else if (same_ignoring_case(name, "last-modified")) {
        version_.last_modified = value;
    }
}

std::optional<std::chrono::seconds> HttpHeaders::lifetime() const {
    if (!max_age_) return std::nullopt;
    return std::max(std::chrono::seconds(0), *max_age_ - age_);
}

}  // namespace authjwks
