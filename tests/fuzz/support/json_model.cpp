#include "support/json_model.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>

namespace authjwks::fuzz {
namespace {

constexpr std::size_t kDeepest = 1100;  // beyond simdjson's own limit, so that this reader never is the stricter one

void append_utf8(std::string& out, std::uint32_t point) {
    const auto tail = [&out, point](unsigned int shift) { out += static_cast<char>(0x80U | (point >> shift & 63U)); };
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xC0U | point >> 6U);
        tail(0);
    } else if (point < 0x10000) {
        out += static_cast<char>(0xE0U | point >> 12U);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0U | point >> 18U);
        tail(12);
        tail(6);
        tail(0);
    }
}

/// The length of the UTF-8 sequence that `text` begins with (RFC 3629 §4); 0 when there is none.
std::size_t utf8_length(std::string_view text) {
    const auto at = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const unsigned int first = at(0), second = at(1);
    const auto is_tail = [&at](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4 || !is_tail(1)) return 0;
    if (first < 0xE0) return 2;
    if (!is_tail(2) || (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    if (first < 0xF0) return 3;
    if (!is_tail(3) || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    return 4;
}

class Reader {
  public:
    explicit Reader(std::string_view text) : left_(text) {}

    std::optional<JsonModel> whole() {
        auto value = read_value(0);
        skip_blanks();
        if (!left_.empty()) return std::nullopt;
        return value;
    }

  private:
    void skip_blanks() { left_.remove_prefix(std::min(left_.find_first_not_of(" \t\r\n"), left_.size())); }
    bool take(std::string_view word) {
        if (!left_.starts_with(word)) return false;
        left_.remove_prefix(word.size());
        return true;
    }
    bool take_mark(std::string_view mark) {
        skip_blanks();
        return take(mark);
    }

    std::optional<JsonModel> read_value(std::size_t depth) {
        skip_blanks();
        if (depth > kDeepest || left_.empty()) return std::nullopt;
        if (take("null")) return JsonModel{};
        if (take("true")) return JsonModel{true};
        if (take("false")) return JsonModel{false};
        if (take("[")) return read_array(depth);
        if (take("{")) return read_object(depth);
        if (left_.front() != '"') return read_number();
        auto text = read_text();
        return text ? std::optional(JsonModel{*std::move(text)}) : std::nullopt;
    }

    std::optional<JsonModel> read_array(std::size_t depth) {
        JsonModel::Array items;
        if (take_mark("]")) return JsonModel{std::move(items)};
        do {
            auto item = read_value(depth + 1);
            if (!item) return std::nullopt;
            items.push_back(*std::move(item));
        } while (take_mark(","));
        return take_mark("]") ? std::optional(JsonModel{std::move(items)}) : std::nullopt;
    }

    std::optional<JsonModel> read_object(std::size_t depth) {
        JsonModel::Object members;
        if (take_mark("}")) return JsonModel{std::move(members)};
        do {
            skip_blanks();
            auto name = read_text();
            if (!name || !take_mark(":")) return std::nullopt;
            auto member = read_value(depth + 1);
            if (!member) return std::nullopt;
            members.emplace_back(*std::move(name), *std::move(member));
        } while (take_mark(","));
        return take_mark("}") ? std::optional(JsonModel{std::move(members)}) : std::nullopt;
    }

    std::size_t take_digits(std::string& number) {
        const auto digits = left_.substr(0, left_.find_first_not_of("0123456789"));
        number += digits;
        left_.remove_prefix(digits.size());
        return digits.size();
    }

    std::optional<JsonModel> read_number() {
        std::string number;
        if (take("-")) number += '-';
        const bool leading_zero = left_.starts_with('0');
        const auto digits = take_digits(number);
        if (digits == 0 || (leading_zero && digits > 1)) return std::nullopt;
        if (take(".")) {
            number += '.';
            if (take_digits(number) == 0) return std::nullopt;
        }
        if (take("e") || take("E")) {
            number += 'e';
            if (take("-"))
                number += '-';
            else
                static_cast<void>(take("+"));
            if (take_digits(number) == 0) return std::nullopt;
        }
        return JsonModel{std::strtod(number.c_str(), nullptr)};
    }

    std::optional<std::string> read_text() {
        if (!take("\"")) return std::nullopt;
        std::string text;
        while (!left_.empty() && left_.front() != '"') {
            const auto length = utf8_length(left_);
            if (length == 0 || static_cast<unsigned char>(left_.front()) < 0x20) return std::nullopt;
            if (take("\\")) {
                if (!read_escape(text)) return std::nullopt;
                continue;
            }
            text += left_.substr(0, length);
            left_.remove_prefix(length);
        }
        return take("\"") ? std::optional(std::move(text)) : std::nullopt;
    }

    bool read_escape(std::string& text) {
        constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        if (left_.empty()) return false;
        const auto simple = letters.find(left_.front());
        if (simple != std::string_view::npos) {
            text += meanings[simple];
            left_.remove_prefix(1);
            return true;
        }
        auto unit = read_unit();
        if (!unit || (*unit >= 0xDC00 && *unit <= 0xDFFF)) return false;
        if (*unit >= 0xD800 && *unit <= 0xDBFF) {
            const auto low = take("\\") ? read_unit() : std::nullopt;
            if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
            unit = 0x10000 + ((*unit - 0xD800) << 10U) + (*low - 0xDC00);
        }
        append_utf8(text, *unit);
        return true;
    }

    /// The rest of an escape \uXXXX.
    std::optional<std::uint32_t> read_unit() {
        if (!take("u") || left_.size() < 4) return std::nullopt;
        const std::string digits(left_.substr(0, 4));
        if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return std::nullopt;
        left_.remove_prefix(4);
        return static_cast<std::uint32_t>(std::strtoul(digits.c_str(), nullptr, 16));
    }

    std::string_view left_;
};

}  // namespace

std::optional<JsonModel> JsonModel::read(std::string_view text) { return Reader(text).whole(); }

const JsonModel* JsonModel::member(std::string_view name) const {
    if (object() == nullptr) return nullptr;
    const auto found = std::ranges::find_if(*object(), [name](const auto& each) { return each.first == name; });
    return found == object()->end() ? nullptr : &found->second;
}

bool JsonModel::names_are_distinct() const {
    if (const auto* items = array()) return std::ranges::all_of(*items, &JsonModel::names_are_distinct);
    if (object() == nullptr) return true;
    std::set<std::string_view> names;
    return std::ranges::all_of(*object(), [&names](const auto& each) {
        return names.insert(each.first).second && each.second.names_are_distinct();
    });
}

std::size_t JsonModel::depth() const {
    std::size_t below = 0;
    if (array() != nullptr)
        for (const JsonModel& item : *array()) below = std::max(below, item.depth() + 1);
    if (object() != nullptr)
        for (const auto& [name, item] : *object()) below = std::max(below, item.depth() + 1);
    return below;
}

}  // namespace authjwks::fuzz
