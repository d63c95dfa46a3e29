#include "base/lenient_json.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>

namespace authjwks::json {
namespace {

constexpr std::string_view kNumberLetters = "+-.eE0123456789";

template <class Number>
bool is_whole(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

bool take_digits(std::string_view& text) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(digits);
    return digits > 0;
}

bool take_one_of(std::string_view letters, std::string_view& text) {
    const bool is_there = !text.empty() && letters.find(text.front()) != std::string_view::npos;
    if (is_there) text.remove_prefix(1);
    return is_there;
}

/// RFC 8259 §6.
bool is_number(std::string_view text) {
    take_one_of("-", text);
    if (!take_one_of("0", text) && !take_digits(text)) return false;
    if (take_one_of(".", text) && !take_digits(text)) return false;
    if (take_one_of("eE", text)) {
        take_one_of("+-", text);
        if (!take_digits(text)) return false;
    }
    return text.empty();
}

bool is_in_range(std::string_view number) {
    constexpr std::size_t longest_integer = 20;  // with its sign
    if (number.find_first_of(".eE") != std::string_view::npos) return is_whole<double>(number);
    return number.size() <= longest_integer && (is_whole<std::int64_t>(number) || is_whole<std::uint64_t>(number));
}

/// The end of the string whose opening quotation mark is at `begin`.
std::size_t end_of_string(std::string_view text, std::size_t begin) {
    for (std::size_t at = begin + 1; at < text.size(); ++at) {
        if (text[at] == '\\')
            ++at;
        else if (text[at] == '"')
            return at + 1;
    }
    return text.size();
}

/// Overwrites numbers that are out of range by zeros of the same length. @return whether there was one.
bool put_numbers_in_range(std::string& text) {
    bool any = false;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '"') {
            at = end_of_string(text, at);
            continue;
        }
        const auto end = std::min(text.find_first_not_of(kNumberLetters, at), text.size());
        if (end == at) {
            ++at;
            continue;
        }
        const auto word = std::string_view(text).substr(at, end - at);
        if (is_number(word) && !is_in_range(word)) {
            const auto gap = std::span(text).subspan(at, end - at);
            std::ranges::fill(gap, ' ');
            gap.front() = '0';
            any = true;
        }
        at = end;
    }
    return any;
}

}  // namespace

std::optional<Value> parse_leniently(Document& document, std::string_view text, Tolerated& tolerated) {
    if (text.starts_with(kByteOrderMark)) {
        text.remove_prefix(kByteOrderMark.size());
        tolerated.byte_order_mark = true;
    }
    if (const auto value = document.parse(text)) return value;
    std::string repaired(text);
    if (!put_numbers_in_range(repaired)) return std::nullopt;
    const auto value = document.parse(repaired);
    if (value) tolerated.number_out_of_range = true;
    return value;
}

bool is_refused_for_range(Document& document, std::size_t size) {
    if (!document.has_refused_number()) return false;
    std::string repaired(document.room(0).data(), size);
    return put_numbers_in_range(repaired) && document.parse(repaired);
}

}  // namespace authjwks::json
